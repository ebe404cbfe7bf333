"""python -m tests.engine.integers_guarded: the integer kernels with unreadable pages around every array.

A kernel that touches what is not its own ends this process, and faulthandler says where.  Results are
compared with the operators in NumPy as well.
"""

import faulthandler
import sys
from typing import Any

import numpy as np
from hypothesis import given, settings

import npmobilenet as nm
from npmobilenet.engine import integer_engine, program, run
from npmobilenet.kernels.simd.integer import rung
from npmobilenet.ops.checks import Array
from npmobilenet.quantization import QuantizedPlan, infer

from ..guarded import copied, guarded
from .test_integer_engine import NETWORKS, drawn, quantized
from .test_integer_rung import KINDS, cases, outcome

FEW, MANY = 15, 200  # examples of a kind of layer
USUAL = rung.run


def watch_the_rung(before: bool) -> None:
    """Every array that a kernel called by itself gets is guarded."""

    def guarded_run(routine: Any, items: int, records: list[dict[str, Any]]) -> None:
        copies = [
            {
                name: copied(value, before=before) if isinstance(value, np.ndarray) else value
                for name, value in fields.items()
            }
            for fields in records
        ]
        USUAL(routine, items, copies)
        for fields, own in zip(records, copies, strict=True):
            fields["y"][...] = own["y"]

    rung.run = guarded_run


def watch_the_engine(before: bool) -> None:
    """Weights, tables, maps and every member's scratch are guarded."""

    def aligned(elements: int) -> Array:
        return guarded(4 * elements, before=before, alignment=64).view(np.float32)

    program.aligned = run.aligned = aligned  # type: ignore[attr-defined]


def check_kernel(kind: str, examples: int) -> None:
    @settings(max_examples=examples, deadline=None, database=None)
    @given(case=cases(kind))
    def check(case: Any) -> None:
        arguments, shape = case
        expected, found = (outcome(KINDS[kind], way, arguments, shape) for way in ("numpy", "simd"))
        np.testing.assert_array_equal(found, expected)

    check()


def check_network(qplan: QuantizedPlan, arrays: dict[str, Array], before: bool) -> None:
    x = drawn(qplan, 2)
    expected = infer(qplan, arrays, x, rung="numpy")
    for threads in (1, 2):
        engine = nm.compile(qplan, arrays, batch=2, threads=threads)
        engine._results = copied(engine._results, before=before)
        engine._run.bases["results"] = engine._results.ctypes.data
        np.testing.assert_array_equal(engine(copied(x, before=before)), expected)


def main(many: bool) -> None:
    faulthandler.enable()
    assert integer_engine.IntegerEngine
    for before in (False, True):
        watch_the_rung(before)
        watch_the_engine(before)
        for kind in KINDS:
            check_kernel(kind, MANY if many else FEW)
        for network in NETWORKS if many else ["v3-small"]:
            for stored in ("int8", "uint8") if many else ("int8",):
                qplan, arrays = quantized(network, stored)
                for rounding in ("double", "single"):
                    check_network(qplan.with_rounding(rounding), arrays, before)
    print("nothing touched what is not its own")


if __name__ == "__main__":
    main(sys.argv[1:] == ["many"])
