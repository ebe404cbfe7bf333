"""`verify` of operators on integers: all agree, and whoever is wrong is found."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from npmobilenet.kernels.integer import pointwise
from npmobilenet.ops import integers
from npmobilenet.verify.integers import INTEGERS, IntegerCase, check_integers, draw
from tests.commands import call


def drawn(name: str, seed: int) -> IntegerCase:
    rng = np.random.default_rng([seed, len(name)])
    return draw(name, lambda low, high: int(rng.integers(low, high + 1)), rng)


def failures(name: str, seeds: range) -> set[tuple[str, str]]:
    return {
        (outcome.check, outcome.rung)
        for seed in seeds
        for outcome in check_integers(name, drawn(name, seed))
        if not outcome.passed
    }


@pytest.mark.parametrize("name", INTEGERS)
def test_all_agree(name: str) -> None:
    assert failures(name, range(3)) == set()


@pytest.mark.long
@pytest.mark.parametrize("name", INTEGERS)
def test_all_agree_often(name: str) -> None:
    assert failures(name, range(3, 203)) == set()


def test_a_rung_that_is_off_by_one_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    (right,) = pointwise.RUNGS["numpy"]

    def wrong(*arguments: Any) -> None:
        right(*arguments)
        arguments[-1].flat[0] ^= 1

    monkeypatch.setitem(pointwise.RUNGS, "numpy", (wrong,))  # type: ignore[arg-type]
    assert ("rungs", "numpy") in failures("dense", range(2))


@pytest.mark.parametrize("name", ["add", "mean", "hard_swish", "requantize"])
def test_a_formula_that_is_wrong_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every rung is: only the real numbers know."""
    right: Callable[..., Any] = getattr(integers, name)

    def wrong(*arguments: Any, **how: Any) -> Any:
        y = right(*arguments, **how)
        info = np.iinfo(y.dtype)
        return np.where(y > (info.min + info.max) // 2, y - 2, y + 2).astype(y.dtype)

    monkeypatch.setattr(integers, name, wrong)
    assert ("reals", "loops") in failures(name, range(4))


def test_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("verify", "--operator", "integers.add", "--cases", 2)
    code, out, _ = call(capsys, *words)
    assert code == 0
    assert "1 operator, 2 cases each, 0 failures" in out
    code, out, _ = call(capsys, *words, "--json")
    found = json.loads(out)
    assert found["failures"] == 0
    assert {each["check"] for each in found["checks"]} >= {"reals", "rungs"}
    code, _, err = call(capsys, "verify", "--operator", "integers.tanh")
    assert code == 1
    assert "integers.conv2d" in err
