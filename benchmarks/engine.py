"""python -m benchmarks.engine --layers: each stage of the engine beside what this machine allows.

A stage can be faster neither than its multiplications at the peak, nor than its bytes, read and written
once, at the bandwidth of data of their size:

    bound = max(2 macs / peak, bytes / bandwidth)
"""

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Protocol

import numba

import npmobilenet as nm
from npmobilenet.cli.common import console
from npmobilenet.cost.machine import Machine, measure
from npmobilenet.ops.checks import Array
from npmobilenet.tables import markdown_text, table

from .cases import Case, drawn_images, drawn_params, parsed
from .hardware import hardware, here


class Stage(Protocol):
    """What the engine tells of one of its stages, for one image."""

    @property
    def name(self) -> str: ...

    @property
    def macs(self) -> int: ...

    @property
    def bytes(self) -> int:
        """Read and written."""


class Engine(Protocol):
    """What is needed of `npmobilenet.compile`'s result."""

    @property
    def stages(self) -> Sequence[Stage]:
        """In the order in which they run."""

    def __call__(self, x: Array) -> Array: ...

    def time_stages(self, x: Array, rounds: int) -> list[float]:
        """Seconds of each stage."""


@dataclass(frozen=True)
class Timed:
    """One stage."""

    name: str
    macs: int
    bytes: int
    compute: float  # seconds that the multiplications take at the peak
    memory: float  # seconds that the bytes take at the bandwidth
    seconds: float  # measured

    @property
    def bound(self) -> float:
        """Seconds that it cannot undercut."""
        return max(self.compute, self.memory)


def timed_stages(engine: Engine, machine: Machine, x: Array, rounds: int) -> list[Timed]:
    """Every stage, measured, beside its bound."""
    times = engine.time_stages(x, rounds)
    return [
        Timed(
            stage.name,
            stage.macs,
            stage.bytes,
            2 * stage.macs / machine.peak,
            stage.bytes / machine.bandwidth(stage.bytes),
            seconds,
        )
        for stage, seconds in zip(engine.stages, times, strict=True)
    ]


def whole(engine: Engine, x: Array, rounds: int) -> float:
    """Median seconds of a call."""
    seconds = []
    for _ in range(rounds + 3):
        started = time.perf_counter()
        engine(x)
        seconds.append(time.perf_counter() - started)
    return median(seconds[3:])


COLUMNS = (
    "stage",
    ">MMACs",
    ">KiB",
    "bound by",
    ">bound µs",
    ">took µs",
    ">bound/took",
    ">of peak",
)


def rows(stages: list[Timed], peak: float) -> list[tuple[str, ...]]:
    """A row for each stage."""
    return [
        (
            x.name,
            f"{x.macs / 1e6:.2f}",
            f"{x.bytes / 2**10:.0f}",
            "compute" if x.compute >= x.memory else "memory",
            f"{1e6 * x.bound:.1f}",
            f"{1e6 * x.seconds:.1f}",
            f"{100 * x.bound / x.seconds:.0f} %",
            f"{100 * 2 * x.macs / x.seconds / peak:.0f} %",
        )
        for x in stages
    ]


def verdict(stages: list[Timed], machine: Machine, seconds: float) -> str:
    """The sums."""
    macs, bound = sum(x.macs for x in stages), sum(x.bound for x in stages)
    return (
        f"A call takes {1e3 * seconds:.2f} ms, {100 * 2 * macs / seconds / machine.peak:.0f} % of the "
        f"peak of {machine.peak / 1e9:.0f} GFLOP/s; its stages alone "
        f"{1e3 * sum(x.seconds for x in stages):.2f} ms, their bounds {1e3 * bound:.2f} ms."
    )


def options(arguments: list[str] | None = None) -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.engine", description=(__doc__ or "").partition("\n")[0]
    )
    add = parser.add_argument
    add("model", nargs="?", type=parsed, default=parsed("v1"), metavar="MODEL[:WIDTH[:RESOLUTION]]",
        help="(v1)")  # fmt: skip
    add("--layers", action="store_true", help="every stage, not the whole call alone")
    add("--threads", type=int, default=2, help="(2)")
    add("--rounds", type=int, default=50, help="calls (50)")
    add("--json", metavar="FILE", type=Path, help="write everything, for programs")
    add("--markdown", action="store_true", help="a table for a page of the docs")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    chosen = options(arguments)
    model, width, resolution = chosen.model
    case = Case(model=model, width=width, resolution=resolution)
    plan, x = case.plan, drawn_images(case.plan, 1)
    engine: Engine = nm.compile(plan, drawn_params(plan), threads=chosen.threads)
    # as many as the machine is then measured with
    numba.set_num_threads(min(chosen.threads, numba.config.NUMBA_NUM_THREADS))
    machine, seconds = measure(), whole(engine, x, chosen.rounds)
    stages = timed_stages(engine, machine, x, chosen.rounds)
    found = rows(stages, machine.peak)
    words = f"{case.name}. {verdict(stages, machine, seconds)}\non {here()}"
    if chosen.markdown:
        print(*([markdown_text(COLUMNS, found)] if chosen.layers else []), words, sep="\n")
    else:
        parts = [table(COLUMNS, found)] if chosen.layers else []
        console().print(*parts, words, sep="\n", markup=False)
    if chosen.json:
        document = {
            **asdict(case),
            **hardware(),
            "machine": machine.to_json(),
            "seconds": seconds,
            "stages": [asdict(x) | {"bound": x.bound} for x in stages],
        }
        chosen.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
