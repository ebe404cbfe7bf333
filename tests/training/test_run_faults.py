"""Runs in which something fails after a step: it costs neither the step nor the epoch."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from npmobilenet.training import loop
from npmobilenet.training.run.checkpoint import load_checkpoint
from npmobilenet.training.run.history import Silent
from tests.training.runs import Fault, Listening, failing, require_the_same, run

pytestmark = pytest.mark.usefixtures("one_thread")


class Clumsy(Silent):
    """A reporter that fails in one of its methods, the so many-th time."""

    def __init__(self, method: str, call: int) -> None:
        failing(pytest.MonkeyPatch(), self, method, call, Fault("the screen is broken"))


@pytest.mark.parametrize(
    ("disturb", "steps"),
    [
        (lambda patch: failing(patch, loop, "evaluate", 2, Fault("")), 20),
        (lambda patch: failing(patch, loop, "save", 1, OSError("disk full")), 10),
        (lambda patch: failing(patch, loop, "write_logs", 1, Fault("")), 10),
        (lambda patch: Clumsy("step", 7), 7),
        (lambda patch: Clumsy("measure", 1), 10),
        (lambda patch: Clumsy("epoch", 3), 30),
    ],
)
def test_whatever_fails_after_a_step_costs_nothing(
    disturb: Callable[[Any], Any], steps: int, straight: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    """All steps are on disk, and the run goes on to the bits of one that nothing disturbed."""
    with monkeypatch.context() as patch:
        reporter = disturb(patch)
        with pytest.raises((Fault, OSError)):
            run(tmp_path, reporter=reporter)
    assert load_checkpoint(tmp_path)[1].step == steps
    run(tmp_path, resume=True)
    require_the_same(tmp_path, straight)


def test_a_damaged_image_costs_no_step(straight: Path, tmp_path: Path, monkeypatch: Any) -> None:
    """Met in the middle of an epoch it ends the run, with the steps before it on disk."""
    with monkeypatch.context() as patch:
        spoilt = loop.batches

        def batches(*given: Any, **named: Any) -> Any:
            for number, batch in enumerate(spoilt(*given, **named)):
                if number == 4:
                    raise ValueError("images[17]: damaged")
                yield batch

        patch.setattr(loop, "batches", batches)
        with pytest.raises(ValueError, match=r"^images\[17\]: damaged$"):
            run(tmp_path)
    assert load_checkpoint(tmp_path)[1].step == 4
    run(tmp_path, resume=True)
    require_the_same(tmp_path, straight)


def test_a_first_batch_that_fails_leaves_no_run(tmp_path: Path, monkeypatch: Any) -> None:
    """So that the same command can be given again."""
    with monkeypatch.context() as patch:
        patch.setattr(loop, "batches", lambda *given, **named: (k for k in [1 // 0]))
        with pytest.raises(ZeroDivisionError):
            run(tmp_path)
    assert len(run(tmp_path)) == 3


def test_logs_that_cannot_be_written_are_a_remark(tmp_path: Path, monkeypatch: Any) -> None:
    """A spreadsheet that holds log.csv open does not end a run."""
    who = Listening()
    failing(monkeypatch, loop, "write_logs", 1, OSError("log.csv: cannot be written (in use)"))
    assert len(run(tmp_path, reporter=who)) == 3
    assert who.remarks == ["log.csv: cannot be written (in use)"]
    assert (tmp_path / "log.csv").read_text().count("\n") == 4
