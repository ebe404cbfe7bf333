"""Unusual pages, opened: every view is drawn in both languages, and nobody complains."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import npmobilenet as nm
from npmobilenet.explorer import made, write

from .pages import Watched
from .test_page import NAMES, tiny
from .test_unusual import CASES, SQUARE, too_large


def pages() -> dict[str, Any]:
    """Model and image of each page."""
    found: dict[str, Any] = {name: (make, image) for name, (make, image, _) in CASES.items()}
    many = tuple(f"kind {k}" for k in range(1001))
    others = {"too large": too_large, "names": lambda: tiny(tuple(NAMES))}
    others |= {"1,001 classes": lambda: tiny(many), "one class": lambda: tiny(("cat",))}
    return found | {name: (make, SQUARE) for name, make in others.items()}


PAGES = pages()
STATES = [{"v": v, "lang": lang} for v in range(1, 8) for lang in ("en", "zh")]


@pytest.mark.parametrize(
    "name", [n if n == "names" else pytest.param(n, marks=pytest.mark.long) for n in PAGES]
)
def test_every_view_is_drawn(browser: Any, tmp_path: Path, name: str) -> None:
    make, image = PAGES[name]
    file = tmp_path / "page.html"
    write(file, made(make(), image, time=False))
    watched = Watched(browser, file, "lang=en")
    dialogs: list[str] = []
    watched.page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    for state in STATES:
        watched.go(**state)
        watched.evaluate("new Promise((done) => setTimeout(done, 40))")
        assert watched.evaluate("document.querySelector('.view').childNodes.length") > 0, state
    assert watched.said == []
    assert watched.fetched == []
    assert dialogs == []
    watched.close()


def test_without_javascript_there_is_the_cost_and_the_reason(browser: Any, tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    model = tiny(("cat", "dog"))
    write(file, made(model, SQUARE, time=False))
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(file.as_uri())
    text = page.inner_text("body")
    assert "JavaScript" in text
    assert f"{nm.cost(model.plan).macs:,}" in text
    assert page.locator("table tr").count() >= len([x for x in model.plan.layers if x.macs])
    context.close()


@pytest.mark.long
def test_a_large_network_leaves_the_page_alive(browser: Any, tmp_path: Path) -> None:
    """V1 1.0, fresh: in half precision, said; while it computes, a click is answered."""
    plan = nm.plan("v1", resolution=224, classes=10)
    how = nm.images.Preprocessing.imagenet(224)
    rng = np.random.default_rng(0)
    params = {name: (value + rng.normal(0, 1e-9, value.shape)).astype(np.float32)
              for name, value in nm.init(plan, 0).items()}  # fmt: skip
    model = nm.Model(plan, params, tuple(map(str, range(10))), how)
    page = made(model, SQUARE, time=False)
    file = tmp_path / "page.html"
    write(file, page)
    context = browser.new_context()
    opened = context.new_page()
    opened.goto(file.as_uri())
    opened.evaluate("go({v: 2})")
    assert opened.evaluate("[state.v, lab.forward === null]") == [2, True]
    context.close()
