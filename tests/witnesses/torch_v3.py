"""MobileNetV3 in plain torch.nn, for the tests: what anybody would write from the paper's Tables 1 and 2.

Beside the printed widened size stands the ratio that the authors' code has instead: at widths other
than 1 the two are not the same network.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from torch import nn

from tests.witnesses.torch_parts import SharedDropout, Unit, Ways, eights

LARGE = [  # kernel, ratio, widened, out, squeeze-and-excite, h-swish, stride
    (3, 1, 16, 16, 0, 0, 1),
    (3, 4, 64, 24, 0, 0, 2),
    (3, 3, 72, 24, 0, 0, 1),
    (5, 3, 72, 40, 1, 0, 2),
    (5, 3, 120, 40, 1, 0, 1),
    (5, 3, 120, 40, 1, 0, 1),
    (3, 6, 240, 80, 0, 1, 2),
    (3, 2.5, 200, 80, 0, 1, 1),
    (3, 2.3, 184, 80, 0, 1, 1),
    (3, 2.3, 184, 80, 0, 1, 1),
    (3, 6, 480, 112, 1, 1, 1),
    (3, 6, 672, 112, 1, 1, 1),
    (5, 6, 672, 160, 1, 1, 2),
    (5, 6, 960, 160, 1, 1, 1),
    (5, 6, 960, 160, 1, 1, 1),
]
SMALL = [
    (3, 1, 16, 16, 1, 0, 2),
    (3, 4.5, 72, 24, 0, 0, 2),
    (3, 88 / 24, 88, 24, 0, 0, 1),
    (5, 4, 96, 40, 1, 1, 2),
    (5, 6, 240, 40, 1, 1, 1),
    (5, 6, 240, 40, 1, 1, 1),
    (5, 3, 120, 48, 1, 1, 1),
    (5, 3, 144, 48, 1, 1, 1),
    (5, 6, 288, 96, 1, 1, 2),
    (5, 6, 576, 96, 1, 1, 1),
    (5, 6, 576, 96, 1, 1, 1),
]
# torchvision's reduced tail: half of the last three rows' outputs, and of what follows from them
LARGE_TAIL = [(5, 6, 672, 80, 1, 1, 2), (5, 6, 480, 80, 1, 1, 1), (5, 6, 480, 80, 1, 1, 1)]
SMALL_TAIL = [(5, 6, 288, 48, 1, 1, 2), (5, 6, 288, 48, 1, 1, 1), (5, 6, 288, 48, 1, 1, 1)]


@dataclass(frozen=True, kw_only=True)
class WaysV3(Ways):
    """What families differ in, for V3."""

    slope: float = 1 / 6  # of the gate
    by_ratio: bool = True  # widened: a ratio of what comes in, or the table's size times alpha
    always_expand: bool = False
    squeeze: Callable[[int], int] = lambda wide: eights(wide / 4)
    squeeze_relu: bool = True  # between the gate's two layers; else the block's own activation
    scaled_stem: Callable[[float], bool] = lambda alpha: True
    six_times: bool = False  # the last 1x1: six times the last block, or the table's times alpha
    scaled_head: Callable[[float], bool] = lambda alpha: False
    small_head: int = 1024
    head_bias: bool = True
    first_add: bool = True
    downscale: bool = False  # dropout: what scales is evaluation
    tail: bool = False  # the reduced one


PAPER = WaysV3(dropout=0.2)
TIMM = WaysV3(same=False, eps=1e-5, scaled_stem=lambda alpha: alpha >= 0.75)
VISION = WaysV3(
    same=False, momentum=0.01, by_ratio=False, six_times=True, scaled_head=lambda a: True, dropout=0.2
)  # fmt: skip
PADDLE = WaysV3(
    same=False, eps=1e-5, slope=0.2, by_ratio=False, always_expand=True, squeeze=lambda c: c // 4,
    small_head=1280, head_bias=False, dropout=0.2, downscale=True,
)  # fmt: skip
FAMILIES = {
    "paper": PAPER,
    "tf-slim": replace(PAPER, momentum=3e-3),
    "keras": replace(
        PAPER, momentum=1e-3, six_times=True, scaled_stem=lambda a: False, scaled_head=lambda a: a > 1
    ),
    "torchvision": VISION,
    "torchvision, reduced tail": replace(VISION, tail=True),
    "timm": TIMM,
    "timm-tf": replace(TIMM, same=True, eps=1e-3),
    "timm-rw": replace(
        TIMM, eps=1e-3, squeeze=lambda c: round(c * 0.25), squeeze_relu=False, head_bias=False,
        first_add=False,
    ),
    "paddle": PADDLE,
    "cifar": replace(PAPER, same=False, eps=1e-5, stem_stride=1),
    "tutorial-b": PADDLE,
}  # fmt: skip


class Bneck(nn.Module):
    """V2's block with a filter of any size, and a gate on every channel before the way down."""

    def __init__(
        self, ways: WaysV3, i: int, wide: int, o: int, k: int, s: int, act: Any, gated: bool, up: bool
    ) -> None:  # fmt: skip
        super().__init__()
        self.add, self.slope, self.gated = s == 1 and i == o, ways.slope, gated
        self.expand = Unit(ways, i, wide, act=act) if up else nn.Identity()
        self.depthwise = Unit(ways, wide, wide, k, s, groups=wide, act=act)
        if gated:
            self.squeeze = nn.Linear(wide, ways.squeeze(wide))
            self.squeeze_act = nn.ReLU() if ways.squeeze_relu else act()
            self.excite = nn.Linear(ways.squeeze(wide), wide)
        self.project = Unit(ways, wide, o)

    def forward(self, x: Any) -> Any:
        y = self.depthwise(self.expand(x))
        if self.gated:
            g = self.excite(self.squeeze_act(self.squeeze(y.mean((2, 3)))))
            y = y * (self.slope * g + 0.5).clamp(0, 1)[:, :, None, None]
        y = self.project(y)
        return x + y if self.add else y


