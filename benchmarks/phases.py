"""What a step of `nm.compile_training` spends its time on, beside what this machine allows.

Each stage of the step belongs to a phase.  A stage can be faster neither than its multiplications at the
peak, nor than what it must read and write, at the bandwidth of data of that size:

    bound = max(flops / peak, bytes / bandwidth)

The least that a convolution must read and write: forwards its input and output; backwards, where the
normalisation's gradient is made on the way, raw input and output and the output's gradient, and it
writes the input's.
"""

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from math import prod
from statistics import median
from typing import Any

import numba
import numpy as np

import npmobilenet as nm
from npmobilenet.cli.common import console
from npmobilenet.cost.machine import Machine, measure
from npmobilenet.datasets.arrays import ArrayImages
from npmobilenet.datasets.loader import batches
from npmobilenet.images.augment import Augment
from npmobilenet.images.preprocessing import Preprocessing
from npmobilenet.models.layers import BatchNorm, Conv, Dense, Depthwise, Layer, Pointwise
from npmobilenet.ops.checks import Array
from npmobilenet.tables import markdown_text, table
from npmobilenet.training.fused_optimizer import FusedOptimizer
from npmobilenet.training.optimizers import Sgd

from .cases import Case, drawn_images, drawn_params
from .combining import read, together
from .measuring import Settings
from .peers.trainer import MOMENTUM, RATE
from .peers.trainers import TRAINERS
from .report import Document, beginning, circumstances

PHASES = (
    "products, forward", "products, backward", "depthwise, forward", "depthwise, backward",
    "normalisation, coefficients", "packing and gathering", "elementwise", "loss", "optimiser",
)  # fmt: skip
WHOLE, DATA = "the step", "data, beside the step"
ROUNDS = 20


@dataclass
class Phase:
    """What the stages of a phase do together."""

    case: str
    phase: str
    seconds: float = 0.0
    flops: float = 0.0
    bytes: float = 0.0
    bound: float = 0.0  # seconds

    def add(self, seconds: float, flops: float, size: float, machine: Machine) -> None:
        """One more stage."""
        self.seconds += seconds
        self.flops += flops
        self.bytes += size
        self.bound += max(flops / machine.peak, size / machine.bandwidth(int(size)))


def phase_of(layer: Layer | None, word: str) -> str:
    """Of the stage whose name is that of `layer`, and a word."""
    if word in ("moments", "coefficients"):
        return "normalisation, coefficients"
    if word in ("pack", "transpose", "gather"):
        return "packing and gathering"
    if word in ("", "backward"):
        direction = word or "forward"
        if isinstance(layer, Conv | Pointwise | Dense):
            return f"products, {direction}"
        if isinstance(layer, Depthwise):
            return f"depthwise, {direction}"
    return "elementwise"


def work_of(plan: nm.Plan, batch: int, layer: Layer | None, word: str) -> tuple[float, float]:
    """Flops and bytes that a stage cannot do without."""
    if layer is None:  # a copy of the image or of the logits
        return 0.0, 0.0
    read, written = batch * prod(layer.input), batch * prod(layer.output)
    weights = prod(layer.arrays.get("weight", (0,)))
    if word in ("moments", "coefficients"):
        return 0.0, 0.0
    if word in ("pack", "transpose", "gather"):
        return 0.0, 4.0 * 2 * weights
    if layer.macs and not word:
        return 2.0 * layer.macs * batch, 4.0 * (read + written + weights)
    if layer.macs and word == "backward":
        normal = any(isinstance(x, BatchNorm) and layer.name in x.inputs for x in plan.layers)
        directions = 1 if "image" in layer.inputs else 2
        moved = directions * read + (2 if normal else 1) * written + 2 * weights
        return 2.0 * directions * layer.macs * batch, 4.0 * moved
    if layer.kind == "scale" and not word:  # the gates alone
        return 0.0, 0.0
    if layer.kind == "add" or word:  # two maps are read, or one read and one written
        return 0.0, 4.0 * (2 * read + (written if layer.kind == "add" else 0))
    return 0.0, 4.0 * (read + written)


