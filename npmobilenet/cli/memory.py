"""npmobilenet memory MODEL."""

import argparse

from ..cost.backward import OPTIMIZER_STATE
from ..cost.memory import memory_cost
from .common import add_formats, add_model, add_plan_options, console, plan_of, write_table


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    add_model(parser)
    add_plan_options(parser)
    parser.add_argument("--batch", type=int, default=1, help="images at a time (1)")
    parser.add_argument("--dtype", default="float32", choices=("float32", "float64"))
    parser.add_argument(
        "--optimizer", default="sgd", choices=list(OPTIMIZER_STATE), help="whose state counts (sgd)"
    )
    add_formats(parser)
    parser.epilog = "example: npmobilenet memory v2 --batch 32 --optimizer adam"


def run(options: argparse.Namespace) -> int:
    """Print what running and training the plan takes."""
    found = memory_cost(
        plan_of(options), batch=options.batch, dtype=options.dtype, optimizer=options.optimizer
    )
    if options.json or options.csv or options.markdown:
        write_table(options, ("what", ">bytes", "remark"), found.sums(), found.to_json())
    else:
        console().print(*found.parts(), sep="\n")
    return 0
