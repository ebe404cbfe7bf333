"""What a family of weight files is: how it names, lays out, reads and writes a network's arrays."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..models.dialect import Dialect
from ..models.network_plan import Plan
from ..ops.checks import Array
from ..quantization.plan import QuantizedPlan
from .description import NOTHING, Description
from .layout import ToOurs, ToTheirs

TORCH_SUFFIXES = {
    "weight": "weight",
    "bias": "bias",
    "gamma": "weight",
    "beta": "bias",
    "mean": "running_mean",
    "variance": "running_var",
}
KERAS_SUFFIXES = {
    "weight": "kernel",
    "bias": "bias",
    "gamma": "gamma",
    "beta": "beta",
    "mean": "moving_mean",
    "variance": "moving_variance",
}
PADDLE_SUFFIXES = TORCH_SUFFIXES | {"mean": "_mean", "variance": "_variance"}


@dataclass(frozen=True)
class Pairing:
    """Which of our arrays is which of theirs, by name; shapes are another matter."""

    pairs: dict[str, str]  # ours -> theirs
    missing: dict[str, str]  # ours -> the name that was looked for
    unexpected: tuple[str, ...]  # theirs
    notes: tuple[str, ...] = ()  # what was taken for what, where names left a choice

    @property
    def unmatched(self) -> int:
        """How many names found no partner."""
        return len(self.missing) + len(self.unexpected)


@dataclass(frozen=True)
class Contents:
    """What a weight file holds: arrays by its own names, in sentences what else is worth telling, and
    what it says of itself.

    integers  of a quantised file, whose arrays are given as floats: plan -> the quantised plan and its
              integers
    """

    tensors: dict[str, Array] = field(repr=False)
    notes: tuple[str, ...] = ()
    description: Description = NOTHING
    integers: "Callable[[Plan], tuple[QuantizedPlan, dict[str, Array]]] | None" = None


@dataclass(frozen=True, kw_only=True)
class Family:
    """One family of files.

    layers(plan)   our layer -> their layer, for every layer that owns arrays, in the order in which
                   the family lists them
    as_conv(name)  whether one of our dense layers is a 1x1 convolution there
    pair           finds the partners; by name unless a family knows more ways
    write          None: its files hold whole networks, which `whole` writes
    entries        whether a file may hold several sets of weights: then read(path, entry) takes one
    """

    name: str
    title: str
    dialects: tuple[Dialect, ...]  # tried in this order
    layers: Callable[[Plan], dict[str, str]]
    suffixes: Mapping[str, str]
    separator: str
    as_conv: Callable[[Plan, str], bool]
    to_ours: ToOurs
    to_theirs: ToTheirs
    read: Callable[..., Contents]
    write: Callable[[Path, Mapping[str, Array]], None] | None
    pair: "Callable[[Family, Plan, Mapping[str, Array]], Pairing] | None" = None
    entries: bool = False
    whole: Callable[[Plan, Mapping[str, Array], Path], object] | None = None
    undecided: str = ""  # what tensors cannot tell, and which option does
    scaling: str = (
        ""  # said where nobody knows how pixels were scaled: what is assumed, what else is usual
    )

    def names(self, plan: Plan) -> dict[str, str]:
        """Our array -> their array, in their order."""
        found = {}
        for ours, theirs in self.layers(plan).items():
            layer = plan[ours]
            for array in layer.arrays | layer.statistics:
                found[f"{ours}.{array}"] = f"{theirs}{self.separator}{self.suffixes[array]}"
        return found

    def paired(self, plan: Plan, tensors: Mapping[str, Array]) -> Pairing:
        """The partners of a plan's arrays among the tensors of a file."""
        return self.pair(self, plan, tensors) if self.pair else by_name(self.names(plan), tensors)

    def incoming(self, plan: Plan, name: str, value: Array) -> Array:
        """A view of their array in our layout; ValueError where its shape cannot be."""
        layer, _, array = name.rpartition(".")
        return self.to_ours(plan[layer], value) if array == "weight" else value

    def outgoing(self, plan: Plan, params: Mapping[str, Array]) -> dict[str, Array]:
        """All of a network's arrays under their names, in their layout and order."""
        found = {}
        for ours, theirs in self.names(plan).items():
            layer, _, array = ours.rpartition(".")
            value = params[ours]
            if array == "weight":
                value = self.to_theirs(plan[layer], value, self.as_conv(plan, layer))
            found[theirs] = value
        return found


def by_name(names: Mapping[str, str], tensors: Iterable[str]) -> Pairing:
    """Partners are those whose names are equal."""
    present = set(tensors)
    wanted = set(names.values())
    return Pairing(
        pairs={ours: theirs for ours, theirs in names.items() if theirs in present},
        missing={ours: theirs for ours, theirs in names.items() if theirs not in present},
        unexpected=tuple(name for name in tensors if name not in wanted),
    )
