"""What is started beside the damaged files: it computes, and says the bits and what it had to compile.

    main("operators")    once, in this process
    main("--server")     for every line of input, the words `what folder`, in a fork

The server has everything imported and has compiled nothing, so that a fork of it is what a new process
would be, and starts in a moment.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import npmobilenet as nm
from npmobilenet.kernels import compiling

LIMIT = 100  # seconds that one may take
SAID = "found "  # what its line begins with


def operators() -> np.ndarray[Any, Any]:
    """A depthwise convolution and ReLU6: two compiled kernels on all threads."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2, 9, 9, 16), np.float32)
    w = rng.standard_normal((3, 3, 16), np.float32)
    y = nm.depthwise_conv2d(x, w, rung="numba")[0]
    return np.asarray(nm.relu6(4 * y, rung="numba")[0])


def engine() -> np.ndarray[Any, Any]:
    """A whole engine: some twenty routines and the loop over them."""
    plan = nm.plan("v1-shallow", width=0.25, resolution=32, classes=3, dialect="keras")
    x = np.random.default_rng(0).standard_normal((2, 32, 32, 3), np.float32)
    return np.asarray(nm.compile(plan, nm.init(plan, 0), 2, threads=1)(x))


def treble(x: float) -> float:
    """The smallest kernel."""
    return x + x + x


def small() -> np.ndarray[Any, Any]:
    """That one, which has not been loaded yet, whatever this process did before."""
    kernel = compiling.compiled(treble)
    found = np.array(kernel(1.5))
    if not sum(kernel._run.stats.cache_hits.values()):  # nobody announces what is not the package's
        compiling.on_compile("treble")
    return found


SUBJECTS: dict[str, Callable[[], np.ndarray[Any, Any]]] = {
    "small": small,
    "operators": operators,
    "engine": engine,
}


def attempt(what: str) -> dict[str, Any]:
    """The hash of what came out, and which kernels were compiled."""
    made: list[str] = []
    before, compiling.on_compile = compiling.on_compile, made.append
    try:
        bits = np.ascontiguousarray(SUBJECTS[what]()).tobytes()
    finally:
        compiling.on_compile = before
    return {"bits": hashlib.sha256(bits).hexdigest(), "compiled": made}


def _in_child(what: str, folder: str, out: str) -> None:
    with open(out, "w", encoding="utf-8") as said:
        os.dup2(said.fileno(), 2)
        os.environ["NUMBA_CACHE_DIR"] = folder
        signal.alarm(LIMIT)
        code = 0
        try:
            os.write(2, (SAID + json.dumps(attempt(what)) + "\n").encode())
        except BaseException:
            traceback.print_exc()
            sys.stderr.flush()
            code = 1
        os._exit(code)


def serve() -> None:
    """Answer with a line of JSON for each line of input: how the fork ended, and what it said."""
    import numba  # noqa: F401

    with tempfile.TemporaryDirectory() as place:
        out = str(Path(place) / "said")
        for line in sys.stdin:
            what, folder = line.rstrip("\n").split(" ", 1)
            child = os.fork()
            if not child:
                _in_child(what, folder, out)
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            said = Path(out).read_text(encoding="utf-8", errors="replace")
            print(json.dumps({"code": status, "said": said}), flush=True)


def main(asked: str) -> None:
    """One start of what is asked for, or the server of many."""
    if asked == "--server":
        serve()
    else:
        print(SAID + json.dumps(attempt(asked)), file=sys.stderr)
