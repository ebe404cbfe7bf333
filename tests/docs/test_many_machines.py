"""The program of forty lines is one, and gives on two ranks what it gives on one."""

import re

import numpy as np

from tests.commands import ROOT
from tests.training.mpi import needs_mpi, run

PROGRAM = ROOT / "docs/examples/many_machines.py"


def test_it_is_short() -> None:
    lines = PROGRAM.read_text(encoding="utf-8").splitlines()
    assert sum(bool(line.strip()) for line in lines) <= 40


@needs_mpi
def test_two_ranks_are_one() -> None:
    """float64, normalised by the whole batch: the same losses to 1e-10."""
    losses = []
    for ranks in (1, 2):
        code, out, err = run(ranks, PROGRAM, 3)
        assert code == 0, err
        losses.append([float(text) for text in re.findall(r"loss ([\d.]+)$", out, re.MULTILINE)])
    assert len(losses[0]) == 3
    assert len(set(losses[0])) == 3
    np.testing.assert_allclose(losses[1], losses[0], rtol=0, atol=1e-10)
