"""npmobilenet cost MODEL."""

import argparse

from ..cost import cost
from ..cost.paper import paper_parts
from .common import add_model, add_plan_options, console, plan_of, print_json


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    add_model(parser)
    add_plan_options(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.epilog = "example: npmobilenet cost v1 --width 0.75 --resolution 192 --json"


def run(options: argparse.Namespace) -> int:
    """Print what the plan costs."""
    counted = cost(plan_of(options))
    if options.json:
        print_json(counted.to_json())
    else:
        console().print(*counted.parts(), *paper_parts(counted), sep="\n")
    return 0
