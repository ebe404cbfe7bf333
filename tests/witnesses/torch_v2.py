"""MobileNetV2 in plain torch.nn, for the tests: what anybody would write from the paper's Table 2."""

from dataclasses import dataclass, replace
from typing import Any

from torch import nn

from tests.witnesses.torch_parts import SharedDropout, Unit, Ways, eights

TABLE_2 = [  # t, c, n, s
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
]


@dataclass(frozen=True, kw_only=True)
class WaysV2(Ways):
    """What families differ in, for V2."""

    relu: type[nn.Module] = nn.ReLU6
    block_scaled: Any = None  # where blocks are rounded in another way than the rest
    always_expand: bool = False  # even by t = 1
    always_scale: bool = False  # the last convolution, even if that makes it thinner


def cut(channels: float) -> int:
    return int(channels)


PAPER = WaysV2()
TORCH = WaysV2(same=False, eps=1e-5)
KERAS = replace(PAPER, momentum=1e-3, block_scaled=lambda channels: eights(int(channels)))
FAMILIES = {
    "paper": PAPER,
    "tf-slim": replace(PAPER, momentum=3e-3, dropout=0.2),
    "keras": KERAS,
    "torchvision": replace(TORCH, dropout=0.2),
    "timm": TORCH,
    "paddle": replace(TORCH, scaled=cut, always_expand=True),
    "cifar": replace(TORCH, stem_stride=1),
    "tutorial-c": replace(PAPER, eps=1e-5, always_scale=True, dropout=0.2),
    "tutorial-e": KERAS,
}


class Inverted(nn.Module):
    """1x1 up, 3x3 depthwise, 1x1 down without activation; plus x where nothing changes its shape."""

    def __init__(self, ways: WaysV2, i: int, t: int, o: int, s: int) -> None:
        super().__init__()
        wide = t * i
        self.add = s == 1 and i == o
        up = t > 1 or ways.always_expand
        self.expand = Unit(ways, i, wide, act=ways.relu) if up else nn.Identity()
        self.depthwise = Unit(ways, wide, wide, 3, s, groups=wide, act=ways.relu)
        self.project = Unit(ways, wide, o)

    def forward(self, x: Any) -> Any:
        y = self.project(self.depthwise(self.expand(x)))
        return x + y if self.add else y


class TorchV2(nn.Sequential):
    """Stem, 17 blocks, one more 1x1, pooling, classifier."""

    def __init__(self, model: str, family: str, alpha: float, classes: int) -> None:
        super().__init__()
        ways = FAMILIES[family]
        channels = ways.scaled(32 * alpha)
        self.stem = Unit(ways, 3, channels, 3, ways.stem_stride, act=ways.relu)
        self.blocks = nn.Sequential()
        for t, c, n, s in TABLE_2:
            for stride in [s] + [1] * (n - 1):
                before, channels = channels, (ways.block_scaled or ways.scaled)(c * alpha)
                block = Inverted(ways, before, t, channels, stride)
                self.blocks.add_module(str(len(self.blocks) + 1), block)
        last = ways.scaled(1280 * alpha) if alpha > 1 or ways.always_scale else 1280
        self.last = Unit(ways, channels, last, act=ways.relu)
        self.pool, self.flat = nn.AdaptiveAvgPool2d(1), nn.Flatten()
        self.dropout = SharedDropout(ways.dropout)
        self.classifier = nn.Linear(last, classes)
