"""The program of forty lines is one, and gives on two ranks what it gives on one."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest

from tests.commands import ROOT
from tests.training.mpi import ended, needs_mpi, run, start

PROGRAM = ROOT / "docs/examples/many_machines.py"


def test_it_is_short() -> None:
    lines = PROGRAM.read_text(encoding="utf-8").splitlines()
    assert sum(bool(line.strip()) for line in lines) <= 40


@needs_mpi
def test_two_ranks_are_one() -> None:
    """float64, normalised by the whole batch: the same losses to 1e-10."""
    losses = []
    for process in [start(ranks, PROGRAM, 3) for ranks in (1, 2)]:
        code, out, err = ended(process)
        assert code == 0, err
        losses.append([float(text) for text in re.findall(r"loss ([\d.]+)$", out, re.MULTILINE)])
    assert len(losses[0]) == 3
    assert len(set(losses[0])) == 3
    np.testing.assert_allclose(losses[1], losses[0], rtol=0, atol=1e-10)


@needs_mpi
@pytest.mark.long
def test_the_page_s_commands_run(tmp_path: Path) -> None:
    """In their order, in one folder."""
    page = (ROOT / "docs/many-machines.md").read_text(encoding="utf-8")
    lines = re.findall(r"^mpiexec -n (\d) npmobilenet (.*)", page, re.MULTILINE)
    assert len(lines) == 2
    for ranks, words in lines:
        given = ["-m", "npmobilenet", *shlex.split(words)]
        given[given.index("--output") + 1] = str(tmp_path / "two")
        code, out, err = run(int(ranks), *given)
        assert (code, err) == (0, ""), out
        assert f"{ranks} ranks on 1 host, a batch of 64 shared out" in out
