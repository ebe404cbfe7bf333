"""python -m benchmarks.memory [MODEL]: where the memory of a process that predicts goes, phase by phase.

Each line tells what the process holds after a phase, what that added, and the largest it was meanwhile:
what is copied on the way counts there.  Kernels come from disk, unless this is the first time: run it
twice.  Linux alone tells a process all that.
"""

import argparse
import gc
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

from .resident import forget_peak, peak, resident

Phase = tuple[str, Callable[[], Any]]


def phases(model: str, threads: int) -> Iterator[Phase]:
    """In their order; nothing is imported before its phase."""
    yield "Python", gc.collect
    for name in ("numpy", "npmobilenet.models", "npmobilenet.engine", "llvmlite.binding", "numba",
                 "npmobilenet.engine.emit_inference"):  # fmt: skip
        yield f"import {name}", lambda name=name: import_module(name)  # type: ignore[misc]
    import numpy as np

    import npmobilenet as nm

    plan, made = nm.plan(model), {}
    yield "parameters", lambda: made.update(params=nm.init(plan, 0))

    def compile() -> None:
        made["engine"] = nm.compile(plan, made["params"], threads=threads)

    yield "nm.compile", compile
    x = np.zeros((1, *plan.resolution, plan.channels), np.float32)
    yield "first call", lambda: made["engine"](x)


def measured(steps: Iterator[Phase]) -> Iterator[tuple[str, int, int, int]]:
    """Name, bytes added, bytes held afterwards, the most meanwhile."""
    before = 0
    for name, work in steps:
        forget_peak()
        work()
        held = resident()
        yield name, held - before, held, max(peak(), held)
        before = held


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.memory", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("model", nargs="?", default="v1", metavar="MODEL", help="(v1)")
    parser.add_argument("--threads", type=int, default=2, help="(2)")
    parser.add_argument("--markdown", action="store_true", help="a table for a page of the docs")
    chosen = parser.parse_args(arguments)
    found = list(measured(phases(chosen.model, chosen.threads)))
    # only now: what prints takes memory too
    from npmobilenet.cli.common import console
    from npmobilenet.tables import markdown_text, table

    from .hardware import here

    columns = ("phase", ">adds MB", ">holds MB", ">at most MB")
    rows = [(name, *(f"{size / 1e6:.1f}" for size in sizes)) for name, *sizes in found]
    if chosen.markdown:
        print(markdown_text(columns, rows))
    else:
        console().print(table(columns, rows))
    print(f"{chosen.model}, {chosen.threads} threads, on {here()}.")


if __name__ == "__main__":
    main()
