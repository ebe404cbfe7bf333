"""npmobilenet sweep MODEL."""

import argparse

from ..cost.sweep import Point, sweep
from ..models.dialects import DIALECTS
from ..tables import Shape, Share
from .common import add_formats, console, write_table
from .options import add_model
from .values import figure_option, resolution_option

COLUMNS = (
    ">width",
    "resolution",
    ">MACs",
    ">of all",
    ">trainable",
    ">top-1 paper",
    ">top-1 checkpoints",
)
WIDTHS, RESOLUTIONS = "1,0.75,0.5,0.25", "224,192,160,128"


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    add_model(parser)
    parser.add_argument("--widths", type=_widths, default=WIDTHS, help=f"multipliers ({WIDTHS})")
    parser.add_argument(
        "--resolutions", type=_resolutions, default=RESOLUTIONS, help=f"pixels ({RESOLUTIONS})"
    )
    parser.add_argument(
        "--dialect", choices=list(DIALECTS), default="paper", help="which family's version (paper)"
    )
    parser.add_argument(
        "--picture",
        type=figure_option,
        metavar="FILE.png",
        help="draw accuracy against MACs and against parameters",
    )
    add_formats(parser)
    parser.epilog = "example: npmobilenet sweep v1 --widths 1,0.5 --resolutions 224,128 --csv"


def run(options: argparse.Namespace) -> int:
    """Print the table, and draw the picture if one is wanted."""
    points = sweep(options.model, options.widths, options.resolutions, dialect=options.dialect)
    most = max(point.macs for point in points)
    write_table(
        options,
        COLUMNS,
        [_row(point, most) for point in points],
        [point.to_json() for point in points],
        title=f"{options.model} in dialect {options.dialect}",
        notes="top-1 per cent on ImageNet, quoted: by the paper, and of the checkpoints that its "
        "authors released",
    )
    if options.picture:
        from ..cost.figures import sweep_picture

        drawn = sweep_picture(points, options.picture)
        left_out = len(points) - drawn
        note = f", {left_out} without a printed accuracy left out" if left_out else ""
        if not (options.json or options.csv or options.markdown):
            console().print(f"{options.picture}: {drawn} networks{note}", soft_wrap=True)
    return 0


def _row(point: Point, most: int) -> tuple[object, ...]:
    height, width = point.resolution
    percents = ("" if x is None else f"{x:.1f}" for x in (point.paper, point.checkpoint))
    size, share = Shape((height, width)), Share(point.macs / most)
    return f"{point.width:g}", size, point.macs, share, point.params, *percents


def _widths(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected numbers as 1,0.75, found {text!r}") from None


def _resolutions(text: str) -> list[tuple[int, int]]:
    return [resolution_option(part) for part in text.split(",")]
