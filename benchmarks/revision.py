"""python -P revision.py CASE THREADS: a revision of npmobilenet at work.

benchmarks.before_after starts it with PYTHONPATH at a checkout.  It uses nothing but what any revision
has: public names, and NumPy.  CASE is a folder with case.json, params.npz, images.npy, and labels.npy
if training steps are meant.  It is asked in lines of JSON, as benchmarks.worker is:

    {"do": "load"}                        {"where": the package's folder}
    {"do": "result", "file": "out.npz"}   {}  logits; or loss, gradients and what three steps make of it
    {"do": "burst", "warm": s, "seconds": s}   {"calls": [seconds of each call]}
    {"do": "memory"}                      {"peak": bytes}

With --once it computes once, says so and ends.
"""

import json
import os
import sys
import time
import traceback
from importlib import import_module
from pathlib import Path

import numpy as np

import npmobilenet as nm

# of the optimiser: so small that thousands of steps leave the weights as they were; and one that moves
STILL, MOVING = 1e-6, 0.05


class Inference:
    """Logits."""

    def __init__(self, plan, params, folder, threads):
        self.images = np.load(folder / "images.npy")
        self.engine = nm.compile(plan, params, batch=len(self.images), threads=threads)

    def __call__(self):
        return self.engine(self.images)

    def results(self):
        return {"logits": self()}


class Training:
    """Steps of stochastic gradient descent with momentum."""

    def __init__(self, plan, params, folder, threads):
        self.x, self.labels = np.load(folder / "images.npy"), np.load(folder / "labels.npy")
        self.step = nm.compile_training(plan, params, batch=len(self.x), threads=threads)
        optimiser = named("FusedOptimizer", "engine.training_optimizer")
        self.move = optimiser(
            self.step, named("Sgd", "training.optimizers")(lr=STILL, momentum=0.9)
        )

    def __call__(self, rate=STILL):
        loss, _ = self.step(self.x, self.labels)
        self.move(rate)
        return loss

    def results(self):
        loss, _ = self.step(self.x, self.labels)
        found = {"loss": loss} | {f"gradient of {k}": v.copy() for k, v in self.step.grads.items()}
        for _ in range(3):
            self(MOVING)
        return found | {k: v.copy() for k, v in self.step.params.items()}


def named(name, home):
    """A public name; before it was one it was at home in a module."""
    return getattr(nm, name, None) or getattr(import_module(f"npmobilenet.{home}"), name)


class Revision:
    """What the process is asked to do."""

    def __init__(self, folder, threads):
        self.folder, self.threads = folder, threads
        self.call = None

    def load(self):
        case = json.loads((self.folder / "case.json").read_text(encoding="utf-8"))
        plan = nm.plan(case.pop("model"), **case)
        with np.load(self.folder / "params.npz") as kept:
            params = dict(kept)
        kind = Training if (self.folder / "labels.npy").exists() else Inference
        self.call = kind(plan, params, self.folder, self.threads)
        return {"where": str(Path(nm.__file__).parent.parent)}

    def result(self, file):
        np.savez(file, **self.call.results())
        return {}

    def burst(self, warm, seconds):
        """Calls one after the other: some that nobody looks at, then as many as fit into `seconds`."""
        self._calls(warm)
        return {"calls": self._calls(seconds)}

    def _calls(self, seconds):
        calls, clock = [], time.perf_counter
        started = before = clock()
        while not calls or before - started < seconds:
            self.call()
            after = clock()
            calls.append(after - before)
            before = after
        return calls

    def memory(self):
        """The largest that the process has been; what `resource` tells may be the parent's."""
        try:
            lines = Path("/proc/self/status").read_text().splitlines()
        except OSError:
            return {"peak": 0}
        return {"peak": 1024 * next(int(x.split()[1]) for x in lines if x.startswith("VmHWM"))}


def main():
    """Serve until standard input ends."""
    folder, threads, *once = sys.argv[1:]
    answers = os.fdopen(os.dup(1), "w", buffering=1)  # what libraries print goes where errors go
    os.dup2(2, 1)

    def answer(document):
        answers.write(json.dumps(document) + "\n")

    try:
        revision = Revision(Path(folder), int(threads))
        if once:
            revision.load()
            revision.call()
            answer({})
            return
        for line in sys.stdin:
            asked = json.loads(line)
            answer(getattr(revision, asked.pop("do"))(**asked))
    except Exception as error:
        traceback.print_exc()
        answer({"error": f"{type(error).__name__}: {error}"})


if __name__ == "__main__":
    main()
