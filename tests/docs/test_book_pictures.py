"""The drawings of the docs are what their scripts draw today, and can be read on a telephone."""

import json
import re
import runpy
import sys
from collections.abc import Iterator
from itertools import combinations
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.commands import ROOT

pytest.importorskip("drawsvg")
FOLDER = ROOT / "docs/pictures"
LONG = ("book_claims",)  # judges all claims again
SCRIPTS = tuple(sorted(file.stem for file in FOLDER.glob("book_*.py")))
QUICK = tuple(name for name in SCRIPTS if name not in LONG)
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")
TELEPHONE, LETTER = (
    328,
    7.0,
)  # pixels: the site's column on a screen 360 wide, and what can be read on it
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(QUICK, id="quick"),
        pytest.param(LONG, id="long", marks=pytest.mark.long),
    ],
)
def drawn(request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """{file name: SVG} of these scripts, made as each makes them."""
    sys.path.insert(0, str(FOLDER))  # as for a script that is run there
    both = runpy.run_path(str(FOLDER / "panel.py"))["in_both_languages"]
    found: dict[str, str] = {}
    for name in request.param:
        found |= both(runpy.run_path(str(FOLDER / f"{name}.py"))["PICTURES"])
    yield found
    sys.path.remove(str(FOLDER))


def words_of(svg: str) -> list[Any]:
    return list(ElementTree.fromstring(svg).iter(f"{SVG}text"))


def place_of(word: Any, letter: float) -> tuple[float, float, float, float]:
    """left, top, right, bottom; a letter is taken as so much of its size, a Chinese one as all of it."""
    size = float(word.attrib["font-size"])
    length = size * sum(1 if ord(sign) > 0x2E80 else letter for sign in word.text)
    before = {"start": 0.0, "middle": 0.5, "end": 1.0}[word.attrib.get("text-anchor", "start")]
    left, y = float(word.attrib["x"]) - before * length, float(word.attrib["y"])
    return left, y - 0.72 * size, left + length, y


def light(color: str) -> float:
    """Relative luminance by WCAG 2."""
    parts = [int(color[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_pictures_are_current(drawn: dict[str, str]) -> None:
    """Word by word; lines may lie half a pixel elsewhere, where another CPU rounds otherwise."""
    for name, svg in drawn.items():
        shown = (FOLDER / "book" / name).read_text(encoding="utf-8")
        assert NUMBER.sub("0", shown) == NUMBER.sub("0", svg), name
        pairs = zip(NUMBER.findall(shown), NUMBER.findall(svg), strict=True)
        assert all(abs(float(a) - float(b)) <= 0.5 for a, b in pairs), name
        assert [w.text for w in words_of(shown)] == [w.text for w in words_of(svg)], name


def test_words_stay_on_the_panel_and_apart(drawn: dict[str, str]) -> None:
    for name, svg in drawn.items():
        width, height = (float(ElementTree.fromstring(svg).attrib[q]) for q in ("width", "height"))
        words = words_of(svg)
        for word in words:
            letter = (
                0.6 if len(word.text) <= 30 else 0.54
            )  # wide fonts; long lines come to their mean
            left, top, right, bottom = place_of(word, letter)
            inside = left >= 4 and top >= 4 and right <= width - 4 and bottom <= height - 4
            assert inside, (name, word.text)
        for a, b in combinations(words, 2):
            one, other = place_of(a, 0.5), place_of(b, 0.5)
            apart = (
                one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
            )
            assert apart, (name, a.text, b.text)


def test_words_are_large_enough_for_a_telephone(drawn: dict[str, str]) -> None:
    for name, svg in drawn.items():
        width = float(ElementTree.fromstring(svg).attrib["width"])
        for word in words_of(svg):
            seen = float(word.attrib["font-size"]) * TELEPHONE / width
            assert seen >= LETTER, (name, word.text)


def test_words_stand_out_from_what_is_behind_them(drawn: dict[str, str]) -> None:
    """WCAG AA: a contrast of 4.5 with the box that was drawn last under the word's middle."""
    for name, svg in drawn.items():
        boxes: list[tuple[float, float, float, float, str]] = []
        for part in ElementTree.fromstring(svg).iter():
            if part.tag == f"{SVG}rect" and part.attrib["fill"] != "none":
                x, y, w, h = (float(part.attrib[q]) for q in ("x", "y", "width", "height"))
                boxes.append((x, y, x + w, y + h, part.attrib["fill"]))
            if part.tag == f"{SVG}text":
                left, top, right, bottom = place_of(part, 0.55)
                x, y = (left + right) / 2, (top + bottom) / 2
                under = [q[4] for q in boxes if q[0] <= x <= q[2] and q[1] <= y <= q[3]][-1]
                dark, bright = sorted((light(part.attrib["fill"]), light(under)))
                assert (bright + 0.05) / (dark + 0.05) >= 4.5, (name, part.text)


def test_each_is_shown_on_a_page(drawn: dict[str, str]) -> None:
    """A Chinese page shows the drawing's Chinese words, where it has any."""
    pages = {page.name: page.read_text(encoding="utf-8") for page in (ROOT / "docs").rglob("*.md")}
    for name in drawn:
        if name.endswith(".zh.svg"):
            continue
        showing = [page for page, text in pages.items() if f"pictures/book/{name})" in text]
        assert showing, name
        chinese = name.replace(".svg", ".zh.svg")
        for page in showing:
            theirs = pages.get(page.replace(".md", ".zh.md"), "")
            if theirs and chinese in drawn:
                assert f"pictures/book/{chinese})" in theirs, (name, page)


def test_no_drawing_is_left_over() -> None:
    """Each file's name stands in a script as one of its PICTURES."""
    code = "".join((FOLDER / f"{name}.py").read_text(encoding="utf-8") for name in SCRIPTS)
    for file in (FOLDER / "book").iterdir():
        assert f'"{file.name.removesuffix(".svg").removesuffix(".zh")}": ' in code, file.name


def test_chapter_11_says_what_was_measured() -> None:
    page = (ROOT / "docs/book/11-time.md").read_text(encoding="utf-8")
    took = json.loads((FOLDER / "measured/pytorch-v1.json").read_text(encoding="utf-8"))
    found = json.loads((FOLDER / "measured/roofline-v1.json").read_text(encoding="utf-8"))
    speeds = dict(found["machine"]["bandwidths"])
    sums = sum(layer["seconds"] for layer in found["layers"])
    for said in (
        f"{sum(took.values()):.1f} ms",
        f"{found['machine']['peak'] / 1e9:.0f} GFLOP/s from registers",
        f"{speeds[2**20] / 1e9:.0f} GB/s for 1 MiB",
        f"{speeds[2**28] / 1e9:.0f} GB/s for 256 MiB",
        f"{1e3 * sums:.2f} ms",
    ):
        assert said in page, said


@pytest.mark.parametrize("page", ["15-eight-bits.md", "15-eight-bits.zh.md"])
def test_chapter_15_says_what_was_measured(page: str) -> None:
    """The cells of its table, row by row: of ImageNet's network as in floats, of the others right."""
    text = (ROOT / "docs/book" / page).read_text(encoding="utf-8")
    lines = [line.split("|")[2:-1] for line in text.splitlines() if line.startswith("| ")]
    table = [[int(cell.replace(",", "")) for cell in cells] for cells in lines[1:]]
    found = json.loads((FOLDER / "measured/eight-bits.json").read_text(encoding="utf-8"))["rows"]
    by_step: dict[str, list[int]] = {}
    for row in found:
        by_step.setdefault(row["step"], []).append(row["right"] or row["same"])
    assert len(table) == 15
    rest = iter(by_step.values())  # the table leaves some steps out and keeps their order
    assert all(any(row == other for other in rest) for row in table)
