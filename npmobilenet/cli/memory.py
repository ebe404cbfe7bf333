"""npmobilenet memory MODEL."""

import argparse
from typing import TYPE_CHECKING, Any

from ..cost.backward import OPTIMIZER_STATE
from ..cost.integers import COLUMNS, integer_cost
from ..cost.memory import memory_cost
from ..models.network_plan import Plan
from ..quantization.plan import QuantizedPlan
from ..tables import Shape
from .common import add_formats, console, write_table
from .networks import add_network, network_of
from .options import add_plan_options

if TYPE_CHECKING:
    from ..weights import Model


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    add_network(parser)
    add_plan_options(parser)
    parser.add_argument("--batch", type=int, default=1, help="images at a time (1)")
    parser.add_argument(
        "--dtype",
        choices=("float32", "float64", "int8", "uint8"),
        help="of every element (float32, or what a file of integers has); int8, uint8: of the quantised "
        "network, step by step",
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
         npmobilenet memory v2 --width 0.35 --resolution 96 --dtype int8
         npmobilenet memory flowers-int8.safetensors"""


def run(options: argparse.Namespace) -> int:
    """Print what running and training the plan takes."""
    plan, model = network_of(options)
    quantized = model.quantized if model else None
    if quantized and options.dtype not in (None, quantized.dtype):
        options.wrong_usage(f"--dtype: {options.model} is of {quantized.dtype}")
    if options.engine:
        rows, document = _engine(options, plan, model)
        write_table(options, ("what", ">bytes", "remark"), rows, document)
        return 0
    if quantized or options.dtype in ("int8", "uint8"):
        return _integers(options, quantized or plan)
    found = memory_cost(
        plan, batch=options.batch, dtype=options.dtype or "float32", optimizer=options.optimizer
    )
    if options.json or options.csv or options.markdown:
        write_table(options, ("what", ">bytes", "remark"), found.sums(), found.to_json())
    else:
        console().print(*found.parts(), sep="\n")
    return 0


def _integers(options: argparse.Namespace, network: Plan | QuantizedPlan) -> int:
    """Bytes of the quantised network."""
    how: dict[str, Any] = {"batch": options.batch, "per_channel": not options.per_tensor}
    found = integer_cost(network, dtype=options.dtype or "int8", **how)
    if options.json or options.csv or options.markdown:
        rows = [(*row[:2], Shape(row[2]), *row[3:]) for row in found.rows()]
        write_table(options, COLUMNS, rows, found.to_json(), sums=True)
    else:
        console().print(*found.parts(), sep="\n")
    return 0


def _engine(
    options: argparse.Namespace, plan: Plan, model: "Model | None"
) -> tuple[list[tuple[str, int, str]], dict[str, int]]:
    """Bytes of the engine for the plan, and of the maps that the reference executor has at its peak."""
    from ..engine import compile
    from ..models import init

    network, params = (model.network, model.params) if model else (plan, init(plan, 0))
    held = compile(network, params, options.batch).nbytes
    if isinstance(network, QuantizedPlan):
        plain = integer_cost(network, batch=options.batch).arena
    else:
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
