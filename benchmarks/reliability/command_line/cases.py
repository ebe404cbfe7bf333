"""The cases: every value for every option, every state of the streams and of the shell for every verb."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from ..forked import Case
from .verbs import BASES, LENGTHS, SLOW, Leaf, is_number, leaves

# what no number may be
NO_NUMBERS = ("NaN", "inf", "-inf", "", " ", "0x10", "1e400", "1,5", "--", "\x1b[31m5", "½", "1\0")
GIANTS = ("1" + 30 * "0", "9223372036854775807", "18446744073709551616", "100000000", "1e18")
ODD = ("-1", "0", "-0.0", "1e-320", "１２", "1_0", "+1", "00", "0.5", "2147483648")
TEXTS = (
    "..", "/proc", "fifo", "dead", "loop", "no/such/place", "a\nb", "\udce9",
    "*", "'; ls", "[red]x[/red]", "%s", "{0}", "\u202egnp", "a" * 5000, "-", "--help", "é", ".toml",
    "x.toml", ".safetensors", "nan",
)  # fmt: skip
STREAMS: tuple[dict[str, object], ...] = (
    {"stdout": "closed"},
    {"stdin": "closed"},
    {"stderr": "closed"},
    {"stdout": "closed", "stderr": "closed", "stdin": "closed"},
    {"stdout": "full"},
    {"stderr": "full"},
    {"stdout": "full", "stderr": "full"},
    {"stdout": "broken"},
    {"stderr": "broken"},
    {"stdout": "leaves"},
    {"encoding": "ascii:strict"},
    {"encoding": "cp1252:strict"},
    {"encoding": "gbk:strict"},
    {"encoding": "utf-16:strict"},
    {"stdout": "terminal", "columns": 20},
    {"stdout": "terminal", "columns": 1},
    {"stdout": "terminal", "columns": 0},
    {"stdout": "terminal", "columns": 60000},
    {"stdout": "terminal", "stderr": "terminal", "environment": {"TERM": "dumb"}},
    {"stdout": "terminal", "environment": {"NO_COLOR": "1"}},
    {"environment": {"FORCE_COLOR": "1"}},
    {"environment": {"COLUMNS": "1"}},
    {"environment": {"COLUMNS": "1000000", "LINES": "0"}},
    {"environment": {"COLUMNS": "nan", "LINES": ""}},
    {"environment": {"HOME": None, "XDG_CACHE_HOME": None}},
    {"environment": {"HOME": "/no/such", "XDG_CACHE_HOME": "/proc/x", "TMPDIR": "/no/such"}},
    {"environment": {"LANG": "C", "LC_ALL": "C", "LANGUAGE": ""}},
    {"gone": True},
    {"folder": Path("/proc")},
)


@dataclass(frozen=True)
class Tried:
    """A case, of which leaf it is, and what must come of it: "right" as the plain command; "refused"."""

    case: Case
    leaf: str
    kind: str
    must: str = "any"
    option: str = ""


def tries(place: Path) -> Iterator[Tried]:
    """All cases, in the folder that `workplace` filled."""
    new = count()

    def case(words: tuple[str, ...], **how: object) -> Case:
        name = f"new{next(new)}"
        filled = tuple(word.replace("{new}", name) for word in words)
        return Case(filled, **{"folder": place, **how})  # type: ignore[arg-type]

    known = list(leaves())
    for words in ((), ("",), ("--",), ("--help",), ("--version",), ("no-such",), ("-x",), ("--ver",),
                  ("\x1b[31m",), ("cos",), ("COST", "v1"), ("a" * 100_000,), ("\udce9",)):  # fmt: skip
        yield Tried(case(words), "", "words")
    for leaf in known:
        if leaf.name not in BASES:
            continue
        yield from _plain(leaf, case)
        for action in leaf.actions:
            yield from _values(leaf, action, case)


def _plain(leaf: Leaf, case) -> Iterator[Tried]:  # type: ignore[no-untyped-def]
    names = tuple(leaf.name.split())
    both = [()] + [("--json",)] * ("--json" in leaf.flags)
    timeout = 200.0 if leaf.name in SLOW else 60.0
    for json in both:
        yield Tried(case(leaf.line(*json), timeout=timeout), leaf.name, "plain")
        for how in STREAMS[len(json) :: 5] if leaf.name in SLOW else STREAMS:
            compiles = leaf.name == "warmup" and "HOME" in how.get("environment", ())
            yield Tried(
                case(leaf.line(*json), **{"timeout": 3.0 if compiles else timeout, **how}),
                leaf.name, "streams", "endless" if compiles else "as plain",
            )  # fmt: skip
    for more in (("--csv",), ("--markdown",)):
        if more[0] in leaf.flags:
            yield Tried(case(leaf.line(*more), timeout=timeout), leaf.name, "plain")
    yield Tried(case((*names, "--help")), leaf.name, "words", "right")
    for how in ({"stdout": "full"}, {"stdout": "broken"}, {"encoding": "ascii:strict"}):
        yield Tried(case((*names, "--help"), **how), leaf.name, "words")
    yield Tried(case((*names, "--no-such-flag")), leaf.name, "words", "refused")
    yield Tried(case((*names, "--\x1b[31m\u202e")), leaf.name, "words", "refused")
    for bare in (names, (*names, "--")):  # all that it does when nothing says less
        yield Tried(case(bare, timeout=3 * timeout), leaf.name, "words")
    for flag in leaf.flags:
        if flag not in ("--help", "--watch", "--open", "--engine") and leaf.name not in SLOW:
            yield Tried(
                case((*names, flag, flag), timeout=timeout), leaf.name, "words", "any", flag
            )


def _values(leaf: Leaf, action: argparse.Action, case) -> Iterator[Tried]:  # type: ignore[no-untyped-def]
    numeric = is_number(action)
    values = (
        (*NO_NUMBERS, *GIANTS, *ODD) if numeric else (*NO_NUMBERS, *GIANTS[:1], *ODD[:3], *TEXTS)
    )
    endless = (leaf.name, action.dest) in LENGTHS
    timeout = 3.0 if endless else 200.0 if leaf.name in SLOW else 60.0
    for value in values:
        if "\0" in value and not action.option_strings:
            continue
        must = "refused" if numeric and value in NO_NUMBERS else "any"
        if action.option_strings:
            words = leaf.line(f"{action.option_strings[-1]}={value}")
        else:
            given = list(BASES[leaf.name][0])
            place = [a for a in leaf.actions if not a.option_strings].index(action)
            given[place : place + 1] = [value]
            words = leaf.line(positionals=tuple(given))
        yield Tried(
            case(words, timeout=timeout), leaf.name, "values",
            "endless" if endless and must == "any" else must, action.dest,
        )  # fmt: skip
