"""What the book's drawings share: a light panel, sheets of numbers, arrows, words in two languages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import drawsvg

FOLDER = Path(__file__).parent / "book"
PANEL, INK, FAINT = "#fbfaf7", "#1f2328", "#5c6370"
# told apart by lightness too (after Okabe and Ito), light enough for black digits
BLUE, ORANGE, GREEN, PINK, GREY = "#a6cee8", "#f6c9a3", "#9fdcc5", "#ecc7dc", "#e6e4df"
FONT = "system-ui, 'Noto Sans', 'Noto Sans CJK SC', sans-serif"
CELL = 26


class Picture:
    """A drawing on a panel; `words` are the words of one language by their English."""

    def __init__(self, width: int, height: int, title: str, words: dict[str, str]) -> None:
        self.words = words
        self.drawing = drawsvg.Drawing(width, height, font_family=FONT)
        self.drawing.append_title(self.said(title))
        self.box(0, 0, width, height, PANEL, edge="none", corner=10)

    def said(self, text: object) -> str:
        """A word in the drawing's language; numbers and formulas stay."""
        return self.words.get(str(text), str(text))

    def box(
        self, x: float, y: float, width: float, height: float, fill: str, text: object = "", *,
        edge: str = INK, corner: float = 0, size: float = 14, bold: bool = False,
    ) -> None:  # fmt: skip
        """A rectangle with a word in its middle."""
        self.drawing.append(
            drawsvg.Rectangle(x, y, width, height, rx=corner, fill=fill, stroke=edge)
        )
        if text != "":
            self.text(x + width / 2, y + height / 2 + 0.36 * size, text, size=size, bold=bold)

    def text(
        self, x: float, y: float, text: object, *, size: float = 14, anchor: str = "middle",
        color: str = INK, bold: bool = False,
    ) -> None:  # fmt: skip
        """One line; y is where its letters stand."""
        weight = {"font_weight": "bold"} if bold else {}
        given: dict[str, Any] = {"text_anchor": anchor, "fill": color, **weight}
        self.drawing.append(drawsvg.Text(self.said(text), size, x, y, **given))

    def arrow(
        self, *points: tuple[float, float], color: str = FAINT, width: float = 1.6, dash: str = ""
    ) -> None:
        """A line through points with a head at its end."""
        head = drawsvg.Marker(-0.1, -0.5, 0.9, 0.5, scale=6, orient="auto")
        head.append(drawsvg.Lines(-0.1, -0.5, -0.1, 0.5, 0.9, 0, fill=color, close=True))
        flat = [number for point in points for number in point]
        given = {"stroke_dasharray": dash} if dash else {}
        self.drawing.append(
            drawsvg.Lines(
                *flat, fill="none", stroke=color, stroke_width=width, marker_end=head, **given
            )
        )

    def line(self, *points: tuple[float, float], color: str = INK, width: float = 1.2) -> None:
        """A line through points."""
        flat = [number for point in points for number in point]
        self.drawing.append(drawsvg.Lines(*flat, fill="none", stroke=color, stroke_width=width))

    def grid(
        self, x: float, y: float, numbers: Sequence[Sequence[object]], fill: str, *,
        cell: float = CELL, marked: Sequence[tuple[int, int]] = (), mark: str = ORANGE,
    ) -> None:  # fmt: skip
        """A table of numbers, some cells in another colour."""
        for i, row in enumerate(numbers):
            for j, number in enumerate(row):
                color = mark if (i, j) in marked else fill
                self.box(x + j * cell, y + i * cell, cell, cell, color, number, size=0.52 * cell)

    def sheets(
        self, x: float, y: float, rows: int, columns: int, fills: Sequence[str], *,
        cell: float = 18, step: float = 13, marked: Sequence[tuple[int, int]] = (), mark: str = "",
    ) -> None:  # fmt: skip
        """Channels as sheets, one behind the other; the first lies in front."""
        for depth in reversed(range(len(fills))):
            left, top = x + depth * step, y - depth * step
            for i in range(rows):
                for j in range(columns):
                    color = mark if mark and (i, j) in marked else fills[depth]
                    self.box(left + j * cell, top + i * cell, cell, cell, color, edge="#6b6f76")

    def save(self, name: str) -> None:
        """Write FOLDER/NAME.svg, or NAME.zh.svg."""
        FOLDER.mkdir(exist_ok=True)
        file = FOLDER / f"{name}{'.zh' if self.words else ''}.svg"
        file.write_text(self.drawing.as_svg() + "\n", encoding="utf-8")
