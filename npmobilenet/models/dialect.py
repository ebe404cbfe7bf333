"""What implementations of one MobileNet do differently, as switches of one frozen record.

The papers leave several things unsaid.  A dialect says them; no executor holds a special case.
A switch that one family sets differently for V1, V2 and V3 is written `by_version(...)`, and
`Dialect.at("v2")` is the record with such switches settled.  docs/dialects.md tells what each
switch costs who gets it wrong.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from ..ops.checks import whole
from ..ops.window import Padding
from .widths import ROUNDING

VERSIONS = ("v1", "v2", "v3")
# switches that say nothing about the other versions
CONCERNS = {
    "v1_head": ("v1",),
    "depthwise_activation": ("v1",),
    "block_rounding": ("v2",),
    "head": ("v2", "v3"),
    "expand_when_equal": ("v2", "v3"),
    "first_residual": ("v3",),
    "squeeze_activation": ("v3",),
    "gate_slope": ("v3",),
    "expansion": ("v3",),
    "squeeze": ("v3",),
    "last": ("v3",),
    "reduced_tail": ("v3",),
    "v3_small_head": ("v3",),
    "head_bias": ("v3",),
}
ACTIVATIONS = ("relu", "relu6", "swish", "hard_swish", "sigmoid", "hard_sigmoid")


@dataclass(frozen=True, kw_only=True)
class ByVersion:
    """One switch, set differently for each version of MobileNet."""

    v1: Any
    v2: Any
    v3: Any


def by_version(*, v1: Any = None, v2: Any = None, v3: Any = None) -> Any:
    """A switch whose value depends on the version; typed Any, for `Dialect.at` settles it."""
    return ByVersion(v1=v1, v2=v2, v3=v3)


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """One family's way of writing MobileNet down.

    The defaults are the papers', with the authors' own TensorFlow code for what the papers do not
    say.  ValueError for a value that no switch has.
    """

    name: str
    versions: tuple[str, ...] = VERSIONS  # what this family has

    # geometry
    padding: str = "same"  # "same" (TensorFlow) or "symmetric" (PyTorch); equal shapes for odd K
    strided_padding: Padding | None = None  # of depthwise layers with a stride; None: as `padding`
    stem_stride: int = 2
    block_strides: bool = True  # False: every block keeps the resolution
    first_residual: bool = True  # V3's first block adds its input where the shapes allow it

    # normalisation and activations
    batch_norm: bool = True
    bn_eps: float = 1e-3
    bn_momentum: float = 0.1  # weight of the new value in a running estimate, as PyTorch counts
    conv_bias: bool = False
    activation: str = by_version(v1="relu", v2="relu6", v3="relu")  # V3: what its "RE" means
    depthwise_activation: bool = (
        True  # normalisation and activation between depthwise and pointwise
    )
    squeeze_activation: str = "relu"  # inside squeeze-and-excite: "relu", or as in its "block"
    gate_slope: float = 1 / 6  # of the hard sigmoid in squeeze-and-excite

    # widths
    rounding: str = by_version(v1="floor", v2="divisible", v3="divisible")
    block_rounding: str | None = None  # of V2's blocks, where it differs
    stem: str = "scaled"  # "scaled", "fixed", or "fixed-below-0.75" of alpha
    expansion: str = "ratio"  # V3: "ratio" of the scaled input, or the "table"'s size scaled
    expand_when_equal: bool = False  # a 1x1 convolution even where it does not widen
    squeeze: str = "divisible"  # a quarter: "divisible" by 8, "floor" or "round"
    last: str = "table"  # V3's 1x1 before the pooling: the "table"'s, or 6 x the last "block"'s
    reduced_tail: bool = False  # V3: the last stage at half its width

    # head
    v1_head: int = 0  # filters of a 1x1 convolution after V1's last block
    head: str = "grow"  # alpha on V2's and V3's last width: "never", "always", "grow" (above 1)
    v3_small_head: int = 1024
    head_bias: bool = True  # of V3's 1x1 after the pooling
    dropout: float = 0.0  # before the classifier
    dropout_mode: str = "inverted"

    # what is usual where nothing else is said
    classes: int = 1000
    resolution: int = 224

    def __post_init__(self) -> None:
        for version in VERSIONS:
            _check(self.at(version))

    def at(self, version: str) -> "Dialect":
        """This dialect with every switch settled for "v1", "v2" or "v3"; ValueError for another."""
        if version not in VERSIONS:
            raise ValueError(f"version must be one of {', '.join(VERSIONS)}, found {version!r}")
        settled = {f.name: getattr(self, f.name) for f in fields(self)}
        found = {
            k: getattr(v, version) if isinstance(v, ByVersion) else v for k, v in settled.items()
        }
        return self if found == settled else replace(self, **found)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Dialect":
        """A settled dialect again, from `dataclasses.asdict` and JSON, which has no tuples."""
        switches: Any = {k: tuple(v) if isinstance(v, list) else v for k, v in document.items()}
        return cls(**switches)


def _check(dialect: Dialect) -> None:
    """ValueError unless every switch of a settled dialect has one of its values."""
    for switch, known in (
        ("padding", ("same", "symmetric")),
        ("activation", ACTIVATIONS),
        ("rounding", ROUNDING),
        ("block_rounding", (None, *ROUNDING)),
        ("squeeze_activation", ("relu", "block")),
        ("stem", ("scaled", "fixed", "fixed-below-0.75")),
        ("expansion", ("ratio", "table")),
        ("squeeze", ("divisible", "floor", "round")),
        ("last", ("table", "block")),
        ("head", ("never", "always", "grow")),
        ("dropout_mode", ("inverted", "downscale_in_infer")),
    ):
        if (found := getattr(dialect, switch)) not in known:
            names = ", ".join(str(name) for name in known)
            raise ValueError(f"{switch} must be one of {names}, found {found!r}")
    if not 0 <= dialect.dropout < 1:
        raise ValueError(f"dropout must be at least 0 and below 1, found {dialect.dropout}")
    if dialect.bn_momentum > 1:
        raise ValueError(f"bn_momentum must be at most 1, found {dialect.bn_momentum}")
    for switch in ("bn_eps", "bn_momentum", "gate_slope"):
        if not getattr(dialect, switch) > 0:
            raise ValueError(f"{switch} must be above 0, found {getattr(dialect, switch)}")
    for switch in ("stem_stride", "v3_small_head", "classes", "resolution"):
        if not whole(getattr(dialect, switch)) or getattr(dialect, switch) < 1:
            found = getattr(dialect, switch)
            raise ValueError(f"{switch} must be a positive integer, found {found!r}")
    if not whole(dialect.v1_head) or dialect.v1_head < 0:
        raise ValueError(f"v1_head must be an integer of at least 0, found {dialect.v1_head!r}")
    for switch in (f.name for f in fields(dialect) if f.type is bool):
        if not isinstance(getattr(dialect, switch), bool):
            raise ValueError(f"{switch} must be True or False, found {getattr(dialect, switch)!r}")
    if unknown := set(dialect.versions) - set(VERSIONS):
        raise ValueError(f"versions must be among {', '.join(VERSIONS)}, found {unknown}")


# ReLU from V1's figure 3; padding, eps and widths from the authors' own TensorFlow code, which
# reproduces V3's Table 9; the momentum is this project's choice: the authors' 0.0003 is meant for
# weeks of training.
PAPER = Dialect(
    name="paper",
    head=by_version(v1="never", v2="grow", v3="never"),
    dropout=by_version(v1=0.0, v2=0.0, v3=0.2),
)

TF_SLIM = replace(
    PAPER,
    name="tf-slim",
    activation=by_version(v1="relu6", v2="relu6", v3="relu"),
    rounding=by_version(v1="floor-min", v2="divisible", v3="divisible"),
    bn_momentum=by_version(v1=0.0003, v2=0.003, v3=0.003),
    dropout=by_version(v1=0.001, v2=0.2, v3=0.2),
    classes=1001,  # class 0 is "background"
)

KERAS = Dialect(
    name="keras",
    strided_padding=by_version(v1=(0, 1, 0, 1)),  # also for odd sizes, where SAME has (1, 1)
    bn_momentum=by_version(v1=0.01, v2=0.001, v3=0.001),
    activation=by_version(v1="relu6", v2="relu6", v3="relu"),
    block_rounding=by_version(v2="floor-divisible"),
    stem=by_version(v1="scaled", v2="scaled", v3="fixed"),
    last=by_version(v1="table", v2="table", v3="block"),
    dropout=by_version(v1=0.001, v2=0.0, v3=0.2),
)

TORCHVISION = Dialect(
    name="torchvision",
    versions=("v2", "v3"),
    padding="symmetric",
    bn_eps=by_version(v1=1e-5, v2=1e-5, v3=1e-3),
    bn_momentum=by_version(v1=0.1, v2=0.1, v3=0.01),
    expansion="table",
    last="block",
    head=by_version(v1="never", v2="grow", v3="always"),
    dropout=0.2,
)

TIMM = Dialect(
    name="timm",
    padding="symmetric",
    bn_eps=1e-5,
    activation=by_version(v1="relu6", v2="relu6", v3="relu"),
    rounding="divisible",
    stem=by_version(v1="scaled", v2="scaled", v3="fixed-below-0.75"),
    head=by_version(v1="never", v2="grow", v3="never"),
)
# timm's models whose names begin with tf_: weights converted from TensorFlow, its padding kept
TIMM_TF = replace(TIMM, name="timm-tf", versions=("v3",), padding="same", bn_eps=1e-3)
TIMM_RW = replace(
    TIMM,
    name="timm-rw",  # mobilenetv3_rw
    versions=("v3",),
    bn_eps=1e-3,
    squeeze="round",
    squeeze_activation="block",
    head_bias=False,
    first_residual=False,
)
TIMM_H = replace(TIMM, name="timm-h", versions=("v1",), v1_head=1024)  # mobilenetv1_100h

PADDLE = Dialect(
    name="paddle",
    padding="symmetric",
    bn_eps=1e-5,
    gate_slope=0.2,
    rounding=by_version(v1="floor", v2="floor", v3="divisible"),
    expansion="table",
    expand_when_equal=True,
    squeeze="floor",
    head=by_version(v1="never", v2="grow", v3="never"),
    v3_small_head=1280,
    head_bias=False,
    dropout=by_version(v1=0.0, v2=0.0, v3=0.2),
    dropout_mode="downscale_in_infer",
)

# The widespread adaptation of V1 to images of about 32 x 32: the stem keeps the full resolution.
CIFAR = replace(
    PAPER,
    name="cifar",
    padding="symmetric",
    bn_eps=1e-5,
    stem_stride=1,
    classes=10,
    resolution=32,
)

# Five much-read tutorials, as their code is printed (docs/tutorials.md)
TUTORIAL_A = Dialect(
    name="tutorial-a",  # V1 in PyTorch for photographs of flowers
    versions=("v1",),
    padding="symmetric",
    block_strides=False,  # its blocks take no stride: 70 times the paper's cost
    batch_norm=False,
    conv_bias=True,
    depthwise_activation=False,
)
TUTORIAL_A_REPAIRED = Dialect(
    name="tutorial-a-repaired", versions=("v1",), padding="symmetric", bn_eps=1e-5
)
TUTORIAL_B = replace(PADDLE, name="tutorial-b", versions=("v3",))  # V3 with PaddleClas
TUTORIAL_C = Dialect(
    name="tutorial-c",  # V2 in TensorFlow 2
    versions=("v2",),
    bn_eps=1e-5,
    head="always",  # 960 at alpha 0.75, where the paper keeps 1280
    dropout=0.2,
)
TUTORIAL_D = replace(CIFAR, name="tutorial-d", versions=("v1",))  # V1 in PyTorch for CIFAR-10
TUTORIAL_E = replace(KERAS, name="tutorial-e", versions=("v2",))  # V2 in Keras

DIALECTS = {
    dialect.name: dialect
    for dialect in (
        PAPER,
        TORCHVISION,
        TIMM,
        TIMM_TF,
        TIMM_RW,
        TIMM_H,
        KERAS,
        TF_SLIM,
        PADDLE,
        CIFAR,
        TUTORIAL_A,
        TUTORIAL_A_REPAIRED,
        TUTORIAL_B,
        TUTORIAL_C,
        TUTORIAL_D,
        TUTORIAL_E,
    )
}


def dialect_named(name: str | Dialect) -> Dialect:
    """The dialect of that name; a Dialect is returned as it is.  ValueError for an unknown name."""
    if isinstance(name, Dialect):
        return name
    if not isinstance(name, str) or name not in DIALECTS:
        raise ValueError(f"dialect must be one of {', '.join(DIALECTS)}, found {name!r}")
    return DIALECTS[name]


def dialect_at(name: str | Dialect, version: str) -> Dialect:
    """The dialect of that name, settled for a version; ValueError where the family has none."""
    dialect = dialect_named(name)
    if version not in dialect.versions:
        having = ", ".join(k for k, d in DIALECTS.items() if version in d.versions)
        raise ValueError(
            f"dialect {dialect.name} has no {version}, only {', '.join(dialect.versions)}; "
            f"{version} is in {having}"
        )
    return dialect.at(version)


def differing_switches(version: str, dialects: Sequence[Dialect]) -> list[str]:
    """The switches that concern this version and are not set alike in all settled dialects."""
    return [
        switch
        for switch in (f.name for f in fields(Dialect))
        if switch not in ("name", "versions")
        and version in CONCERNS.get(switch, VERSIONS)
        and len({getattr(dialect, switch) for dialect in dialects}) > 1
    ]
