"""What the papers' structure tables print of a layer or block, written from the plan's layers.

Each function returns the ways in which the paper could have printed it; the first is how it mostly does.
"""

from __future__ import annotations

from collections.abc import Callable

from ..models.layers import (
    Activation,
    BatchNorm,
    Conv,
    Dense,
    Depthwise,
    GlobalAveragePool,
    Layer,
    Pointwise,
)
from ..models.network_plan import Plan
from .cell import Cell
from .cell_layers import Texts, layers_of
from .cell_texts_v4 import TEXTS_V4

NONLINEARITIES = {"relu": "RE", "hard_swish": "HS"}


def _one(texts: set[Texts]) -> Texts:
    """What all repetitions of a row agree on; if they do not, all of it, which nothing matches."""
    return texts.pop() if len(texts) == 1 else (" or ".join(sorted(t[0] for t in texts)),)


def _times(*sizes: int) -> str:
    return " × ".join(map(str, sizes))


def _volume(shape: tuple[int, ...]) -> tuple[int, ...]:
    return shape if len(shape) == 3 else (1, 1, *shape)


def input_size(cell: Cell) -> Texts:
    """Of the row's first layer: "112 × 112 × 32" in V1, "112² × 32" in V2 and V3."""
    plan, layers = layers_of(cell)
    return _size(plan, layers[0].input)


def output_size(cell: Cell) -> Texts:
    """Of the row's last layer."""
    plan, layers = layers_of(cell)
    return _size(plan, layers[-1].output)


def _size(plan: Plan, shape: tuple[int, ...]) -> Texts:
    height, width, channels = _volume(shape)
    full, short = _times(height, width, channels), f"{height}² × {channels}"
    return (full, short) if plan.family.name == "v1" else (short, full)


def v1_type(cell: Cell) -> Texts:
    """ "Conv dw / s2"; the only window of a pooling or dense layer counts as stride 1."""
    kinds = {Depthwise: "Conv dw", GlobalAveragePool: "Avg Pool", Dense: "FC"}
    return _one({(f"{kinds.get(type(x), 'Conv')} / s{_step(x)}",) for x in _named(cell)})


def v1_filter(cell: Cell) -> Texts:
    """ "3 × 3 × 32 dw", "1 × 1 × 32 × 64", "Pool 7 × 7", "1024 × 1000"."""
    return _one({(_v1_filter(x),) for x in _named(cell)})


def _named(cell: Cell) -> list[Layer]:
    """V1's rows are single layers: those of the block beside them are not meant."""
    return [x for x in layers_of(cell)[1] if x.name in cell.parts]


def _v1_filter(layer: Layer) -> str:
    match layer:
        case Depthwise():
            return f"{_times(*layer.arrays['weight'])} dw"
        case Pointwise():
            return _times(1, 1, *layer.arrays["weight"])
        case GlobalAveragePool():
            return f"Pool {_times(*layer.input[:2])}"
        case _:
            return _times(*layer.arrays["weight"])


def _step(layer: Layer) -> int:
    return layer.stride[0] if isinstance(layer, Conv | Depthwise) else 1


def operator(cell: Cell) -> Texts:
    """ "bottleneck", "bneck, 5x5", "conv2d 1x1", "conv2d 1x1, NBN", "avgpool 7x7", "pool, 7x7"."""
    plan, layers = layers_of(cell)
    depthwise = [x for x in layers if isinstance(x, Depthwise)]
    if depthwise:
        sizes = {(f"bneck, {'x'.join(map(str, x.kernel))}", "bottleneck") for x in depthwise}
        return sizes.pop() if len(sizes) == 1 else ("different kernels",)
    first = layers[0]
    if isinstance(first, GlobalAveragePool):
        side = "x".join(map(str, first.input[:2]))
        return f"pool, {side}", f"avgpool {side}"
    if isinstance(first, Conv):
        return f"conv2d, {'x'.join(map(str, first.kernel))}", "conv2d"
    normalised = any(isinstance(x, BatchNorm) for x in layers)
    if normalised:
        return "conv2d, 1x1", "conv2d 1x1"
    # V2 does not mark its last layer, V3 does
    return ("conv2d 1x1",) if plan.family.name == "v2" else ("conv2d 1x1, NBN",)


def expansion_factor(cell: Cell) -> Texts:
    """t: how many times a block widens its input; "-" for all that is no block."""
    depthwise, blocks = _depthwise(cell)
    if not depthwise:
        return ("-",)
    return _one({(f"{x.input[-1] / blocks[x.block]:g}",) for x in depthwise})


def _depthwise(cell: Cell) -> tuple[list[Depthwise], dict[str, int]]:
    """The depthwise layers of the row, and the input channels of each block."""
    _, layers = layers_of(cell)
    blocks: dict[str, int] = {}
    for layer in layers:
        blocks.setdefault(layer.block, layer.input[-1])
    return [x for x in layers if isinstance(x, Depthwise)], blocks


def expanded(cell: Cell) -> Texts:
    """The wide part of a block: what its depthwise layer filters."""
    depthwise, _ = _depthwise(cell)
    return _one({(str(x.input[-1]),) for x in depthwise}) if depthwise else ("-",)


def filters(cell: Cell) -> Texts:
    """Output channels; "k" of the classifier, "-" of the pooling."""
    _, layers = layers_of(cell)
    if isinstance(layers[0], GlobalAveragePool):
        return ("-",)
    if layers[0].name == "classifier":
        return ("k",)
    ends = {block: x.output[-1] for x in layers for block in (x.block,)}
    return _one({(str(size),) for size in ends.values()})


def repeats(cell: Cell) -> Texts:
    """n: how many blocks the row stands for; single layers may have "-"."""
    _, layers = layers_of(cell)
    count = str(len({x.block for x in layers}))
    return (count,) if any(isinstance(x, Depthwise) for x in layers) else (count, "-")


def stride(cell: Cell) -> Texts:
    """s: of the first block, if all others have 1; a window placed once may have "-" or 1."""
    _, layers = layers_of(cell)
    steps = [_step(x) for x in layers if isinstance(x, Conv | Depthwise)]
    if not steps:
        return "1", "-"
    return (str(steps[0]),) if set(steps[1:]) <= {1} else (f"not 1: {steps[1:]}",)


def squeeze(cell: Cell) -> Texts:
    """✓ where there is squeeze-and-excite."""
    found = any(x.name.endswith(".excite") for x in layers_of(cell)[1])
    return ("✓",) if found else ("-",)


def nonlinearity(cell: Cell) -> Texts:
    """RE or HS: of the depthwise layer, or of a single one; the gate has its own."""
    names = [
        NONLINEARITIES[x.function]
        for x in layers_of(cell)[1]
        if isinstance(x, Activation) and not x.name.endswith((".gate", ".squeeze_activation"))
    ]
    return _one({(name,) for name in names}) if names else ("-",)


TEXTS: dict[str, Callable[[Cell], Texts]] = {
    "input": input_size,
    "output": output_size,
    "v1 type": v1_type,
    "v1 filter": v1_filter,
    "operator": operator,
    "t": expansion_factor,
    "expanded": expanded,
    "filters": filters,
    "n": repeats,
    "stride": stride,
    "squeeze": squeeze,
    "nonlinearity": nonlinearity,
    **TEXTS_V4,
}
