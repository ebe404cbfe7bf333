"""Units that are not on disk are compiled by two processes, each once; then they come from the disk."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("numba")

SCRIPT = """
import numpy as np, npmobilenet as nm, sys
from npmobilenet.kernels import compiling, sharing
here = []
compiling.on_compile = here.append
if sys.argv[1] == "broken":
    sharing.START = "raise SystemExit(1)"
plan = nm.plan("v1-shallow", width=0.25, resolution=32, classes=3, dialect="keras")
engine = nm.compile(plan, nm.init(plan, 0), threads=1)
found = engine(np.ones((1, 32, 32, 3), np.float32))
expected = nm.infer(plan, nm.init(plan, 0), np.ones((1, 32, 32, 3), np.float32))
assert np.abs(found - expected).max() <= 1e-5 * np.abs(expected).max()
print(*(name for name in here if name.startswith("stages")), sep="\\n")
"""


def compiled_by(folder: Path, *, how: str = "") -> list[str]:
    """Units that the first process itself compiled."""
    env = os.environ | {"NUMBA_CACHE_DIR": str(folder)}
    command = [sys.executable, "-c", SCRIPT, how]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.split()


def kept(folder: Path) -> set[str]:
    """Units of the engine on disk."""
    files = (path.name.partition("-")[0] for path in folder.rglob("stages.*.nbi"))
    return {f"stages.{name.partition('.')[2]}" for name in files}


def test_the_second_process_takes_some_of_the_units(tmp_path: Path) -> None:
    """Together they compile all of them; the next start compiles none."""
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("one core")
    own = compiled_by(tmp_path)
    assert len(own) == len(set(own))
    assert set(own) < kept(tmp_path)
    assert compiled_by(tmp_path) == []


@pytest.mark.long
def test_without_the_second_process_the_first_compiles_all(tmp_path: Path) -> None:
    own = compiled_by(tmp_path, how="broken")
    assert len(own) == len(set(own))
    assert set(own) == kept(tmp_path)
