"""Milliseconds of networks at batch 1, in turns: ours in integers, LiteRT, ours in float32."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

import numpy as np
from ai_edge_litert.interpreter import Interpreter

import npmobilenet as nm

from .integers_networks import Network

TURN, BEFORE = 20, 4  # calls in a turn, and before them such that are not counted
Call = Callable[[], object]


@dataclass(frozen=True)
class Timed:
    """One network: milliseconds of each contestant, one median a round."""

    network: str
    rounds: dict[str, list[float]]

    def middle(self, who: str) -> float:
        """The median."""
        return median(self.rounds[who])

    def best(self, who: str) -> float:
        """Of the quietest round."""
        return min(self.rounds[who])

    def ratio(self, who: str) -> float:
        """How many times as fast as another ours are: the median over rounds, each within itself."""
        pairs = zip(self.rounds[who], self.rounds["ours"], strict=True)
        return median(other / own for other, own in pairs)


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
    calls["double"] = lambda: rounded(x)
    if network.floats:
        floats = nm.compile(*network.floats, threads=threads)
        real = np.random.default_rng(0).standard_normal(x.shape, np.float32)
        calls["float32"] = lambda: floats(real)
    return calls


def timed(network: Network, threads: int, rounds: int) -> Timed:
    """Contestants take turns in random order."""
    calls = contestants(network, threads)
    found: dict[str, list[float]] = {who: [] for who in calls}
    for _ in range(rounds):
        for who in random.sample(list(calls), len(calls)):
            for _ in range(BEFORE):
                calls[who]()
            found[who].append(1e3 * median(seconds(calls[who]) for _ in range(TURN)))
    return Timed(network.name, found)


def seconds(call: Call) -> float:
    """Of one call."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started
