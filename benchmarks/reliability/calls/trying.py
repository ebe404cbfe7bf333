"""python -m benchmarks.reliability.calls.trying: a range of wrong calls, a line of JSON each.

Run by the row in a process of its own, which a call may end; the file of --note has the last one begun.
"""

from __future__ import annotations

import argparse
import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from npmobilenet.ops.rungs import running

from . import backwards, operators
from .everything import subjects
from .guards import Guarded, Guards
from .judging import right, tried
from .subjects import Call, Draw, Subject
from .wrong import Wrong

SEED = 7
# in which numpy is one that puts guards round what it makes
OPERATORS = tuple(
    f"npmobilenet.ops.{name}"
    for name in (
        "activations",
        "batchnorm",
        "combine",
        "convolution",
        "faking",
        "loss",
        "pointwise",
        "pool",
        "window",
        "integers.activations",
        "integers.elementwise",
        "integers.pool",
        "integers.products",
    )
)
BOUNDED = ("loops", "numba")  # rungs whose indices NUMBA_BOUNDSCHECK checks


def among(how: str) -> list[Subject]:
    """What is tried in a pass."""
    return [
        s for s in subjects() if how == "bytes" or (s.memory and (how != "bounds" or s.compiled))
    ]


def case(
    index: int, listed: list[Subject], guards: Guards, rungs: tuple[str, ...]
) -> tuple[Subject, Call, str, Wrong]:
    """The call of that number: a subject, right arguments, which of them is wrong and how."""
    subject, turn = listed[index % len(listed)], index // len(listed)
    rng = np.random.default_rng((SEED, index))
    call = subject.make(Draw(rng, guards, rungs))
    arguments = list(call.kinds)
    argument = arguments[turn % len(arguments)]
    wrongs = list(call.kinds[argument](call.good.get(argument)))
    start = len(subject.name) * 37  # so that few calls see other wrongs of each subject
    return subject, call, argument, wrongs[(start + turn // len(arguments) * 29) % len(wrongs)]


def tries(
    indices: range, how: str, note: Path | None = None, only: str = "", *, some: bool = False
) -> Iterator[dict[str, Any]]:
    """Each of these calls, right and then wrong.

    some: of operators on floats alone, on NumPy, so that nothing has to be compiled.
    """
    listed = [subject for subject in among(how) if only in subject.name]
    if some:
        listed = [*operators.subjects(), *backwards.subjects()]
    try:
        yield from _tries(indices, how, note, listed, ("numpy",) if some else running())
    finally:
        _unguard()


def _tries(
    indices: range, how: str, note: Path | None, listed: list[Subject], rungs: tuple[str, ...]
) -> Iterator[dict[str, Any]]:
    for index in indices:
        guards = Guards("bytes" if how == "bounds" else how)
        _guard(guards)
        allowed = BOUNDED if how == "bounds" else rungs
        subject, call, argument, wrong = case(index, listed, guards, allowed)
        what = f"{how} {index}: {subject.name}({argument}={wrong.what})"
        if note:
            note.write_text(json.dumps([index, what]), encoding="utf-8")
        if subject.memory or index < len(listed):  # guards watch what is right, too
            said = right(call, guards)
            if said:
                yield {"index": index, "what": what, "said": said, "refused": False, "must": False}
        said, refused = tried(subject, call, argument, wrong, guards)
        yield {"index": index, "what": what, "said": said, "refused": refused, "must": wrong.must}


def _guard(guards: Guards) -> None:
    """New guards round what operators make."""
    for name in OPERATORS:
        module: Any = importlib.import_module(name)
        module.np = Guarded(guards)


def _unguard() -> None:
    for name in OPERATORS:
        module: Any = importlib.import_module(name)
        module.np = np


def main() -> None:
    """The command."""
    asked = argparse.ArgumentParser()
    asked.add_argument("how", choices=("bytes", "begin", "end", "bounds"))
    asked.add_argument("first", type=int)
    asked.add_argument("last", type=int)
    asked.add_argument("--note", type=Path)
    asked.add_argument("--only", default="", help="subjects whose name has this")
    given = asked.parse_args()
    for line in tries(range(given.first, given.last), given.how, given.note, given.only):
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
