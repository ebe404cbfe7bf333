"""Tables of plans, drawn by rich: in colour on a terminal, plain text in a string or a pipe."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from io import StringIO
from math import prod
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console, RenderableType
from rich.table import Table

if TYPE_CHECKING:
    from .models.plan import Plan


def table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str | None = None
) -> Table:
    """A table; columns whose name starts with ">" hold numbers and are set to the right."""
    drawn = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", title_style="bold")
    for column in columns:
        right = column.startswith(">")
        drawn.add_column(column.lstrip(">"), justify="right" if right else "left", no_wrap=True)
    for row in rows:
        drawn.add_row(*(f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row))
    return drawn


def as_text(*parts: RenderableType, width: int = 120) -> str:
    """What rich would draw, as plain text."""
    text = StringIO()
    console = Console(file=text, width=width, color_system=None, highlight=False)
    for part in parts:
        console.print(part)
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines())


def shape_text(shape: Sequence[int]) -> str:
    """112 x 112 x 32."""
    return " x ".join(map(str, shape))


def summary_parts(plan: Plan) -> list[RenderableType]:
    """The rows of `Plan.summary`: layer, type, output shape, parameters; then the totals."""
    rows = []
    for layer in plan.layers:
        count = sum(map(prod, (layer.arrays | layer.statistics).values()))
        rows.append((layer.name, layer.kind, shape_text(layer.output), count))
    trainable = sum(map(prod, plan.parameters.values()))
    fixed = sum(map(prod, plan.statistics.values()))
    height, width = plan.resolution
    title = (
        f"{plan.model}  width {plan.width:g}  image {height} x {width} x {plan.channels}  "
        f"dialect {plan.dialect.name}"
    )
    return [
        table(("layer", "type", "output", ">parameters"), rows, title=title),
        f"Total params: {trainable + fixed:,}\nTrainable params: {trainable:,}\n"
        f"Non-trainable params: {fixed:,}",
    ]


def summary_table(plan: Plan) -> str:
    """`Plan.summary`."""
    return as_text(*summary_parts(plan))
