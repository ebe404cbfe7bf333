"""MobileNetV4's convolutional networks, row by row (arXiv:2404.10518, appendix, as timm builds them)."""

from .rows import Full, Fused, Table, Uib

CONV_SMALL = Table(
    stem=32,
    rows=(
        Full(out=32, s=2), Full(out=32, k=1),
        Full(out=96, s=2), Full(out=64, k=1),
        Uib(k1=5, k2=5, t=3, out=96, s=2),
        Uib(k1=0, k2=3, t=2, out=96, n=4),
        Uib(k1=3, k2=0, t=4, out=96),
        Uib(k1=3, k2=3, t=6, out=128, s=2),
        Uib(k1=5, k2=5, t=4, out=128),
        Uib(k1=0, k2=5, t=4, out=128),
        Uib(k1=0, k2=5, t=3, out=128),
        Uib(k1=0, k2=3, t=4, out=128, n=2),
    ),
    last=960, head=1280, head_norm=True,
)  # fmt: skip

CONV_MEDIUM = Table(
    stem=32,
    rows=(
        Fused(t=4, out=48, s=2),
        Uib(k1=3, k2=5, t=4, out=80, s=2),
        Uib(k1=3, k2=3, t=2, out=80),
        Uib(k1=3, k2=5, t=6, out=160, s=2),
        Uib(k1=3, k2=3, t=4, out=160, n=2),
        Uib(k1=3, k2=5, t=4, out=160),
        Uib(k1=3, k2=3, t=4, out=160),
        Uib(k1=3, k2=0, t=4, out=160),
        Uib(k1=0, k2=0, t=2, out=160),
        Uib(k1=3, k2=0, t=4, out=160),
        Uib(k1=5, k2=5, t=6, out=256, s=2),
        Uib(k1=5, k2=5, t=4, out=256),
        Uib(k1=3, k2=5, t=4, out=256, n=2),
        Uib(k1=0, k2=0, t=4, out=256),
        Uib(k1=3, k2=0, t=4, out=256),
        Uib(k1=3, k2=5, t=2, out=256),
        Uib(k1=5, k2=5, t=4, out=256),
        Uib(k1=0, k2=0, t=4, out=256, n=2),
        Uib(k1=5, k2=0, t=2, out=256),
    ),
    last=960, head=1280, head_norm=True,
)  # fmt: skip

CONV_LARGE = Table(
    stem=24,
    rows=(
        Fused(t=4, out=48, s=2),
        Uib(k1=3, k2=5, t=4, out=96, s=2),
        Uib(k1=3, k2=3, t=4, out=96),
        Uib(k1=3, k2=5, t=4, out=192, s=2),
        Uib(k1=3, k2=3, t=4, out=192, n=3),
        Uib(k1=3, k2=5, t=4, out=192),
        Uib(k1=5, k2=3, t=4, out=192, n=5),
        Uib(k1=3, k2=0, t=4, out=192),
        Uib(k1=5, k2=5, t=4, out=512, s=2, n=4),
        Uib(k1=5, k2=0, t=4, out=512),
        Uib(k1=5, k2=3, t=4, out=512),
        Uib(k1=5, k2=0, t=4, out=512, n=2),
        Uib(k1=5, k2=3, t=4, out=512),
        Uib(k1=5, k2=5, t=4, out=512),
        Uib(k1=5, k2=0, t=4, out=512, n=3),
    ),
    last=960, head=1280, head_norm=True,
)  # fmt: skip
