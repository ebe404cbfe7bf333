"""Somebody's results beside a folder of vectors: the first element that differs, and what explains it.

Each layer is computed anew from the other side's own input, so that a mistake in one layer is not found
again in those after it.  An explanation is an alternative that was computed and equals the other side in
every element; where none does, the place is all that is said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from ..ops.checks import Array
from ..text import names_visible
from .document import INPUTS, case_from, read_manifest
from .other_operators import of_rounding, of_whole
from .other_outputs import of_output
from .other_sums import of_sums
from .other_words import of_words
from .outputs import back_of, computed, finished
from .sums import Case, accumulated
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
    """One tensor that both sides have.

    state  "equal"; "follows": other numbers than in the vectors, but right for what they were made of;
           "given": an input that is another than in the vectors, and nothing of theirs says why;
           "differs"
    """

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
    def common(self) -> dict[str, int]:
        """Explanation -> how many of the differences it explains, the most first."""
        every = Counter(text for found in self.differences for text in found.explanations)
        return dict(every.most_common())

    @property
    def equal(self) -> bool:
        """Whether all numbers are those of the vectors."""
        return all(look.state == "equal" for look in self.looked)

    def to_json(self) -> dict[str, Any]:
        """One object for programs."""
        keys = ("layer", "tensor", "size", "state")
        rows = [{key: getattr(look, key) for key in keys} for look in self.looked]
        return {
            "equal": self.equal,
            "tensors": rows,
            "explanations": self.common,
            "differences": [difference.to_json() for difference in self.differences],
            "not_looked_at": list(self.others),
        }


@names_visible
def check(
    folder: str | PathLike[str],
    theirs: str | PathLike[str],
    *,
    progress: Callable[[int], None] = lambda done: None,
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
    folder, theirs = Path(folder), Path(theirs)
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
            look = _compared(entry, key, right[key], expected, theirs[key], words)
            unknown = sources.get(key, "image") != "image" and key not in made
            found = look.difference
            yield (
                replace(look, state="given", difference=None)
                if (unknown and found and not found.explanations)
                else look
            )
    results = {key: theirs[key] for key in RESULTS if key in theirs}
    looked: list[Looked] = []
    for arrays in _readings(sources, right, theirs, made):
        case = case_from(rounding, entry, right | arrays)
        beside = list(_results(entry, case, right, results))
        pairs = zip(looked or beside, beside, strict=True)
        looked = [min(pair, key=_doubt) for pair in pairs]
        if not any(look.difference for look in looked):
            break
    yield from looked


def _readings(
    sources: Mapping[str, str],
    right: Mapping[str, Array],
    theirs: Mapping[str, Array],
    made: Mapping[str, Array],
) -> Iterator[dict[str, Array]]:
    """What a layer of theirs may have read, the likeliest first: theirs, or what the vectors have."""
    inputs = {key: theirs.get(key, made.get(key, right[key])) for key in sources}
    constants = {key: theirs[key] for key in ("weight", "bias") if key in theirs}
    yield inputs | constants
    if constants:  # which they may have written otherwise than they read them
        yield inputs
    if set(made) - set(theirs):  # they tried this layer alone, with the vectors' input
        yield {key: theirs.get(key, right[key]) for key in sources}


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
