"""MobileNetV1 in plain torch.nn, for the tests: what anybody would write from the paper's Table 1."""

from dataclasses import dataclass, replace
from typing import Any

from torch import nn

from tests.witnesses.torch_parts import SharedDropout, Unit, Ways, eights

# MobileNetV1, Table 1: filters and stride of the 13 pairs of depthwise and pointwise convolutions
TABLE_1 = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)]
TABLE_1 += [(512, 1)] * 5 + [(1024, 2), (1024, 1)]


@dataclass(frozen=True, kw_only=True)
class WaysV1(Ways):
    """What families differ in, for V1."""

    scaled: Any = lambda channels: max(1, int(channels))
    late: bool = False  # strided depthwise layers: one row of zeros below, one column at the right
    between: bool = True  # normalisation and activation between depthwise and pointwise
    strides: bool = True  # in the blocks
    last: int = 0  # filters of one more 1x1


PAPER = WaysV1()
TORCH = WaysV1(same=False, eps=1e-5)
SMALL = replace(TORCH, stem_stride=1)
TIMM = replace(TORCH, relu=nn.ReLU6, scaled=eights)
FAMILIES = {
    "paper": PAPER,
    "tf-slim": replace(
        PAPER, relu=nn.ReLU6, momentum=3e-4, dropout=1e-3, scaled=lambda c: max(8, int(c))
    ),
    "keras": replace(PAPER, relu=nn.ReLU6, momentum=0.01, dropout=1e-3, late=True),
    "timm": TIMM,
    "timm-h": replace(TIMM, last=1024),
    "paddle": TORCH,
    "cifar": SMALL,
    "tutorial-a": replace(TORCH, norm=False, bias=True, between=False, strides=False),
    "tutorial-a-repaired": TORCH,
    "tutorial-d": SMALL,
}


class Separable(nn.Sequential):
    """A depthwise convolution, then a pointwise one."""

    def __init__(self, ways: WaysV1, i: int, o: int, s: int) -> None:
        super().__init__()
        pad = nn.ZeroPad2d((0, 1, 0, 1)) if ways.late and s == 2 else None
        act = ways.relu if ways.between else None
        self.depthwise = Unit(ways, i, i, 3, s, groups=i, act=act, norm=ways.between, pad=pad)
        self.pointwise = Unit(ways, i, o, act=ways.relu)


class Full(nn.Sequential):
    """The standard convolution that it stands for."""

    def __init__(self, ways: WaysV1, i: int, o: int, s: int) -> None:
        super().__init__()
        self.conv = Unit(ways, i, o, 3, s, act=ways.relu)


class TorchV1(nn.Sequential):
    """Stem, blocks, pooling, classifier; model "v1", "v1-full" or "v1-shallow"."""

    def __init__(self, model: str, family: str, alpha: float, classes: int) -> None:
        super().__init__()
        ways = FAMILIES[family]
        rows = TABLE_1[:6] + TABLE_1[11:] if model == "v1-shallow" else TABLE_1
        block = Full if model == "v1-full" else Separable
        channels = ways.scaled(32 * alpha)
        self.stem = Unit(ways, 3, channels, 3, ways.stem_stride, act=ways.relu)
        self.blocks = nn.Sequential()
        for number, (filters, stride) in enumerate(rows, 1):
            before, channels = channels, ways.scaled(filters * alpha)
            made = block(ways, before, channels, stride if ways.strides else 1)
            self.blocks.add_module(str(number), made)
        if ways.last:
            self.last = Unit(ways, channels, ways.last, act=ways.relu)
        self.pool, self.flat = nn.AdaptiveAvgPool2d(1), nn.Flatten()
        self.dropout = SharedDropout(ways.dropout)
        self.classifier = nn.Linear(ways.last or channels, classes)
