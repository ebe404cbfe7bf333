"""A network that a verb measures: of a model, by its name or table, or in weights, of integers too."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ..models.registry import MODELS
from ..ops.checks import nearest
from .options import MODEL_HELP, add_sha256, plan_of

if TYPE_CHECKING:
    from ..models.network_plan import Plan
    from ..weights import Model

# what describes a plan that is no file's, and its value where nobody asked
PLAN_OPTIONS = {
    "width": None,
    "divisor": None,
    "resolution": None,
    "classes": None,
    "no_top": False,
    "dialect": None,
}


def add_network(parser: argparse.ArgumentParser) -> None:
    """MODEL as the first argument, weights as well, and --from."""
    parser.add_argument(
        "model",
        metavar="MODEL",
        help=f"{MODEL_HELP}; or a run's folder or a file of weights, of integers too",
    )
    parser.add_argument(
        "--from",
        dest="family",
        default="",
        metavar="FAMILY",
        help="who wrote the file of weights, as in `weights import` (found out for .tflite)",
    )
    add_sha256(parser)
    parser.set_defaults(wrong_usage=parser.error)


def network_of(options: argparse.Namespace) -> "tuple[Plan, Model | None]":
    """The plan that is asked for, and the model it is of where that is one with weights."""
    name = options.model
    if name in MODELS or Path(name).suffix.lower() == ".toml":
        for flag, given in (("--from", options.family), ("--sha256", options.sha256)):
            if given:
                options.wrong_usage(f"{flag}: not for {name}")
        return plan_of(options), None
    if not has_weights(name):
        known = f"{', '.join(MODELS)}, a .toml file, a run or a file of weights"
        options.wrong_usage(
            f"argument MODEL: expected one of {known}, found {name!r}; "
            f"did you mean {nearest(name, MODELS)}?"
        )
    for setting, absent in PLAN_OPTIONS.items():
        if getattr(options, setting) != absent:
            options.wrong_usage(
                f"--{setting.replace('_', '-')}: not for {name}, whose network is known"
            )
    from ..weights.by_name import read_weights

    family = options.family or ("tflite" if Path(name).suffix.lower() == ".tflite" else "")
    model = read_weights(name, family, sha256=options.sha256)
    return model.plan, model


def has_weights(name: str) -> bool:
    """Whether there is a run, a file or an official name that weights could be read from."""
    from ..weights.native import weight_file
    from ..weights.sources import SOURCES

    return name in SOURCES or Path(name).exists() or weight_file(name).is_file()
