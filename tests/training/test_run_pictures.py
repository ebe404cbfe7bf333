"""The pictures and the card of a finished run: what cannot be drawn or written is a remark."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from npmobilenet.training.report import plots
from npmobilenet.training.report.finish import conclude
from tests.training.runs import CONFIG, VALIDATION, Fault, failing

pytestmark = pytest.mark.usefixtures("one_thread")


def test_pictures_and_cards_cost_no_run(straight: Path, tmp_path: Path, monkeypatch: Any) -> None:
    """What cannot be drawn or written is a remark, in one line each."""
    pytest.importorskip("matplotlib")
    for name in ("last.safetensors", "best.safetensors"):
        (tmp_path / name).write_bytes((straight / name).read_bytes())
    (tmp_path / "card.md").mkdir()
    failing(monkeypatch, plots, "curves", 1, Fault("a font\n is missing"))
    failing(monkeypatch, plots, "confusion", 1, MemoryError())
    scores, remarks = conclude(tmp_path, VALIDATION, CONFIG, "npmobilenet train \udcc3")
    assert scores is not None
    assert remarks[0] == f"{tmp_path / 'curves.png'} could not be drawn: a font is missing"
    assert remarks[1] == f"{tmp_path / 'confusion.png'} could not be drawn: MemoryError"
    assert remarks[2].startswith(f"{tmp_path / 'card.md'} could not be written: ")
    assert all(len(remark.splitlines()) == 1 for remark in remarks)


def test_a_matplotlib_that_cannot_be_used_is_a_remark(monkeypatch: Any) -> None:
    import sys

    pytest.importorskip("matplotlib")
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert plots.trouble().startswith("no pictures of curves: matplotlib cannot be used (")


@pytest.mark.parametrize(
    "names",
    [
        ("$x^{$", "a$b$c", "\\alpha_", "two\nlines", "x" * 400),
        pytest.param(tuple(str(k) * 40 for k in range(40)), marks=pytest.mark.long),
        pytest.param(tuple(map(str, range(1000))), marks=pytest.mark.long),
    ],
)
def test_classes_of_any_name_can_be_drawn(
    names: tuple[str, ...], tmp_path: Path, recwarn: Any
) -> None:
    """A dollar begins no mathematics, a long name leaves room for the matrix."""
    pytest.importorskip("matplotlib")
    from npmobilenet.predicting.metrics import Evaluation

    labels = np.arange(len(names))
    scores = Evaluation(len(names), 1, 1, 0.0, names, labels, labels, np.ones(len(names)))
    plots.confusion(scores, tmp_path / "drawn.png")
