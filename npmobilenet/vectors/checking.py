"""Somebody's results beside a folder of vectors: the first element that differs, and what explains it.

Each layer is computed anew from the other side's own input, so that a mistake in one layer is not found
again in those after it.  An explanation is an alternative that was computed and equals the other side in
every element; where none does, the place is all that is said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ..ops.checks import Array
from .alternatives import of_output, of_rounding, of_sums, of_whole, of_words, other_operands
from .arithmetic import Case, accumulated, back_of, computed, finished
from .document import INPUTS, case_from, read_manifest
from .theirs import Folder

RESULTS = ("accumulators", "output")  # what a layer makes of what it reads


@dataclass(frozen=True)
class Difference:
    """A tensor that is not as it should be.

    index         of its first element that differs, the last axis moving fastest
    explanations  all that gives the other side's numbers in every element; none: nothing known does
    """

    layer: str
    tensor: str
    axes: tuple[str, ...]
    index: tuple[int, ...]
    expected: Any
    found: Any
    differing: int
    size: int
    explanations: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """One object for programs."""
        return {
            "layer": self.layer,
            "tensor": self.tensor,
            "index": dict(zip(self.axes, self.index, strict=True)),
            "expected": self.expected,
            "found": self.found,
            "differing": self.differing,
            "elements": self.size,
            "explanations": list(self.explanations),
        }


@dataclass(frozen=True)
class Looked:
    """One tensor that both sides have.  state: "equal"; "follows", other numbers than in the vectors but
    right for the input they were made of; or "differs"."""

    layer: str
    tensor: str
    size: int
    state: str
    difference: Difference | None = None


@dataclass(frozen=True)
class Checked:
    """All tensors that were compared, in the order in which a network makes them."""

    looked: tuple[Looked, ...]
    others: tuple[str, ...]  # files that have no place in the manifest

    @property
    def differences(self) -> list[Difference]:
        """Of all tensors that differ."""
        return [look.difference for look in self.looked if look.difference]

    @property
    def equal(self) -> bool:
        """Whether nothing differs."""
        return not self.differences

    def to_json(self) -> dict[str, Any]:
        """One object for programs."""
        keys = ("layer", "tensor", "size", "state")
        rows = [{key: getattr(look, key) for key in keys} for look in self.looked]
        return {
            "equal": self.equal,
            "tensors": rows,
            "differences": [difference.to_json() for difference in self.differences],
            "not_looked_at": list(self.others),
        }


def check(
    folder: Path, theirs: Path, *, progress: Callable[[int], None] = lambda done: None
) -> Checked:
    """Compare what somebody computed with a folder of vectors.

    folder    what `write` wrote
    theirs    a folder with NAME.npy or NAME.hex at the same places: of all layers or some, with all
              tensors or some
    progress  called with how many layers are done

    A layer is computed from their input of it: their file; else their output of the layer that makes it,
    or, where that leaves more open, the vectors'. Its output is computed from their accumulators, where
    they have them.  ValueError, in one line, for a
    file that cannot be read, has another shape, or words that are none, and where nothing is to compare.
    """
    document = read_manifest(folder)
    if not theirs.is_dir():
        raise ValueError(f"{theirs}: there is no such folder")
    try:
        layers = document["layers"]
        ours, other = Folder(folder, layers), Folder(theirs, layers)
        if not other.known():
            example = f"{layers[0]['tensors']['output']['file']}.hex" if layers else "NAME.hex"
            raise ValueError(f"{theirs}: has no file that the manifest names, as {example}")
        looked: list[Looked] = []
        for done, entry in enumerate(layers, start=1):
            looked += _layer(document["rounding"], entry, ours, other)
            progress(done)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{folder}: its manifest lacks something: {error!r}") from None
    return Checked(tuple(looked), tuple(other.others()))


def _layer(rounding: str, entry: dict[str, Any], ours: Folder, other: Folder) -> Iterator[Looked]:
    name = entry["name"]
    own = [key for key in entry["tensors"] if other.has(name, key)]
    if not own:
        return
    right = ours.layer(entry)
    theirs = {key: other.read(name, key) for key in own}
    sources = dict(zip(INPUTS, entry["inputs"], strict=False))
    made = {
        key: other.read(source, "output").reshape(right[key].shape)
        for key, source in sources.items()
        if other.has(source, "output")
    }
    for key in own:
        if key not in RESULTS:
            expected = made.get(key, right[key])
            words = partial(of_words, expected)
            yield _compared(entry, key, right[key], expected, theirs[key], words)
    read = {key: theirs.get(key, made.get(key, right[key])) for key in sources}
    results = {key: theirs[key] for key in RESULTS if key in theirs}
    looked = list(_results(entry, case_from(rounding, entry, right | read), right, results))
    silent = [key for key in sources if key not in theirs and read[key] is not right[key]]
    if silent and any(
        look.difference for look in looked
    ):  # or they tried this layer with our input
        again = case_from(
            rounding, entry, right | {k: right[k] if k in silent else read[k] for k in read}
        )
        beside = _results(entry, again, right, results)
        looked = [min(pair, key=_doubt) for pair in zip(looked, beside, strict=True)]
    yield from looked


def _doubt(look: Looked) -> int:
    """Of two views of one tensor the one with less to explain."""
    if look.difference is None:
        return 0
    return 1 if look.difference.explanations else 2


def _results(
    entry: dict[str, Any], case: Case, right: dict[str, Array], theirs: dict[str, Array]
) -> Iterator[Looked]:
    """Accumulators and output of a layer."""
    sums = accumulated(case)
    if "accumulators" in theirs and sums is not None:
        expected = sums

        def other_sums() -> Iterator[tuple[str, Array]]:
            yield from of_sums(case)
            yield from of_words(expected)

        found = theirs["accumulators"]
        yield _compared(entry, "accumulators", right["accumulators"], expected, found, other_sums)
        sums = found
    if "output" in theirs:
        y = computed(case) if sums is None else finished(sums, back_of(case))

        def others() -> Iterator[tuple[str, Array]]:
            yield from of_words(y)
            if sums is None:
                yield from of_whole(case)
                return
            yield from of_output(case, sums)
            if "accumulators" not in theirs:
                back = back_of(case)
                yield from ((text, finished(other, back)) for text, other in of_sums(case))
                yield from of_rounding(case)
                for text, other in other_operands(case) if case.operator == "add" else ():
                    yield from ((same, y) for same, y in of_output(case, other) if same == text)

        yield _compared(entry, "output", right["output"], y, theirs["output"], others)


def _compared(
    entry: dict[str, Any],
    tensor: str,
    right: Array,
    expected: Array,
    found: Array,
    alternatives: Callable[[], Iterator[tuple[str, Array]]],
) -> Looked:
    """right: in the vectors; expected: what belongs to the other side's input."""
    name, size = entry["name"], found.size
    unequal = expected != found
    if not unequal.any():
        state = "equal" if np.array_equal(right, found) else "follows"
        return Looked(name, tensor, size, state)
    texts = dict.fromkeys(text for text, values in alternatives() if np.array_equal(values, found))
    first = np.unravel_index(int(unequal.argmax()), unequal.shape)
    difference = Difference(
        name,
        tensor,
        tuple(entry["tensors"][tensor]["axes"]),
        tuple(int(k) for k in first),
        expected[first].item(),
        found[first].item(),
        int(unequal.sum()),
        size,
        tuple(texts),
    )
    return Looked(name, tensor, size, "differs", difference)
