"""An SVG picture of boxes, words and arrows."""

from collections.abc import Callable, Iterable, Mapping
from html import escape
from pathlib import Path

# told apart by lightness too, for those who see few colours (after Okabe and Ito)
BLUE, ORANGE, GREEN, PINK, SKY = "#a6cee8", "#f6c9a3", "#9fdcc5", "#ecc7dc", "#dcedf8"
GREY, INK, FAINT = "#e4e4e4", "#222222", "#777777"


class Drawing:
    """An SVG picture on white, put together piece by piece."""

    def __init__(self, width: int, height: int, title: str) -> None:
        self.size, self.title, self.parts = (width, height), title, [""]
        self.box(0, 0, width, height, "#ffffff", edge="none")

    def box(
        self, x: float, y: float, width: float, height: float, fill: str,
        text: object = "", edge: str = INK, size: float = 13,
    ) -> None:  # fmt: skip
        """A rectangle with a word in its middle."""
        self.parts.append(
            f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" fill="{fill}" '
            f'stroke="{edge}"/>'
        )
        if text != "":
            self.text(x + width / 2, y + height / 2 + 0.35 * size, text, "middle", size)

    def text(
        self, x: float, y: float, text: object, anchor: str = "start", size: float = 14,
        color: str = INK, bold: bool = False,
    ) -> None:  # fmt: skip
        """One line; y is where its letters stand."""
        weight = ' font-weight="bold"' if bold else ""
        self.parts.append(
            f'<text x="{x:g}" y="{y:g}" font-size="{size:g}" text-anchor="{anchor}" '
            f'fill="{color}"{weight}>{escape(str(text))}</text>'
        )

    def lines(self, x: float, y: float, lines: Iterable[str], **style: object) -> None:
        """Several lines, one below the other."""
        for number, line in enumerate(lines):
            self.text(x, y + 20 * number, line, **style)  # type: ignore[arg-type]

    def arrow(
        self, x1: float, y1: float, x2: float, y2: float, color: str = INK, both: bool = False
    ) -> None:
        """A line with a point at its end, or at both."""
        start = ' marker-start="url(#point)"' if both else ""
        self.parts.append(
            f'<line x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}" stroke="{color}" '
            f'stroke-width="1.6" marker-end="url(#point)"{start}/>'
        )

    def frame(self, x: float, y: float, width: float, height: float, color: str = INK) -> None:
        """A thick empty rectangle around something."""
        self.parts.append(
            f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" fill="none" '
            f'stroke="{color}" stroke-width="3"/>'
        )

    def svg(self) -> str:
        """The whole document."""
        width, height = self.size
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'width="{width}" height="{height}" font-family="DejaVu Sans, Verdana, sans-serif">\n'
            f"<title>{escape(self.title)}</title>\n"
            '<defs><marker id="point" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" '
            'markerHeight="7" orient="auto-start-reverse"><path d="M0 0L10 5L0 10z" '
            f'fill="{INK}"/></marker></defs>' + "\n".join(self.parts) + "\n</svg>\n"
        )


def write(pictures: Mapping[str, Callable[[], Drawing]]) -> None:
    """Each picture as an SVG file beside this one."""
    for name, draw in pictures.items():
        Path(__file__).with_name(f"{name}.svg").write_text(draw().svg(), encoding="utf-8")
        print(f"docs/pictures/{name}.svg")
