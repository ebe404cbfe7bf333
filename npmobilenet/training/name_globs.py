"""Choosing arrays by the patterns of a shell: "stem*", "blocks.*.depthwise.weight".

A pattern that begins with "!" takes back what those before it chose, so ("*", "!classifier.*") is all
but the classifier.
"""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase

from ..ops.checks import shown


def matches(name: str, patterns: Sequence[str]) -> bool:
    """Whether the last pattern that fits the name, if any does, is one without "!"."""
    chosen = False
    for pattern in patterns:
        if fnmatchcase(name, pattern.removeprefix("!")):
            chosen = not pattern.startswith("!")
    return chosen


def choose(names: Iterable[str], patterns: Sequence[str], purpose: str) -> tuple[str, ...]:
    """The names that match.  ValueError for a pattern that fits no name: it is a slip of the pen."""
    listed = isinstance(patterns, tuple | list)
    if not listed or not all(isinstance(pattern, str) for pattern in patterns):
        raise TypeError(f"{purpose} must be a list of patterns, found {shown(patterns)}")
    names = tuple(names)
    for pattern in patterns:
        bare = pattern.removeprefix("!")
        if not any(fnmatchcase(name, bare) for name in names):
            near = get_close_matches(bare, names, n=1, cutoff=0) or [""]
            raise ValueError(f"{purpose}: {pattern!r} fits no array; one is called {near[0]!r}")
    return tuple(name for name in names if matches(name, patterns))
