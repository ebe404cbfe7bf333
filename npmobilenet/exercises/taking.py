"""Which cases of `verify` a function takes, and how it is given them: what its signature says.

Its parameters are those of the exercises, conv2d(x, w, b, stride, padding), or of our operators,
conv2d(x, w, b=None, *, stride=1, padding="same", dilation=1); arrays may have names of their own.
"""

from __future__ import annotations

import inspect
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .. import ops
from .pairing import Parameter

Values = Mapping[str, Any]
WINDOW = ("stride", "dilation", "kernel_size")  # numbers, or pairs
# what may be left out where the batch's own mean and variance are used
ESTIMATES = ("mean", "variance", "momentum")


@dataclass(frozen=True)
class Way:
    """How a function is called.  `names`: its parameter -> what is given to it."""

    parameters: tuple[Parameter, ...] | None  # None: arrays by position, and nothing else
    names: Mapping[str, str]
    cache: bool = (
        False  # of a backward pass: whether the second argument is what the forward one kept
    )

    @property
    def takes(self) -> frozenset[str]:
        """Names of arrays and settings."""
        return frozenset(self.names.values())

    def arguments(self, values: Values) -> dict[str, Any]:
        """What `pairing.both` calls it with; of what a case has not (a bias) None."""
        kinds = {name: kind for name, kind, _ in self.parameters or ()}
        positional, named = [], []
        for own, name in self.names.items():
            if name == "dy" or kinds.get(own, "positional") == "positional":
                positional.append([own, values.get(name)])
            elif name in values or self._needed(own):
                named.append([own, values.get(name)])
        return {"positional": positional, "named": named, "cache": self.cache}

    def _needed(self, own: str) -> bool:
        return any(name == own and needed for name, _, needed in self.parameters or ())


def way(
    name: str,
    parameters: Sequence[Parameter] | None,
    arrays: Sequence[str],
    settings: Sequence[str],
    optional: Collection[str] = (),
) -> Way | str:
    """How `name` is called; or, as a sentence, why its signature is not understood.

    arrays, settings: what a case may have, arrays in order, "dy" first for a backward pass; some arrays
    are optional.
    """
    if parameters is None:
        return Way(None, {a: a for a in arrays if a not in optional})
    own = [p for p in parameters if p[1] != "rest"]
    names: dict[str, str] = {}
    if [*arrays[:1]] == ["dy"] and own:
        names[own[0][0]] = "dy"
        own, arrays = own[1:], arrays[1:]
    known = {*arrays, *settings}
    names |= {n: n for n, _, _ in own if n in known}
    strange = [n for n, _, needed in own if needed and n not in known]
    if "dy" in names.values() and len(strange) == 1 and own[0][0] == strange[0]:
        return Way(tuple(parameters), names, cache=True)
    for number, (parameter, _, needed) in enumerate(own[: len(arrays)]):
        if parameter in strange and needed and arrays[number] not in names.values():
            names = {**names, parameter: arrays[number]}
            strange.remove(parameter)
    if strange:
        said = ", ".join(n if needed else f"{n}=..." for n, _, needed in parameters)
        expected = ", ".join([*(["dy"] if "dy" in names.values() else []), *arrays, *settings])
        return f"the function is {name}({said}); expected parameters among {expected}"
    if any(kind == "rest" for _, kind, _ in parameters):
        names |= {n: n for n in known if n not in names.values()}
    return Way(tuple(parameters), names)


@dataclass
class Form:
    """What a function was found to take besides plain numbers; and why not, where it does not."""

    pairs: bool = False  # whether even what is one number is given as a pair
    refused: dict[str, str] = field(default_factory=dict)  # words of a form -> what happens then


def settled(
    operator: str, takes: frozenset[str], values: Values, form: Form
) -> dict[str, Any] | str:
    """The settings of a case as a function is given them; or the words for what it does not take."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        if name not in takes:
            if not _usual(operator, name, value, values):
                return "train False" if name == "train" else f"another {name} than the usual"
            continue
        plain, words = _plain(name, value, form.pairs)
        if words in form.refused:
            return words
        found[name] = plain
    return found


def _plain(name: str, value: Any, pairs: bool) -> tuple[Any, str]:
    """A setting in its simplest form, and the words for the form where it is more than a number."""
    if name in WINDOW and isinstance(value, tuple):
        if value[0] != value[1]:
            return value, f"a {name} of two numbers"
        return (value if pairs else value[0]), ""
    if name == "padding":
        if value == "same":
            return value, 'padding "same"'
        sides = value if len(value) == 4 else (value[0], value[0], value[1], value[1])
        if len({*sides}) == 1:
            return (tuple(sides[:2]) if pairs else sides[0]), ""
        if sides[0] == sides[1] and sides[2] == sides[3]:
            return (sides[0], sides[2]), "a padding of two numbers"
        return tuple(sides), "a padding of four numbers"
    return value, ""


def _usual(operator: str, name: str, value: Any, values: Values) -> bool:
    """Whether a setting has the value that it has where nobody gives it."""
    if name in ESTIMATES and values.get("train"):
        return True
    if name == "train":
        return bool(value)
    if name == "padding":
        return value != "same" and not any(value)
    function = getattr(ops, operator.partition(" ")[0])
    default = inspect.signature(function).parameters[name].default
    if default is inspect.Parameter.empty:
        return False
    if name in WINDOW and isinstance(value, tuple):
        return value == (default, default)
    return bool(value == default)
