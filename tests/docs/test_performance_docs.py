"""Pages on speed: their pictures are what the code draws, their printed lines what their blocks print."""

import contextlib
import io
import re
import runpy
import sys
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.commands import ROOT

DOCS = ROOT / "docs"
PAGES = {  # what a page says, and for "backwards" the two that its script draws for
    name: "".join((DOCS / f"{page}.md").read_text(encoding="utf-8") for page in pages)
    for name, *pages in (
        ("performance", "performance"),
        ("fast", "book/12-fast"),
        ("backwards", "book/06-backwards", "training-step"),
        ("microkernels", "microkernels"),
    )
}
PICTURES: dict[str, Any] = {}
DRAWN_BY: dict[str, str] = {}
sys.path.insert(0, str(DOCS / "pictures"))  # as for a script that is run there
for page in ("performance", "backwards"):
    drawn = runpy.run_path(str(DOCS / f"pictures/{page}.py"))["PICTURES"]
    PICTURES |= drawn
    DRAWN_BY |= dict.fromkeys(drawn, page)
sys.path.pop(0)


@pytest.mark.parametrize("name", PICTURES)
def test_pictures_are_current(name: str) -> None:
    """Run the script in docs/pictures where this fails."""
    shown = (DOCS / f"pictures/{name}.svg").read_text(encoding="utf-8")
    assert shown == PICTURES[name]().svg()
    assert f"pictures/{name}.svg)" in PAGES[DRAWN_BY[name]]


@pytest.mark.parametrize("name", PICTURES)
def test_words_stay_inside_the_picture(name: str) -> None:
    """No word leaves the canvas, taking a letter as 0.64 of its size: wider than the usual fonts'."""
    root = ElementTree.fromstring(PICTURES[name]().svg())
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    for word in root.iter("{http://www.w3.org/2000/svg}text"):
        length = 0.64 * float(word.attrib["font-size"]) * len(word.text or "")
        before = {"start": 0.0, "middle": 0.5, "end": 1.0}[word.attrib["text-anchor"]]
        left = float(word.attrib["x"]) - before * length
        assert left >= 0, word.text
        assert left + length <= width, word.text
        assert 10 <= float(word.attrib["y"]) <= height - 4, word.text


def test_the_drawn_tile_is_one_of_the_engine_s() -> None:
    pytest.importorskip("numba")
    from npmobilenet.kernels.simd.isa.lanes import REGISTERS
    from npmobilenet.kernels.simd.tuning import TILES

    if REGISTERS != 32:
        pytest.skip("the picture is of a processor with 32 registers")
    drawn = PICTURES["register-tile"]().svg()
    vectors = max(TILES)
    assert f"sum[{TILES[vectors] - 1}][{vectors - 1}]" in drawn
    assert f"sum[{TILES[vectors]}]" not in drawn
    assert f"][{vectors}]" not in drawn


def printed(page: str) -> Iterator[tuple[str, str]]:
    """(what the page says, what is printed) for each Python block that is followed by its lines."""
    names: dict[str, object] = {"__name__": "page"}
    pattern = r"^```python\n(.*?)^```$(?:\n```text\n(.*?)^```$)?"
    for match in re.finditer(pattern, PAGES[page], re.DOTALL | re.MULTILINE):
        with contextlib.redirect_stdout(io.StringIO()) as out:
            exec(compile(match.group(1), f"{page}.md", "exec"), names)
        yield match.group(2) or "", out.getvalue()


@pytest.mark.parametrize("page", PAGES)
def test_blocks_print_what_the_page_says(page: str) -> None:
    """Where a vector has 16 elements; sizes and tiles are others elsewhere."""
    pytest.importorskip("numba")
    from npmobilenet.kernels.simd.isa.lanes import LANES, REGISTERS

    if (LANES, REGISTERS) != (16, 32):
        pytest.skip("the page shows what a processor with AVX-512 prints")
    for said, found in printed(page):
        assert said == found
