"""The exercises' benchmark: mutants are what they say, the notebook's cases fit, the table comes."""

import ast
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from benchmarks import exercises
from benchmarks.mutants import KINDS, mutants, sample
from benchmarks.notebook import CASES, notebook_arguments
from npmobilenet.exercises.exercise import EXERCISES
from tests.exercises.planted.sources import ARRAYS, LOOPS, source_of
from tests.exercises.planted.table import PLANTED


def test_a_mutant_differs_in_one_function() -> None:
    source = source_of(ARRAYS)
    found = mutants(ARRAYS, source, "batch_norm_backward")
    whole = ast.parse(source)
    plain = {n.name: ast.unparse(n) for n in whole.body if isinstance(n, ast.FunctionDef)}
    assert {mutant.kind for mutant in found} >= {"sign", "axis"}
    for mutant in found:
        tree = ast.parse(mutant.source)
        now = {n.name: ast.unparse(n) for n in tree.body if isinstance(n, ast.FunctionDef)}
        assert [name for name in plain if plain[name] != now[name]] == ["batch_norm_backward"]


def test_helpers_are_mutated_too_and_all_kinds_come() -> None:
    pool = mutants(LOOPS, source_of(LOOPS), "conv2d")
    assert any("-(zeros // 2)" not in mutant.source for mutant in pool)
    kinds = Counter(mutant.kind for mutant in sample([pool], 20, seed=0))
    assert set(kinds) == set(KINDS) & {mutant.kind for mutant in pool}
    assert len({mutant.source for mutant in sample([pool], 10, seed=1)}) == 10


@pytest.mark.parametrize("name", CASES)
def test_the_notebook_s_case_can_be_asked(name: str) -> None:
    exercise = EXERCISES[name]
    results = exercise.reference(**notebook_arguments(exercise))
    assert all(np.isfinite(array).all() for array in results.values())


def test_the_notebook_lets_mistakes_pass() -> None:
    """One padding, one stride, no kink: symmetric padding and a mask without 6 are right there."""
    asked = [p for p in PLANTED if p.number in (1, 5, 34)]
    assert {p.number for p in asked if exercises.passes_notebook(p)} == {1, 34}


def test_a_part_of_the_mistakes_is_spread_over_all() -> None:
    few = exercises.spread(PLANTED, 20)
    assert len(few) == 20
    assert len({planted.exercise for planted in few}) > 8
    assert exercises.spread(PLANTED, len(PLANTED)) == PLANTED


@pytest.mark.long
def test_right_solutions_are_timed_and_none_is_rejected(
    capsys: pytest.CaptureFixture[str],
) -> None:
    exercises.main(["--only", "right", "--quick"])
    assert "0 rejected of" in capsys.readouterr().out


def test_the_table_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "all.json"
    exercises.main(
        ["--only", "planted", "--only", "mutants", "--planted", "1", "--mutants", "2",
         "--further", "5", "--markdown", "--json", str(file)]
    )  # fmt: skip
    table = capsys.readouterr().out
    assert "1 of 1 named rightly" in table
    assert "0 missed, of 2" in table
    assert file.exists()
