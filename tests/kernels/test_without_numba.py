"""A Numba that does not run: NumPy computes, and why is said once."""

import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from npmobilenet.cost.machine import measure
from npmobilenet.kernels import activations, compiling
from npmobilenet.training.run.threads import computing_threads
from tests.commands import ROOT, python


@pytest.mark.parametrize("wrong", [OSError, ValueError, None])
def test_no_standard_error(
    wrong: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is said there is said nowhere then; standard output is for results."""

    def write(text: str) -> None:
        raise wrong("closed")

    monkeypatch.setattr(sys, "stderr", wrong and SimpleNamespace(write=write, flush=write))
    compiling.say("a word")
    assert capsys.readouterr().out == ""


def test_threads_that_numba_cannot_start(monkeypatch: pytest.MonkeyPatch) -> None:
    numba = pytest.importorskip("numba")

    def refused() -> None:
        raise ValueError("No threading layer could be loaded.\nHINT:\nIntel TBB is required")

    monkeypatch.setattr(numba, "get_num_threads", refused)
    kernel = compiling.compiled(activations.numba_clip.function)
    with pytest.raises(
        ValueError, match=r"^numba cannot start its threads: No .*\. HINT: Intel TBB"
    ):
        kernel(np.ones(1), 0.0, 1.0, np.ones(1))
    for start in (measure, computing_threads(1).__enter__):
        with pytest.raises(
            ValueError, match=r"^numba cannot start its threads: No .* TBB is required$"
        ):
            start()


WITHOUT = """
import contextlib, io, sys, numpy as np, npmobilenet as nm
from npmobilenet.cli import main
from npmobilenet.ops.rungs import running
plan = nm.plan("v1-shallow", width=0.1, resolution=32, classes=3)
params, x = nm.init(plan, 0), np.random.default_rng(0).standard_normal((2, 32, 32, 3), np.float32)
engine = nm.compile(plan, params, batch=2)
assert np.array_equal(engine(x), nm.infer(plan, params, x, rung="numpy"))
assert nm.default_rung() == "numpy" and running() == ("loops", "numpy")
assert engine.stages == () and engine.nbytes["weights"]
assert "NumPy computes it, layer by layer" in str(engine)
for asked in (lambda: nm.relu(x, rung="numba"), lambda: nm.compile_training(plan, params, 2)):
    try: asked()
    except ValueError as error: print(error)
with contextlib.redirect_stdout(io.StringIO()):
    assert main(["cost", "v1", "--csv"]) == 0
assert main(["warmup"]) == 1
"""


@pytest.mark.parametrize("how", ["switched off", "broken"])
def test_numba_that_does_not_run(how: str, tmp_path: Path) -> None:
    """NumPy computes, which is said once; whoever asks for Numba learns the reason."""
    if how == "broken":
        (tmp_path / "numba.py").write_text("raise ImportError('NumPy 2.3\\nor less')")
        why = "which cannot be imported (NumPy 2.3 or less)"
        path = os.pathsep.join([str(tmp_path), str(ROOT)])
        printed = python("-c", WITHOUT, PYTHONPATH=path)
    else:
        pytest.importorskip("numba")
        why = "which NUMBA_DISABLE_JIT switches off"
        printed = python("-c", WITHOUT, NUMBA_DISABLE_JIT="1")
    assert printed.splitlines() == [
        f"relu: rung 'numba' needs the package numba, {why}",
        f"compile_training needs the package numba, {why}",
        f"npmobilenet: NumPy computes, slowly, instead of numba, {why}",
        f"npmobilenet warmup: there is nothing to compile without the package numba, {why}",
    ]
