"""What a rank measures for benchmarks.scaling: mpiexec -n N python -m benchmarks.scaling_worker OPTIONS.

Four things in turn, round after round, so that whatever else the machine does meets all of them: the
first rank's step while the others sleep; all ranks' steps without a sum; the sums without a step; both.
"""

import argparse
import json
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import npmobilenet as nm
from npmobilenet import ops
from npmobilenet.ranks.buckets import Buckets
from npmobilenet.ranks.world import Ranks, world
from npmobilenet.training.compiled_step import CompiledStep
from npmobilenet.training.optimizers import Sgd
from npmobilenet.training.parts import Share
from npmobilenet.training.shared_step import SharedStep
from npmobilenet.training.step import Step

SMALL = (1, 4096)  # float32 numbers of the sums that latency is measured by


class Bench:
    """The step of one network on this rank, with a sum over all and without."""

    def __init__(self, ranks: Ranks, plan: nm.Plan, batch: int) -> None:
        self.ranks, self.batch = ranks, batch
        rng = np.random.default_rng(ranks.rank)
        self.x = rng.standard_normal((batch, *plan.resolution, plan.channels), np.float32)
        self.labels = rng.integers(0, plan.classes, batch)
        step = Step.of(plan, Sgd())
        self.alone, inner = CompiledStep(step, batch, 1), CompiledStep(step, batch, 1)
        self.shared = SharedStep(inner, ranks, Share(ranks.rank, ranks.size))
        self.states = [step.start(nm.init(plan, 0)) for _ in range(2)]
        self.given: dict[str, Any] = {"lr": 1e-4}
        flat = inner.first.buffers.grads
        self.bytes = flat.numbers.nbytes
        self.buckets = Buckets(ranks, flat.numbers, flat.arrays, inner.first.trained)

    def own(self) -> None:
        rng = np.random.default_rng(0)
        self.alone(self.states[0], self.x, self.labels, rng=rng, **self.given)

    def together(self) -> None:
        rng, whole = np.random.default_rng(0), self.batch * self.ranks.size
        self.shared(self.states[1], self.x, self.labels, rng=rng, of=whole, **self.given)
        self.ranks.any(False)  # as the loop does after each step
        self.ranks.any(False)

    def sums(self) -> None:
        self.buckets.finish()

    def readiness(self) -> tuple[float, list[float]]:
        """Seconds of a step, and when in it each bucket's gradients are there, as shares of it."""
        begun = time.perf_counter()
        step = self.alone.first
        logits, _ = step.forward(self.x, rng=np.random.default_rng(0))
        _, cache = ops.softmax_cross_entropy(logits, self.labels)
        at = [0.0] * len(self.buckets.cuts)

        def ready(name: str) -> None:
            at[self.buckets.bucket_of[name]] = time.perf_counter() - begun

        step.backward(ops.softmax_cross_entropy_backward(1.0, cache), ready)
        self.alone.moves(1e-4)
        whole = time.perf_counter() - begun
        return whole, [when / whole for when in np.maximum.accumulate(at).tolist()]


def sleeping_barrier(ranks: Ranks) -> None:
    """Wait for all without turning a core, which a barrier of MPI does."""
    if ranks.comm is None:
        return
    request = ranks.comm.Ibarrier()
    while not request.Test():
        time.sleep(0.002)


def timed(ranks: Ranks, work: Callable[[], None], times: int, only_first: bool = False) -> float:
    """Seconds of one call, on the slowest rank."""
    sleeping_barrier(ranks)
    begun = time.perf_counter()
    if ranks.first or not only_first:
        for _ in range(times):
            work()
    took = (time.perf_counter() - begun) / times
    sleeping_barrier(ranks)
    return float(max(ranks.gather(took)))


def measure(ranks: Ranks, plan: nm.Plan, batch: int, rounds: int, times: int) -> dict[str, Any]:
    """Medians of all that is measured, in seconds, and each round's."""
    bench = Bench(ranks, plan, batch)
    found: dict[str, list[float]] = {"alone": [], "compute": [], "sums": [], "step": []}
    for number in range(rounds + 1):
        each = {
            "alone": timed(ranks, bench.own, times, only_first=True),
            "compute": timed(ranks, bench.own, times),
            "sums": timed(ranks, bench.sums, times) if ranks.size > 1 else 0.0,
            "step": timed(ranks, bench.together, times),
        }
        for name, value in each.items():
            found[name] += [value] * (number > 0)  # the first round loads
    one = {}
    for count in SMALL if ranks.size > 1 else ():
        array = np.zeros(count, np.float32)

        def small(array: Any = array) -> None:
            ranks.start_sum(array).Wait()

        one[4 * count] = float(np.median([timed(ranks, small, 50) for _ in range(5)]))
    shares = [bench.readiness()[1] for _ in range(5)]
    cuts = [4 * (cut.stop - cut.start) for cut in bench.buckets.cuts]
    return {
        "ranks": ranks.size,
        "batch": batch,
        "bytes": cuts,
        "ready": np.median(shares, axis=0).tolist(),
        "small": one,
        **{name: float(np.median(values)) for name, values in found.items()},
        "rounds": found,
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    for name, default in (("batch", 32), ("resolution", 128), ("rounds", 7), ("times", 3)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--width", type=float, default=1.0)
    parser.add_argument("--models", default="v1")
    chosen = parser.parse_args()
    ranks = world()
    for model in chosen.models.split(","):
        plan = nm.plan(model, width=chosen.width, resolution=chosen.resolution)
        found = measure(ranks, plan, chosen.batch, chosen.rounds, chosen.times)
        if ranks.first:
            print(json.dumps({"model": model, **found}), flush=True)
    ranks.close()


if __name__ == "__main__":
    main()
