"""How results are drawn: for each type of result the tables and lines that `print` shows.

Results know nothing of it: `Shown`, of which they are made, asks here by the name of the type.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import TYPE_CHECKING, Any

from rich.console import RenderableType

from .cost import cost
from .cost.backward import COLUMNS as TRAINING_COLUMNS
from .cost.integers import COLUMNS as INTEGER_COLUMNS
from .cost.memory import materialised
from .cost.roofline import COLUMNS as ROOFLINE_COLUMNS
from .exercises.compared import COLUMNS as AGAINST_COLUMNS
from .models.dialect import differing_switches
from .models.dialects import dialect_at
from .quantization.comparing import COLUMNS as COMPARISON_COLUMNS
from .quantization.comparing import row_of
from .tables import Shape, Share, table
from .verify.gradcheck import COLUMNS as GRADIENT_COLUMNS

if TYPE_CHECKING:
    from .cost.backward import TrainingCost
    from .cost.count import Cost, LayerCost
    from .cost.integers import IntegerCost
    from .cost.memory import MemoryCost
    from .cost.roofline import Roofline
    from .cost.torch_count import ModuleCost
    from .engine import Engine
    from .engine.training import TrainingStep
    from .exercises.against import Against
    from .models.layers import Layer
    from .models.network_plan import Plan
    from .predicting.prediction import Prediction
    from .quantization.comparing import Comparison
    from .quantization.plan import QuantizedPlan, Step
    from .verify.gradcheck import GradientCheck


def parts(result: object, **how: Any) -> list[RenderableType]:
    """What is shown of a result, from top to bottom."""
    drawn = next(DRAWN[kind.__name__] for kind in type(result).__mro__ if kind.__name__ in DRAWN)
    return drawn(result, **how)


SUMMARY = ("layer", "type", "output", ">MACs", ">params")


def summary_rows(plan: Plan, depth: int = 2) -> list[tuple[object, ...]]:
    """Rows of SUMMARY.  depth: how much of a name is told apart, as in `Layer.group`."""
    groups: dict[str, list[tuple[Layer, LayerCost]]] = {}
    for layer, found in zip(plan.layers, cost(plan).layers, strict=True):
        groups.setdefault(layer.group(depth), []).append((layer, found))
    rows: list[tuple[object, ...]] = []
    for name, group in groups.items():
        (first, _), (last, _) = group[0], group[-1]
        blocks = len({layer.block for layer, _ in group})
        kind = "block" if name != first.name and "." in name else first.kind
        kind = f"{blocks} blocks" if blocks > 1 else kind
        macs, params = (sum(x.macs for _, x in group), sum(x.params.total for _, x in group))
        rows.append((name, kind, Shape(last.output), macs, params))
    return rows


def summary_parts(plan: Plan, *, layers: bool = False, depth: int = 2) -> list[RenderableType]:
    """What `Plan.summary` shows: block or layer, type, output shape, MACs, parameters; the totals."""
    counted = cost(plan)
    params = counted.params
    return [
        _heading(plan),
        table(SUMMARY, summary_rows(plan, 3 if layers else depth)),
        f"MACs for one image: {counted.macs:,}\n"
        f"Total params: {params.total:,}\nTrainable params: {params.trainable:,}\n"
        f"Non-trainable params: {params.bn_stats:,}",
    ]


def engine_parts(engine: Engine) -> list[RenderableType]:
    """The stages of an engine with what each costs for one image, and the memory that it holds."""
    stages, heading = engine.stages, _heading(engine.plan)
    rows = [(x.name, str(x.kind), Shape(x.output), x.macs, x.bytes) for x in stages]
    held = ", ".join(f"{what} {count / 1e6:.1f} MB" for what, count in engine.nbytes.items())
    if not stages:
        return [f"{heading}  batch {engine.batch}\nNumPy computes it, layer by layer\n{held}"]
    return [
        f"{heading}  batch {engine.batch}  threads {engine.threads}",
        table(("stage", "kind", "output", ">MACs", ">bytes"), rows),
        f"{sum(x.macs for x in stages):,} MACs in {len(stages)} stages for one image\n{held}",
    ]


def training_step_parts(step: TrainingStep) -> list[RenderableType]:
    """The layers that a training step trains or multiplies in, for the whole batch; its memory."""
    plan, batch = step.plan, step.batch
    trained = {
        layer.name: sum(
            prod(shape) for a, shape in layer.arrays.items() if f"{layer.name}.{a}" in step.trained
        )
        for layer in plan
    }
    rows = [
        (x.name, x.kind, Shape((batch, *x.output)), batch * x.macs, trained[x.name])
        for x in plan
        if x.macs or x.arrays
    ]
    return [
        f"{_heading(plan)}  batch {batch}  threads {step.threads}",
        table(("layer", "type", "output", ">forward MACs", ">trained"), rows),
        f"{sum(trained.values()):,} trained parameters in {len(step.trained)} arrays, "
        f"{step.nbytes / 1e6:.1f} MB",
    ]


def prediction_parts(prediction: Prediction) -> list[RenderableType]:
    """The most probable classes, and whether the model is in doubt."""
    rows = [(name, f"{probability:.2%}") for name, probability in prediction.top]
    doubt = ["uncertain"] if prediction.uncertain else []
    return [table(("class", ">probability"), rows), *doubt]


def _heading(plan: Plan) -> str:
    """Which network it is."""
    height, width = plan.resolution
    return (
        f"{plan.model}  width {plan.width:g}  image {height} x {width} x {plan.channels}  "
        f"dialect {plan.dialect.name}"
    )


def cost_parts(found: Cost) -> list[RenderableType]:
    """The layers that multiply, and the totals of all."""
    rows = [
        (x.name, x.type, Shape(x.input), Shape(x.output), x.macs, x.params.weights)
        for x in found.layers
        if x.macs
    ]
    params = found.params
    silent = len(found.layers) - len(rows)
    rest = f"{silent} layers without multiplications, of each layer all parameters"
    return [
        _heading(found.plan),
        table(("layer", "type", "input", "output", ">MACs", ">weights"), rows),
        f"left out, and in --csv and --json: {rest}",
        f"{found.macs:,} MACs = {found.flops:,} flops for one image ({found.convention} convention)\n"
        f"{params.trainable:,} trainable parameters: {params.weights:,} weights, "
        f"{params.bias:,} bias, {params.bn_affine:,} batch-norm scale and shift\n"
        f"{params.total:,} params with {params.bn_stats:,} running statistics",
    ]


def module_parts(found: ModuleCost) -> list[RenderableType]:
    """The layers of a module, its totals, and what was not counted."""
    rows = [
        (x.name, x.type, Shape(x.input), Shape(x.output), x.macs, x.params.total)
        for x in found.layers
        if x.macs or x.params.total
    ]
    columns = ("layer", "type", "input", "output", ">MACs", ">params")
    drawn: list[RenderableType] = [table(columns, rows)]
    drawn.append(
        f"{found.macs:,} MACs, {found.params.trainable:,} parameters, and "
        f"{found.params.bn_stats:,} running statistics: {found.params.total:,} params"
    )
    for x in found.unknown:
        drawn.append(f"NOT COUNTED: {x.name} ({x.type}), {x.calls} calls, {x.params:,} parameters")
    drawn += [f"NOT RUN: {name} has parameters and was not called" for name in found.unused]
    return drawn


def training_parts(found: TrainingCost) -> list[RenderableType]:
    """Forward and backward, layer by layer."""
    return [
        table(TRAINING_COLUMNS, found.rows(), title="MACs of one image in training"),
        found.note(),
    ]


def memory_parts(found: MemoryCost) -> list[RenderableType]:
    """What is kept, block by block; the sums; the largest maps."""
    blocks: dict[str, int] = {}
    for name, size in found.kept:
        block = found.plan[name].block
        blocks[block] = blocks.get(block, 0) + size
    rows = [(name, size, Share(size / found.tape)) for name, size in blocks.items()]
    title = f"Kept for backward: batch {found.batch}"
    return [
        table(("block", ">bytes", ">of all"), rows, title=title),
        table(("what", ">bytes", ""), found.sums(), title="Memory"),
        _maps(found.plan),
        "left out, and in --json: each kept map by itself",
    ]


def _maps(plan: Plan) -> RenderableType:
    """V2's Table 3 for this network: the widest map of each resolution, in 16-bit elements."""
    every, between = (materialised(plan, between_blocks=b) for b in (False, True))
    rows = [
        (
            f"{h} x {w}",
            *(_channels_and_size(maps.get((h, w)), h * w) for maps in (every, between)),
        )
        for h, w in every
    ]
    columns = ("map", ">widest, channels / KB", ">between blocks alone")
    return table(columns, rows, title="Largest map of each resolution, one image, 16 bits")


