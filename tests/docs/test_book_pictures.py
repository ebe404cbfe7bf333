"""The drawings of chapters 6 to 10 are what their scripts draw today; words stay on the panel."""

import re
import runpy
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.commands import ROOT

pytest.importorskip("drawsvg")
FOLDER = ROOT / "docs/pictures"
SCRIPTS = ("book_backwards", "book_v1", "book_v2", "book_v3", "book_dialects")
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")


@pytest.fixture(scope="module")
def drawn() -> Iterator[dict[str, str]]:
    """{file name: SVG} of all scripts, made as each makes them."""
    sys.path.insert(0, str(FOLDER))  # as for a script that is run there
    found: dict[str, str] = {}
    for name in SCRIPTS:
        names: dict[str, Any] = runpy.run_path(str(FOLDER / f"{name}.py"))
        found |= runpy.run_path(str(FOLDER / "panel.py"))["in_both_languages"](names["PICTURES"])
    yield found
    sys.path.remove(str(FOLDER))


def words_of(svg: str) -> list[Any]:
    return list(ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text"))


def test_pictures_are_current(drawn: dict[str, str]) -> None:
    """Word by word; lines may lie half a pixel elsewhere, where another CPU rounds otherwise."""
    assert len(drawn) == 26
    for name, svg in drawn.items():
        shown = (FOLDER / "book" / name).read_text(encoding="utf-8").strip()
        assert NUMBER.sub("0", shown) == NUMBER.sub("0", svg.strip()), name
        pairs = zip(NUMBER.findall(shown), NUMBER.findall(svg), strict=True)
        assert all(abs(float(a) - float(b)) <= 0.5 for a, b in pairs), name
        assert [w.text for w in words_of(shown)] == [w.text for w in words_of(svg)], name


def test_words_stay_on_the_panel(drawn: dict[str, str]) -> None:
    """A letter is taken as 0.6 of its size, a Chinese one as all of it."""
    for name, svg in drawn.items():
        width, height = (
            float(ElementTree.fromstring(svg).attrib[side]) for side in ("width", "height")
        )
        for word in words_of(svg):
            size, text = float(word.attrib["font-size"]), word.text or ""
            length = size * sum(1 if ord(letter) > 0x2E80 else 0.6 for letter in text)
            before = {"start": 0.0, "middle": 0.5, "end": 1.0}[
                word.attrib.get("text-anchor", "start")
            ]
            left = float(word.attrib["x"]) - before * length
            assert left >= 0, (name, text)
            assert left + length <= width, (name, text)
            assert size <= float(word.attrib["y"]) <= height - 4, (name, text)


def test_each_is_shown_in_a_chapter(drawn: dict[str, str]) -> None:
    pages = "".join(
        page.read_text(encoding="utf-8") for page in Path(ROOT / "docs/book").glob("*.md")
    )
    assert not [name for name in drawn if f"pictures/book/{name})" not in pages]
