"""python -m benchmarks.steps: a whole training step, on each rung of the ladder and compiled.

Forward pass, loss and backward pass, without an optimiser, float32.  The plain executor runs every
operator on the rung that is named; the rung simd has the convolutions and the dense layer, beside it the
others run compiled by Numba.
"""

import argparse
from functools import partial

import numpy as np

import npmobilenet as nm
from npmobilenet.cli.common import console
from npmobilenet.ops.rungs import RUNGS
from npmobilenet.tables import markdown_text, table

from .hardware import here
from .ladder import Call, threads, timed


def measure(plan: nm.Plan, batch: int, rounds: int) -> dict[str, float]:
    """Median seconds of a step, by what runs it."""
    params, rng = nm.init(plan, 0), np.random.default_rng(0)
    x = rng.standard_normal((batch, *plan.resolution, plan.channels), np.float32)
    labels = rng.integers(0, plan.classes, batch)

    def plain(rung: str) -> object:
        draws = np.random.default_rng(0)
        logits, tape, _ = nm.forward(plan, params, x, train=True, rung=rung, rng=draws)
        _, cache = nm.softmax_cross_entropy(logits, labels)
        return nm.backward(plan, nm.softmax_cross_entropy_backward(1.0, cache), tape)

    compiled = nm.compile_training(plan, params, batch)
    contestants: dict[str, Call] = {f"rung {rung}": partial(plain, rung) for rung in RUNGS[1:]}
    contestants["compiled step"] = lambda: compiled(x, labels, rng=np.random.default_rng(0))
    return timed(contestants, rounds)


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.steps", description=(__doc__ or "").partition("\n")[0]
    )
    add = parser.add_argument
    add("--model", choices=list(nm.MODELS), default="v1", help="(v1)")
    add("--width", type=float, default=0.25, help="(0.25)")
    add("--resolution", type=int, default=128, help="(128)")
    add("--batch", type=int, default=16, help="images (16)")
    add("--rounds", type=int, default=5, help="of some calls (5)")
    add("--markdown", action="store_true", help="a table for a page of the docs")
    chosen = parser.parse_args(arguments)
    plan = nm.plan(chosen.model, width=chosen.width, resolution=chosen.resolution)
    found = measure(plan, chosen.batch, chosen.rounds)
    slowest = max(found.values())
    rows = [
        (name, f"{1e3 * s:.1f}", f"{chosen.batch / s:.0f}", f"{slowest / s:.1f}")
        for name, s in found.items()
    ]
    columns = ("", ">ms", ">images/s", ">times as fast")
    words = f"{plan.model} {plan.width:g}/{plan.resolution[0]}, batch {chosen.batch}, {threads()} threads"
    words += f"\non {here()}"
    if chosen.markdown:
        print(markdown_text(columns, rows), words, sep="\n")
    else:
        console().print(table(columns, rows), words, sep="\n", markup=False)


if __name__ == "__main__":
    main()
