"""What a rank measures for benchmarks.scaling: mpiexec -n N python -m benchmarks.scaling_worker OPTIONS.

Four things in turn, round after round, so that whatever else the machine does meets all of them: the
first rank's step while the others sleep; all ranks' steps without a sum; the sums without a step; both.
Each waits until other programs are still; the calmest rounds count.
"""

import argparse
import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
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

from . import quiet

FEWEST = 3  # rounds that count, however loud the machine is
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

    def readiness(self) -> list[float]:
        """At which share of a step the forward pass is over, and each bucket's gradients are there."""
        begun = time.perf_counter()
        step = self.alone.first
        logits, _ = step.forward(self.x, rng=np.random.default_rng(0))
        forward = time.perf_counter() - begun
        _, cache = ops.softmax_cross_entropy(logits, self.labels)
        at = [0.0] * len(self.buckets.cuts)

        def ready(name: str) -> None:
            at[self.buckets.bucket_of[name]] = time.perf_counter() - begun

        step.backward(ops.softmax_cross_entropy_backward(1.0, cache), ready)
        self.alone.moves(1e-4)
        whole = time.perf_counter() - begun
        return [when / whole for when in (forward, *np.maximum.accumulate(at).tolist())]


def meet(ranks: Ranks, ahead: bool) -> None:
    """Wait for all; ahead: keep the core from others meanwhile, or else sleep, which MPI does not."""
    if ranks.comm is None:
        return
    request = ranks.comm.Ibarrier()
    while not request.Test():
        time.sleep(0.0 if ahead else 0.002)


def timed(
    ranks: Ranks,
    work: Callable[[], None],
    times: int,
    only_first: bool = False,
    ahead: bool = False,
) -> float:
    """Seconds of one call, on the slowest rank."""
    meet(ranks, ahead)
    begun = time.perf_counter()
    if ranks.first or not only_first:
        for _ in range(times):
            work()
    took = (time.perf_counter() - begun) / times
    meet(ranks, ahead)
    return float(max(ranks.gather(took)))


def counted(others: list[float], took: list[float]) -> list[int]:
    """The rounds that count: those in which others had least, and of these the fastest half.

    others: shares of the machine that other programs had; took: seconds of all that was measured.  What
    disturbs a round unseen, on the host of a virtual machine for instance, only ever adds to its time.
    """
    calm = [k for k, share in enumerate(others) if share <= quiet.ALLOWED]
    if len(calm) < FEWEST:
        return np.argsort(others, kind="stable")[:FEWEST].tolist()
    return sorted(calm, key=lambda k: took[k])[: max(FEWEST, len(calm) // 2)]


def measure(
    ranks: Ranks, plan: nm.Plan, batch: int, rounds: int, times: int, seconds: float, ahead: bool
) -> dict[str, Any]:
    """Medians of all that is measured, in seconds, and each round's; waits so many seconds for quiet."""
    bench, mine = Bench(ranks, plan, batch), ranks.gather(os.getpid())
    work: dict[str, Any] = {"alone": bench.own, "compute": bench.own, "sums": bench.sums}
    found: dict[str, list[float]] = {name: [] for name in (*work, "step", "others")}
    for number in range(rounds + 1):
        others = []
        for name, each in (work | {"step": bench.together}).items():
            if ranks.first and number:
                quiet.Patience(seconds).wait()
            watch = quiet.Watch(*mine)
            took = timed(ranks, each, times, name == "alone", ahead)
            others.append(watch.share)
            found[name] += [took] * (number > 0)  # the first round loads
        found["others"] += [max(others)] * (number > 0)
    took = [sum(found[name][k] for name in (*work, "step")) for k in range(rounds)]
    own = counted(found["others"], took)
    one = {}
    for count in SMALL if ranks.size > 1 else ():
        array = np.zeros(count, np.float32)

        def small(array: Any = array) -> None:
            ranks.start_sum(array).Wait()

        one[4 * count] = float(np.median([timed(ranks, small, 50) for _ in range(5)]))
    shares = np.median([bench.readiness() for _ in range(5)], axis=0).tolist()
    cuts = [4 * (cut.stop - cut.start) for cut in bench.buckets.cuts]
    return {
        "ranks": ranks.size,
        "batch": batch,
        "bytes": cuts,
        "forward": shares[0],
        "ready": shares[1:],
        "small": one,
        "counted": own,
        **{name: float(np.median(np.array(values)[own])) for name, values in found.items()},
        "rounds": found,
    }


def go_ahead() -> None:
    """Run before other programs, where the system lets us; Linux has a rank's session for itself, too."""
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, -20)
    with suppress(OSError):
        Path("/proc/self/autogroup").write_text("-20", encoding="ascii")


def main() -> None:
    parser = argparse.ArgumentParser()
    for name, default in (("batch", 32), ("resolution", 128), ("rounds", 7), ("times", 3)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--patience", type=float, default=5.0)
    parser.add_argument("--ahead", action="store_true")
    parser.add_argument("--width", type=float, default=1.0)
    parser.add_argument("--models", default="v1")
    chosen = parser.parse_args()
    if chosen.ahead:
        go_ahead()
    ranks = world()
    for model in chosen.models.split(","):
        plan = nm.plan(model, width=chosen.width, resolution=chosen.resolution)
        how = chosen.batch, chosen.rounds, chosen.times, chosen.patience, chosen.ahead
        found = measure(ranks, plan, *how)
        if ranks.first:
            print(json.dumps({"model": model, **found}), flush=True)
    ranks.close()


if __name__ == "__main__":
    main()
