"""Many small trials on a few processes: children are forked, so no threads may be about."""

from __future__ import annotations

import json
import os
import tempfile
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

Trial = Callable[[], tuple[int, list[str]]]  # how many cases, and what went wrong


def spread(trials: Sequence[Trial], workers: int | None = None) -> tuple[int, list[str]]:
    """All of them, and the sum of what they say."""
    workers = min(workers or (os.cpu_count() or 1) + 1, len(trials))
    with tempfile.TemporaryDirectory(prefix="spread-") as folder:
        answers = [Path(folder) / str(k) for k in range(workers)]
        pids = []
        for k, answer in enumerate(answers):
            if pid := os.fork():
                pids.append(pid)
                continue
            try:
                answer.write_text(json.dumps(_done(trials[k::workers])), "utf-8")
            finally:
                os._exit(0)
        for pid in pids:
            os.waitpid(pid, 0)
        tried = 0
        bad: list[str] = []
        for answer in answers:
            if not answer.exists():
                bad.append("the process that tried some of it died")
                continue
            count, wrong = json.loads(answer.read_text("utf-8"))
            tried, bad = tried + count, bad + wrong
    return tried, bad


def _done(trials: Sequence[Trial]) -> tuple[int, list[str]]:
    tried = 0
    bad: list[str] = []
    for trial in trials:
        try:
            count, wrong = trial()
        except Exception:
            count, wrong = 1, [traceback.format_exc()]
        tried, bad = tried + count, bad + wrong
    return tried, bad
