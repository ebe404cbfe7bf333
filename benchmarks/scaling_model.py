"""How long a step takes on n hosts, from what one and two of them were measured to do.

A step computes for `compute` seconds.  Its gradients become ready bucket by bucket, and each bucket is
summed by a ring Allreduce, one after the other:

    sum of S bytes on n hosts  =  2 (n - 1) latency  +  2 (n - 1) / n  S (cost + framing 8 / bandwidth)

If the sums ran entirely beside the computing, the step would end with the last of them; if not at all, it
would take both times in a row.  `overlap` is how far from the second to the first a step has come.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Network:
    """latency: seconds of a message; cost: seconds a byte on the hosts themselves; framing: bytes carried
    for each byte sent."""

    latency: float
    cost: float
    framing: float

    def sums(self, sizes: Sequence[int], hosts: int, bandwidth: float) -> list[float]:
        """Seconds of each bucket's sum; bandwidth in bits a second."""
        if hosts == 1:
            return [0.0] * len(sizes)
        each = self.cost + self.framing * 8 / bandwidth
        ring = 2 * (hosts - 1)
        return [ring * self.latency + ring / hosts * size * each for size in sizes]


def ideal(compute: float, ready: Sequence[float], sums: Sequence[float]) -> float:
    """Seconds of a step whose sums run beside the computing as soon as they can."""
    free = 0.0
    for share, took in zip(ready, sums, strict=True):
        free = max(free, share * compute) + took
    return max(compute, free)


def step(compute: float, ready: Sequence[float], sums: Sequence[float], overlap: float) -> float:
    """Seconds of a step that overlaps so far."""
    apart = compute + sum(sums)
    return apart - overlap * (apart - ideal(compute, ready, sums))


def fitted(runs: Sequence[dict[str, Any]]) -> tuple[Network, float]:
    """Network and overlap, from runs on two hosts: {"bandwidth": bits a second or inf, ...} each."""
    latency = float(np.median([run["small"]["4"] for run in runs])) / 2
    rows, times = [], []
    for run in runs:
        size = sum(run["bytes"])
        rows.append([size, 8 * size / run["bandwidth"]])
        times.append(run["sums"] - 2 * latency * len(run["bytes"]))
    weights = 1 / np.array(times)  # relative errors count alike
    (cost, framing), *_ = np.linalg.lstsq(
        np.array(rows) * weights[:, None], np.array(times) * weights, rcond=None
    )
    network = Network(latency, float(cost), float(framing))
    hidden = possible = 0.0
    for run in runs:
        sums = network.sums(run["bytes"], 2, run["bandwidth"])
        apart = run["compute"] + sum(sums)
        hidden += apart - run["step"]
        possible += apart - ideal(run["compute"], run["ready"], sums)
    return network, float(np.clip(hidden / possible, 0, 1))
