"""Right solutions in styles apart from ours are never rejected: asked in the child, all cases."""

import ast
from pathlib import Path

import pytest

from npmobilenet.exercises.checking import check
from npmobilenet.exercises.exercise import EXERCISES

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
    "file",
    sorted({file for file, _ in SOLUTIONS} - {RIGHT / "compiled.py"}),  # which takes its time
    ids=lambda file: file.stem,
)
def test_one_of_each_style_is_right(file: Path) -> None:
    names = [name for where, name in SOLUTIONS if where == file]
    name = min(names, key=lambda name: len(EXERCISES[name].sizes))
    assert state(file, name) == "right"


@pytest.mark.long
@pytest.mark.parametrize("style", [LOOPS, ARRAYS])
@pytest.mark.parametrize("name", EXERCISES)
def test_what_mistakes_are_planted_in_is_right(tmp_path: Path, style: str, name: str) -> None:
    file = tmp_path / "my_ops.py"
    file.write_text(source_of(style), encoding="utf-8")
    assert state(file, name) == "right"
