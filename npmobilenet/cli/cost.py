"""npmobilenet cost MODEL, or whatever else somebody brings."""

import argparse

from ..cost import cost
from ..cost.backward import COLUMNS, training_cost
from ..cost.brought import Brought, Subject
from ..cost.by_convention import all_totals, counted, reasons
from ..cost.conventions import CONVENTIONS, convention_named
from ..cost.explain import explain
from ..cost.parameters import parameter_rows, parameter_sums
from ..cost.torch_count import ModuleCost
from ..evidence.v1_report import paper_parts
from ..models.network_plan import Plan
from ..tables import Shape
from . import cost_brought
from .common import add_formats, console, write_table
from .options import add_plan_options

EXAMPLES = """\
example: npmobilenet cost v1 --width 0.75 --resolution 192 --json
         npmobilenet cost v3-small --convention all
         npmobilenet cost v3-small --convention fvcore
         npmobilenet cost v3-small --explain paper fvcore
         npmobilenet cost v1 --params
         npmobilenet cost v1 --training
         npmobilenet cost my_net.py:Net --input 1x3x96x96
         npmobilenet cost model.onnx --explain paper ptflops"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    cost_brought.configure(parser)
    add_plan_options(parser)
    views = parser.add_mutually_exclusive_group()
    views.add_argument(
        "--convention",
        choices=[*CONVENTIONS, "all"],
        metavar="A",
        help=f"count as one of {', '.join(CONVENTIONS)} does; all: their totals side by side",
    )
    views.add_argument(
        "--explain",
        nargs=2,
        choices=list(CONVENTIONS),
        metavar=("A", "B"),
        help="what leads from convention A's totals to B's, line by line",
    )
    views.add_argument(
        "--params", action="store_true", help="parameters in parts, and who reports which sum"
    )
    views.add_argument(
        "--training", action="store_true", help="forward and backward pass of a training step"
    )
    add_formats(parser)
    parser.epilog = EXAMPLES


def run(options: argparse.Namespace) -> int:
    """Print what the plan costs, or what is brought."""
    plan = cost_brought.subject(options)
    if isinstance(plan, ModuleCost):
        return _brought(options, plan)
    if options.explain:
        _explain(options, plan)
    elif options.params:
        _params(options, plan)
    elif options.training:
        found = training_cost(plan)
        write_table(options, COLUMNS, found.rows(), found.to_json(), notes=found.note(), sums=True)
    elif options.convention == "all":
        _all(options, plan)
    elif options.convention:
        _convention(options, plan)
    else:
        _paper(options, plan)
    return 0


def _brought(options: argparse.Namespace, found: ModuleCost) -> int:
    """The same views, of what is no plan."""
    if options.explain:
        _explain(options, found.brought)
    elif options.convention == "all":
        _all(options, found.brought)
    elif options.convention:
        _convention(options, found.brought)
    else:
        cost_brought.write(options, found)
    return 0


def _paper(options: argparse.Namespace, plan: Plan) -> None:
    """Every layer as the papers count, and what they print themselves."""
    found = cost(plan)
    if not (options.json or options.csv or options.markdown):
        console().print(*found.parts(), *paper_parts(found), sep="\n")
        return
    rows = [
        (
            x.name, x.type, Shape(x.input), Shape(x.output), x.macs,
            x.params.weights, x.params.total,
        )
        for x in found.layers
    ]  # fmt: skip
    columns = ("layer", "type", "input", "output", ">MACs", ">weights", ">params")
    write_table(options, columns, rows, found.to_json(), sums=True)


def _convention(options: argparse.Namespace, plan: Subject) -> None:
    """Every layer in one convention."""
    found = counted(plan, options.convention)
    total, unit = found.totals, found.convention.unit
    apart = not isinstance(plan, Brought)  # height, width and channels; tensors may have any axes
    shapes = Shape if apart else lambda shape: str(Shape(shape))
    rows = [
        (x.name, x.type, shapes(x.input), shapes(x.output), x.ops, x.params)
        for x in found.layers
        if x.ops or x.params
    ]
    columns = ("layer", "type", "input", "output", f">{unit}", ">params")
    notes = (
        f"{total.ops:,} {unit} and {total.params:,} parameters for {_whom(plan)}\n"
        f"{reasons(found.convention, plan)}"
    )
    write_table(options, columns, rows, _asked(plan) | found.to_json(), notes=notes, sums=True)


def _all(options: argparse.Namespace, plan: Subject) -> None:
    """The totals of all conventions."""
    found = all_totals(plan)
    rows = [(x.convention, x.ops, x.unit, x.params) for x in found]
    document = _asked(plan) | {"totals": [vars(x) for x in found]}
    write_table(options, ("convention", ">operations", "of", ">parameters"), rows, document)


def _explain(options: argparse.Namespace, plan: Subject) -> None:
    """Two tables, operations and parameters; in CSV one, with a column that says which."""
    first, second = options.explain
    found = explain(plan, first, second)
    columns = ("what", ">quantity", f">{first}", f">{second}", ">difference", ">total")
    if options.csv or options.json:
        rows = [("operations", *row) for row in found.rows()]
        rows += [("parameters", *row) for row in found.rows(params=True)]
        document = _asked(plan) | found.to_json()
        write_table(options, ("of", *columns), rows, document)
        return
    write_table(options, columns, found.rows(), title=f"Operations: from {first} to {second}")
    if options.markdown:
        print()
    named = dict.fromkeys((first, second))
    write_table(
        options,
        columns,
        found.rows(params=True),
        title=f"Parameters: from {first} to {second}",
        notes="\n".join(reasons(convention_named(name), plan) for name in named),
    )


def _params(options: argparse.Namespace, plan: Plan) -> None:
    """Parts and sums."""
    sums = parameter_sums(plan)
    columns = ("what", *(f">{head}" for head in sums[0].counts), ">million", "reported by")
    document = _asked(plan) | {"sums": [x.to_json() for x in sums]}
    write_table(options, columns, parameter_rows(sums, plan), document)


def _whom(plan: Subject) -> str:
    return "the example" if isinstance(plan, Brought) else "one image"


def _asked(plan: Subject) -> dict[str, object]:
    """What a document says first: which network."""
    if isinstance(plan, Brought):
        return {"name": plan.name}
    asked = {key: getattr(plan, key) for key in ("model", "width", "resolution", "classes")}
    return asked | {"dialect": plan.dialect.name}
