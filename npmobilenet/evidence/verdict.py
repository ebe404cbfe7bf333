"""What is to be said of each printed cell.

matches           the papers' own count, rounded as finely as it is printed; or the plan's structure
other convention  a named rule gives the printed value, here and wherever else it applies
misprint          computed evidence that the printed value is wrong, and what is right
not a count       accuracy, running time, another network: quoted
unexplained       none of these; with the nearest that was tried
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from typing import Any

from ..ops.checks import shown
from .arguments import Known
from .cell import QUOTED, Cell
from .cell_counts import COUNTS
from .cell_texts import TEXTS
from .misprints import evidence
from .rule_search import Numbers
from .rules import RULES
from .sources import all_cells

MATCHES, OTHER, MISPRINT = "matches", "other convention", "misprint"
NOT_A_COUNT, UNEXPLAINED = "not a count", "unexplained"
VERDICTS = (MATCHES, OTHER, MISPRINT, NOT_A_COUNT, UNEXPLAINED)


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A cell, what is counted, and the verdict.

    counted: MACs, parameters or whatever it is, not in millions; or the plan's own text; None for what
    is no count.  shown: the same as it would be printed.  convention: the rule that gives the printed
    value.  right: of a misprint.  tried: of an unexplained cell, each rule and what it would print.
    """

    cell: Cell
    verdict: str
    counted: Fraction | str | None = None
    shown: str = ""
    convention: str = ""
    why: str = ""
    right: str = ""
    tried: tuple[tuple[str, str], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """One object for programs; keys that say nothing are left out."""
        source, table, row, column = self.cell.place
        named = {"source": source, "table": table, "row": row, "column": column}
        found = {
            "counted_as_printed": self.shown,
            "convention": self.convention,
            "right": self.right,
            "why": self.why,
            "tried": dict(self.tried),
        }
        counted: Any = self.counted
        if isinstance(counted, Fraction):
            counted = int(counted) if counted.denominator == 1 else round(float(counted), 6)
        return (
            named
            | {"printed": self.cell.printed, "verdict": self.verdict, "counted": counted}
            | {key: value for key, value in found.items() if value}
        )


def judge(cells: Iterable[Cell]) -> tuple[Judged, ...]:
    """A verdict for every cell; the cells around it are part of the evidence."""
    cells = tuple(cells)
    known = {cell.place: cell for cell in cells}
    numbers = Numbers(tuple(cell for cell in cells if cell.how in COUNTS))
    return tuple(_judged(cell, known, numbers) for cell in cells)


def _judged(cell: Cell, known: Known, numbers: Numbers) -> Judged:
    if cell.how == QUOTED:
        return Judged(cell=cell, verdict=NOT_A_COUNT, why=cell.quoted)
    if cell.how in TEXTS:
        texts = TEXTS[cell.how](cell)
        found = Judged(cell=cell, verdict=MATCHES, counted=texts[0], shown=texts[0])
        matches = cell.printed in texts
    else:
        count = numbers.papers(cell)
        shown = numbers.printed(cell).show(count)
        found = Judged(cell=cell, verdict=MATCHES, counted=count * cell.unit, shown=shown)
        matches = numbers.fits(cell)
    if matches:
        return found
    if proof := evidence(cell, known):
        return replace(found, verdict=MISPRINT, right=proof.right, why=proof.why)
    if cell.how in COUNTS and (known_rule := numbers.explained(cell)):
        rule = known_rule.rule
        why = f"{rule.why}; holds {known_rule.scope}"
        return replace(found, verdict=OTHER, convention=rule.name, why=why)
    return _unexplained(found, numbers)


def _unexplained(found: Judged, numbers: Numbers) -> Judged:
    """With all rules that count this cell otherwise, and what each would print."""
    cell = found.cell
    if cell.how in TEXTS:
        return replace(found, verdict=UNEXPLAINED, why="the plan has it otherwise")
    printed = numbers.printed(cell)
    rules = [x for x in RULES if cell.how in x.hows and numbers.differs(x, cell)]
    counts = [("rounded", numbers.papers(cell), False)]
    counts += [(rule.name, numbers.ruled(rule, cell), rule.cut) for rule in rules]
    tried = tuple((name, printed.show(count, cut=cut)) for name, count, cut in counts)
    name, count, _ = min(counts, key=lambda x: abs(x[1] - printed.value))
    why = f"nearest: {name}, {float(count):,.6g}"
    given = [rule.name for rule in rules if numbers.gives(rule, cell)]
    if given:
        why += f"; {', '.join(given)} would give it, but not what stands around it"
    return replace(found, verdict=UNEXPLAINED, why=why, tried=tried)


@lru_cache(maxsize=1)
def judged_papers() -> tuple[Judged, ...]:
    """`judge` of every published table."""
    return judge(all_cells())


def tally(judged: Iterable[Judged]) -> dict[str, int]:
    """How many cells have each verdict."""
    found = [one.verdict for one in judged]
    return {verdict.replace(" ", "_"): found.count(verdict) for verdict in VERDICTS}


def select(source: str | None = None, table: str | None = None) -> tuple[Judged, ...]:
    """Verdicts on one source, or on one table of each source, or on all.

    ValueError for a source or table that there is not.
    """
    judged = judged_papers()
    if source is not None:
        sources = dict.fromkeys(one.cell.source for one in judged)
        if not isinstance(source, str) or source not in sources:
            raise ValueError(f"source must be one of {', '.join(sources)}, found {shown(source)}")
        judged = tuple(one for one in judged if one.cell.source == source)
    if table is None:
        return judged
    found = tuple(one for one in judged if isinstance(table, str) and one.cell.table == table)
    if not found:
        tables = dict.fromkeys(one.cell.table for one in judged)
        raise ValueError(f"table must be one of {', '.join(tables)}, found {shown(table)}")
    return found
