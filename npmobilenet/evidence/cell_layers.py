"""The layers that a row of a structure table is about."""

from __future__ import annotations

from ..models.layers import Layer
from ..models.network_plan import Plan
from .cell import Cell, plan_of

Texts = tuple[str, ...]  # the ways in which a paper could have printed a cell


def layers_of(cell: Cell) -> tuple[Plan, list[Layer]]:
    """The plan, and the layers of the blocks (or layers) that the cell's row is about."""
    if cell.network is None:
        raise ValueError(f"{' / '.join(cell.place)}: {cell.how} needs a network")
    plan = plan_of(cell.network)
    found = [x for x in plan.layers if x.name in cell.parts or x.block in cell.parts]
    if not found:
        raise ValueError(f"no layers {', '.join(cell.parts)} in {plan.model}")
    return plan, found
