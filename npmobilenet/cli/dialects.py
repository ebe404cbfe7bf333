"""npmobilenet dialects VERSION."""

import argparse
from dataclasses import asdict

from ..models.dialect import VERSIONS
from ..models.dialects import DIALECTS, dialect_at
from ..tables import dialect_rows, table
from .common import console, print_json


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("version", choices=VERSIONS, help="of MobileNet")
    parser.add_argument(
        "names", nargs="*", metavar="DIALECT", help="those to compare (all that have the version)"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.epilog = "example: npmobilenet dialects v3 keras torchvision timm"


def run(options: argparse.Namespace) -> int:
    """Print the switches in which they differ."""
    having = [name for name, d in DIALECTS.items() if options.version in d.versions]
    names = options.names or having
    if options.json:
        print_json({name: asdict(dialect_at(name, options.version)) for name in names})
    elif options.names:
        console().print(table(("switch", *names), dialect_rows(options.version, names)))
    else:  # too many for one line each: one dialect under the other, against the first
        for name in names[1:]:
            pair = (names[0], name)
            console().print(table(("switch", *pair), dialect_rows(options.version, pair)))
    return 0
