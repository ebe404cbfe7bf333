"""Kernels with one change, an index, a sign or a bound, are caught by their operators' tests.

cosmic-ray and mutmut write each mutant into the source files: here that would give another fingerprint of
kernels/, and with it an empty cache and minutes of compiling before the first test.
"""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

from ...mutants import sample
from ..hazard import Found, Hazard, Size
from . import inside, running
from .changing import KINDS, Mutant, gross, mutants
from .equivalent import CASES, reason
from .table import COMPILED, TESTS

SEED = 0
EACH = {"quick": (1, 0), "whole": (10, 3)}  # mutants of a file: interpreted, compiled
QUICK = ("conv.py", "pool.py", "batchnorm.py", "integer/conv.py")


def chosen(file: str, count: int) -> list[Mutant]:
    """So many mutants of a file, of all kinds by turns."""
    return sample([mutants(file)], count, SEED, KINDS)


def judged(file: str, these: list[Mutant], folder: Path) -> tuple[Counter[str], list[str]]:
    """How many were caught, equivalent or survived; a line for each that should not have been."""
    tests, bad = TESTS[file], []
    fates: Counter[str] = Counter()
    started = time.monotonic()
    found = running.tried(file, None, tests, folder / "unchanged")
    if found != "passed":
        return fates, [found]
    longest = 60 + 5 * (time.monotonic() - started)  # a mutant that hangs is caught
    for number, mutant in enumerate(these):
        fate = running.tried(file, mutant, tests, folder / f"{number}.txt", longest)
        known = reason(mutant) if fate == "survived" else None
        if known and same(mutant, known[0] == "rounding", folder):
            fate = "equivalent"
        elif fate == "survived":
            bad.append(f"survived: {mutant}" + (", said to be equivalent" if known else ""))
        fates[fate] += 1
    return fates, bad


def same(mutant: Mutant, rounded: bool, folder: Path) -> bool:
    """Whether a mutant computes what the unchanged kernels do, on many cases."""
    compute = partial(running.results, mutant.file)
    tests, answer = TESTS[mutant.file], folder / "answer"
    right, changed = (compute(one, tests, CASES, rounded, answer) for one in (None, mutant))
    if right is None or changed is None:
        return False
    if not rounded:
        return bool(right == changed)
    return running.near(changed, right, folder / "near.txt")


def planted(file: str, folder: Path) -> str:
    """A line where a function that raises an error is not noticed: then no change would be."""
    mutant = gross(file)
    fate = running.tried(file, mutant, TESTS[file], folder / "gross.txt")
    return (
        ""
        if fate == "caught"
        else f"{file}: {mutant.function} may raise an error, and its tests pass"
    )


def prove(size: Size) -> Found:
    """Few files and interpreted mutants alone, or all."""
    if size == "tiny":
        return inside.survivors(inside.few(3, 1))
    interpreted, compiled = EACH[size]
    files = [*QUICK] if size == "quick" else list(TESTS)
    running.prepare()
    fates: Counter[str] = Counter()
    bad: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        for file in files:
            these = chosen(file, compiled if file in COMPILED else interpreted)
            if size == "whole" and (line := planted(file, Path(folder))):
                bad.append(line)
            counted, lines = judged(file, these, Path(folder))
            print(f"  {file}: {dict(counted)}", flush=True)
            fates, bad = fates + counted, bad + lines
    figures: dict[str, Any] = {
        "caught": fates["caught"],
        "equivalent": fates["equivalent"],
        "survived": fates["survived"],
        "files": len(files),
    }
    return Found(sum(fates.values()), tuple(bad), figures)


HAZARD = Hazard(
    "one index, sign, bound or axis of a kernel is wrong",
    "its operator's tests fail, or it computes the same in 1,000 random cases",
    prove,
)
