"""Every cell of the MobileNet papers' tables, and of those that frameworks publish, beside a count.

The tables are data (`v1`, `v2`, `v3`, `tf`, `keras`, `torchvision`), `counting` and `structure` compute
what a cell should say, `rules` are other ways to count, `arguments` show that a cell is misprinted, and
`verdict` decides.  Nothing in the data says what the verdict is to be.
"""

from .cell import Cell, Column, Network, Row, Table
from .sources import SOURCES, all_cells
from .verdict import VERDICTS, Judged, judge, judged_papers, select, tally

__all__ = [
    "SOURCES",
    "VERDICTS",
    "Cell",
    "Column",
    "Judged",
    "Network",
    "Row",
    "Table",
    "all_cells",
    "judge",
    "judged_papers",
    "select",
    "tally",
]