def phases(case: Case, threads: int, machine: Machine, rounds: int = ROUNDS) -> list[Phase]:
    """All phases of a step of this case, the whole step and the data."""
    plan, x = case.plan, drawn_images(case.plan, case.batch)
    labels = np.random.default_rng(0).integers(0, plan.classes, case.batch)
    step = nm.compile_training(plan, drawn_params(plan), case.batch, threads)
    move = FusedOptimizer(step, Sgd(lr=RATE, momentum=MOMENTUM))
    found = {name: Phase(case.name, name) for name in (*PHASES, WHOLE, DATA)}
    logits = step(x, labels)[1].copy()
    moving = _median(lambda: move(RATE), rounds)
    losing = _median(lambda: _loss(logits, labels), rounds)
    whole = _median(lambda: (step(x, labels), move(RATE)), rounds)
    stages = step.time_stages(x, labels, rounds)
    # stages are timed in threads' own clocks: together they take what loss and optimiser leave
    scale = (whole - moving - losing) / sum(stages.values())
    layers = {layer.name: layer for layer in plan.layers}
    for name, seconds in stages.items():
        called, _, word = name.partition(" ")[2].partition(" ")
        layer = layers.get(called)
        work = work_of(plan, case.batch, layer, word)
        found[phase_of(layer, word)].add(scale * seconds, *work, machine)
    # weights, gradients and velocities are read, weights and velocities written
    elements = sum(map(prod, plan.parameters.values()))
    found["optimiser"].add(moving, 4.0 * elements, 4.0 * 5 * elements, machine)
    found["loss"].add(losing, 0.0, 4.0 * 2 * logits.size, machine)
    for name in PHASES:
        part, all_ = found[name], found[WHOLE]
        all_.flops, all_.bytes = all_.flops + part.flops, all_.bytes + part.bytes
        all_.bound += part.bound
    found[WHOLE].seconds = whole
    found[DATA].add(_data(case, rounds), 0.0, 5.0 * x.size, machine)  # uint8 in, float32 out
    return list(found.values())


def _loss(logits: Array, labels: Array) -> Array:
    _, cache = nm.softmax_cross_entropy(logits, labels)
    return nm.softmax_cross_entropy_backward(1.0, cache)


def _data(case: Case, rounds: int) -> float:
    """Seconds for a batch of images in memory: shifted, mirrored, normalised, in one thread."""
    shape = (case.batch, *case.plan.resolution, case.plan.channels)
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    images = ArrayImages(pixels, np.zeros(case.batch, np.int64), ("one",))
    how = Preprocessing(
        resolution=case.plan.resolution, resize=None, channels=3, mean=(0.5,) * 3, std=(0.5,) * 3
    )
    varied = Augment(flip=0.5, shift=4)

    def make() -> None:
        next(batches(images, batch_size=case.batch, preprocessing=how, augmentation=varied))

    return _median(make, rounds)


def _median(call: Callable[[], Any], rounds: int) -> float:
    seconds = []
    for _ in range(1 + rounds):
        started = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - started)
    return median(seconds[1:])


COLUMNS = ("phase", ">ms", ">share", ">GFLOP/s", ">GB/s", ">bound ms", ">bound/took")


def rows(found: list[Document]) -> list[tuple[str, ...]]:
    """A row for each phase of one case."""
    whole = next(x["seconds"] for x in found if x["phase"] == WHOLE)
    return [
        (
            x["phase"],
            f"{1e3 * x['seconds']:.3f}",
            "" if x["phase"] == DATA else f"{100 * x['seconds'] / whole:.0f} %",
            f"{x['flops'] / x['seconds'] / 1e9:.0f}" if x["flops"] else "",
            f"{x['bytes'] / x['seconds'] / 1e9:.1f}" if x["bytes"] else "",
            f"{1e3 * x['bound']:.3f}" if x["bound"] else "",
            f"{100 * x['bound'] / x['seconds']:.0f} %" if x["bound"] else "",
        )
        for x in found
        if x["seconds"]
    ]


def run(cases: list[Case], chosen: argparse.Namespace) -> None:
    """Measure or read, print and write."""
    try:
        document = _combined(read(chosen.runs)) if chosen.runs else _measured(cases, chosen)
    except (OSError, ValueError) as error:
        raise SystemExit(str(error)) from None
    if chosen.json:
        chosen.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    for found in together([document], "phases", lambda x: x["case"]):
        if chosen.markdown:
            print(f"### {found[0]['case']}\n\n{markdown_text(COLUMNS, rows(found))}")
        else:
            console().print(table(COLUMNS, rows(found), title=found[0]["case"]))
    print(f"Peak: {document['peak_flops'] / 1e9:.0f} GFLOP/s from registers.")
    print(circumstances(document), end="")


def _measured(cases: list[Case], chosen: argparse.Namespace) -> Document:
    settings = Settings(chosen.threads, chosen.rounds)
    numba.set_num_threads(min(chosen.threads, numba.config.NUMBA_NUM_THREADS))
    machine = measure()
    found = [x for case in cases for x in phases(case, chosen.threads, machine, chosen.rounds)]
    return beginning([TRAINERS["ours"]], {}, settings) | {
        "rivals": [],
        "peak_flops": machine.peak,
        "machine": machine.to_json(),
        "phases": [asdict(x) for x in found],
    }


def _combined(documents: list[Document]) -> Document:
    """Medians over several runs."""
    if not all("phases" in document for document in documents):
        raise ValueError("--phases --runs: expected files that --phases --json wrote")
    same = together(documents, "phases", lambda x: (x["case"], x["phase"]))
    return documents[0] | {
        "runs": len(documents),
        "peak_flops": median(x["peak_flops"] for x in documents),
        "phases": [
            found[0] | {name: median(x[name] for x in found) for name in ("seconds", "bound")}
            for found in same
        ],
    }
