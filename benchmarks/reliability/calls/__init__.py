"""Wrong calls of every public function: refused by us, in a line, before anything is touched."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..children import HUNG, ROOT, run
from ..hazard import Found, Hazard, Size
from . import everything

# pass -> how many calls: guard bytes, unreadable pages before and behind, NUMBA_BOUNDSCHECK
CALLS: Mapping[Size, Mapping[str, int]] = {
    "tiny": {"bytes": 88},
    "quick": {"bytes": 1500, "end": 300},
    "whole": {"bytes": 6000, "end": 1500, "begin": 1500, "bounds": 1200},
}
MOST = 600  # seconds of a process: of calls, and of what it compiles


def prove(size: Size) -> Found:
    """So many calls of each pass; a process that dies goes on behind the call that it died of."""
    bad = [f"nothing tries the public name {name}" for name in everything.forgotten()]
    tried: Counter[str] = Counter()
    refused = 0
    for how, count in CALLS[size].items():
        for line in _here(count) if size == "tiny" else _lines(how, count):
            tried[how] += 1
            refused += line["refused"]
            if line["said"]:
                bad.append(f"{line['what']} -> {line['said']}")
    figures = {
        "public names": len(everything.public()),
        "refused in one line": f"{refused:,}",
        "by pass": ", ".join(f"{how} {count:,}" for how, count in tried.items()),
    }
    return Found(sum(tried.values()), tuple(bad), figures)


def _here(count: int) -> Iterator[dict[str, Any]]:
    """Some calls of operators in this process."""
    from . import trying

    yield from trying.tries(range(count), "bytes", some=True)


def _lines(how: str, count: int) -> Iterator[dict[str, Any]]:
    """What came of each call, by processes of their own."""
    with tempfile.TemporaryDirectory() as folder:
        note, first = Path(folder) / "note", 0
        while first < count:
            words = ["-m", "benchmarks.reliability.calls.trying", how, str(first), str(count)]
            found = run([sys.executable, *words, "--note", note], MOST, env=_environment(how))
            lines = [json.loads(x) for x in found.out.splitlines() if x.startswith("{")]
            yield from lines
            if found.code == 0:
                return
            last, what = json.loads(note.read_text()) if note.exists() else (-1, "")
            if last < first:  # it never came to a call
                last, what = first, f"{how} {first}: before the call"
            if found.code != HUNG or last == first:  # else it only was many calls
                said = f"the process ended with {found.code}: {found.err.strip()[-200:]}"
                yield {"what": what, "said": said, "refused": False}
                last += 1
            first = last


def _environment(how: str) -> dict[str, str]:
    if how != "bounds":
        return {}
    kept = os.environ.get("RELIABILITY_BOUNDS_CACHE") or str(ROOT / "build" / "bounds-cache")
    Path(kept).mkdir(parents=True, exist_ok=True)
    return {"NUMBA_BOUNDSCHECK": "1", "NUMBA_CACHE_DIR": kept}


HAZARD = Hazard(
    title="wrong calls",
    must="an error of ours in one line, naming argument and what was found; nothing touched",
    prove=prove,
)
