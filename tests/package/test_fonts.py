"""Names in pictures: drawn where a font has their characters, written out and said where none has."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from npmobilenet import fonts
from npmobilenet.predicting import prediction_sheet
from npmobilenet.predicting.metrics import Evaluation
from npmobilenet.training.report import plots

CHINESE = ("\u73ab\u7470", "\u96cf\u83ca")
OWL = "🦉 owl\u200d"


@pytest.fixture(params=["no other font", "the fonts that are here"])
def here(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """With Pillow's own font alone, which has ASCII, and with what this machine has."""
    if request.param == "no other font":
        monkeypatch.setattr(fonts, "_files", tuple)
    fonts._best.cache_clear()
    yield request.param
    fonts._best.cache_clear()


def picture(names: tuple[str, ...]) -> np.ndarray:
    p = np.array([0.7, 0.3], np.float32)
    return np.asarray(prediction_sheet.prediction(Image.new("RGB", (9, 9)), names, p))


def test_other_names_are_another_picture(here: str) -> None:
    others = ("\u5411\u65e5", "\u90c1\u91d1")
    drawn = [picture(names) for names in (CHINESE, others)]
    assert drawn[0].shape == drawn[1].shape
    assert not np.array_equal(*drawn)


def test_what_no_font_has_is_written_out_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "_files", tuple)
    fonts._best.cache_clear()
    font = fonts.font_for(CHINESE, 16)
    assert fonts.written(CHINESE[0], font) == r"\u73ab\u7470"
    assert fonts.written(OWL, font) == r"\U0001f989 owl\u200d"
    assert fonts.written("a\nb", font) == r"a\nb"
    said = fonts.remark(("daisy", *CHINESE))
    assert said == (
        "no font here has all characters of 2 of the names; in pictures they are written "
        r"\u73ab\u7470, \u96cf\u83ca"
    )
    assert fonts.remark(("daisy", "a b")) == ""
    np.testing.assert_array_equal(picture(CHINESE), picture((r"\u73ab\u7470", r"\u96cf\u83ca")))
    fonts._best.cache_clear()


def test_the_first_font_that_has_all_is_taken() -> None:
    """matplotlib brings DejaVu Sans, which has accents and Greek."""
    pytest.importorskip("matplotlib")
    font = fonts.font_for(("caf\u00e9", "\u03b1"), 16)
    assert "DejaVuSans" in str(font.path)
    assert fonts.written("caf\u00e9 \u03b1", font) == "caf\u00e9 \u03b1"
    assert fonts.remark(("caf\u00e9", "\u03b1")) == ""
    assert not isinstance(fonts.font_for(("daisy",), 16).path, str)  # Pillow's own


def test_pictures_take_any_name(here: str, tmp_path: Path) -> None:
    """No warning of a missing glyph (warnings are errors here), nothing read as mathematics."""
    names = (*CHINESE, OWL, "$x^{$ $\\frac$", "a\nb\tc", "\u202ecod", "x" * 300, "caf\u00e9 \u0301")
    labels, predicted = np.arange(8) % len(names), np.arange(8)[::-1] % len(names)
    scores = Evaluation(8, 0, 8, 1.0, names, labels, predicted, np.full(8, 0.5, np.float32))
    if plots.can_draw():
        plots.confusion(scores, tmp_path / "c.png")
    p = np.full(len(names), 1 / len(names), np.float32)
    page = prediction_sheet.prediction(Image.new("RGB", (9, 9)), names, p, top=len(names))
    assert page.width < 500
    images = [Image.new("RGB", (9, 9), "red")] * 8
    dataset = type("Images", (), {"image": lambda self, k: images[k]})()
    assert prediction_sheet.mistakes(dataset, scores, 8).width < 1000
