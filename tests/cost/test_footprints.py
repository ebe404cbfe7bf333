"""One operator at a time: what its call allocates at most, on paper and by tracemalloc."""

from typing import Any

import numpy as np
import pytest

from npmobilenet.cost.operator_memory import backward_work, forward_work
from npmobilenet.models.execute import FORWARD, Run, execute_backward
from npmobilenet.models.layers import (
    Activation,
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
from tests.cost.peaks import peak

pytestmark = pytest.mark.usefixtures("one_thread", "few_objects")

WIDE = {"name": "x", "inputs": ("i",), "input": (96, 100, 32)}
LAYERS: list[Layer] = [
    Conv(filters=16, padding="same", stride=(2, 2), **WIDE),
    Conv(filters=40, padding="valid", bias=True, **WIDE),
    Depthwise(kernel=(5, 5), padding="valid", **WIDE),
    Depthwise(kernel=(3, 3), padding="symmetric", stride=(2, 2), **WIDE),
    Depthwise(kernel=(3, 3), padding="same", bias=True, **WIDE),
    Depthwise(kernel=(5, 5), name="x", inputs=("i",), input=(9, 9, 960)),
    Pointwise(filters=64, **WIDE),
    Pointwise(filters=8, bias=True, **WIDE),
    BatchNorm(eps=1e-3, momentum=0.1, **WIDE),
    *(Activation(function=f, **WIDE) for f in ("relu", "relu6", "hard_swish", "hard_sigmoid")),
    *(Activation(function=f, **WIDE) for f in ("sigmoid", "swish")),
    GlobalAveragePool(**WIDE),
    Dropout(rate=0.5, **WIDE),
    Scale(**WIDE | {"inputs": ("i", "g")}),
    Dense(units=3000, name="x", inputs=("i",), input=(700,)),
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("layer", LAYERS, ids=lambda x: getattr(x, "function", x.kind))
def test_peaks_of_one_call(layer: Layer, dtype: str) -> None:
    """Forwards in training and backwards, within 2 %, NumPy's buffers and vectors of the channels."""
    if isinstance(layer, Activation) and (layer.function, dtype) == ("swish", "float64"):
        pytest.skip("float64 takes one array less: 1 + x is then computed in the memory of x")
    batch, item = 3, np.dtype(dtype).itemsize
    rng = np.random.default_rng(0)
    x = rng.standard_normal((batch, *layer.input)).astype(dtype)
    inputs = [x] if len(layer.inputs) == 1 else [x, x[:, 0, 0].copy()]
    shapes = layer.arrays | layer.statistics
    params = {f"x.{name}": np.ones(shape, dtype) for name, shape in shapes.items()}

    def forward() -> Any:
        run = Run(params, True, "numba", np.random.default_rng(0))  # whose memory is told
        return FORWARD[type(layer)](run, layer, *inputs), run.statistics

    few = 4096 + 2 * 8192 * item + 128 * layer.input[-1]
    work = forward_work(layer, batch, item, train=True)
    assert abs(peak(forward) - work.peak) <= 0.02 * work.peak + few
    (y, cache), _ = forward()
    dy = np.ones_like(y)
    for wanted in (True, False) if isinstance(layer, Conv | Depthwise) else (True,):
        work = backward_work(layer, batch, item, wanted=wanted)
        found = peak(lambda w=wanted: execute_backward(layer, dy, cache, w))
        assert abs(found - work.peak) <= 0.02 * work.peak + few, (wanted, found, work.peak)
