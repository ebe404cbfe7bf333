"""python -m benchmarks.ladder: every operator of MobileNetV1 at every rung, layer by layer.

One image, float32, both directions, each of V1's layer shapes once; batch normalisation as in training.
A number is the flops of the layer (two for each multiply-accumulate) over the median time of its calls,
and in brackets that speed as a share of what the processors reach in a loop that never leaves the
registers.  Where nothing is multiplied on the papers' bill, times alone are given.

NumPy's and Numba's threads are as many as OPENBLAS_NUM_THREADS and NUMBA_NUM_THREADS say, else all.
"""

import argparse
import json
import os
import random
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from math import prod
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

import npmobilenet as nm
from npmobilenet.cli.common import console
from npmobilenet.models.execute import FORWARD, Run
from npmobilenet.models.layers import Activation, BatchNorm, Layer
from npmobilenet.models.params import init
from npmobilenet.ops.checks import Array
from npmobilenet.ops.rungs import RUNGS, SIMD
from npmobilenet.tables import Shape, markdown_text, table

from .hardware import hardware, here
from .peak import peak

Call = Callable[[], object]
LOOPS_LIMIT = 1_000_000  # multiplications, or numbers, that plain Python does in some seconds
REST = 0.1  # seconds in which the threads of the last rung stop waiting for more work
FORCED = (
    "NUMBA_CPU_NAME",
    "NUMBA_CPU_FEATURES",
    "NPMOBILENET_LANES",
)  # code for another processor than this one
CALLS = 7  # of each rung, one after the other, in a round


@dataclass(frozen=True)
class Speed:
    """One layer shape, one direction, one rung."""

    layer: str  # the first with this shape
    operator: str
    layers: int  # how many there are
    input: tuple[int, ...]
    output: tuple[int, ...]
    direction: str
    rung: str
    flops: int | None  # None where the papers count nothing
    seconds: float  # median

    @property
    def flops_per_second(self) -> float | None:
        """The speed."""
        return self.flops / self.seconds if self.flops else None


def distinct(plan: nm.Plan) -> list[tuple[Layer, int]]:
    """Layers that run an operator with rungs, each shape once, and how many there are of it."""
    found: dict[Layer, list[Layer]] = {}
    for layer in plan.layers:
        found.setdefault(replace(layer, name="", inputs=()), []).append(layer)
    return [(alike[0], len(alike)) for alike in found.values()]


def calls(layer: Layer, params: dict[str, Array], rung: str) -> dict[str, Call] | None:
    """Its forward and backward pass on one image; None where the operator does not have the rung."""
    if rung == "simd" and layer.operator not in SIMD:
        return None  # the executor would choose another
    rng = np.random.default_rng(0)
    x = rng.standard_normal((1, *layer.input), np.float32)
    trains = (
        isinstance(layer, BatchNorm) and prod(layer.input[:-1]) > 1
    )  # one pixel has no variance
    run = Run(params, trains, rung, None)

    def forward() -> tuple[Array, Any]:
        if isinstance(layer, Activation):  # the executor would choose another rung for loops
            return getattr(nm, layer.function)(x, rung=rung)  # type: ignore[no-any-return]
        return FORWARD[type(layer)](run, layer, x)

    try:
        y, cache = forward()
    except (TypeError, ValueError) as error:
        if "rung" not in str(error):
            raise
        return None
    dy = rng.standard_normal(y.shape, np.float32)
    back = getattr(nm, f"{layer.operator}_backward")
    return {"forward": forward, "backward": lambda: back(dy, cache)}


def timed(contestants: dict[str, Call], rounds: int) -> dict[str, float]:
    """Median seconds of each, in rounds of random order; each rung works alone for a few calls."""
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name in random.sample(list(contestants), len(contestants)):
            call, count = contestants[name], 1 if name == "loops" else CALLS
            time.sleep(REST)
            if name != "loops":
                call()
            for _ in range(count):
                started = time.perf_counter()
                call()
                seconds[name].append(time.perf_counter() - started)
        contestants = {name: call for name, call in contestants.items() if name != "loops"}
    return {name: median(values) for name, values in seconds.items()}


def measure(plan: nm.Plan, rungs: list[str], rounds: int) -> tuple[list[Speed], list[str]]:
    """All speeds; and what was left out, in words."""
    params, found, left_out = init(plan, 0), [], []
    for layer, count in distinct(plan):
        slow = "loops" in rungs and max(layer.macs, prod(layer.input)) > LOOPS_LIMIT
        if slow:
            left_out.append(layer.name)
        made = {
            rung: passes
            for rung in rungs
            if not (rung == "loops" and slow) and (passes := calls(layer, params, rung))
        }
        for direction, factor in (("forward", 1), ("backward", 2)):  # dx and dw
            flops = 2 * factor * layer.macs or None
            times = timed({rung: passes[direction] for rung, passes in made.items()}, rounds)
            shapes = (layer.input, layer.output)
            found += [
                Speed(layer.name, layer.operator, count, *shapes, direction, rung, flops, seconds)
                for rung, seconds in times.items()
            ]
    return found, left_out


