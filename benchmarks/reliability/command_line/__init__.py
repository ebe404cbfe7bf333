"""Every verb, with every value for every option, and in every state of its streams and its shell."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from ..children import command
from ..forked import Told, each, warm
from ..hazard import Found, Hazard, Size
from ..workplace import TABLE, images, network
from .cases import Tried, tries
from .judge import judged
from .verbs import BASES, SLOW, leaves

EVERY = {"tiny": 40, "quick": 24, "whole": 1}  # of the cases one in so many
LIGHT = ("cost", "summary", "sweep", "dialects", "recipes")  # for a test: they need no files


def workplace(place: Path) -> None:
    """What the commands of `BASES` read."""
    network(place / "m.safetensors")
    images(place / "data")
    (place / "tiny.toml").write_text(TABLE)
    os.mkfifo(place / "fifo")
    (place / "dead").symlink_to("nowhere/at/all")
    (place / "loop").symlink_to("loop")
    for words in (
        ("export", "m.safetensors", "--to", "keras", "--force", "--output", "k.h5"),
        ("quantize", "m.safetensors", "--calibrate", "data", "-o", "q.safetensors"),
        ("exercises", "new", "ops.py"),
    ):
        ended = command(*words, cwd=str(place))
        if ended.code:
            raise RuntimeError(f"{' '.join(words)}: {ended.err}")


def chosen(all_of_them: list[Tried], size: Size) -> list[Tried]:
    """Of a small size some of each leaf and kind, slow ones left out."""
    if size == "whole":
        return all_of_them
    left = [t for t in all_of_them if t.leaf not in SLOW or t.kind in ("values", "words")]
    if size == "tiny":
        left = [t for t in left if t.leaf in LIGHT]
    return left[:: EVERY[size]]


def judge_all(cases: Iterable[Tried], at_once: int = 2) -> tuple[int, list[str]]:
    """How many were tried, and a line for each that went wrong; the plain commands come first."""
    listed = sorted(cases, key=lambda tried: tried.kind != "plain")
    of = {id(tried.case): tried for tried in listed}
    plain: dict[tuple[str, bool], Told] = {}
    bad = []
    for part in (
        [t for t in listed if t.kind == "plain"],
        [t for t in listed if t.kind != "plain"],
    ):
        for case, told in each((tried.case for tried in part), at_once):
            tried = of[id(case)]
            key = tried.leaf, "--json" in case.words
            if tried.kind == "plain":
                plain[key] = told
            beside = plain.get(key)
            code, talks = (beside.code, bool(beside.out)) if beside else (None, False)
            if wrong := judged(tried, told, code, talks):
                bad.append(f"{case}: {wrong}")
    return len(listed), bad


def prove(size: Size) -> Found:
    """Forks of a process that has imported everything."""
    warm()
    bad = [
        f"{leaf.name}: has no command line in BASES" for leaf in leaves() if leaf.name not in BASES
    ]
    with tempfile.TemporaryDirectory(prefix="command-line-") as folder:
        place = Path(folder) / "within"  # what is written to ".." is removed with it
        place.mkdir()
        if size != "tiny":
            workplace(place)
        before = os.getcwd()
        listed = list(tries(place))
        picked = chosen(listed, size)
        needed = {(t.leaf, "--json" in t.case.words) for t in picked if t.must == "as plain"}
        plain = [
            t for t in listed if t.kind == "plain" and (t.leaf, "--json" in t.case.words) in needed
        ]
        tried, wrong = judge_all([*plain, *(t for t in picked if t not in plain)])
        os.chdir(before)
    return Found(tried, (*bad, *wrong), {"verbs and actions": len(BASES)})


HAZARD = Hazard(
    "command line",
    "one line and the right exit code for every value of every option, whatever the streams, the code "
    "page, the terminal and the folder; with --json nothing but JSON",
    prove,
)
