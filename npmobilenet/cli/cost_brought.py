"""What `npmobilenet cost` takes besides a model's name: runs, weights, graphs, PyTorch modules."""

import argparse
from pathlib import Path
from typing import Any

from ..cost.examples import IMAGE, Example, parsed
from ..cost.torch_count import ModuleCost
from ..models.network_plan import Plan
from ..models.network_plan import plan as make_plan
from ..models.registry import MODELS
from ..tables import Shape
from . import networks
from .common import console, write_table
from .options import MODEL_HELP, add_sha256, plan_of
from .streams import complain

PLAN_OPTIONS = {
    name: value for name, value in networks.PLAN_OPTIONS.items() if name != "resolution"
}


def configure(parser: argparse.ArgumentParser) -> None:
    """MODEL, and what has to be said of one that is brought."""
    parser.add_argument(
        "model",
        metavar="MODEL",
        help=f"{MODEL_HELP}; or a run's folder, a file of weights, an ONNX file, or a PyTorch "
        "module: FILE.py:NAME, which runs that file, or PACKAGE:NAME; NAME is a class without arguments, "
        "a function that returns a module, or a module",
    )
    brought = parser.add_argument_group("of what is brought")
    brought.add_argument(
        "--input",
        action="append",
        type=_input,
        metavar="SHAPE",
        help="of a module or an ONNX file: what it is run on, 1x3x224x224 or 1x16:int64; once for each "
        "input (1x3x224x224)",
    )
    brought.add_argument(
        "--from",
        dest="family",
        default="",
        metavar="FAMILY",
        help="who wrote the file of weights, as in `weights import` (found out)",
    )
    add_sha256(brought)
    parser.set_defaults(complain=parser.error)


def _input(text: str) -> Example:
    try:
        return parsed(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def subject(options: argparse.Namespace) -> Plan | ModuleCost:
    """The plan that is asked for, or the cost of what is brought and is none."""
    name = options.model
    if name in MODELS or Path(name).suffix.lower() == ".toml":
        _refuse(options, name, "input", "family", "sha256")
        return plan_of(options)
    if _is_module(name) or Path(name).suffix.lower() == ".onnx":
        _refuse(options, name, "family", "sha256", "resolution", *PLAN_OPTIONS)
        if options.params or options.training:
            view = "--params" if options.params else "--training"
            options.complain(f"{view}: not for {name}, only for networks of this project")
        return _counted(options)
    if not networks.has_weights(name):
        options.complain(
            f"argument MODEL: invalid choice: {name!r} (choose from {', '.join(MODELS)}; or a run, a "
            "file, FILE.py:NAME, PACKAGE:NAME)"
        )
    return _plan(options)


def _is_module(name: str) -> bool:
    from ..cost.references import is_reference

    return is_reference(name) and not Path(name).is_dir()


def _counted(options: argparse.Namespace) -> ModuleCost:
    from ..counting import count

    inputs = tuple(options.input or ())
    try:
        found = count(options.model, inputs)
    except (ImportError, TypeError) as error:
        raise ValueError(str(error)) from None
    assert isinstance(found, ModuleCost)
    if not inputs and _is_module(options.model):
        complain(f"note: run on {Shape(IMAGE.shape)}; --input says otherwise")
    return found


def _plan(options: argparse.Namespace) -> Plan:
    """The plan of a run or of weights, at another resolution where that is asked."""
    from ..counting import network_in
    from ..quantization.plan import QuantizedPlan
    from ..weights.by_name import check_weights

    _refuse(options, options.model, "input", *PLAN_OPTIONS)
    check_weights(options.model, options.sha256)
    plan = network_in(options.model, options.family)
    if isinstance(plan, QuantizedPlan):
        complain(
            f"note: of {plan.dtype} integers; `npmobilenet memory {options.model}` has their bytes"
        )
        plan = plan.plan
    if options.resolution is None:
        return plan
    return make_plan(**plan.asked | {"resolution": options.resolution})


def _refuse(options: argparse.Namespace, name: str, *settings: str) -> None:
    """An error of usage where an option was given that says nothing of what is counted."""
    for setting in settings:
        if getattr(options, setting) not in (PLAN_OPTIONS.get(setting), None, ""):
            flag = {"family": "--from"}.get(setting, f"--{setting.replace('_', '-')}")
            options.complain(f"{flag}: not for {name}")


def write(options: argparse.Namespace, found: ModuleCost) -> None:
    """Its table; rows alone in CSV and Markdown."""
    if not (options.json or options.csv or options.markdown):
        console().print(*found.parts(), sep="\n")
        return
    rows: list[tuple[Any, ...]] = [
        (x.name, x.type, Shape(x.input), Shape(x.output), x.macs, x.params.total)
        for x in found.layers
    ]
    columns = ("layer", "type", "input", "output", ">MACs", ">params")
    write_table(options, columns, rows, found.to_json(), sums=True)
