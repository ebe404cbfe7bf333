"""npmobilenet dialects VERSION [DIALECT ...]."""

import argparse
from dataclasses import asdict

from ..drawing import dialect_rows
from ..models.dialect import VERSIONS
from ..models.dialects import DIALECTS, dialect_at
from .common import add_formats, write_table

USUAL = ("paper", "tf-slim", "keras", "torchvision", "timm", "paddle")  # one of each family


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("version", choices=VERSIONS, help="of MobileNet")
    parser.add_argument(
        "names",
        nargs="*",
        metavar="DIALECT",
        help=f"those to compare, one with the paper's, of {', '.join(DIALECTS)} (the families')",
    )
    add_formats(parser, json="one JSON object, every switch of each")
    parser.epilog = "example: npmobilenet dialects v3 keras torchvision timm"


def run(options: argparse.Namespace) -> int:
    """Print the switches in which they differ."""
    version = options.version
    names = options.names or [x for x in USUAL if version in DIALECTS[x].versions]
    if len(names) == 1 and names != ["paper"]:
        names = ["paper", *names]
    document = {name: asdict(dialect_at(name, version)) for name in names}
    rows = dialect_rows(version, names)
    same = document[names[0]].keys() - {row[0] for row in rows}
    left_out = f"the switches in which they do not differ, {', '.join(sorted(same))}"
    write_table(options, ("switch", *names), rows, document, left_out=left_out)
    return 0
