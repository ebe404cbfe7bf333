"""Right solutions in styles apart from ours are never rejected: asked in the child, all cases."""

import ast
from pathlib import Path

import pytest

from npmobilenet.exercises.checking import check
from npmobilenet.exercises.exercise import EXERCISES

from .asking import asking, failing, functions
from .planted.sources import ARRAYS, LOOPS, source_of

RIGHT = Path(__file__).parent / "right"
# file, the function of it that is an exercise
SOLUTIONS = [
    (file, node.name)
    for file in sorted(RIGHT.glob("[a-z]*.py"))
    for node in ast.parse(file.read_text(encoding="utf-8")).body
    if isinstance(node, ast.FunctionDef) and node.name in EXERCISES
]


def state(file: Path, name: str) -> str:
    """What is said of one function."""
    (verdict,) = check(file, [EXERCISES[name]]).verdicts
    failure = verdict.failure
    return f"{verdict.state} {failure.case if failure else ''} {verdict.said}".strip()


def test_there_are_twenty() -> None:
    assert len(SOLUTIONS) >= 20
    assert {name for _, name in SOLUTIONS} >= set(EXERCISES) - {"inverted_residual_backward"}


@pytest.mark.parametrize(
    ("file", "name"), SOLUTIONS, ids=[f"{name}-{file.stem}" for file, name in SOLUTIONS]
)
@pytest.mark.long
def test_a_right_solution_is_right(file: Path, name: str) -> None:
    assert state(file, name) == "right"


@pytest.mark.parametrize(
    ("file", "name"),
    [(f, n) for f, n in SOLUTIONS if f.stem != "compiled"],  # which takes its time
    ids=[f"{n}-{f.stem}" for f, n in SOLUTIONS if f.stem != "compiled"],
)
def test_it_is_right_without_a_child(file: Path, name: str) -> None:
    """On all small cases and some fresh ones, by the tolerance of a learner's numbers."""
    exercise = EXERCISES[name]
    found = functions(file.read_text(encoding="utf-8"))
    assert failing(exercise, asking(exercise, found[name]), fresh=20) is None


@pytest.mark.long
@pytest.mark.parametrize("style", [LOOPS, ARRAYS])
@pytest.mark.parametrize("name", EXERCISES)
def test_what_mistakes_are_planted_in_is_right(tmp_path: Path, style: str, name: str) -> None:
    file = tmp_path / "my_ops.py"
    file.write_text(source_of(style), encoding="utf-8")
    assert state(file, name) == "right"
