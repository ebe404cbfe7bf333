"""Tables: drawn by rich, in colour on a terminal and plain in a pipe; or as CSV, or as Markdown."""

from __future__ import annotations

import csv
import shutil
import sys
from collections.abc import Iterable, Sequence
from html import escape
from io import StringIO
from math import prod
from typing import TYPE_CHECKING

from rich.console import Console, RenderableType

from .fitting import Table, cell_text, table
from .shown import Text

if TYPE_CHECKING:
    from .engine import Engine
    from .engine.training import TrainingStep
    from .models.layers import Layer
    from .models.network_plan import Plan
    from .predicting.prediction import Prediction

__all__ = ["Table", "as_html", "as_text", "cell_text", "csv_text", "markdown_text", "table"]

WIDTH = 120  # columns where there is no terminal that says how many it has


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """The same table as comma-separated values, numbers without separators; ends with a newline."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(column.lstrip(">") for column in columns)
    writer.writerows(rows)
    return text.getvalue()


def markdown_text(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """The same table in GitHub's Markdown; a bar inside a cell is escaped; ends with a newline."""

    def line(cells: Iterable[str]) -> str:
        return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"

    rules = ("---:" if column.startswith(">") else "---" for column in columns)
    lines = [line(column.lstrip(">") for column in columns), line(rules)]
    lines += [line(cell_text(cell) for cell in row) for row in rows]
    return "\n".join(lines) + "\n"


def as_text(*parts: RenderableType, width: int | None = None) -> str:
    """What rich would draw, as plain text: as wide as the terminal, at most 120 columns.

    width: instead of that.  Wherever it is asked for, in a notebook too, nothing is printed.
    """
    if width is None:
        terminal = sys.stdout is not None and sys.stdout.isatty()
        width = min(shutil.get_terminal_size().columns, WIDTH) if terminal else WIDTH
    text = StringIO()
    console = Console(
        file=text, width=width, height=25, color_system=None, highlight=False, markup=False,
        force_jupyter=False, force_terminal=False, legacy_windows=False,
    )  # fmt: skip
    for part in parts:
        console.print(part)
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines())


def as_html(*parts: RenderableType) -> str:
    """The same for a notebook's page: tables as tables, anything else as it would be printed."""
    return "\n".join(
        part.html()
        if isinstance(part, Table)
        else f"<pre>{escape(as_text(part, width=WIDTH))}</pre>"
        for part in parts
    )


def shape_text(shape: Sequence[int]) -> str:
    """112 x 112 x 32."""
    return " x ".join(map(str, shape))


def summary_parts(plan: Plan, *, layers: bool = False) -> list[RenderableType]:
    """The rows of `Plan.summary`: block or layer, type, output shape, parameters; then the totals."""
    from .cost import cost  # which draws its own tables with this module

    counted = cost(plan)
    groups: dict[str, list[tuple[Layer, int]]] = {}
    for layer, found in zip(plan.layers, counted.layers, strict=True):
        name = layer.name if layers else layer.block
        groups.setdefault(name, []).append((layer, found.params.total))
    rows = [
        (
            name,
            "block" if "." in name and not layers else group[0][0].kind,
            shape_text(group[-1][0].output),
            sum(count for _, count in group),
        )
        for name, group in groups.items()
    ]
    params = counted.params
    return [
        _heading(plan),
        table(("layer", "type", "output", ">params"), rows),
        f"Total params: {params.total:,}\nTrainable params: {params.trainable:,}\n"
        f"Non-trainable params: {params.bn_stats:,}",
    ]


def summary_table(plan: Plan, *, layers: bool = False) -> str:
    """`Plan.summary`."""
    return Text(as_text(*summary_parts(plan, layers=layers)))


def engine_parts(engine: Engine) -> list[RenderableType]:
    """The stages of an engine with what each costs for one image, and the memory that it holds."""
    stages, heading = engine.stages, _heading(engine.plan)
    rows = [(x.name, str(x.kind), shape_text(x.output), x.macs, x.bytes) for x in stages]
    held = ", ".join(f"{what} {count / 1e6:.1f} MB" for what, count in engine.nbytes.items())
    if not stages:
        return [f"{heading}  batch {engine.batch}\nNumPy computes it, layer by layer\n{held}"]
    return [
        f"{heading}  batch {engine.batch}  threads {engine.threads}",
        table(("stage", "kind", "output", ">MACs", ">bytes"), rows),
        f"{sum(x.macs for x in stages):,} MACs in {len(stages)} stages for one image\n{held}",
    ]


def training_step_parts(step: TrainingStep) -> list[RenderableType]:
    """The layers that a training step trains or multiplies in, for the whole batch; its memory."""
    plan, batch = step.plan, step.batch
    trained = {
        layer.name: sum(
            prod(shape) for a, shape in layer.arrays.items() if f"{layer.name}.{a}" in step.trained
        )
        for layer in plan
    }
    rows = [
        (x.name, x.kind, shape_text((batch, *x.output)), batch * x.macs, trained[x.name])
        for x in plan
        if x.macs or x.arrays
    ]
    return [
        f"{_heading(plan)}  batch {batch}  threads {step.threads}",
        table(("layer", "type", "output", ">forward MACs", ">trained"), rows),
        f"{sum(trained.values()):,} trained parameters in {len(step.trained)} arrays, "
        f"{step.nbytes / 1e6:.1f} MB",
    ]


def prediction_parts(prediction: Prediction) -> list[RenderableType]:
    """The most probable classes, and whether the model is in doubt."""
    rows = [(name, f"{probability:.2%}") for name, probability in prediction.top]
    doubt = ["uncertain"] if prediction.uncertain else []
    return [table(("class", ">probability"), rows), *doubt]


def _heading(plan: Plan) -> str:
    """Which network it is."""
    height, width = plan.resolution
    return (
        f"{plan.model}  width {plan.width:g}  image {height} x {width} x {plan.channels}  "
        f"dialect {plan.dialect.name}"
    )


def dialect_rows(version: str, names: Sequence[str]) -> list[tuple[str, ...]]:
    """(switch, value in each named dialect) for the switches in which those dialects differ."""
    from .models.dialect import differing_switches
    from .models.dialects import dialect_at

    settled = [dialect_at(name, version) for name in names]
    return [
        (switch, *(_setting(getattr(dialect, switch)) for dialect in settled))
        for switch in differing_switches(version, settled)
    ]


def _setting(value: object) -> str:
    """A switch's value as short as it can be said."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
