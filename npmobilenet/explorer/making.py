"""From a model and an image to the page, and onto the disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from os import PathLike
from pathlib import Path
from typing import Any

from ..cost.count import Cost, cost
from ..disk import write_whole
from ..ops.checks import flag
from ..predicting.model import Model
from ..text import displayed
from ..weights.native import file_path
from .joining import joined
from .payload import Told, told
from .remarks import Remark


@dataclass(frozen=True)
class Page:
    """A page and what there is to say of it; `payload.Told` says what moved and prediction are."""

    text: str = field(repr=False)
    precision: str
    moved: float | None
    prediction: tuple[str, float] | None
    remarks: tuple[Remark, ...]

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return len(self.text.encode())


def made(
    model: Model,
    image: Any = None,
    *,
    title: str = "",
    fresh: bool = False,
    label: int | str | None = None,
    precision: str = "auto",
    time: bool = True,
) -> Page:
    """The page of a model; arguments as of `explore`.  title: what it is called; fresh: not trained."""
    time = flag("explore", "time", time)
    model = model.floats(f"explore: {title}" if title else "explore")
    title = displayed(title) or model.plan.model
    table = cost_table(title, cost(model.plan))

    def page(document: Mapping[str, Any]) -> str:
        return joined(document, title=f"{title} · npmobilenet explorer", table=table)

    found: Told = told(
        model,
        image,
        title=title,
        fresh=fresh,
        label=label,
        precision=precision,
        time=time,
        size=lambda document: len(page(document).encode()),
    )
    text = page(found.document)
    return Page(text, found.precision, found.moved, found.prediction, found.remarks)


def write(path: str | PathLike[str], page: str | Page) -> None:
    """Put a page at `path`, whole or not at all; an OSError, one line, names the file."""
    text = page.text if isinstance(page, Page) else page
    write_whole(file_path(Path(path)), text.encode())


def cost_table(title: str, found: Cost) -> str:
    """What a reader without JavaScript sees, as HTML: why there is no more, and each layer's cost."""
    head = ("layer", "type", "output", "MACs", "parameters")
    rows = [
        (x.name, x.type, " × ".join(map(str, x.output)), f"{x.macs:,}", f"{x.params.trainable:,}")
        for x in found.layers
    ]
    total = ("all", "", "", f"{found.macs:,}", f"{found.params.trainable:,}")
    return "\n".join(
        (
            '<main class="plain">',
            f"<h1>{escape(title)}</h1>",
            "<p>This page computes a network in the browser, with JavaScript, which is switched off or "
            "missing here. What needs none of it is the cost of each layer:</p>",
            '<p lang="zh">本页用 JavaScript 在浏览器中计算网络，而这里没有 JavaScript。'
            "以下是无需计算的各层开销：</p>",
            "<table>",
            f"<caption>{escape(found.plan.model)}, multiply-accumulates and parameters</caption>",
            _row(head, 'th scope="col"'),
            *(_row(row, "td") for row in (*rows, total)),
            "</table>",
            "</main>",
        )
    )


def _row(cells: tuple[str, ...], tag: str) -> str:
    end = tag.partition(" ")[0]
    return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{end}>" for cell in cells) + "</tr>"
