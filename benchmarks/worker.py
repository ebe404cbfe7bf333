"""python -m benchmarks.worker MODULE:FUNCTION FOLDER THREADS: one engine in a process of its own.

The function is a peer's `load`, in a module of `benchmarks.peers`.

It is asked in lines of JSON on standard input and answers in lines of JSON on standard output:

    {"do": "load"}                               {"seconds": ...}
    {"do": "predict", "file": "out.npy"}         {}  the logits are in the file
    {"do": "gradients", "file": "out.npz"}       {}  loss and gradients are in the file; nothing moved
    {"do": "burst", "warm": s, "seconds": s}     {"calls": [seconds of each call]}
    {"do": "memory"}                             {"peak": bytes, "imported": bytes}

With --once it loads, calls once, says so and ends.  An error is answered {"error": text}.
"""

import json
import os
import sys
import time
import traceback
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from .resident import forget_peak, peak, resident


class Engine:
    """What the worker is asked to do."""

    def __init__(self, load: str, folder: Path, threads: int) -> None:
        module, _, function = load.partition(":")
        self.make = getattr(import_module(f"benchmarks.peers.{module}"), function)
        self.folder, self.threads = folder, threads
        self.imported, before = resident(), peak()
        forget_peak()
        self.importing = before
        self.call: Any  # a function, of an engine that trains a Trainer

    def load(self) -> dict[str, Any]:
        started = time.perf_counter()
        self.call = self.make(self.folder, self.threads)
        return {"seconds": time.perf_counter() - started}

    def predict(self, file: str) -> dict[str, Any]:
        np.save(file, self.call())
        return {}

    def gradients(self, file: str) -> dict[str, Any]:
        loss, found = self.call.gradients()
        np.savez(file, loss=loss, **found)
        return {}

    def burst(self, warm: float, seconds: float) -> dict[str, Any]:
        """Calls one after the other: some that nobody looks at, then as many as fit into `seconds`."""
        clock, call = time.perf_counter, self.call
        started = clock()
        while True:  # at least one
            call()
            if clock() - started > warm:
                break
        calls: list[float] = []
        started = before = clock()
        while not calls or before - started < seconds:
            call()
            after = clock()
            calls.append(after - before)
            before = after
        return {"calls": calls}

    def memory(self) -> dict[str, Any]:
        """The largest memory so far, and how much there was when everything was imported."""
        return {"peak": max(peak(), self.importing), "imported": self.imported}


def main() -> None:
    """Serve until standard input ends."""
    load, folder, threads, *once = sys.argv[1:]
    # engines print to standard output; their words go where errors go
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)

    def answer(document: dict[str, Any]) -> None:
        answers.write(json.dumps(document) + "\n")

    try:
        engine = Engine(load, Path(folder), int(threads))
        if once:
            engine.load()
            engine.call()
            answer({})
            return
        for line in sys.stdin:
            asked = json.loads(line)
            answer(getattr(engine, asked.pop("do"))(**asked))
    except Exception as error:
        traceback.print_exc()
        answer({"error": f"{type(error).__name__}: {error}"})


if __name__ == "__main__":
    main()
