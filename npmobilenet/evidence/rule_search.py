"""Whether a named rule explains a printed value, judged by the cells around it."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from fractions import Fraction

from .cell import Cell
from .cell_counts import COUNTS
from .printed import Printed, read
from .rules import RULES, Rule

# where else a rule has to hold that explains a cell
Scope = tuple[str, Callable[[Cell], Hashable]]
ROW: Scope = ("in this row", lambda c: (c.source, c.table, c.row))
SCOPES: tuple[Scope, ...] = (
    ("in this column", lambda c: (c.source, c.table, c.column)),
    ("in this column of all tables", lambda c: (c.source, c.series)),
    ("in this model's rows of the column", lambda c: (c.source, c.table, c.column, sized(c)[:1])),
    ("in this width's rows of the column", lambda c: (c.source, c.table, c.column, sized(c))),
    ROW,
)
WHOLE_SOURCE: Scope = ("in all tables of the source", lambda c: c.source)


def sized(cell: Cell) -> tuple[str, float]:
    """Model and width of a cell's network."""
    return (cell.network.model, cell.network.width) if cell.network else ("", 0.0)


def figure(cell: Cell) -> Hashable:
    """What is printed about: a figure that is printed twice is one."""
    resolution = cell.network.resolution if cell.network and cell.how != "params" else 0
    return cell.how, cell.parts, sized(cell), resolution


@dataclass(frozen=True)
class Explanation:
    """A rule, where it was tested, and how many figures that the papers' count misses it gives there."""

    rule: Rule
    scope: str
    figures: int


@dataclass
class Numbers:
    """All cells with numbers, each counted once and by each rule at most once."""

    cells: tuple[Cell, ...]
    _papers: dict[Cell, tuple[Fraction, Printed]] = field(default_factory=dict)
    _ruled: dict[tuple[str, Cell], Fraction] = field(default_factory=dict)

    def papers(self, cell: Cell) -> Fraction:
        """The papers' own count, in the cell's unit."""
        return self._known(cell)[0]

    def printed(self, cell: Cell) -> Printed:
        """The printed number."""
        return self._known(cell)[1]

    def _known(self, cell: Cell) -> tuple[Fraction, Printed]:
        if cell not in self._papers:
            count = COUNTS[cell.how](cell) / cell.unit
            self._papers[cell] = count, read(cell.printed, zeros=cell.zeros)
        return self._papers[cell]

    def fits(self, cell: Cell) -> bool:
        """Whether the papers' own count is what is printed."""
        return self.printed(cell).is_of(self.papers(cell))

    def ruled(self, rule: Rule, cell: Cell) -> Fraction:
        """A rule's count, in the cell's unit."""
        key = rule.name, cell
        if key not in self._ruled:
            self._ruled[key] = rule.count(cell) / cell.unit
        return self._ruled[key]

    def gives(self, rule: Rule, cell: Cell) -> bool:
        """Whether a rule's count is what is printed."""
        return self.printed(cell).is_of(self.ruled(rule, cell), cut=rule.cut)

    def differs(self, rule: Rule, cell: Cell) -> bool:
        """Whether the rule counts otherwise than the papers, or prints otherwise."""
        return self.ruled(rule, cell) != self.papers(cell) or self.prints(rule, cell)

    def prints(self, rule: Rule, cell: Cell) -> bool:
        """Whether what it would print differs, too."""
        ours, theirs, printed = self.papers(cell), self.ruled(rule, cell), self.printed(cell)
        return printed.of(ours) != printed.of(theirs, cut=rule.cut)

    def explained(self, cell: Cell) -> Explanation | None:
        """The rule that explains a cell, the one that explains most with it; None if there is none.

        It must give the printed value here.  Around, in one of SCOPES, it must also give every value
        that the papers' own count gives, and hold for two figures or more which it counts otherwise;
        in a row, where quantities of different fineness meet, which it prints otherwise.  So a rule
        that fits a single cell explains nothing.
        """
        found = [
            explanation
            for rule in RULES
            if cell.how in rule.hows and self.gives(rule, cell)
            for scope in ((*SCOPES, WHOLE_SOURCE) if rule.everywhere else SCOPES)
            if (explanation := self._tested(rule, scope, cell))
        ]
        found = [x for x in found if not x.rule.changed or self._fits_row(x.rule, cell)]
        return max(found, key=lambda x: x.figures, default=None)

    def _around(self, rule: Rule, scope: Scope, cell: Cell) -> list[Cell]:
        _, key = scope
        wanted = key(cell)
        return [x for x in self.cells if x.how in rule.hows and key(x) == wanted]

    def _tested(self, rule: Rule, scope: Scope, cell: Cell) -> Explanation | None:
        around = self._around(rule, scope, cell)
        if any(self.fits(x) and not self.gives(rule, x) for x in around):
            return None
        differs = self.prints if scope is ROW else self.differs
        given = [x for x in around if self.gives(rule, x) and differs(rule, x)]
        if len({figure(x) for x in given}) < 2:
            return None
        return Explanation(rule, scope[0], len({figure(x) for x in given if not self.fits(x)}))

    def _fits_row(self, rule: Rule, cell: Cell) -> bool:
        return all(self.gives(rule, x) for x in self._around(rule, ROW, cell) if self.fits(x))
