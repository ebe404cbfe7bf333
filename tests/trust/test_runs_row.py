"""The row of runs finds a run that loses something."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from benchmarks.reliability.runs.signals import one
from benchmarks.reliability.runs.spread import spread
from benchmarks.reliability.runs.state import Bench
from benchmarks.reliability.workplace import images
from npmobilenet.training.run.run import Run


@pytest.mark.long
def test_a_step_that_a_signal_loses_is_found(tmp_path: Path, monkeypatch: Any) -> None:
    bench = Bench(tmp_path, images(tmp_path / "data", count=8, measured=4, size=(32, 32)))
    bench.bits(3)

    def lossy(run: Run) -> None:
        if run.stop():
            raise KeyboardInterrupt

    monkeypatch.setattr(Run, "interrupt", lossy)
    _, bad = spread([partial(one, bench, number) for number in (1, 2, 6)], 1)
    assert any("nothing is saved" in fault for fault in bad)


def test_what_dies_counts() -> None:
    def dies() -> Any:
        raise SystemExit

    def fails() -> Any:
        raise ValueError("no")

    assert spread([fails], 1)[1][0].endswith("ValueError: no\n")
    assert spread([dies], 1) == (0, ["the process that tried some of it died"])