def _channels_and_size(channels: int | None, pixels: int) -> str:
    return f"{channels} / {channels * pixels * 2 / 1000:.1f}" if channels else ""


ROUNDED = (
    "left out, and in --json: all digits of times, rates and shares; flops and floor of each layer"
)


def roofline_parts(found: Roofline) -> list[RenderableType]:
    """Every layer, the shares of each type, and the answer."""
    return [table(ROOFLINE_COLUMNS, found.rows()), _kinds(found), found.verdict(), ROUNDED]


def _kinds(found: Roofline) -> RenderableType:
    """Shares by type of layer."""
    names = ("macs", "bytes", "floor", "time")
    rows = [(kind["type"], *(Share(kind[name]) for name in names)) for kind in found.kinds()]
    columns = ("layers", ">of all MACs", ">of all bytes", ">of the floor", ">of the time")
    return table(columns, rows, title="Where the multiplications are, and where the time is")


def gradient_parts(found: GradientCheck) -> list[RenderableType]:
    """A line for each gradient, and what it was held against."""
    return [table(GRADIENT_COLUMNS, found.cells()), *found.remarks()]


def against_parts(found: Against) -> list[RenderableType]:
    """A line for each function and witness; then what was left out, and what fails."""
    cells = found.cells()
    return [*([table(AGAINST_COLUMNS, cells)] if cells else []), *found.remarks()]


