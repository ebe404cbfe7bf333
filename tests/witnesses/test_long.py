"""Longer proofs: hundreds of fresh cases for each operator, and photographs from outside."""

import json
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npmobilenet import cli
from npmobilenet.verify import OPERATORS, check_case

pytestmark = pytest.mark.long


@pytest.mark.parametrize("name", OPERATORS)
@settings(max_examples=300, derandomize=False)
@given(data=st.data(), seed=st.integers(0, 2**32 - 1))
def test_hundreds_of_cases(name: str, data: st.DataObject, seed: int) -> None:
    """Other cases in every run: what is found here belongs into the short suite."""
    rng = np.random.default_rng(seed)
    case = OPERATORS[name].draw(lambda low, high: data.draw(st.integers(low, high)), rng)
    outcomes = check_case(OPERATORS[name], case, rng, with_torch=find_spec("torch") is not None)
    assert [outcome for outcome in outcomes if not outcome.passed] == []


def test_flowers(extra_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One epoch over real photographs of five flowers, then names for them better than by chance."""
    photos, run = extra_data / "data" / "flower_photos", tmp_path / "run"
    plan = ["--width", "0.25", "--resolution", "96"]
    words = ["train", str(photos), *plan, "--epochs", "1", "--batch", "16"]
    words += ["--optimizer", "adam", "--lr", "0.003"]
    assert cli.main([*words, "--output", str(run)]) == 0
    assert cli.main(["evaluate", str(photos), "--weights", str(run), "--json"]) == 0
    out = capsys.readouterr().out
    scores = json.loads(out[out.index("{") :])
    assert scores["top1"] > 0.3  # chance: the largest of the five classes is 0.25 of all
    classes = sorted(folder.name for folder in (photos / "val").iterdir() if folder.is_dir())
    assert (
        cli.main(["predict", str(photos / "val" / classes[0]), "--weights", str(run), "--json"])
        == 0
    )
    found = json.loads(capsys.readouterr().out)
    assert all({p["class"] for p in one["predictions"]} == set(classes) for one in found)
