"""python -m benchmarks.training [CASE ...]: training steps, ours and PyTorch's, side by side.

Every peer runs in a process of its own, with the same parameters and the same batch.  First its loss
and its gradients are compared with ours; then the peers take turns, a second each, the others being
stopped, for some rounds.  What is printed is the median over all steps of each peer, and the spread.
"""

import argparse
import json
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import npmobilenet as nm

from .peers_training import CASES, PEERS, case_plan
from .process import ROOT

# Between two float32 programs.  Among millions of activations some lie within a rounding of their kink:
# one program lets the gradient through where the other does not, and all layers below see it.
TOLERANCE = 0.1


class Trainer:
    """A peer's process."""

    def __init__(self, peer: str, case: str, file: Path, threads: int) -> None:
        import os

        counts = {
            f"{name}_NUM_THREADS": str(threads) for name in ("OMP", "NUMBA", "OPENBLAS", "MKL")
        }
        command = [sys.executable, "-m", "benchmarks.peers_training", peer, case, str(file)]
        self.process = subprocess.Popen(
            [*command, str(threads)], cwd=ROOT, env=os.environ | counts | PEERS[peer],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            bufsize=1,
        )  # fmt: skip

    def ask(self, do: str, **arguments: Any) -> dict[str, Any]:
        """Its answer; it is awake only while it works."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.send_signal(signal.SIGCONT)
        self.process.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
        answer: dict[str, Any] = json.loads(
            self.process.stdout.readline() or '{"error": "it ended"}'
        )
        self.process.send_signal(signal.SIGSTOP)
        return answer

    def close(self) -> None:
        """End it."""
        self.process.kill()
        self.process.communicate()


def measure(case: str, peers: list[str], rounds: int, seconds: float, threads: int) -> None:
    """Print one case."""
    plan, batch = case_plan(case)
    rng = np.random.default_rng(0)
    x = rng.standard_normal((batch, *plan.resolution, plan.channels)).astype(np.float32)
    labels = rng.integers(0, plan.classes, batch)
    trainers: dict[str, Trainer] = {}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "case.npz"
        np.savez(file, x=x, labels=labels, **nm.init(plan, 0))
        try:
            firsts, steps = {}, {}
            for peer in peers:
                trainers[peer] = Trainer(peer, case, file, threads)
                answer = trainers[peer].ask("load")
                if "error" in answer:
                    print(f"{case}: {peer} failed")
                    trainers.pop(peer).close()
                    continue
                firsts[peer], steps[peer] = answer["seconds"], []
                trainers[peer].ask("check", file=f"{folder}/{peer}.npz")
            errors = _compared(Path(folder), list(trainers))
            for _ in range(rounds):
                for peer, trainer in trainers.items():
                    steps[peer] += trainer.ask("burst", seconds=seconds)["steps"]
            print(f"{case}, batch {batch}, {threads} threads")
            for peer, trainer in trainers.items():
                low, middle, high = 1000 * np.percentile(steps[peer], [25, 50, 75])
                peak = trainer.ask("memory")["peak"] / 1e6
                print(
                    f"  {peer:24} {middle:7.1f} ms  ({low:.1f} .. {high:.1f}, least "
                    f"{1000 * min(steps[peer]):.1f})  {1000 * batch / middle:6.0f} images/s  "
                    f"{peak:5.0f} MB  first {firsts[peer]:5.1f} s  differs {errors[peer]:.0e}"
                )
        finally:
            for trainer in trainers.values():
                trainer.close()


def _compared(folder: Path, peers: list[str]) -> dict[str, float]:
    """Median over the gradients of the largest difference from the first peer's, scaled."""
    first = dict(np.load(folder / f"{peers[0]}.npz"))
    found = {}
    for peer in peers:
        own = dict(np.load(folder / f"{peer}.npz"))
        errors = [
            np.abs(own[k] - v).max() / np.abs(v).max()
            for k, v in first.items()
            if np.abs(v).max() > 1e-7
        ]
        found[peer] = float(np.median(errors))
        if not found[peer] < TOLERANCE:
            raise SystemExit(f"{peer}: its gradients differ by {found[peer]:.1e}")
    return found


def main() -> None:
    """Measure the cases asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="*", default=list(CASES), choices=[[], *CASES])
    parser.add_argument("--peers", nargs="+", default=list(PEERS), choices=list(PEERS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--threads", type=int, default=2)
    asked = parser.parse_args()
    for case in asked.cases:
        measure(case, asked.peers, asked.rounds, asked.seconds, asked.threads)


if __name__ == "__main__":
    main()