def integer_parts(found: IntegerCost) -> list[RenderableType]:
    """The steps in bytes, and the sums."""
    rows = [(*row[:2], Shape(row[2]), *row[3:]) for row in found.rows()]
    scales = "per channel" if found.per_channel else "per tensor"
    return [
        f"{_heading(found.plan)}  {found.dtype} {scales}  batch {found.batch}",
        table(INTEGER_COLUMNS, rows),
        table(("what", ">bytes", ""), found.sums(), title="Memory"),
        f"{found.macs:,} MACs for one image, as in floats",
    ]


def comparison_parts(found: Comparison, *, tensors: bool = True) -> list[RenderableType]:
    """A row for each tensor, or for the worst five; how often both networks name the same class."""
    rows = found.rows() if tensors else [row_of(x) for x in found.worst()]
    title = "" if tensors else "The tensors that lose most"
    drawn: list[RenderableType] = [table(COMPARISON_COLUMNS, rows, title=title)]
    if found.quantized.plan.include_top:
        drawn.append(
            f"floats and integers name the same class in {found.agree} of {found.images} images"
        )
    return [
        *drawn,
        f"logits {found.tensors[-1].computed:.1f} dB: signal to noise, 6 dB are one bit; stored: of the "
        "right numbers, rounded; computed: of what the integers arrive at; cut: share beyond the range",
    ]


def quantized_parts(found: QuantizedPlan) -> list[RenderableType]:
    """A row for each step: operator, what it clamps to, how its weight and its output are stored."""
    rows = [quantized_row(found, step) for step in found.steps]
    columns = ("step", "operator", "clamp", "output", ">weight scale", ">scale", ">zero")
    scales = "per channel" if found.per_channel else "per tensor"
    return [
        f"{_heading(found.plan)}  {found.dtype} {scales}  {found.rounding} rounding",
        table(columns, rows),
    ]


def quantized_row(found: QuantizedPlan, step: Step) -> tuple[object, ...]:
    """A step of `quantized_parts`; of several weight scales the least and the greatest."""
    own, weight = found[step.name], ""
    if step.weighted:
        scales = found[f"{step.name}.weight"].scale
        weight = f"{min(scales):.3g}"
        weight += f" to {max(scales):.3g}" if len(scales) > 1 else ""
    what = getattr(step.layer, "function", step.layer.kind)
    output = Shape(step.layer.output)
    ends = (f"{own.scale[0]:.4g}", own.zero_point[0])
    return (step.name, what, step.activation or "", output, weight, *ends)


def dialect_rows(version: str, names: Sequence[str]) -> list[tuple[str, ...]]:
    """(switch, value in each named dialect) for the switches in which those dialects differ."""
    settled = [dialect_at(name, version) for name in names]
    return [
        (switch, *(_setting(getattr(dialect, switch)) for dialect in settled))
        for switch in differing_switches(version, settled)
    ]


def _setting(value: object) -> str:
    """A switch's value as short as it can be said."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


DRAWN: dict[str, Callable[..., list[RenderableType]]] = {
    "Plan": summary_parts,
    "Cost": cost_parts,
    "ModuleCost": module_parts,
    "TrainingCost": training_parts,
    "MemoryCost": memory_parts,
    "Roofline": roofline_parts,
    "Engine": engine_parts,
    "TrainingStep": training_step_parts,
    "Prediction": prediction_parts,
    "GradientCheck": gradient_parts,
    "Against": against_parts,
    "Comparison": comparison_parts,
    "IntegerCost": integer_parts,
    "QuantizedPlan": quantized_parts,
}
