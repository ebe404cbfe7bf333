"""npmobilenet summary MODEL."""

import argparse

from ..tables import summary_parts
from .common import add_model, add_plan_options, console, plan_of


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    add_model(parser)
    add_plan_options(parser)
    parser.epilog = "example: npmobilenet summary v1 --width 0.5 --resolution 160"


def run(options: argparse.Namespace) -> int:
    """Print the table."""
    console().print(*summary_parts(plan_of(options)), sep="\n")
    return 0
