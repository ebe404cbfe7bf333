"""What the drawings share: words, boxes, grids and arrows on a panel, in two languages.

A drawing is a function of `say`, which chooses between its languages: say("depthwise", "深度卷积").
Each stands on a light panel of its own, so that it reads on a dark page too.  Letters are large
enough for a telephone: at least 14 on a panel 640 wide, and larger on a wider one.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import drawsvg as dw
from numpy.typing import NDArray

Say = Callable[[str, str], str]
Picture = Callable[[Say], dw.Drawing]
Point = tuple[float, float]
Table = NDArray[Any] | Sequence[Sequence[object]]

FOLDER = Path(__file__).parent / "book"
FONT = "system-ui, 'Noto Sans', 'Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', sans-serif"
WIDTH = 640
PAPER, INK, SOFT, RULE = "#fbfaf7", "#1f2328", "#5c6370", "#c9c8c2"
# told apart by lightness too (after Okabe and Ito), light enough for dark letters
BLUE, ORANGE, GREEN, PINK, VIOLET, YELLOW, SKY = (
    "#a6cee8", "#f6c9a3", "#9fdcc5", "#ecc7dc", "#d9cdf2", "#f4e3a1", "#dcedf8",
)  # fmt: skip
# kinds of layers, the same in every drawing
STANDARD, DEPTHWISE, POINTWISE, DENSE = "#d6ae85", "#eb9db0", "#9fc6e6", "#e0c878"
NORM, ACTIVATION, GATE, ZERO, PLAIN = "#cdbfe6", "#b3d9a4", "#f2c294", "#e9e8e3", "#dddcd6"
STRONG, SECOND, THIRD = "#0b6e4f", "#b3430a", "#0b62a8"  # lines


def panel(height: float, title: str, heading: str = "", width: float = WIDTH) -> dw.Drawing:
    """An empty drawing on its panel; the title is for those who hear it, the heading for all."""
    d = dw.Drawing(width, height, font_family=FONT, id_prefix="b")
    d.append_title(title)
    d.append(dw.Rectangle(0.5, 0.5, width - 1, height - 1, rx=8, fill=PAPER, stroke=RULE))
    if heading:
        word(d, 24, 32, heading, 16, bold=True)
    return d


def word(
    d: dw.Drawing, x: float, y: float, text: object, size: float = 14, anchor: str = "start",
    color: str = INK, bold: bool = False,
) -> None:  # fmt: skip
    """One line of text; y is where its letters stand."""
    weight = {"font_weight": "bold"} if bold else {}
    at = short(x), short(y)
    d.append(dw.Text(str(text), size, *at, fill=color, text_anchor=anchor, **weight))


def words(
    d: dw.Drawing, x: float, y: float, lines: Iterable[str], size: float = 14, color: str = INK
) -> None:
    """Several lines, one below the other."""
    for number, line in enumerate(lines):
        word(d, x, y + 1.4 * size * number, line, size, color=color)


def box(
    d: dw.Drawing, x: float, y: float, width: float, height: float, fill: str,
    text: object = "", size: float = 14, edge: str = INK, dashed: bool = False,
) -> None:  # fmt: skip
    """A rectangle with a word in its middle."""
    dash = {"stroke_dasharray": "4 3"} if dashed else {}
    sides = short(x), short(y), short(width), short(height)
    d.append(dw.Rectangle(*sides, fill=fill, stroke=edge, **dash))
    if text != "":
        word(d, x + width / 2, y + height / 2 + 0.36 * size, text, size, "middle")


def frame(d: dw.Drawing, x: float, y: float, width: float, height: float, color: str = INK) -> None:
    """A thick empty rectangle around something."""
    d.append(dw.Rectangle(x, y, width, height, fill="none", stroke=color, stroke_width=3))


def dot(d: dw.Drawing, x: float, y: float, radius: float, fill: str, edge: str = "none") -> None:
    """A point."""
    d.append(dw.Circle(short(x), short(y), radius, fill=fill, stroke=edge))


def arrow(
    d: dw.Drawing, *points: Point, color: str = SOFT, width: float = 1.6, both: bool = False
) -> None:
    """A line through points with a head at its end, or at both."""
    curve(d, points, color, width)
    ends = [(points[-1], points[-2])] + [(points[0], points[1])] * both
    for (x, y), (a, b) in ends:
        length = ((x - a) ** 2 + (y - b) ** 2) ** 0.5
        u, v = (x - a) / length, (y - b) / length
        left, right = (x - 8 * u + 4 * v, y - 8 * v - 4 * u), (x - 8 * u - 4 * v, y - 8 * v + 4 * u)
        flat = [short(number) for point in ((x, y), left, right) for number in point]
        d.append(dw.Lines(*flat, close=True, fill=color))


def curve(
    d: dw.Drawing, points: Sequence[Point], color: str, width: float = 2.5, dash: str = ""
) -> None:
    """A line through points."""
    flat = [short(number) for point in points for number in point]
    style = {"stroke_dasharray": dash} if dash else {}
    d.append(dw.Lines(*flat, fill="none", stroke=color, stroke_width=width, **style))


def line(d: dw.Drawing, x1: float, y1: float, x2: float, y2: float, color: str = RULE) -> None:
    """A thin straight line."""
    d.append(dw.Line(short(x1), short(y1), short(x2), short(y2), stroke=color))


def grid(
    d: dw.Drawing, x: float, y: float, numbers: Table, fill: str, cell: float,
    marked: Iterable[tuple[int, int]] = (), mark: str = ORANGE,
) -> None:  # fmt: skip
    """A table of numbers, some cells in another colour."""
    chosen = set(marked)
    longest = max(len(str(number)) for row in numbers for number in row)
    size = round(min(0.5 * cell, (cell - 4) / (0.6 * longest)), 1)
    for i, row in enumerate(numbers):
        for j, number in enumerate(row):
            color = mark if (i, j) in chosen else fill
            box(d, x + j * cell, y + i * cell, cell, cell, color, number, size)


def sheets(
    d: dw.Drawing, x: float, y: float, rows: int, columns: int, fills: Sequence[str],
    cell: float = 18, step: float = 13, marked: Iterable[tuple[int, int]] = (), mark: str = ORANGE,
) -> None:  # fmt: skip
    """Channels as sheets, one behind the other; the first lies in front, its corner at (x, y)."""
    chosen = set(marked)
    for depth in reversed(range(len(fills))):
        for i in range(rows):
            for j in range(columns):
                color = mark if (i, j) in chosen else fills[depth]
                left, top = x + depth * step + j * cell, y - depth * step + i * cell
                box(d, left, top, cell, cell, color, edge="#6b6f76")


def short(number: float) -> float:
    """Two digits behind the point: no screen shows more, and no CPU rounds them otherwise."""
    return round(float(number), 2)


def in_both_languages(pictures: Mapping[str, Picture]) -> dict[str, str]:
    """{file name: SVG} of every picture, in English and in Chinese where that is another."""
    drawn = {}
    for name, picture in pictures.items():
        english, chinese = (picture(say).as_svg() for say in (lambda en, zh: en, lambda en, zh: zh))
        drawn[f"{name}.svg"] = english + "\n"
        if chinese != english:
            drawn[f"{name}.zh.svg"] = chinese + "\n"
    return drawn


def write(pictures: Mapping[str, Picture], folder: Path = FOLDER) -> None:
    """Write them into docs/pictures/book, or the folder given."""
    folder.mkdir(exist_ok=True)
    for name, svg in in_both_languages(pictures).items():
        (folder / name).write_text(svg, encoding="utf-8")
