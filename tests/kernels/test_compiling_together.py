"""Routines that are not on disk are compiled by two processes, each once; then they come from disk."""

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
params = nm.init(plan, 0)
x = np.random.default_rng(0).standard_normal((2, 32, 32, 3)).astype("f4")
if sys.argv[2] == "training":
    found, _ = nm.compile_training(plan, params, 2, threads=1).forward(x, rng=np.random.default_rng(0))
    expected, _, _ = nm.forward(plan, params, x, train=True, rung="numpy", rng=np.random.default_rng(0))
else:
    found, expected = nm.compile(plan, params, 2, threads=1)(x), nm.infer(plan, params, x, rung="numpy")
assert np.abs(found - expected).max() <= 1e-4 * np.abs(expected).max()
print(*(n for n in here if n.startswith(("simd.infer.", "simd.train."))), sep="\\n")
"""


def compiled_by(folder: Path, what: str, *, how: str = "") -> list[str]:
    """Routines that the first process itself compiled."""
    env = os.environ | {"NUMBA_CACHE_DIR": str(folder)}
    command = [sys.executable, "-c", SCRIPT, how, what]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.split()


def kept(folder: Path) -> set[str]:
    """Routines on disk."""
    files = (path.name.partition("-")[0] for path in folder.rglob("*.nbi"))
    return {name for name in files if name.startswith(("simd.infer.", "simd.train."))}


@pytest.mark.parametrize("what", ["inference", pytest.param("training", marks=pytest.mark.long)])
def test_the_second_process_takes_some_of_the_routines(tmp_path: Path, what: str) -> None:
    """Together they compile all of them; the next start compiles none."""
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("one core")
    own = compiled_by(tmp_path, what)
    assert len(own) == len(set(own))
    assert set(own) < kept(tmp_path)
    assert compiled_by(tmp_path, what) == []


@pytest.mark.long
def test_without_the_second_process_the_first_compiles_all(tmp_path: Path) -> None:
    own = compiled_by(tmp_path, "inference", how="broken")
    assert len(own) == len(set(own))
    assert set(own) == kept(tmp_path)


def test_no_two_helpers_have_one_name() -> None:
    """The linker takes the first of a name for all: one routine would run another one's helper."""
    from npmobilenet.kernels.simd.runtime.parts import made, part

    def helper(number: int) -> object:
        return part(made("helper", number)(lambda x: x + number))

    helper(1)
    helper(2)
    with pytest.raises(ValueError, match=r"two compiled helpers are named .*\.helper_1"):
        helper(1)
