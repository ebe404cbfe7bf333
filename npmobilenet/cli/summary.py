"""npmobilenet summary MODEL."""

import argparse
from pathlib import Path

from ..cost import cost
from ..disk import write_whole
from ..drawing import SUMMARY, summary_rows
from ..models.diagram import mermaid
from ..models.network_plan import toml_of_plan
from .common import add_formats, console, print_json, say, write_table
from .options import add_model, add_plan_options, plan_of
from .values import at_least

EXAMPLES = """example: npmobilenet summary v2 --dialect tutorial-c --width 0.75
         npmobilenet summary v3-small --graph v3-small.mmd
         npmobilenet summary v2 --toml > my_net.toml"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    add_model(parser)
    add_plan_options(parser)
    depth = parser.add_mutually_exclusive_group()
    depth.add_argument("--layers", action="store_true", help="every layer, not only the blocks")
    depth.add_argument(
        "--depth",
        type=at_least(1),
        default=2,
        help="how much of a name is told apart: 1 all blocks as one, 2 each, 3 each layer (2)",
    )
    parser.add_argument(
        "--graph",
        metavar="FILE.mmd",
        type=Path,
        help="write the blocks or layers as a Mermaid diagram, shapes and MACs on its edges",
    )
    formats = add_formats(parser)
    formats.add_argument(
        "--toml", action="store_true", help="the table that makes it, to begin one of your own with"
    )
    parser.epilog = EXAMPLES


def run(options: argparse.Namespace) -> int:
    """Print the table, or write the diagram; both where a format is asked for."""
    plan, depth = plan_of(options), 3 if options.layers else options.depth
    if options.graph:
        write_whole(options.graph, mermaid(plan, depth).encode())
    if options.toml:
        print(toml_of_plan(plan), end="")
    elif options.json:
        rows = summary_rows(plan, depth)
        names = [column.removeprefix(">") for column in SUMMARY]
        listed = [dict(zip(names, row, strict=True)) for row in rows]
        found = cost(plan)
        document = {"model": plan.model, "dialect": plan.dialect.name, "rows": listed}
        print_json(document | {"MACs": found.macs, "params": found.params.total})
    elif options.csv or options.markdown:
        write_table(options, SUMMARY, summary_rows(plan, depth), sums=True)
    elif options.graph:
        say(f"{options.graph}: a diagram; GitHub and most editors draw it")
    else:
        console().print(*plan.parts(depth=depth), sep="\n")
    return 0
