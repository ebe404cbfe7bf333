"""MobileNetV1's own figures beside what is counted, as `npmobilenet cost` and the tour show them."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from ..cost.count import Cost
from ..cost.ratio import block_ratios
from ..models.network_plan import plan
from .sources import SOURCES
from .verdict import MATCHES, Judged, judge

if TYPE_CHECKING:
    from rich.console import RenderableType

TOTALS = ("4", "5", "6", "7", "9")  # the tables with totals of whole networks


@lru_cache(maxsize=1)
def judged_v1() -> tuple[Judged, ...]:
    """Verdicts on V1's tables, which need no other source."""
    return judge(cell for table in SOURCES["v1"] for cell in table.cells())


def paper_parts(counted: Cost) -> list[RenderableType]:
    """What there is to compare for this plan: ratios for any, the paper's tables for V1 itself."""
    parts: list[RenderableType] = []
    if block_ratios(counted.plan):
        parts.append(ratio_table(counted))
    if counted.plan == plan("v1"):
        parts += [shares_table(), misprint_note(counted), figures_table()]
    return parts


def ratio_table(counted: Cost) -> RenderableType:
    """separable / standard of each block: the formula and the count, as the same fraction."""
    from ..tables import table

    fields = ("name", "separable_macs", "standard_macs", "formula", "macs", "weights")
    rows = [
        (*(getattr(r, name) for name in fields), f"{float(1 / r.macs):.2f} x")
        for r in block_ratios(counted.plan)
    ]
    numbers = ("separable MACs", "standard MACs", "1/N + 1/Dk²", "of MACs", "of weights", "fewer")
    columns = ("block", *(f">{name}" for name in numbers))
    return table(columns, rows, title="What separating saves, by the formula and by counting")


def shares_table() -> RenderableType:
    """Table 2 of the paper beside the same percentages counted."""
    from ..tables import table

    rows: dict[str, list[str]] = {}
    for one in judged_v1():
        if one.cell.table == "2":
            row = rows.setdefault(one.cell.row, [one.cell.row])
            row += [f"{one.shown} %", _spaced(one), _remark(one)]
    columns = ("layer type", ">MACs", ">Table 2", "", ">weights", ">Table 2", "")
    title = "Where the work and the weights are (the paper's Table 2)"
    return table(columns, rows.values(), title=title)


def _spaced(one: Judged) -> str:
    return one.cell.printed.replace("%", " %")


def _remark(one: Judged) -> str:
    return "" if one.verdict == MATCHES else one.verdict


def misprint_note(counted: Cost) -> str:
    """Why Table 2's 1.19 % must be 1.91 %, with the numbers."""
    stem = next(layer for layer in counted.layers if layer.type == "conv")
    (wrong,) = (one for one in judged_v1() if one.cell.table == "2" and one.verdict != MATCHES)
    return (
        f"Table 2 prints {_spaced(wrong)} for the 3x3 convolution.  {stem.macs:,} of "
        f"{counted.macs:,} MACs are {wrong.shown} %: {wrong.why}."
    )


def figures_table() -> RenderableType:
    """The paper's totals beside ours; a network that several tables repeat stands once."""
    from ..tables import table

    rows: dict[object, list[object]] = {}
    for one in judged_v1():
        if one.cell.table in TOTALS and one.cell.how in ("macs", "params"):
            where = f"Table {one.cell.table}, {one.cell.row}"
            row = rows.setdefault(one.cell.network, [where])
            if len(row) < 7:
                count = "" if one.counted is None else int(one.counted)
                row += [count, f"{one.cell.printed} M", one.convention or _remark(one)]
    columns = ("where", ">MACs", ">printed", "", ">weights", ">printed", "")
    return table(columns, rows.values(), title="The paper's totals and ours")
