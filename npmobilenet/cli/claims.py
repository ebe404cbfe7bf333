"""npmobilenet claims."""

import argparse
import sys

from ..evidence.claims import SOURCES, check, to_json
from ..evidence.claims.page import COLUMNS, drawn, page, rows
from ..tables import csv_text
from .common import add_formats, console, print_json


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument(
        "--source",
        choices=list(SOURCES),
        metavar="SOURCE",
        help=f"only those of one source: {', '.join(SOURCES)}",
    )
    parser.add_argument(
        "--lang", choices=("en", "zh"), default="en",
        help="language of verdicts and evidence, as table or Markdown (en)",
    )  # fmt: skip
    add_formats(parser)
    parser.epilog = "example: npmobilenet claims --source tutorial-c"


def run(options: argparse.Namespace) -> int:
    """Judge the claims and print verdicts and evidence."""
    found = check(options.source)
    if options.json:
        print_json(to_json(found))
    elif options.csv:
        sys.stdout.write(csv_text(COLUMNS, rows(found)))
    elif options.markdown:
        print(page(found, options.lang), end="")
    else:
        console().print(*drawn(found, options.lang))
    return 0
