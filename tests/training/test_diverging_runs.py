"""Runs whose numbers are no longer numbers end in words, and spoil no checkpoint."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from npmobilenet.training import loop
from npmobilenet.training.config import Config
from npmobilenet.training.optimizers import Adam, Optimizer, Sgd
from npmobilenet.training.run.checkpoint import load_checkpoint, save_checkpoint
from npmobilenet.training.run.run import Diverged
from npmobilenet.weights import load
from tests.training.runs import ALWAYS, FILES, after, run

pytestmark = pytest.mark.usefixtures("one_thread")


def diverging(optimizer: Optimizer, **train: Any) -> Config:
    return replace(ALWAYS, optimizer=optimizer, train=replace(ALWAYS.train, **train))


@pytest.mark.parametrize(
    "config",
    [
        diverging(Sgd(lr=1e4)),
        diverging(Sgd(lr=1e4), engine="reference"),
        diverging(Sgd(lr=1e18), ema=0.9),
        diverging(Adam(lr=1e30)),
        diverging(Sgd(lr=1e4, weight_decay=10.0, no_decay=())),
    ],
)
def test_a_run_that_diverges_keeps_its_last_good_checkpoint(
    config: Config, tmp_path: Path, recwarn: Any
) -> None:
    """It ends in one line that says when, and what to do; nothing on disk is NaN or infinite."""
    with pytest.raises(Diverged, match=r"at epoch \d, step \d+: try a smaller lr than 1") as end:
        run(tmp_path, config)
    assert len(str(end.value).splitlines()) == 1
    said = str(end.value)
    ends = ("whose output is not finite)", "by the step before)", ".weight is not finite")
    assert any(f"{end} at epoch" in said for end in ends)
    for name in FILES:
        if (tmp_path / name).exists():
            model = load(tmp_path / name)
            assert all(np.isfinite(v).all() for v in (model.params | model.extra).values())
    assert not [str(w.message) for w in recwarn if "encountered" in str(w.message)]


@pytest.mark.parametrize("part", ["params", "optimizer", "average"])
def test_a_checkpoint_that_is_not_finite_is_passed_over(part: str, tmp_path: Path) -> None:
    """One that an older version wrote, say."""
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, diverging(Sgd(lr=0.02), ema=0.9), stop=after(2))
    model, state, progress, _ = load_checkpoint(tmp_path)
    name, value = next(iter(getattr(state, part).items()))
    getattr(state, part)[name] = np.full_like(value, np.inf)
    save_checkpoint(tmp_path, model, state, progress, model.notes)
    _, found, _, remark = load_checkpoint(tmp_path)
    assert found.step == 2
    assert f"{name} is not finite; going on from previous.safetensors" in remark
    save_checkpoint(tmp_path, model, state, progress, model.notes)
    with pytest.raises(ValueError, match=r"last.safetensors: .* is not finite; .*previous"):
        load_checkpoint(tmp_path)


def test_a_validation_loss_that_is_not_finite_ends_the_run(
    tmp_path: Path, monkeypatch: Any
) -> None:
    real = loop.evaluate
    monkeypatch.setattr(
        loop, "evaluate", lambda *given, **named: replace(real(*given, **named), loss=float("nan"))
    )
    with pytest.raises(Diverged, match="the validation loss is nan at epoch 1, step 10"):
        run(tmp_path)
    assert not (tmp_path / "best.safetensors").exists()