def cell(speed: Speed | None, most: float | None) -> str:
    """ "12.3 (3 %)": GFLOP/s and share of the peak; a time where there are no flops."""
    if speed is None:
        return ""
    if speed.flops_per_second is None:
        return f"{1e6 * speed.seconds:,.0f} µs"
    gflops = speed.flops_per_second / 1e9
    if not most or gflops < 0.1:
        return f"{gflops:.2g}"
    return f"{gflops:.3g} ({100 * speed.flops_per_second / most:.1f} %)"


def rows(speeds: list[Speed], rungs: list[str], most: float | None) -> list[tuple[Any, ...]]:
    """A row for each layer and direction, a column for each rung."""
    found: dict[tuple[str, str], dict[str, Speed]] = {}
    for x in speeds:
        found.setdefault((x.layer, x.direction), {})[x.rung] = x
    return [
        (
            one.operator.removesuffix("_conv2d"),
            f"{Shape(one.input)} -> {one.output[-1]}",
            direction,
            f"{one.flops / 1e6:.1f}" if one.flops else "",
            *(cell(by_rung.get(rung), most) for rung in rungs),
        )
        for (_, direction), by_rung in found.items()
        for one in [next(iter(by_rung.values()))]
    ]


def together(speeds: list[Speed], rungs: list[str]) -> str:
    """Milliseconds of all convolutions and the classifier, each layer as often as the network has it."""
    found = []
    for rung in rungs:
        if rung != "loops":  # which some layers are too large for
            own = [x for x in speeds if x.rung == rung and x.operator in SIMD]
            ms = [
                1e3 * sum(x.seconds * x.layers for x in own if x.direction == direction)
                for direction in ("forward", "backward")
            ]
            found.append(f"{rung} {ms[0]:.1f} + {ms[1]:.1f}")
    return f"all convolutions and the classifier, ms, forward + backward: {', '.join(found)}"


def options(arguments: list[str] | None = None) -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.ladder", description=(__doc__ or "").partition("\n")[0]
    )
    add = parser.add_argument
    add("--model", choices=list(nm.MODELS), default="v1", help="(v1)")
    add("--width", type=float, default=1.0, help="(1.0)")
    add("--resolution", type=int, default=224, help="(224)")
    add("--rungs", nargs="+", choices=RUNGS, default=list(RUNGS), metavar="RUNG",
        help=f"all, or some of {' '.join(RUNGS)}")  # fmt: skip
    add("--rounds", type=int, default=5, help=f"of {CALLS} calls (5)")
    add("--json", metavar="FILE", type=Path, help="write everything, for programs")
    add("--markdown", action="store_true", help="a table for a page of the docs")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    chosen = options(arguments)
    plan = nm.plan(chosen.model, width=chosen.width, resolution=chosen.resolution)
    count = threads()
    before = peak(count)
    speeds, left_out = measure(plan, chosen.rungs, chosen.rounds)
    after = peak(count)
    most = max(before, after) if before and after else None
    columns = ("operator", "shape", "direction", ">MFLOP", *(f">{rung}" for rung in chosen.rungs))
    found = rows(speeds, chosen.rungs, most)
    limit = f"peak, {count} threads: {most / 1e9:.0f} GFLOP/s" if most else "peak: needs numba"
    words = [f"GFLOP/s, and the share of the peak; {limit}", f"on {here()}"]
    words.append(together(speeds, chosen.rungs))
    forced = [f"{name}={value}" for name, value in os.environ.items() if name in FORCED]
    if forced:
        words.append(f"with {', '.join(forced)}")
    if left_out:
        words.append(f"loops left out where they take minutes: {', '.join(left_out)}")
    if chosen.markdown:
        print(markdown_text(columns, found), *words, sep="\n")
    else:
        console().print(table(columns, found), *words, sep="\n", markup=False)
    if chosen.json:
        document = {
            **hardware(),
            "peak_flops": most,
            "threads": count,
            "forced": forced,
            "loops_left_out": left_out,
            "speeds": [asdict(x) | {"flops_per_second": x.flops_per_second} for x in speeds],
        }
        chosen.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def threads() -> int:
    """How many threads Numba's kernels have."""
    try:
        import numba
    except ImportError:
        return 1
    return int(numba.get_num_threads())


if __name__ == "__main__":
    main()
