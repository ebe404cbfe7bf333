"""The papers' tables, row by row, as data.  Nothing here computes; `plan` does."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Separable:
    """Two rows of MobileNetV1's Table 1: `Conv dw / s` with stride s, then the 1x1 `Conv / s1`."""

    out: int
    s: int = 1


V1_STEM = 32  # filters of the first row, `Conv / s2`, 3 x 3 x 3 x 32

V1 = (
    Separable(out=64),
    Separable(out=128, s=2),
    Separable(out=128),
    Separable(out=256, s=2),
    Separable(out=256),
    Separable(out=512, s=2),
    *(Separable(out=512),) * 5,
    Separable(out=1024, s=2),
    Separable(out=1024),  # printed s2, but its own output size, 7 x 7 from 7 x 7, says s1
)

V1_SHALLOW = V1[:6] + V1[11:]  # Table 5: without the five blocks of 14 x 14 x 512
