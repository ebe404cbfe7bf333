"""The learner's rung in the ladder: what is timed, what is not, and that it is the right thing."""

import json
from pathlib import Path

import numpy as np
import pytest

from npmobilenet.exercises import ours, timing
from npmobilenet.exercises.exercise import EXERCISES, chosen
from npmobilenet.exercises.timing import COLUMNS, SIZES, in_times, in_units, timed
from tests.commands import call

RIGHT = """import numpy as np
def pointwise_conv2d(x, w):
    return x @ w
def relu6(x):
    return np.clip(x, 0, 5)
def hard_swish(x):
    raise NotImplementedError
def times_cheaper(k, n):
    return n * k * k / (n + k * k)
def one_window(patch):
    return 0
"""


def test_every_exercise_but_the_formulas_has_a_size() -> None:
    formulas = {"standard_cost", "separable_cost", "times_cheaper"}
    assert set(SIZES) == set(EXERCISES) - formulas
    assert {name for name in EXERCISES if ours.rungs(name)} == set(SIZES)
    for name, size in SIZES.items():
        assert EXERCISES[name].case(f"{size},#1").arguments


@pytest.mark.parametrize("name", SIZES)
def test_our_rungs_compute_what_is_asked(name: str) -> None:
    """What is timed beside a learner's function is that function: the reference's numbers."""
    exercise = EXERCISES[name]
    case = exercise.fresh(np.random.default_rng(3))
    expected = [*exercise.reference(**case.arguments).values()]
    for rung in ours.rungs(name):
        if rung == "simd" and name.startswith("inverted_residual"):
            continue  # float32 behind three normalisations of a few numbers
        found = ours.ready(name, rung, case.arguments)()
        values = [*found.values()] if isinstance(found, dict) else [*_arrays(found)]
        for one, other in zip(expected, values, strict=False):
            scale = np.abs(one).max() or 1.0
            error = np.abs(one - np.reshape(other, one.shape)).max() / scale
            assert error < (1e-4 if rung == "simd" else 1e-9), (rung, error)


def _arrays(found: object) -> list[np.ndarray]:
    """y of (y, cache); gradients of a tuple; a lone array."""
    several = found if isinstance(found, tuple) else (found,)
    return [value for value in several if isinstance(value, np.ndarray)]


def test_only_what_is_right_is_timed(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "ROUND", 0.001)
    file.write_text(RIGHT, encoding="utf-8")
    said: list[str] = []
    names = ["pointwise", "relu6", "hard_swish", "times_cheaper", "one_window", "conv2d"]
    found = timed(
        file, chosen(names), say=said.append, sizes=SIZES | {"pointwise_conv2d": "1x2x2x3,o2"}
    )
    assert said == ["pointwise_conv2d"]
    assert found.columns == COLUMNS
    assert {row[0] for row in found.rows} == {"pointwise_conv2d"}
    assert {row[2] for row in found.rows} == {"yours", *ours.rungs("pointwise_conv2d")}
    seconds = [row["seconds"] for row in found.document]
    assert seconds == sorted(seconds, reverse=True)
    (yours,) = (row for row in found.document if row["rung"] == "yours")
    assert yours["times_as_fast"] == 1
    assert found.notes is not None
    assert found.notes.splitlines()[1:] == [
        "the function is one_window(patch); expected one_window(patch, w): one_window",
        "missing: conv2d",
        "formulas, not timed: times_cheaper",
        "not right, see npmobilenet exercises check: relu6",
        "not yet: hard_swish",
    ]


def test_who_is_right_on_small_cases_alone_is_not_timed(file: Path) -> None:
    """The answer at the size that is timed is looked at too."""
    file.write_text(
        "import numpy as np\ndef relu6(x):\n    return np.clip(x, 0, 6) + (x.size > 10_000)\n",
        encoding="utf-8",
    )
    found = timed(file, chosen(["relu6"]))
    assert not found.rows
    assert found.notes is not None
    assert found.notes.startswith("not right")


def test_who_does_not_end_is_said_so(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "LONGEST", 0.2)
    file.write_text(
        "import numpy as np\n"
        "def relu6(x):\n"
        "    while x.size > 10_000: pass\n"
        "    return np.clip(x, 0, 6)\n",
        encoding="utf-8",
    )
    found = timed(file, chosen(["relu6"]))
    assert found.notes == "it did not end within 0.2 s: relu6"


def test_command(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timing, "ROUND", 0.001)
    file.write_text("def one_window(patch, w):\n    return (patch * w).sum()\n", encoding="utf-8")
    code, out, err = call(capsys, "exercises", "time", file, "one_window", "--json")
    assert (code, err) == (0, "")
    assert {row["size"] for row in json.loads(out)} == {SIZES["one_window"]}
    code, out, err = call(capsys, "exercises", "time", file, "relu6")
    assert (code, err) == (1, "")
    assert "Nothing to time" in out
    assert "missing: relu6" in out
    file.write_text("def one_window(patch, w:\n", encoding="utf-8")
    code, out, err = call(capsys, "exercises", "time", file, "one_window")
    assert code == 1
    assert "my_ops.py" in err
    assert "line 1" in err
    assert err.count("\n") == 1


def test_units() -> None:
    assert [in_units(s) for s in (12.4, 1.23, 0.0345, 0.00512, 7.8e-5, 2e-7)] == [
        "12 s", "1.2 s", "34 ms", "5.1 ms", "78 µs", "0.2 µs",
    ]  # fmt: skip
    assert [in_times(r) for r in (0.0051, 0.999, 34.2, 1234.0)] == ["0.0051", "1.0", "34", "1,234"]
