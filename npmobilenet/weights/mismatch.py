"""When a file does not fit: which arrays, under which names, and what comes nearest."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import get_close_matches

from ..models.layers import Shape
from ..ops.checks import Array
from .family import Pairing

SHOWN = 8  # lines of each sort


class WeightsMismatch(ValueError):
    """A weight file that does not fit; nothing of it was loaded.  The text is the mapped diff."""


def mapped_diff(
    pairing: Pairing, wrong: Mapping[str, tuple[Shape, Shape]], tensors: Mapping[str, Array]
) -> str:
    """Missing, unexpected and misshapen arrays: ours, theirs, and the nearest name in the file.

    wrong: ours -> (shape expected, shape found), both in our layout.
    """

    def misshapen(ours: str) -> str:
        expected, found = wrong[ours]
        return f"{ours} <- {pairing.pairs[ours]}: expected {expected}, found {found}"

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
    yield from (f"  {title:12}{line(name)}" for name in names[:SHOWN])
    if len(names) > SHOWN:
        yield f"  {title:12}... and {len(names) - SHOWN} more"


def _nearest(name: str, candidates: Sequence[str]) -> str:
    close = get_close_matches(name, candidates, n=1, cutoff=0.6)
    return f" (nearest in the file: {close[0]})" if close else ""
