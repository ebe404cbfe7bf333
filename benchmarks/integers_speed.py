"""Milliseconds of networks at batch 1, in turns: ours in integers, LiteRT, ours in float32."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

import numpy as np
from ai_edge_litert.interpreter import Interpreter

import npmobilenet as nm
from npmobilenet.kernels.simd.isa.lanes import LANES, VNNI

from .integers_networks import Network
from .quiet import ALLOWED, Patience, Watch

TURN, BEFORE = 20, 4  # calls in a turn, and before them such that are not counted
PAUSE = (
    0.02  # seconds between turns: after them nobody's threads wait for work any more, taking a core
)
Call = Callable[[], object]
Round = dict[str, list[float]]

GOALS = {
    "v1 1.0/224 int8": {"LiteRT": 1.3, "float32": 2.2},
    "v2 1.0/224 int8": {"LiteRT": 1.3, "float32": 2.2},
    "mobilenet_v2_1.0_224_quant": {"LiteRT": 3.0},
}
HERE = VNNI and LANES == 16  # the processors that the goals are for


@dataclass(frozen=True)
class Timed:
    """One network: milliseconds of each contestant, one median a round.

    A neighbour's work makes medians long, and not everybody's alike; the fastest call is one that it
    missed.  So a goal is met where it is by both.
    """

    network: str
    rounds: dict[str, list[float]]
    fastest: dict[str, float]  # milliseconds of the fastest call of all
    disturbed: int  # of these rounds, in which other programs worked as well
    operations: int  # multiplications and additions of an image

    def middle(self, who: str) -> float:
        """The median."""
        return median(self.rounds[who])

    def speed(self, who: str) -> float:
        """Operations a second of the fastest call."""
        return self.operations / self.fastest[who] * 1e3

    def ratio(self, who: str) -> float:
        """How many times as fast as another ours are: the median over rounds, each within itself."""
        pairs = zip(self.rounds[who], self.rounds["ours"], strict=True)
        return median(other / own for other, own in pairs)

    def best(self, who: str) -> float:
        """The same of the fastest calls."""
        return self.fastest[who] / self.fastest["ours"]

    def good(self, who: str) -> bool | None:
        """Whether the goal beside another is met; None where there is none, or for another processor."""
        goal = GOALS.get(self.network, {}).get(who)
        return None if goal is None or not HERE else min(self.ratio(who), self.best(who)) >= goal


def contestants(network: Network, threads: int) -> dict[str, Call]:
    """Calls on one image, each with its own array."""
    x = network.images(1)[:1]
    once = network.quantized.with_rounding("single")
    ours = nm.compile(once, network.arrays, threads=threads)
    twice = network.quantized.with_rounding("double")
    rounded = nm.compile(twice, network.arrays, threads=threads)
    made = Interpreter(str(network.path), num_threads=threads)
    made.allocate_tensors()
    (image,), (result,) = made.get_input_details(), made.get_output_details()
    pixels = x if x.dtype == image["dtype"] else x.view(np.uint8) ^ 128

    def theirs() -> object:
        made.set_tensor(image["index"], pixels)
        made.invoke()
        return made.get_tensor(result["index"])

    calls: dict[str, Call] = {"ours": lambda: ours(x), "LiteRT": theirs}
    calls["ours, double"] = lambda: rounded(x)
    if network.floats:
        floats = nm.compile(*network.floats, threads=threads)
        real = np.random.default_rng(0).standard_normal(x.shape, np.float32)
        calls["float32"] = lambda: floats(real)
    return calls


def timed(network: Network, threads: int, rounds: int, patience: Patience) -> Timed:
    """Rounds in which nobody else works, as far as patience goes."""
    calls = contestants(network, threads)
    quiet: list[Round] = []
    others: list[Round] = []
    while len(quiet) < rounds and not (patience.over and len(quiet) + len(others) >= rounds):
        patience.wait()
        watch = Watch()
        found = in_turns(calls)
        (quiet if watch.share <= ALLOWED else others).append(found)
    disturbed = rounds - len(quiet)
    chosen = quiet + others[len(others) - disturbed :]
    found = {who: [median(each[who]) for each in chosen] for who in calls}
    fastest = {who: min(min(each[who]) for each in quiet + others) for who in calls}
    return Timed(network.name, found, fastest, disturbed, 2 * nm.cost(network.quantized.plan).macs)


def in_turns(calls: dict[str, Call]) -> Round:
    """Each contestant's milliseconds, in random order."""
    found: Round = {}
    for who in random.sample(list(calls), len(calls)):
        time.sleep(PAUSE)
        for _ in range(BEFORE):
            calls[who]()
        found[who] = [1e3 * seconds(calls[who]) for _ in range(TURN)]
    return found


def seconds(call: Call) -> float:
    """Of one call."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started
