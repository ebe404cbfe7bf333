"""What implementations of one MobileNet do differently, as switches of one frozen record.

The papers leave several things unsaid.  A dialect says them; no executor holds a special case.
A switch that one family sets differently for V1, V2 and V3 is written `by_version(...)`, and
`Dialect.at("v2")` is the record with such switches settled.  docs/book/10-dialects.md tells what a
switch costs who gets it wrong.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from ..ops.checks import real, shown, whole
from ..ops.combine import DROPOUTS
from ..ops.window import Padding, window
from .widths import ROUNDING

VERSIONS = ("v1", "v2", "v3", "v4")
# switches that say nothing about the other versions
CONCERNS = {
    "v1_head": ("v1",),
    "depthwise_activation": ("v1",),
    "block_rounding": ("v2",),
    "head": ("v2", "v3", "v4"),
    "expand_when_equal": ("v2", "v3"),
    "first_residual": ("v3",),
    "squeeze_activation": ("v3",),
    "gate_slope": ("v3",),
    "expansion": ("v3",),
    "squeeze": ("v3",),
    "last": ("v3",),
    "reduced_tail": ("v3",),
    "v3_head": ("v3", "v4"),
    "v3_small_head": ("v3",),
    "head_bias": ("v3",),
}
ACTIVATIONS = (
    "relu",
    "relu6",
    "swish",
    "hard_swish",
    "sigmoid",
    "hard_sigmoid",
)


@dataclass(frozen=True, kw_only=True)
class ByVersion:
    """One switch, set differently for each version of MobileNet."""

    v1: Any
    v2: Any
    v3: Any
    v4: Any


def by_version(*, v1: Any = None, v2: Any = None, v3: Any = None, v4: Any = ...) -> Any:
    """A switch whose value depends on the version; typed Any, for `Dialect.at` settles it.

    V4's is V3's, where nothing else is said.
    """
    return ByVersion(v1=v1, v2=v2, v3=v3, v4=v3 if v4 is ... else v4)


@dataclass(frozen=True, kw_only=True, repr=False)
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
    v3_head: bool = (
        True  # False: V3's classifier right after the pooling, as fine-tuned bases have it
    )
    v3_small_head: int = 1024
    head_bias: bool = True  # of V3's 1x1 after the pooling
    dropout: float = 0.0  # before the classifier
    dropout_mode: str = "inverted"

    # what is usual where nothing else is said
    classes: int = 1000
    resolution: int = 224

    def __post_init__(self) -> None:
        if any(isinstance(value, ByVersion) for value in vars(self).values()):
            for version in VERSIONS:
                self.at(version)  # is checked as it is made
        else:
            _check(self)

    def __repr__(self) -> str:
        """The switches that are not the paper's, as they would be written."""
        switches = [
            f"{f.name}={value!r}"
            for f in fields(self)
            if (value := getattr(self, f.name)) != f.default
        ]
        return f"Dialect({', '.join(switches)})"

    def at(self, version: str) -> "Dialect":
        """This dialect with every switch settled for "v1" to "v4"; ValueError for another."""
        if not isinstance(version, str) or version not in VERSIONS:
            raise ValueError(
                f"version must be one of {', '.join(VERSIONS)}, found {shown(version)}"
            )
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


def _counts(x: Any) -> bool:
    return whole(x) and x > 0


# switch -> what holds of its number, and how that is said
_NUMBERS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "dropout": (lambda x: 0 <= x < 1, "at least 0 and below 1"),
    "bn_eps": (lambda x: x > 0, "above 0"),
    "bn_momentum": (lambda x: 0 < x <= 1, "above 0 and at most 1"),
    "gate_slope": (lambda x: x > 0, "above 0"),
    "v1_head": (lambda x: whole(x) and x >= 0, "an integer of at least 0"),
    "stem_stride": (_counts, "a positive integer"),
    "v3_small_head": (_counts, "a positive integer"),
    "classes": (_counts, "a positive integer"),
    "resolution": (_counts, "a positive integer"),
}


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
        ("dropout_mode", DROPOUTS),
    ):
        found = getattr(dialect, switch)
        if not isinstance(found, str | None) or found not in known:
            names = ", ".join(str(name) for name in known)
            raise ValueError(f"{switch} must be one of {names}, found {shown(found)}")
    for switch, (holds, expected) in _NUMBERS.items():
        if not real(found := getattr(dialect, switch)) or not holds(found):
            raise ValueError(f"{switch} must be {expected}, found {shown(found)}")
    for switch in (f.name for f in fields(dialect) if f.type is bool):
        if not isinstance(found := getattr(dialect, switch), bool):
            raise ValueError(f"{switch} must be True or False, found {shown(found)}")
    if not isinstance(dialect.name, str):
        raise ValueError(f"name must be a text, found {shown(dialect.name)}")
    if dialect.strided_padding is not None:
        window("strided_padding", (8, 8), (3, 3), 2, dialect.strided_padding)
    if not isinstance(dialect.versions, tuple):
        raise ValueError(f"versions must be a tuple, found {shown(dialect.versions)}")
    if unknown := [version for version in dialect.versions if version not in VERSIONS]:
        raise ValueError(f"versions must be among {', '.join(VERSIONS)}, found {unknown}")


def differing_switches(version: str, dialects: Sequence[Dialect]) -> list[str]:
    """The switches that concern this version and are not set alike in all settled dialects."""
    return [
        switch
        for switch in (f.name for f in fields(Dialect))
        if switch not in ("name", "versions")
        and version in CONCERNS.get(switch, VERSIONS)
        and len({getattr(dialect, switch) for dialect in dialects}) > 1
    ]
