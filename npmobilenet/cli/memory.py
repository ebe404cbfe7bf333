"""npmobilenet memory MODEL."""

import argparse
from typing import Any

from ..cost.backward import OPTIMIZER_STATE
from ..cost.integers import COLUMNS, integer_cost
from ..cost.memory import memory_cost
from ..tables import Shape
from .common import add_formats, console, write_table
from .options import add_model, add_plan_options, plan_of


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    add_model(parser)
    add_plan_options(parser)
    parser.add_argument("--batch", type=int, default=1, help="images at a time (1)")
    parser.add_argument(
        "--dtype",
        default="float32",
        choices=("float32", "float64", "int8", "uint8"),
        help="of every element (float32); int8, uint8: of the quantised network, step by step",
    )
    parser.add_argument(
        "--per-tensor", action="store_true", help="int8: one scale a weight, not one a channel"
    )
    parser.add_argument(
        "--optimizer", default="sgd", choices=list(OPTIMIZER_STATE), help="whose state counts (sgd)"
    )
    parser.add_argument(
        "--engine", action="store_true", help="what the compiled network holds, instead"
    )
    add_formats(parser)
    parser.epilog = """\
example: npmobilenet memory v2 --batch 32 --optimizer adam
         npmobilenet memory v2 --width 0.35 --resolution 96 --dtype int8"""


def run(options: argparse.Namespace) -> int:
    """Print what running and training the plan takes."""
    if options.dtype in ("int8", "uint8"):
        return _integers(options)
    if options.engine:
        rows, document = _engine(options)
        write_table(options, ("what", ">bytes", "remark"), rows, document)
        return 0
    found = memory_cost(
        plan_of(options), batch=options.batch, dtype=options.dtype, optimizer=options.optimizer
    )
    if options.json or options.csv or options.markdown:
        write_table(options, ("what", ">bytes", "remark"), found.sums(), found.to_json())
    else:
        console().print(*found.parts(), sep="\n")
    return 0


def _integers(options: argparse.Namespace) -> int:
    """Bytes of the quantised network."""
    how: dict[str, Any] = {
        "batch": options.batch,
        "dtype": options.dtype,
        "per_channel": not options.per_tensor,
    }
    found = integer_cost(plan_of(options), **how)
    if options.json or options.csv or options.markdown:
        rows = [(*row[:2], Shape(row[2]), *row[3:]) for row in found.rows()]
        write_table(options, COLUMNS, rows, found.to_json(), sums=True)
    else:
        console().print(*found.parts(), sep="\n")
    return 0


def _engine(options: argparse.Namespace) -> tuple[list[tuple[str, int, str]], dict[str, int]]:
    """Bytes of the engine for the plan, and of the maps that the reference executor has at its peak."""
    from ..engine import compile
    from ..models import init

    plan = plan_of(options)
    held = compile(plan, init(plan, 0), options.batch).nbytes
    plain = memory_cost(plan, batch=options.batch).inference_peak
    remarks = {
        "weights": "batch normalisation folded, packed into panels",
        "maps": "all values of one image, taking turns; of the head for all images",
        "bands": "between two layers that are done band by band, for each thread",
        "rest": "results, tables, counters",
    }
    rows = [(name, size, remarks[name]) for name, size in held.items()]
    rows.append(("all", sum(held.values()), ""))
    rows.append(("reference executor", plain, "its peak, for comparison with maps and bands"))
    return rows, held | {"all": sum(held.values()), "plain_executor": plain}
