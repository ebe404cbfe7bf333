"""What the drawings of chapters 6 to 10 share: words, boxes and arrows on a panel, in two languages.

A drawing is a function of `say`, which chooses between its two languages: say("depthwise", "深度卷积").
Each stands on a light panel of its own, so that it reads on a dark page too.
"""

from collections.abc import Callable, Mapping, Sequence

import drawsvg as dw
from kit import FAINT as SOFT
from kit import FOLDER, FONT, INK
from kit import PANEL as PAPER

Say = Callable[[str, str], str]
Picture = Callable[[Say], dw.Drawing]

RULE = "#c9c8c2"
STANDARD, DEPTHWISE, POINTWISE, DENSE = "#d6ae85", "#eb9db0", "#9fc6e6", "#e0c878"
NORM, ACTIVATION, GATE, ZERO = "#cdbfe6", "#b3d9a4", "#f2c294", "#e9e8e3"
STRONG, SECOND = "#0b6e4f", "#b3430a"  # lines


def panel(width: int, height: int, title: str) -> dw.Drawing:
    """An empty drawing on its panel; the title is for those who hear it."""
    d = dw.Drawing(width, height, font_family=FONT, id_prefix="b")
    d.append_title(title)
    d.append(dw.Rectangle(0.5, 0.5, width - 1, height - 1, rx=8, fill=PAPER, stroke=RULE))
    return d


def word(
    d: dw.Drawing, x: float, y: float, text: object, size: float = 14, anchor: str = "start",
    color: str = INK, bold: bool = False,
) -> None:  # fmt: skip
    """One line of text; y is where its letters stand."""
    weight = {"font_weight": "bold"} if bold else {}
    d.append(dw.Text(str(text), size, x, y, fill=color, text_anchor=anchor, **weight))


def box(
    d: dw.Drawing, x: float, y: float, width: float, height: float, fill: str,
    text: object = "", size: float = 13, edge: str = INK, dashed: bool = False,
) -> None:  # fmt: skip
    """A rectangle with a word in its middle."""
    dash = {"stroke_dasharray": "4 3"} if dashed else {}
    d.append(dw.Rectangle(x, y, width, height, fill=fill, stroke=edge, **dash))
    if text != "":
        word(d, x + width / 2, y + height / 2 + 0.35 * size, text, size, "middle")


def arrow(
    d: dw.Drawing, *points: tuple[float, float], color: str = SOFT, width: float = 1.5
) -> None:
    """A line through points with a head at its end."""
    flat = [number for point in points for number in point]
    d.append(dw.Lines(*flat, fill="none", stroke=color, stroke_width=width))
    (x, y), (a, b) = points[-1], points[-2]
    length = ((x - a) ** 2 + (y - b) ** 2) ** 0.5
    u, v = (x - a) / length, (y - b) / length
    left, right = (x - 8 * u + 4 * v, y - 8 * v - 4 * u), (x - 8 * u - 4 * v, y - 8 * v + 4 * u)
    d.append(dw.Lines(x, y, *left, *right, close=True, fill=color))


def curve(
    d: dw.Drawing, points: Sequence[tuple[float, float]], color: str, width: float = 2.5,
    dash: str = "",
) -> None:  # fmt: skip
    """A line through many points."""
    flat = [round(float(number), 2) for point in points for number in point]
    style = {"stroke_dasharray": dash} if dash else {}
    d.append(dw.Lines(*flat, fill="none", stroke=color, stroke_width=width, **style))


def line(d: dw.Drawing, x1: float, y1: float, x2: float, y2: float, color: str = RULE) -> None:
    """A thin straight line."""
    d.append(dw.Line(x1, y1, x2, y2, stroke=color))


def in_both_languages(pictures: Mapping[str, Picture]) -> dict[str, str]:
    """{file name: SVG} of every picture, in English and in Chinese where that is another."""
    drawn = {}
    for name, picture in pictures.items():
        english, chinese = (picture(say).as_svg() for say in (lambda en, zh: en, lambda en, zh: zh))
        drawn[f"{name}.svg"] = english
        if chinese != english:
            drawn[f"{name}.zh.svg"] = chinese
    return drawn


def write(pictures: Mapping[str, Picture]) -> None:
    """Write them into docs/pictures/book."""
    FOLDER.mkdir(exist_ok=True)
    for name, svg in in_both_languages(pictures).items():
        (FOLDER / name).write_text(svg + "\n", encoding="utf-8")
