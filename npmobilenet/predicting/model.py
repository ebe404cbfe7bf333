"""A network ready to use: what it computes, what its outputs mean, what its inputs need."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np

from ..images.preprocessing import Preprocessing
from ..kernels.compiling import lock
from ..models.network_plan import Plan
from ..models.params import check_params
from ..ops.checks import Array, plain, shown, shown_name
from ..quantization.fitting import check_arrays
from ..quantization.plan import QuantizedPlan
from ..text import displayed, writable

if TYPE_CHECKING:
    from .prediction import Prediction

ENGINES = ("compiled", "reference")  # what may run it: `nm.compile`, or the reference executor


class Ready:
    """What `Model` keeps its network in.  Copies and pickles of a model begin with an empty one."""

    def __init__(self) -> None:
        self._lock = lock()
        self._made: tuple[int, Callable[[Array], Array]] | None = None

    def logits(self, model: Model, engine: str = "compiled") -> Callable[[Array], Array]:
        """The function of `predictor` for a few images; compiled anew if the parameters have changed."""
        from .predictor import BATCH, predictor

        if engine != "compiled":
            return predictor(model, BATCH, engine)
        stamp = _checksum(model.params)
        with self._lock:
            if self._made is None or self._made[0] != stamp:
                self._made = stamp, predictor(model, BATCH)
            return self._made[1]

    def __reduce__(self) -> tuple[type[Ready], tuple[()]]:
        return Ready, ()


@dataclass(frozen=True, eq=False)
class Model:
    """A network ready to use: what it computes, what its outputs mean, what its inputs need.

    plan           the network
    params         name -> array, shaped as plan.arrays says
    classes        a name for each output, no two of them equal
    preprocessing  how an image becomes the network's input
    extra          name -> array: state of an optimiser, for training to go on
    notes          how it was trained, as JSON
    quantized      of a network of 8-bit integers: a `QuantizedPlan`, whose arrays params are, and whose
                   folded plan is `plan`; None for one of floats

    network is what runs with params: `npmobilenet.infer(model.network, model.params, x)`.
    model(image) names what is in an image.  ValueError or TypeError where they do not fit each other.
    """

    plan: Plan
    params: dict[str, Array]
    classes: tuple[str, ...]
    preprocessing: Preprocessing
    extra: dict[str, Array] = field(default_factory=dict)  # state of an optimiser
    notes: dict[str, Any] = field(default_factory=dict)  # how it was trained, as JSON
    quantized: QuantizedPlan | None = None
    ready: Ready = field(default_factory=Ready, init=False, repr=False, compare=False)

    def __repr__(self) -> str:
        names = ", ".join(map(displayed, self.classes[:3])) + ", ..." * (len(self.classes) > 3)
        numbers = sum(array.size for array in self.params.values())
        return f"Model({self.network!r}, {numbers:,} numbers in {len(self.params)} arrays; {names})"

    def __post_init__(self) -> None:
        if self.quantized is None:
            check_params(self.plan, self.params)
        else:
            self._check_quantized(self.quantized)
        classes = self.classes
        listed = isinstance(classes, tuple | list) and all(isinstance(n, str) for n in classes)
        if not listed:
            raise TypeError(f"classes must be a tuple of names, found {shown(classes)}")
        object.__setattr__(self, "classes", tuple(classes))
        if twice := [name for name, count in Counter(classes).items() if count > 1]:
            raise ValueError(
                f"classes must have names of their own, two are {displayed(twice[0])!r}"
            )
        if not isinstance(self.preprocessing, Preprocessing):
            found = type(self.preprocessing).__name__
            raise TypeError(f"preprocessing must be a Preprocessing, found {found}")
        for name in ("extra", "notes"):
            if not isinstance(found := getattr(self, name), Mapping):
                raise TypeError(f"{name} must be a dict, found {type(found).__name__}")
        _require_json(self.notes)
        for name, array in self.extra.items():
            if not isinstance(name, str) or not plain(array):
                found = shown(name) if plain(array) else shown(array)
                raise TypeError(f"extra must be arrays by name, found {found}")
            if array.dtype.kind not in "biuf" or array.dtype.itemsize > 8:
                raise TypeError(f"extra: {shown_name(name)} must be numbers of at most 64 bits, found "
                                f"{array.dtype!s:.80}")  # fmt: skip
            if not writable(name):
                raise ValueError(f"extra: {name!r:.80} is no text that UTF-8 can hold")
        if len(self.classes) != self.plan.classes:
            raise ValueError(
                f"the network has {self.plan.classes} classes, {len(self.classes)} names are given"
            )
        if self.preprocessing.resolution != self.plan.resolution:
            raise ValueError(
                f"preprocessing must give the network's {self.plan.resolution} pixels, found "
                f"{self.preprocessing.resolution}"
            )
        if self.preprocessing.channels != self.plan.channels:
            raise ValueError(
                f"preprocessing must give the network's {self.plan.channels} channels, found "
                f"{self.preprocessing.channels}"
            )

    def _check_quantized(self, quantized: QuantizedPlan) -> None:
        if not isinstance(quantized, QuantizedPlan):
            found = type(quantized).__name__
            raise TypeError(f"quantized must be a QuantizedPlan or None, found {found}")
        if quantized.plan != self.plan:
            raise ValueError("plan must be that of the quantised plan, quantized.plan")
        check_arrays(quantized, self.params)

    @property
    def network(self) -> Plan | QuantizedPlan:
        """What runs with params: the plan, or the quantised plan."""
        return self.quantized or self.plan

    def floats(self, who: str) -> Model:
        """Itself; ValueError for a network of integers, in a line that begins with `who`."""
        if self.quantized is not None:
            raise ValueError(
                f"{who}: this network is of {self.quantized.dtype} integers; take the one of floats "
                "that it was made of"
            )
        return self

    def __call__(self, images: Any, top: int = 5) -> Prediction | list[Prediction]:
        """Name what is in an image, or in each of several: `npmobilenet.predict(self, images, top)`."""
        from .prediction import ask

        return ask(self, images, top)


def _require_json(notes: Mapping[str, Any]) -> None:
    """TypeError for notes that a file could not hold."""
    try:
        text = json.dumps(notes, ensure_ascii=False)
        good = all(isinstance(name, str) for name in notes) and writable(text)
    except (TypeError, ValueError, RecursionError):
        good = False
    if not good:
        raise TypeError(f"notes must be what JSON can say, by name, found {shown(notes)}")


def _checksum(params: Mapping[str, Array]) -> int:
    """Of all bytes, so that one weight that is changed in place is not overlooked; about 1 ms a MB."""
    found = 0
    for value in params.values():
        found = crc32(np.ascontiguousarray(value).data, found)
    return found
