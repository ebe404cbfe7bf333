"""The rows of names, images and the command line find faults that are planted."""

import json
from pathlib import Path

import pytest

from benchmarks.reliability.command_line.cases import Tried
from benchmarks.reliability.command_line.judge import judged
from benchmarks.reliability.command_line.verbs import BASES, leaves
from benchmarks.reliability.forked import Case, Told, each
from benchmarks.reliability.images import folders, mutants
from benchmarks.reliability.names.hostile import harm
from npmobilenet.images import decode


def told(code: int = 0, out: str = "", err: str = "", peak: int = 100) -> Told:
    return Told(code, out.encode(), err.encode(), peak, 0.1)


@pytest.mark.parametrize(
    ("found", "kind"),
    [
        (told(-11), "ended with -11"),
        (told(3), "ended with 3"),
        (told(0), "took it"),
        (told(1, err="Traceback (most recent call last)"), "traceback"),
        (told(1, err="libfoo: bad\nnpmobilenet cost: no\n"), "foreign line"),
        (told(1, err="npmobilenet cost: a\nnpmobilenet cost: b\n"), "2 lines"),
        (told(1, err="npmobilenet cost: \x1b[31m\n"), "character"),
        (told(1, peak=5000, err="npmobilenet cost: no\n"), "MB"),
        (told(1, out="{NaN", err="npmobilenet cost: no\n"), "no JSON"),
        (told(2, err="npmobilenet cost: error: no\nmore\n"), "wrong usage"),
    ],
)
def test_the_judge_of_commands(found: Told, kind: str) -> None:
    tried = Tried(Case(("cost", "--json", "--width=nan")), "cost", "values", "refused", "width")
    assert kind in judged(tried, found, 0, True)
    assert judged(tried, told(1, err="npmobilenet cost: no\n"), 0, True) == ""


def test_every_verb_has_a_command() -> None:
    assert {leaf.name for leaf in leaves()} == set(BASES)


def test_a_child_that_dies_hangs_or_takes_memory_is_seen() -> None:
    def abort() -> int:
        import os

        os.abort()

    def take() -> int:
        return len(b"x" * (300 << 20)) * 0

    def hang() -> int:
        import time

        time.sleep(60)
        return 0

    acts = [abort, take, hang]
    found = {case.words[0]: told for case, told in each(
        [Case((act.__name__,), act=act, timeout=2) for act in acts]
    )}  # fmt: skip
    assert found["abort"].code == -6
    assert (found["take"].code, found["take"].peak > 300) == (0, True)
    assert found["hang"].code == "did not end"


def test_mutants_that_raise_or_show_something_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = mutants.write(tmp_path, [18])  # a text beside the picture, which is whole
    path, same = files[18]
    assert same
    assert mutants.opened(path, path.name, same) == ""
    right = decode.open_image

    def raising(*_: object) -> None:
        raise KeyError("x")

    monkeypatch.setattr(decode, "open_image", raising)
    assert mutants.opened(path, path.name, same).startswith("KeyError")
    monkeypatch.setattr(
        decode, "open_image", lambda path, n: right(path, n).rotate(180 * ("whole" in str(path)))
    )
    assert "another picture" in mutants.opened(path, path.name, same)


def test_folders_that_are_counted_wrongly() -> None:
    trap = folders.Trap("x", lambda root: None, 4, "x.png", 1)
    line = "npmobilenet evaluate: x.png\n"

    def judged(images: int, code: int) -> str:
        found = told(code, json.dumps({"images": images, "unreadable": ["x.png"]}), line)
        return folders._judged(trap, False, found)

    assert judged(4, 1) == ""
    assert judged(84, 1)
    assert judged(4, 0)


@pytest.mark.parametrize(
    "text", ["\x1b[31m", "\x9b", "a\u202eb", "a\u200bb", "\udce9", "a\u200db", "\r"]
)
def test_harm_is_seen(text: str) -> None:
    assert harm(f"plain 👩\u200d👧\n{text}")
    assert not harm("plain 👩\u200d👧\nmore")
