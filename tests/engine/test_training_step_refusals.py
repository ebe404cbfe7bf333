"""What `compile_training` cannot do it refuses before any work, and names the layer."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import npmobilenet as nm
from npmobilenet.engine.grouping import REWRITTEN
from npmobilenet.engine.handled import COMPILED, COMPILED_ACTIVATIONS
from npmobilenet.engine.training import compile_training
from npmobilenet.models.layers import (
    Activation,
    Add,
    BatchNorm,
    Conv,
    Depthwise,
    Dropout,
    GlobalAveragePool,
    Layer,
    Pointwise,
    Scale,
)

pytest.importorskip("numba")
MAP = (8, 8, 4)
STEM = Conv(name="stem", inputs=("image",), input=(8, 8, 3), filters=4)
POOL = GlobalAveragePool(name="pool", inputs=("stem",), input=MAP)
OTHER = Pointwise(name="other", inputs=("stem",), input=MAP, filters=4)
ADD = Add(name="add", inputs=("stem", "other"), input=MAP)
GATE = Pointwise(name="gate", inputs=("pool",), input=(4,), filters=4)
SCALE = Scale(name="scale", inputs=("stem", "gate"), input=MAP)
LAST = Pointwise(name="last", inputs=("scale",), input=MAP, filters=4)
ODD = Depthwise(name="odd", inputs=("stem",), input=MAP, kernel=(7, 7))
WIDE = replace(ODD, kernel=(3, 3), stride=(1, 2))
FIRST = Depthwise(name="first", inputs=("image",), input=(8, 8, 3))
RELU = Activation(name="relu", inputs=("stem",), input=MAP, function="softplus")

CASES: list[tuple[tuple[Layer, ...], str]] = [
    ((FIRST,), r"first \(depthwise\) reads the image"),
    ((STEM, replace(STEM, name="again", kernel=(5, 5)), replace(ADD, inputs=("stem", "again"))),
     r"again \(conv\) reads the image, as another layer does"),
    ((STEM, ODD), r"odd \(depthwise\) has kernel \(7, 7\) and stride \(1, 1\): no microkernel"),
    ((STEM, WIDE), r"odd \(depthwise\) has kernel \(3, 3\) and stride \(1, 2\): no microkernel"),
    ((STEM, RELU), r"relu is a layer of function 'softplus'"),
    ((STEM, OTHER, POOL), r"other \(pointwise\) is read by nobody"),
    ((STEM, OTHER, ADD, replace(LAST, inputs=("stem",)),
      replace(ADD, name="sum", inputs=("add", "last"))),
     r"add \(add\) adds a map that is read after it"),
    ((STEM, Dropout(name="drop", inputs=("stem",), input=MAP, rate=0.5),
      replace(LAST, inputs=("drop",))), r"drop \(dropout\) drops parts of a map"),
    ((STEM, POOL, GATE, SCALE), r"scale \(scale\) is the last layer"),
    ((STEM, replace(OTHER, filters=4), POOL, GATE, SCALE, LAST,
      replace(ADD, inputs=("last", "other"))), r"pool \(global_pool\) is not the first reader"),
    ((STEM, POOL, OTHER, GATE, SCALE, LAST, replace(ADD, inputs=("last", "other"))),
     r"scale \(scale\) multiplies a map that others read"),
]  # fmt: skip


def test_the_tables_of_kinds_are_one() -> None:
    """What capabilities promise without Numba is what the step has stages for."""
    from npmobilenet.engine.buffers import ACTIVATIONS
    from npmobilenet.engine.emit_training import HANDLED
    from npmobilenet.kernels.simd.train.maps import ROUTINES

    assert {*HANDLED, *REWRITTEN, BatchNorm, Activation} == set(COMPILED)
    assert {*ACTIVATIONS, *ROUTINES} - {""} == set(COMPILED_ACTIVATIONS)


def test_a_fact_has_one_value() -> None:
    """A stage that is told two things under one name would silently compute with the last."""
    from npmobilenet.engine.buffers import joined

    assert joined({"rows": 7, "x": 1}, {"rows": 7}) == {"rows": 7, "x": 1}
    with pytest.raises(ValueError, match=r"^rows is 7 and 8$"):
        joined({"rows": 7}, {"x": 1}, {"rows": 8})


@pytest.mark.parametrize(("layers", "why"), CASES)
def test_refused_by_name(layers: tuple[Layer, ...], why: str, monkeypatch: Any) -> None:
    plan = replace(nm.plan("v1", width=0.25, resolution=8, classes=4), layers=layers)
    params = {name: np.zeros(shape, np.float32) for name, shape in plan.arrays.items()}
    monkeypatch.setattr("npmobilenet.engine.training.TrainingStep", None)  # which would do the work
    with pytest.raises(NotImplementedError, match=f"^compile_training: {why}"):
        compile_training(plan, params, 2)
