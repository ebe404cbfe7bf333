"""When a file does not fit: which arrays, under which names, and what comes nearest."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

from ..models.layers import Shape
from ..ops.checks import Array
from ..text import displayed
from .detect import Asked, Attempt, detect
from .families import FAMILIES
from .family import Family, Pairing

SHOWN = 8  # lines of each sort
LINE = 400  # characters of one, which has names of files
_DENSE = ("head", "classifier", "squeeze", "excite")


class WeightsMismatch(ValueError):
    """A weight file that does not fit; nothing of it was loaded.  The text is the mapped diff."""


def mismatch(
    path: Path, source: Family, tensors: Mapping[str, Array], asked: Asked, attempt: Attempt
) -> str:
    """The first line says what does not fit, the diff which arrays, the last line what to try."""
    network, pairing = attempt.plan, attempt.pairing
    hint = "try another --from, --model, --width or --dialect, or rename the arrays"
    free = replace(asked, model=None, width=None, dialect=None)
    if fits := _other_families(source, tensors, attempt):
        return f"{path}: not as {source.title} names arrays, but it fits --from {' or '.join(fits)}"
    if asked.stated() and not (found := detect(source, tensors, free)).problems:
        fitting = found.plan
        hint = (
            f"try: the file fits {fitting.model}, width {fitting.width:g}, dialect "
            f"{fitting.dialect.name}; leave out --{', --'.join(asked.stated())}"
        )
    elif not pairing.pairs:
        first = ", ".join(map(displayed, list(tensors)[:3])) or "no arrays at all"
        return (
            f"{path}: no array here is named as in {source.title}; the file begins with {first}; "
            "no MobileNet of a family that is known here"
        )
    return (
        f"{path}: does not fit {network.model} width {network.width:g}, dialect "
        f"{network.dialect.name}, of {source.title}: {len(pairing.missing)} arrays missing, "
        f"{len(pairing.unexpected)} unexpected, {len(attempt.wrong)} of another shape; nothing was "
        f"loaded\n{mapped_diff(pairing, attempt.wrong, tensors)}\n"
        + "\n".join([*pairing.notes, hint])
    )


def _other_families(source: Family, tensors: Mapping[str, Array], attempt: Attempt) -> list[str]:
    """The families that a file fits, where most names are not those of `source`."""
    if 2 * len(attempt.pairing.pairs) > len(attempt.plan.arrays):
        return []
    others = [x for x in FAMILIES.values() if x.read is source.read and x is not source]
    return [x.name for x in others if not detect(x, tensors, Asked()).problems]


def mapped_diff(
    pairing: Pairing, wrong: Mapping[str, tuple[Shape, Shape]], tensors: Mapping[str, Array]
) -> str:
    """Missing, unexpected and misshapen arrays: ours, theirs, and the nearest name in the file.

    wrong: ours -> (shape expected, shape found), both in our layout.
    """

    def misshapen(ours: str) -> str:
        expected, found = wrong[ours]
        return (
            f"{ours} <- {pairing.pairs[ours]}: expected {expected}, found {found}"
            f"{_as_grouped(ours, expected, found)}"
        )

    def missing(ours: str) -> str:
        theirs = pairing.missing[ours]
        return f"{ours} <- {theirs}{_nearest(theirs, pairing.unexpected)}"

    def unexpected(theirs: str) -> str:
        return f"{theirs} {tensors[theirs].shape}"

    return "\n".join(
        [
            *_lines("missing", list(pairing.missing), missing),
            *_lines("unexpected", list(pairing.unexpected), unexpected),
            *_lines("wrong shape", list(wrong), misshapen),
        ]
    )


def _lines(title: str, names: Sequence[str], line: Callable[[str], str]) -> Iterator[str]:
    yield from (f"  {title:12}{displayed(line(name), LINE)}" for name in names[:SHOWN])
    if len(names) > SHOWN:
        yield f"  {title:12}... and {len(names) - SHOWN} more"


def _as_grouped(ours: str, expected: Shape, found: Shape) -> str:
    """A remark where a convolution's filters see a part of the channels: (K, L, M/G, O), (M/G, O)."""
    dense = ours.removesuffix(".weight").rpartition(".")[2] in _DENSE
    alike = len(found) == len(expected) in (2, 4) and found[:-2] == expected[:-2]
    if dense or not alike or found[-1] != expected[-1]:
        return ""
    groups, rest = divmod(expected[-2], max(found[-2], 1))
    if rest or groups < 2:
        return ""
    return f" (as of a grouped convolution of {groups} groups, which is not possible here)"


def _nearest(name: str, candidates: Sequence[str]) -> str:
    close = get_close_matches(name, candidates, n=1, cutoff=0.6)
    return f" (nearest in the file: {close[0]})" if close else ""
