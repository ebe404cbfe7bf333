"""The page for who teaches: its lectures are as long as it says, and name exercises that exist."""

import re

from npmobilenet.exercises.exercise import EXERCISES
from tests.commands import ROOT

PAGE = (ROOT / "docs/book/teaching.md").read_text(encoding="utf-8")


def test_every_lecture_takes_ninety_minutes():
    lectures = re.split(r"^## (?=\d )", PAGE, flags=re.MULTILINE)[1:]
    assert len(lectures) == 4
    for lecture in lectures:
        minutes = re.findall(r"^\| (\d+) \|", lecture, re.MULTILINE)
        assert sum(map(int, minutes)) == 90, lecture.splitlines()[0]


def test_homework_is_all_steps():
    known = set(EXERCISES)
    said = set(re.findall(r"`(\w+)`", PAGE))
    forward = {name for name in known if not name.endswith("_backward")}
    assert forward <= said, forward - said  # the ways back are step 4, 5 and 6 as a whole


def test_one_lecture_alone_is_as_long():
    last = PAGE.split("## If you have one lecture only")[1]
    assert sum(int(m) for m in re.findall(r"\((\d+)", last)) == 90
