"""How equal a run's network of integers is to the fake-quantised one that learnt, tensor by tensor.

    python -m benchmarks.quantized_training RUN DATA [--images 64]

Both see the same test images of DATA, with the run's last weights (averaged, where it averages).
The fake-quantised network computes in float32, or with --float64 in that, and everything it puts out is
a whole number of steps from the zero point: that number is laid beside the integer.
"""

import argparse
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import npmobilenet as nm
from npmobilenet.datasets.loader import batches
from npmobilenet.datasets.splits import load_evaluation
from npmobilenet.models.network_plan import Plan
from npmobilenet.ops.checks import Array
from npmobilenet.quantization.execute import IntegerRun, execute
from npmobilenet.tables import as_text, table
from npmobilenet.training.config import Config
from npmobilenet.training.quantized.leaving import integers
from npmobilenet.training.quantized.passes import Passes
from npmobilenet.training.quantized.points import points
from npmobilenet.training.run.checkpoint import load_checkpoint

COLUMNS = (
    "tensor", ">elements", ">equal", ">largest difference, steps", ">equal, of the same integers",
)  # fmt: skip


@dataclass(frozen=True)
class Equality:
    """Of one tensor: elements, how many equal, by how many steps the others differ at most.

    alone: how many are equal where the step reads what the fake-quantised network has there, so that
    no difference is another's.
    """

    name: str
    elements: int
    equal: int
    largest: int
    alone: int


def whole_numbers(passes: Passes, params: Mapping[str, Array], x: Array) -> dict[str, Array]:
    """What the fake-quantised network puts out, as integers, by tensor."""
    kept: dict[str, Array] = {}
    passes.forward(params, x, kept=kept)
    found = {}
    for name, y in kept.items():
        grid = passes.grid(params, name)
        found[name] = np.rint(y / grid.scale).astype(np.int64) + grid.zero_point
    return found


def equalities(passes: Passes, params: Mapping[str, Array], x: Array) -> tuple[list[Equality], int]:
    """Of every tensor; and of how many images both name the same class."""
    qplan, arrays = integers(passes, params)
    ours = whole_numbers(passes, params, x)
    theirs = nm.intermediates(qplan, arrays, x.astype(np.float32))
    run, rows = IntegerRun(qplan, arrays, None), []
    for name, whole in ours.items():
        away = np.abs(whole - theirs[name].astype(np.int64))
        equal, alone = int((away == 0).sum()), away.size
        if name != "image":
            step = qplan.step(name)
            y = execute(run, step, [ours[source].astype(np.int8) for source in step.inputs])
            alone = int((y == whole).sum())
        rows.append(Equality(name, away.size, equal, int(away.max()), alone))
    a, b = ours[passes.points.low.output], theirs[passes.points.low.output]
    return rows, int((a.argmax(axis=1) == b.argmax(axis=1)).sum())


def of_run(folder: Path, data: str, count: int, dtype: Any) -> tuple[list[Equality], int, int]:
    """The same of a run's folder: rows, same classes, images."""
    model, state, _, _ = load_checkpoint(folder)
    how = Config.from_document(model.notes["config"]).quantize
    plan: Plan = model.plan
    params = {name: value.astype(dtype) for name, value in state.best_params.items()}
    passes = Passes(plan, points(plan, model.preprocessing), how)
    test = load_evaluation(data, classes=model.classes, channels=plan.channels)
    drawn = batches(test, batch_size=count, preprocessing=model.preprocessing, workers=0)
    with closing(drawn):
        x = next(drawn).x.astype(dtype)
    return *equalities(passes, params, x), len(x)


def main() -> None:
    """The table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("data")
    parser.add_argument("--images", type=int, default=64)
    parser.add_argument("--float64", action="store_true")
    given = parser.parse_args()
    dtype = np.float64 if given.float64 else np.float32
    rows, same, images = of_run(given.run, given.data, given.images, dtype)
    sums = [sum(getattr(r, what) for r in rows) for what in ("elements", "equal", "alone")]
    rows.append(Equality("all", *sums[:2], max(r.largest for r in rows), sums[2]))
    cells = [
        (
            r.name,
            f"{r.elements:,}",
            f"{r.equal / r.elements:.4%}",
            r.largest,
            f"{r.alone / r.elements:.4%}",
        )
        for r in rows
    ]
    print(as_text(table(COLUMNS, cells)))
    print(f"the same class of {same} of {images} images")


if __name__ == "__main__":
    main()
