"""npmobilenet summary MODEL."""

import argparse

from .common import console
from .options import add_model, add_plan_options, plan_of


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    add_model(parser)
    add_plan_options(parser)
    parser.add_argument("--layers", action="store_true", help="every layer, not only the blocks")
    parser.epilog = "example: npmobilenet summary v2 --dialect tutorial-c --width 0.75"


def run(options: argparse.Namespace) -> int:
    """Print the table."""
    parts = plan_of(options).parts(layers=options.layers)
    console().print(*parts, sep="\n")
    return 0
