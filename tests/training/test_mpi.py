"""Ranks compute what one process does: gradients, statistics, parts in space and in time."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from npmobilenet.training.parts import Rows, Share, cuts
from tests.training.mpi import needs_mpi, run

QUICK = ["v1"]
ALL = ["v1", "v2", "v3-small", "v3-large"]


@pytest.mark.parametrize("count", [1, 2, 3, 7, 8, 64, 65])
@pytest.mark.parametrize("parts", [1, 2, 3, 4, 8])
@pytest.mark.parametrize("least", [1, 2])
def test_every_image_is_in_one_part(count: int, parts: int, least: int) -> None:
    """In order; sizes differ by one at most, but for parts that a short batch has nothing for."""
    found = cuts(count, parts, least)
    sizes = np.diff(found)
    assert (found[0], found[-1], len(found)) == (0, count, parts + 1)
    some = sizes[sizes > 0]
    assert some.max() - some.min() <= 1
    assert sizes[: len(some)].all()
    assert len(some) == 1 or some.min() >= least


@pytest.mark.parametrize("count", [3, 16, 17])
def test_the_same_parts_in_space_and_in_time(count: int) -> None:
    """Every image once; joined, every rank has as many parts, of which some may be empty."""
    found = [
        [piece for rank in range(4 // k) for piece in Share(rank, 4 // k, k).pieces(count)]
        for k in (1, 2, 4)
    ]
    assert found[0] == found[1] == found[2]
    for joined in (False, True):
        shares = [Share(rank, 4, 2, joined) for rank in range(4)]
        rows = np.concatenate([share.rows(count) for share in shares])
        np.testing.assert_array_equal(np.sort(rows), np.arange(count))
        assert len({len(share.pieces(count)) for share in shares}) == 1 or not joined


def test_what_is_drawn_of_an_image_does_not_depend_on_its_part() -> None:
    rng = np.random.default_rng(3)
    parts = [Rows(rng, 7, a, b).random((b - a, 4)) for a, b in ((0, 3), (3, 3), (3, 7))]
    np.testing.assert_array_equal(np.concatenate(parts), rng.random((7, 4)))


@needs_mpi
@pytest.mark.parametrize(
    ("ranks", "models"),
    [
        (2, QUICK),
        pytest.param(2, ALL, marks=pytest.mark.long),
        pytest.param(4, ALL, marks=pytest.mark.long),
    ],
    ids=["2-quick", "2", "4"],
)
def test_ranks_compute_what_one_does(ranks: int, models: list[str], tmp_path: Path) -> None:
    """float64: to 1e-10 after ten steps; float32: gradients no further from float64 than twice one's."""
    file = tmp_path / "found.json"
    code, out, err = run(ranks, "-m", "tests.training.mpi_steps", file, ",".join(models))
    assert code == 0, out + err
    found: dict[str, Any] = json.loads(file.read_text())
    for model in models:
        for what in ("synchronised", "accumulated", "frozen"):
            assert found[f"{what} {model}"] < 1e-10, what
        for how in ("moving", "fixed"):
            together, alone = found[f"gradients {model} {how}"]
            assert together <= 2 * alone
    assert found["shortest batch"] < 1e-10
    assert found["bits"] is True
