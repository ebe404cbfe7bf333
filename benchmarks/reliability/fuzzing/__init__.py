"""Coverage-guided fuzzing of everything that reads files: weights, tables, images.

A small corpus is kept in tests/trust/corpus; runs begin with it and are replayed by the tests.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from .. import children
from ..hazard import Found, Hazard, NotHere, Size

CORPUS = children.ROOT / "tests" / "trust" / "corpus"
SECONDS = {"quick": 30, "whole": 600}
MEMORY = 2500  # megabytes, of which imports take some hundreds
HANG = 20  # seconds for one input
LONGEST = 100_000  # bytes of an input
TARGETS = ("weights", "tables", "images")


def prove(size: Size) -> Found:
    """The kept inputs once more, or new ones made of them for some time."""
    if size == "tiny":
        return replayed()
    if find_spec("atheris") is None:
        raise NotHere(
            "atheris is not installed: pip install 'npmobilenet[prove]', where there is one"
        )
    runs, bad, figures = 0, [], {}
    for target in TARGETS:
        found = fuzzed(target, SECONDS[size])
        runs += found["runs"]
        bad += [f"{target}: {line}" for line in found["bad"]]
        figures[target] = f"{found['runs']:,} inputs, {found['kept']:,} of them with new paths"
    return Found(runs, tuple(bad), figures)


def replayed() -> Found:
    """Every kept input, read once; those for PyTorch only where it is imported already."""
    from . import targets

    bad, tried = [], 0
    for target in TARGETS:
        readers = targets.TARGETS[target]
        for path in sorted((CORPUS / target).iterdir()):
            content = path.read_bytes()
            heavy = readers[content[0] % len(readers)][0] == targets.HEAVY
            if heavy and "torch" not in sys.modules:
                continue
            tried += 1
            try:
                targets.one_input(target, content)
            except Exception as error:
                bad.append(f"{target}/{path.name}: {type(error).__name__}: {error}")
    return Found(tried, tuple(bad))


def fuzzed(target: str, seconds: int, folder: Path | None = None) -> dict[str, Any]:
    """Inputs made for so long; after a finding it goes on, so that one does not hide another.

    folder takes the inputs that took new paths; None: they are thrown away.
    """
    with tempfile.TemporaryDirectory(prefix=f"fuzzing-{target}-") as name:
        new = folder or Path(name) / "new"
        new.mkdir(exist_ok=True)
        until, runs, bad = time.monotonic() + seconds, 0, []
        while (left := round(until - time.monotonic())) > 0:
            ended = children.run(
                [
                    sys.executable, "-m", f"{__name__}.run", target, new, CORPUS / target,
                    f"-max_total_time={left}", f"-rss_limit_mb={MEMORY}", f"-timeout={HANG}",
                    f"-max_len={LONGEST}", f"-artifact_prefix={name}/", "-print_final_stats=1",
                    f"-seed={len(bad) + 1}", "-verbosity=0",
                ],
                timeout=left + 120,
                env={"OMP_NUM_THREADS": "1"},
            )  # fmt: skip
            said = f"{ended.out}\n{ended.err}"
            counted = re.findall(r"number_of_executed_units: (\d+)", said)
            runs += int(counted[-1]) if counted else 0
            if ended.code == 0:
                break
            bad.append(_finding(Path(name), said, ended.code))
            if len(bad) > 20 or not counted:
                break
        return {"runs": runs, "bad": bad, "kept": len(list(new.iterdir()))}


def _finding(folder: Path, said: str, code: int | str) -> str:
    """What libFuzzer says of one, with the input where it is short."""
    errors = re.findall(
        r"^(?:=== Uncaught Python exception: ===\n)?(\w+(?:Error|Exception|Warning)\b.*)$",
        said,
        re.M,
    )
    what = errors[-1] if errors else next((x for x in said.splitlines() if "ERROR" in x), str(code))
    inputs = [p for p in folder.iterdir() if p.name.startswith(("crash-", "timeout-", "oom-"))]
    made = inputs[-1].read_bytes() if inputs else b""
    for path in inputs:
        kept = os.environ.get("FUZZING_KEEPS")
        path.replace(Path(kept) / path.name) if kept else path.unlink()
    return f"{what[:160]}: {made[:60]!r} ({len(made):,} bytes)"


HAZARD = Hazard(
    "fuzzing of weights, tables and images",
    "whatever bytes are read as a file are taken, or refused by a ValueError or an OSError in words; "
    "no hang, no memory beyond what files may hold",
    prove,
)
