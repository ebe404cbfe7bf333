"""Programs on several ranks, started by mpiexec; tests that need them skip where mpi4py is absent."""

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.commands import ROOT

BESIDE = str(Path(sys.executable).parent)  # where pip puts mpich's programs
MPIEXEC = shutil.which("mpiexec", path=os.pathsep.join([BESIDE, os.environ.get("PATH", "")]))
needs_mpi = pytest.mark.skipif(
    find_spec("mpi4py") is None or MPIEXEC is None, reason='needs pip install "npmobilenet[mpi]"'
)


def start(ranks: int, *words: object) -> subprocess.Popen[str]:
    """Python on so many ranks, one thread each."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "NUMBA_NUM_THREADS": "1"}
    command = [str(MPIEXEC), "-n", str(ranks), sys.executable, *map(str, words)]
    return subprocess.Popen(
        command, env=env, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def ended(process: subprocess.Popen[str], seconds: float = 300) -> tuple[int, str, str]:
    """Exit code, standard output and standard error; a run that does not end is killed and fails."""
    try:
        out, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        pytest.fail(f"still running after {seconds} s: {out}{err}")
    return process.returncode, out, err


def run(ranks: int, *words: object) -> tuple[int, str, str]:
    """The same, from start to end."""
    return ended(start(ranks, *words))
