"""Pages on speed: the tile that is drawn is the engine's, printed lines are what their blocks print."""

import contextlib
import io
import re
from collections.abc import Iterator

import pytest

from tests.commands import ROOT

DOCS = ROOT / "docs"
PAGES = {  # what a page says, and for "backwards" the two that are read together
    name: "".join((DOCS / f"{page}.md").read_text(encoding="utf-8") for page in pages)
    for name, *pages in (
        ("performance", "performance"),
        ("fast", "book/12-fast"),
        ("backwards", "book/06-backwards", "training-step"),
        ("microkernels", "microkernels"),
        ("arithmetic", "integers"),
        ("integers", "integers-engine"),
    )
}


def test_the_drawn_tile_is_one_of_the_engine_s() -> None:
    pytest.importorskip("numba")
    from npmobilenet.kernels.simd.isa.lanes import REGISTERS
    from npmobilenet.kernels.simd.tuning import TILES

    if REGISTERS != 32:
        pytest.skip("the picture is of a processor with 32 registers")
    drawn = (DOCS / "pictures/book/register-tile.svg").read_text(encoding="utf-8")
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
