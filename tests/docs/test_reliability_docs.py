"""docs/reliability.md has a row for every hazard that is tried, in its words; nothing was bad."""

import re

from benchmarks.reliability.hazard import ROWS, hazards
from tests.commands import ROOT


def test_every_hazard_is_in_the_table() -> None:
    page = (ROOT / "docs/reliability.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"<!-- table -->\n(.*?)<!-- end -->", page, re.DOTALL)
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in block.splitlines()[2:]]
    told = [(title, must) for title, must, *_ in rows]
    assert told == [(hazard.title, hazard.must) for hazard in hazards(ROWS).values()]
    assert all(int(tried.replace(",", "")) > 0 and bad == "0" for _, _, tried, bad, _ in rows)
