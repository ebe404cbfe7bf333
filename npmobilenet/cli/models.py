"""npmobilenet models [NAME]."""

import argparse
import sys
from typing import Any

from ..pretrained import shipped
from ..tables import table
from .common import console, print_json


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("name", metavar="NAME", nargs="?", help="show this one's model card")
    parser.add_argument("--json", action="store_true", help="a list of JSON objects")
    parser.set_defaults(wrong_usage=parser.error)
    parser.epilog = "example: npmobilenet models"


def run(options: argparse.Namespace) -> int:
    """List the shipped models, or print a card."""
    found = shipped()
    if options.name and options.json:
        options.wrong_usage("--json is of the list; a NAME prints its model card")
    if options.name:
        if options.name not in found:
            have = f"there are {', '.join(found)}" if found else "none are shipped"
            raise ValueError(f"no shipped model is called {options.name!r}; {have}")
        sys.stdout.write(found[options.name].with_suffix(".md").read_text(encoding="utf-8"))
        return 0
    described = [_described(name) for name in found]
    if options.json:
        print_json(described)
    elif not described:
        console().print("no models are shipped with this version")
    else:
        columns = ("name", "network", ">classes", ">pixels", ">trainable", ">KB", "top-1")
        rows = [
            (m["name"], m["network"], m["classes"], m["pixels"], m["trainable"],
             round(m["bytes"] / 1000), m["accuracy"])
            for m in described
        ]  # fmt: skip
        console().print(table(columns, rows))
        console().print("left out, and in --json: sizes to the byte")
        console().print("Use one: npmobilenet predict IMAGE --weights NAME; its card: models NAME")
    return 0


def _described(name: str) -> dict[str, Any]:
    """One model's figures, all read from its own file."""
    from ..cost import cost
    from ..training.report.card import Measured
    from ..weights import load

    path, model = shipped()[name], load(name)
    measured = [Measured(**one) for one in model.notes.get("card", {}).get("accuracy", [])]
    height, width = model.plan.resolution
    return {
        "name": name,
        "network": f"{model.plan.model} {model.plan.width:g}",
        "classes": len(model.classes),
        "pixels": f"{height} x {width}",
        "trainable": cost(model.plan).params.trainable,
        "bytes": path.stat().st_size,
        "accuracy": "; ".join(
            f"{m.correct / m.count:.2%} of {m.of.removeprefix('the ')}" for m in measured
        ),
        "licence": model.notes.get("card", {}).get("licence", ""),
    }
