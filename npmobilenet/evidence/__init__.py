"""Every cell of the MobileNet papers' tables, and of those that frameworks publish, beside a count.

tables/*.toml     the tables as printed: one file a source, one line a row
sources.py        reads them into the cells of cell.py
cell_counts.py    what a cell of counts should say; cell_texts.py one of words, shapes and strides,
                  cell_texts_v4.py of V4's words; cell_layers.py which layers a row is about
rules.py          other ways to count; rule_search.py finds the one that gives what is printed
arguments.py      what shows that a cell is misprinted; misprints.py the cells for which one is made
verdict.py        decides, from these alone: nothing in the data says what the verdict is to be
v1_report.py      the paper's tables beside the cost of a plan
claims/           sentences about MobileNets, each judged by code
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
