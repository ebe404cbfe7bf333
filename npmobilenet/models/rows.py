"""The papers' tables, row by row, as data.  Nothing here computes; the assemblers beside it do."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, kw_only=True)
class Separable:
    """Two rows of MobileNetV1's Table 1: `Conv dw / s` with stride s, then the 1x1 `Conv / s1`.

    k: the depthwise kernel; multiplier: filters of each channel, the depth multiplier of Keras.
    """

    out: int
    s: int = 1
    k: int = 3
    multiplier: int = 1


@dataclass(frozen=True, kw_only=True)
class Full:
    """A standard k x k convolution in the place of a Separable: V1's Table 4, `Conv MobileNet`.

    k = 1 is a pointwise one.  With groups each filter sees its own group of channels alone.
    """

    out: int
    s: int = 1
    k: int = 3
    groups: int = 1


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
V1_FULL = tuple(Full(out=row.out, s=row.s) for row in V1)


@dataclass(frozen=True, kw_only=True)
class Bottleneck:
    """A row of MobileNetV2's Table 2: n inverted residuals, the first of them with stride s.

    t is the expansion factor: the block widens its input t times, filters each channel, and
    projects to c channels without an activation.
    """

    t: int
    c: int
    n: int
    s: int

    @property
    def out(self) -> int:
        """The paper's c, as the other rows say it."""
        return self.c


V2 = (
    Bottleneck(t=1, c=16, n=1, s=1),
    Bottleneck(t=6, c=24, n=2, s=2),
    Bottleneck(t=6, c=32, n=3, s=2),
    Bottleneck(t=6, c=64, n=4, s=2),
    Bottleneck(t=6, c=96, n=3, s=1),
    Bottleneck(t=6, c=160, n=3, s=2),
    Bottleneck(t=6, c=320, n=1, s=1),
)


@dataclass(frozen=True, kw_only=True)
class Bneck:
    """A row of MobileNetV3's Tables 1 and 2: kernel, widened size, output, SE, nonlinearity, stride."""

    k: int
    exp: int
    out: int
    se: bool
    nl: str  # "RE" or "HS", as printed
    s: int


@dataclass(frozen=True, kw_only=True)
class Uib:
    """A row of MobileNetV4's tables: n universal inverted bottlenecks, the first with stride s.

    k1, k2: the depthwise kernels before and after the expansion, 0 for none; t: the expansion factor.
    Both is the paper's ExtraDW, k2 alone V2's inverted residual, k1 alone ConvNext, none of them FFN.
    """

    k1: int
    k2: int
    t: float
    out: int
    n: int = 1
    s: int = 1


@dataclass(frozen=True, kw_only=True)
class Fused:
    """A row of MobileNetV4's tables: n fused inverted bottlenecks, a k x k convolution that expands."""

    k: int = 3
    t: float
    out: int
    n: int = 1
    s: int = 1


@dataclass(frozen=True, kw_only=True)
class Pool:
    """Pooling over windows of k x k: "max" or "average", as wide as what comes in."""

    k: int = 2
    s: int = 2
    of: str = "max"

    @property
    def out(self) -> int:
        """0: it has no channels of its own."""
        return 0


@dataclass(frozen=True, kw_only=True)
class Hidden:
    """A dense layer behind the global pooling, with an activation, before the classifier."""

    out: int
    nl: str = "RE"


Row = Separable | Full | Bottleneck | Bneck | Uib | Fused | Pool | Hidden


@dataclass(frozen=True, kw_only=True)
class Table:
    """One of the papers' tables whole.  The type of a row says of which block it is."""

    stem: int  # filters of the first convolution, 3 x 3
    rows: tuple[Row, ...]
    last: int = 0  # filters of the 1x1 convolution before the pooling; 0 for none
    head: int = 0  # of the one after it, without batch normalisation; 0 for none
    nl: str = "RE"  # of the stem and of those two
    small: bool = False  # V3-Small, whose head some dialects make wider
    head_norm: bool = False  # V4: the head has batch normalisation, and no bias


MOBILENET_V1 = Table(stem=32, rows=V1)
MOBILENET_V2 = Table(stem=32, rows=V2, last=1280)

V3_LARGE = Table(
    stem=16,
    rows=(
        Bneck(k=3, exp=16, out=16, se=False, nl="RE", s=1),
        Bneck(k=3, exp=64, out=24, se=False, nl="RE", s=2),
        Bneck(k=3, exp=72, out=24, se=False, nl="RE", s=1),
        Bneck(k=5, exp=72, out=40, se=True, nl="RE", s=2),
        Bneck(k=5, exp=120, out=40, se=True, nl="RE", s=1),
        Bneck(k=5, exp=120, out=40, se=True, nl="RE", s=1),
        Bneck(k=3, exp=240, out=80, se=False, nl="HS", s=2),
        Bneck(k=3, exp=200, out=80, se=False, nl="HS", s=1),
        Bneck(k=3, exp=184, out=80, se=False, nl="HS", s=1),
        Bneck(k=3, exp=184, out=80, se=False, nl="HS", s=1),
        Bneck(k=3, exp=480, out=112, se=True, nl="HS", s=1),
        Bneck(k=3, exp=672, out=112, se=True, nl="HS", s=1),
        Bneck(k=5, exp=672, out=160, se=True, nl="HS", s=2),
        Bneck(k=5, exp=960, out=160, se=True, nl="HS", s=1),
        Bneck(k=5, exp=960, out=160, se=True, nl="HS", s=1),
    ),
    last=960,
    head=1280,
    nl="HS",
)

V3_SMALL = Table(
    stem=16,
    rows=(
        Bneck(k=3, exp=16, out=16, se=True, nl="RE", s=2),
        Bneck(k=3, exp=72, out=24, se=False, nl="RE", s=2),
        Bneck(k=3, exp=88, out=24, se=False, nl="RE", s=1),
        Bneck(k=5, exp=96, out=40, se=True, nl="HS", s=2),
        Bneck(k=5, exp=240, out=40, se=True, nl="HS", s=1),
        Bneck(k=5, exp=240, out=40, se=True, nl="HS", s=1),
        Bneck(k=5, exp=120, out=48, se=True, nl="HS", s=1),
        Bneck(k=5, exp=144, out=48, se=True, nl="HS", s=1),
        Bneck(k=5, exp=288, out=96, se=True, nl="HS", s=2),
        Bneck(k=5, exp=576, out=96, se=True, nl="HS", s=1),
        Bneck(k=5, exp=576, out=96, se=True, nl="HS", s=1),
    ),
    last=576,  # Table 2 ticks SE on this row too; no implementation has it, the authors' included
    head=1024,  # 1280 before the paper's fifth version
    nl="HS",
    small=True,
)


def bnecks(table: Table) -> tuple[Bneck, ...]:
    """The rows of one of V3's tables; ValueError where one is of another kind."""
    others = [type(row).__name__ for row in table.rows if not isinstance(row, Bneck)]
    if others:
        raise ValueError(f"a table of V3 has rows of Bneck alone, found {others[0]}")
    return tuple(row for row in table.rows if isinstance(row, Bneck))


def minimalistic(table: Table) -> Table:
    """The authors' variant for plain hardware: every kernel 3x3, no SE, ReLU throughout."""
    rows = tuple(replace(row, k=3, se=False, nl="RE") for row in bnecks(table))
    return replace(table, rows=rows, nl="RE")