class TorchV3(nn.Sequential):
    """Stem, blocks, 1x1, pooling, a dense layer, dropout, classifier."""

    def __init__(self, model: str, family: str, alpha: float, classes: int) -> None:
        super().__init__()
        ways, small, plain = FAMILIES[family], "small" in model, "minimalistic" in model
        rows, tail = (SMALL, SMALL_TAIL) if small else (LARGE, LARGE_TAIL)
        rows = rows[:-3] + tail if ways.tail else rows
        swish = ways.relu if plain else nn.Hardswish
        channels = eights(16 * alpha) if ways.scaled_stem(alpha) else 16
        self.stem = Unit(ways, 3, channels, 3, ways.stem_stride, act=swish)
        self.blocks = nn.Sequential()
        for k, ratio, printed, out, gated, swishing, s in rows:
            before, channels = channels, eights(out * alpha)
            by_ratio = before if ratio == 1 else eights(before * ratio)
            wide = by_ratio if ways.by_ratio else eights(printed * alpha)
            act = swish if swishing else ways.relu
            up = ratio > 1 or ways.always_expand
            given = (3, s, act, False) if plain else (k, s, act, bool(gated))
            block = Bneck(ways, before, wide, channels, *given, up)
            block.add &= ways.first_add or len(self.blocks) > 0
            self.blocks.add_module(str(len(self.blocks) + 1), block)
        last = 6 * channels if ways.six_times else eights((576 if small else 960) * alpha)
        head = (ways.small_head if small else 1280) // (2 if ways.tail else 1)
        head = eights(head * alpha) if ways.scaled_head(alpha) else head
        self.last = Unit(ways, channels, last, act=swish)
        self.pool, self.flat = nn.AdaptiveAvgPool2d(1), nn.Flatten()
        self.head, self.head_act = nn.Linear(last, head, bias=ways.head_bias), swish()
        self.dropout = SharedDropout(ways.dropout, ways.downscale)
        self.classifier = nn.Linear(head, classes)
