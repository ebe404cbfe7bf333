"""Who notices ranks, and what one rank alone does; several are in tests/training/test_mpi.py."""

import sys
from typing import Any

import numpy as np
import pytest

from npmobilenet.ranks.buckets import Buckets
from npmobilenet.ranks.noticing import SAID, communicator, started
from npmobilenet.ranks.world import Done, Elsewhere, Ranks


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Nobody has started ranks."""
    for name in (name for pair in SAID for name in pair):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.mark.parametrize(("size", "rank"), SAID)
def test_ranks_are_noticed(nobody: pytest.MonkeyPatch, size: str, rank: str) -> None:
    assert started() == (0, 1)
    nobody.setenv(size, "4")
    assert started() == (0, 1)  # half of it is somebody else's
    nobody.setenv(rank, "3")
    assert started() == (3, 4)
    nobody.setenv(size, "1")
    assert started() == (0, 1)


def test_one_process_needs_no_mpi(nobody: pytest.MonkeyPatch) -> None:
    """With ranks and without mpi4py one line says what is missing."""
    nobody.setitem(sys.modules, "mpi4py", None)
    assert communicator() is None
    nobody.setenv("PMI_SIZE", "2")
    nobody.setenv("PMI_RANK", "0")
    with pytest.raises(ImportError, match=r"2 ranks were started, but .*npmobilenet\[mpi\]"):
        communicator()


class Two(Ranks):
    """Two ranks of which the other always has the same numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.begun: list[int] = []

    def start_sum(self, array: Any) -> Any:
        """Doubles it."""
        array *= 2
        self.begun.append(len(array))
        return Done()


def test_buckets_begin_at_the_end_and_hold_everything() -> None:
    """A sum begins when all of its bucket is there, in whatever order; frozen arrays are nobody's."""
    numbers = np.zeros(100, np.float32)
    names = "abcdefghij"
    arrays = {name: numbers[10 * k : 10 * k + 9] for k, name in enumerate(names)}
    wanted = set(names) - {"a", "e"}
    ranks = Two()
    buckets = Buckets(ranks, numbers, arrays, wanted, size=80)
    ends = [(cut.start, cut.stop) for cut in buckets.cuts]
    assert ends == [(80, 100), (60, 80), (30, 60), (10, 30)]
    for step in range(2):
        numbers[:] = 1
        buckets.keep()
        numbers[:] = np.arange(100)
        ranks.begun.clear()
        for name, sums in zip("ihjgfdcb", (0, 0, 1, 2, 2, 3, 3, 4), strict=True):
            buckets.ready(name)
            assert len(ranks.begun) == sums, (step, name)
        buckets.finish()
        np.testing.assert_array_equal(numbers[10:], 2 * (np.arange(10, 100) + 1))


def test_one_rank_alone() -> None:
    ranks = Ranks()
    assert ranks.slice(7) == (0, 7)
    assert ranks.gather("it") == ["it"]
    assert ranks.any(True) is True
    assert ranks.any(False) is False
    assert list(ranks.in_turn(iter("abc"), 3)) == ["a", "b", "c"]
    ranks.require_same({"this": 1})
    with pytest.raises(KeyError, match="here"), ranks.agreeing():
        raise KeyError("here")
    assert issubclass(Elsewhere, ValueError)
    ranks.close()
