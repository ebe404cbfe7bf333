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
    Dense,
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
    ((STEM, OTHER, ADD), r"other \(pointwise\) reads stem, whose gradient lies where other's is needed"),
    ((STEM, replace(LAST, inputs=("stem",)), replace(OTHER, inputs=("last",)),
      replace(LAST, name="late", inputs=("stem",)), ADD,
      replace(ADD, name="sum", inputs=("add", "late"))),
     r"late \(pointwise\) reads stem, whose gradient lies where other's is needed"),
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


def residual(rng: np.random.Generator) -> tuple[Layer, ...]:
    """Convolutions of any map before, and sums of any two, all of one size."""
    size = (6, 5, int(rng.choice([9, 17, 32])))
    layers: list[Layer] = [Conv(name="l0", inputs=("image",), input=(6, 5, 3), filters=size[2])]
    for k in range(1, int(rng.integers(3, 8))):
        names = [layer.name for layer in layers]
        one, two = (names[-1 - int(rng.integers(min(3, len(names))))] for _ in range(2))
        common: Any = {"name": f"l{k}", "inputs": (one,), "input": size}
        kind = rng.choice(["conv", "pointwise", "depthwise", "add", "add"])
        if kind == "add" and one != two:
            layers.append(Add(name=f"l{k}", inputs=(one, two), input=size))
        elif kind == "depthwise":
            layers.append(Depthwise(**common))
        elif kind == "conv":
            layers.append(Conv(**common, filters=size[2], bias=True))
        else:
            layers.append(Pointwise(**common, filters=size[2]))
    last = layers[-1].name
    pool = GlobalAveragePool(name="pool", inputs=(last,), input=size)
    return *layers, pool, Dense(name="dense", inputs=("pool",), input=size[2:], units=4)


def test_residual_networks_are_refused_or_right() -> None:
    taken = 0
    for seed in range(300):
        rng = np.random.default_rng(seed)
        plan = replace(
            nm.plan("v1", width=0.25, resolution=(6, 5), classes=4), layers=residual(rng)
        )
        params = nm.init(plan, seed)
        try:
            step = compile_training(plan, params, 2)
        except NotImplementedError:
            continue
        taken += 1
        x = rng.standard_normal((2, 6, 5, 3)).astype(np.float32)
        dlogits = rng.standard_normal((2, 4)).astype(np.float32)
        _, tape, _ = nm.forward(plan, params, x, train=True)
        wanted = nm.backward(plan, dlogits, tape)
        step.forward(x)
        for name, found in step.backward(dlogits).items():
            np.testing.assert_allclose(found, wanted[name], 0, 1e-4 * abs(wanted[name]).max(), name)
    assert taken > 30
