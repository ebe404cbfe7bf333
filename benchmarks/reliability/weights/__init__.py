"""Damaged files of weights: bits, bytes, headers and whole arrays, in every format that is read."""

from __future__ import annotations

import json
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from .. import children
from ..hazard import Found, Hazard, NotHere, Size

SEED = 26
COUNTS = {"quick": 60, "whole": 2000}
TINY = ("native",)  # formats of the test, in this process
FEW = 20  # of each of them
WORKERS = 2


def prove(size: Size) -> Found:
    """Each format's mutations, judged."""
    from .originals import FORMATS

    lines: dict[str, list[dict[str, Any]]] = {}
    missing: list[str] = []
    if size == "tiny":
        from .worker import cases

        for name in TINY:
            with tempfile.TemporaryDirectory() as folder:
                lines[name] = list(cases(name, SEED, 0, FEW, Path(folder)))
    else:
        with ThreadPoolExecutor(WORKERS) as pool:
            jobs = {name: pool.submit(tried, name, SEED, COUNTS[size]) for name in FORMATS}
        for name, job in jobs.items():
            try:
                lines[name] = job.result()
            except NotHere as reason:
                missing.append(str(reason))
    return judged(lines, missing)


def tried(name: str, seed: int, count: int) -> list[dict[str, Any]]:
    """The cases of a format, in processes that are started anew where one dies or hangs."""
    found: list[dict[str, Any]] = []
    start = 0
    with tempfile.TemporaryDirectory(prefix="weights-") as folder:
        while start < count:
            words = [name, str(seed), str(start), str(count), folder]
            module = f"{__name__}.worker"
            ended = children.run([sys.executable, "-m", module, *words], timeout=60 + 0.5 * count)
            found += [json.loads(line) for line in ended.out.splitlines() if line.startswith("{")]
            if ended.code == 0:
                break
            if "NotHere" in ended.err:
                raise NotHere(ended.err.splitlines()[-1])
            at = Path(folder) / "at"
            if not at.exists():
                raise RuntimeError(f"{name}: the originals cannot be made: {ended.err[-300:]}")
            index, what = json.loads(at.read_text(encoding="utf-8"))
            bad = [f"the process ended with {ended.code}: {ended.err[-200:]!r}"]
            found.append({"index": index, "what": what, "took": "refused", "said": False, "bad": bad,
                          "mb": 0, "s": 0.0})  # fmt: skip
            start = index + 1
    return found


def judged(lines: dict[str, list[dict[str, Any]]], missing: list[str]) -> Found:
    """All of them as a row: silent ones of foreign formats are published, and are no fault."""
    bad = [
        f"{name} [{case['index']}] {case['what']}: {reason}"
        for name, cases in lines.items()
        for case in cases
        for reason in case["bad"]
    ]
    figures: dict[str, Any] = {}
    for name, cases in lines.items():
        took = Counter(_kind(case) for case in cases)
        figures[name] = ", ".join(f"{took[kind]:,} {kind}" for kind in KINDS if took[kind])
    every = [case for cases in lines.values() for case in cases]
    figures["most memory"] = f"{max(case['mb'] for case in every)} MB"
    figures["slowest"] = f"{max(case['s'] for case in every):.1f} s"
    if missing:
        figures["not tried here"] = "; ".join(missing)
    return Found(len(every), tuple(bad), figures)


KINDS = ("refused", "the same", "taken otherwise and said", "taken otherwise, silently")


def _kind(case: dict[str, Any]) -> str:
    if case["took"] in KINDS[:2]:
        return str(case["took"])
    return KINDS[2] if case["said"] else KINDS[3]


HAZARD = Hazard(
    "damaged files of weights",
    "ours are refused; nobody's make a traceback, a hang or memory beyond twice the file and 300 MB; "
    "what formats without checksums let through is counted, and said where the arrays are implausible",
    prove,
)
