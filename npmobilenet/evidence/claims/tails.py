"""The two last stages of MobileNetV3's figure 5, and its first layers with 16 or 32 filters."""

from __future__ import annotations

from ...models.layers import Layer
from ...models.rows import V3_LARGE
from .counting import conv, dense, depthwise, macs_of, pointwise

MAP = (7, 7, V3_LARGE.rows[-1].out)  # what enters the last stage
WIDE, NARROW = V3_LARGE.last, 320  # 320: the projection of MobileNetV2's last block


def original() -> list[Layer]:
    """Widen, filter, project, widen again, all at 7 x 7; then pool and classify."""
    widened = (*MAP[:2], WIDE)
    projected = (*MAP[:2], NARROW)
    return [
        pointwise(MAP, WIDE),
        depthwise(widened),
        pointwise(widened, NARROW),
        pointwise(projected, V3_LARGE.head),
        dense(V3_LARGE.head, 1000),
    ]


def efficient() -> list[Layer]:
    """Widen at 7 x 7; pool; the rest on a single pixel."""
    return [
        pointwise(MAP, WIDE),
        pointwise((1, 1, WIDE), V3_LARGE.head),
        dense(V3_LARGE.head, 1000),
    ]


def beginning(filters: int) -> int:
    """MACs of V3-Large's stem and first block, which depend on the stem's number of filters."""
    stem = conv((224, 224, 3), filters, s=2)
    return macs_of(stem, depthwise(stem.output), pointwise(stem.output, V3_LARGE.rows[0].out))
