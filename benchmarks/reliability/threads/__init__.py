"""Threads, forks, signals, copies: no hang, no abort, the same bits, nothing computed by two."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from typing import Any

from ..children import HUNG, Ended, environment
from ..hazard import Found, Hazard, NotHere, Size

_RUN = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); "
    "from benchmarks.reliability.threads.scenes import main; main(*sys.argv[1:])"
)
LAYERS = ("omp", "workqueue")
LIMIT = 600  # seconds that a scene may take

# scene, threads of Numba, how many times: few, all
SCENES: tuple[tuple[str, int, int, int], ...] = (
    ("calls", 1, 0, 1000),
    ("calls", 2, 60, 1000),
    ("calls", 4, 0, 1000),
    ("starting", 2, 1, 1),
    ("starting_cold", 2, 0, 1),
    ("race", 1, 0, 300),
    ("race", 2, 20, 300),
    ("forks", 2, 3, 20),
    ("forks", 4, 0, 10),
    ("ends", 2, 10, 100),
    ("pools", 2, 0, 20),
    ("signals", 2, 3, 30),
    ("interrupts", 2, 10, 100),
    ("interrupts", 1, 0, 100),
    ("compiling_forks", 2, 0, 5),
    ("leaving", 2, 1, 1),
    ("copying", 2, 1, 1),
)


def _run(
    scene: str, threads: int, count: int, want: object, env: dict[str, str]
) -> tuple[Ended, Any]:
    """One scene in a process of its own, and what it answered."""
    root = environment()["PYTHONPATH"]
    words = [sys.executable, "-P", "-c", _RUN, root, scene, str(threads), str(count)]
    given = environment({"NUMBA_NUM_THREADS": str(threads), **env})
    started = time.monotonic()
    process = subprocess.Popen(
        words,
        env=given,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    code: int | str
    try:
        out, err = process.communicate(json.dumps(want), LIMIT)
        code = process.returncode
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        out, err = process.communicate()
        code = HUNG
    found = Ended(code, out, err, time.monotonic() - started)
    return found, json.loads(out) if code == 0 and out else None


def _judged(said: str, found: Ended, answer: Any) -> list[str]:
    """What is wrong with a scene."""
    if found.code == HUNG:
        return [f"{said}: hangs"]
    lines = [line for line in found.err.splitlines() if not line.startswith("npmobilenet: ")]
    if found.code != 0 or answer is None:
        return [f"{said}: ended with {found.code}: {' '.join(lines)[-300:]}"]
    bad = [f"{said}: {line}" for line in answer]
    return bad + [f"{said}: said {lines[0][:200]!r}" for _ in lines[:1]]


def _tiny() -> Found:
    """In this process: copies."""
    from . import copies

    tried, bad = copies.wrong(1)
    return Found(tried, tuple(bad))


def prove(size: Size) -> Found:
    """Each scene under each library of threads."""
    try:
        import numba  # noqa: F401
    except ImportError as error:
        raise NotHere(f"Numba does not run: {error}") from None
    if size == "tiny":
        return _tiny()
    bad: list[str] = []
    tried = 0
    layers = []
    one, want = _run("digests", 1, 0, None, {})
    if want is None:
        raise RuntimeError(f"the results of one thread: {one.err[-500:]}")
    for layer in LAYERS:
        env = {"NUMBA_THREADING_LAYER": layer}
        again, digests = _run("digests", 2, 0, None, env)
        if "No threading layer" in again.err or "cannot start its threads" in again.err:
            continue
        layers.append(layer)
        tried += 1
        if digests != want:
            bad.append(f"{layer}, 2 threads: other bits than one thread's {again.err[-200:]}")
        for scene, threads, few, all_ in SCENES:
            count = all_ if size == "whole" else few
            if not count:
                continue
            with tempfile.TemporaryDirectory() as place:
                cold = scene == "compiling_forks" or scene.endswith("_cold")
                own = env | ({"NUMBA_CACHE_DIR": place} if cold else {})
                found, answer = _run(scene.removesuffix("_cold"), threads, count, want, own)
            tried += 4 * count if scene == "calls" else count
            bad += _judged(f"{layer}, {threads} threads, {scene}", found, answer)
    figures = {"libraries of threads": ", ".join(layers)}
    if size == "whole":
        figures["calls"] = "4 threads x 1,000, of 1, 2 and 4 threads of Numba, under each"
    return Found(tried, tuple(bad), figures)


HAZARD = Hazard(
    "threads, forks, signals, copies",
    "no hang, no abort, nothing computed by two at once, the bits of one thread; a copy works, or it is "
    "said why there is none",
    prove,
)
