"""Both sites: built without a warning, opened from the disk, heard, searched."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.commands import ROOT
from tests.explorer.browser import browser_or_skip
from tests.explorer.pages import COMPUTED

pytestmark = pytest.mark.long
LANGUAGES = {"en": "en", "zh": "zh_CN"}
FOUND = {"en": [("rotated", "How the gradient gets back"), ("depthwise", "Depthwise convolution")],
         "zh": [("深度卷积", "深度卷积"), ("rotated", "梯度怎样传回来")]}  # fmt: skip
# titles that the search finds, once one begins so, or after half a minute
FOUND_AT_LAST = """(title) => new Promise((resolve) => {
  const started = performance.now();
  const wait = setInterval(() => {
    const links = [...document.querySelectorAll("#search-results li a")].map((a) => a.textContent);
    const found = links.find((text) => text.startsWith(title));
    if (found || performance.now() - started > 30000) {
      clearInterval(wait);
      resolve(found ? title : links.join("; "));
    }
  }, 50);
})"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium; what needs it skips without."""
    yield from browser_or_skip()


@pytest.fixture(scope="module", params=LANGUAGES)
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Path]:
    """A language, and its site, of which a warning is an error."""
    pytest.importorskip("sphinx")
    out = tmp_path_factory.mktemp(request.param)
    command = ["-m", "sphinx", "-n", "-W", "-q", "-D", f"language={LANGUAGES[request.param]}"]
    folders = [ROOT / "docs", out, "-d", out.with_name(f"{out.name}-trees")]
    done = subprocess.run(
        [sys.executable, *command, *map(str, folders)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return request.param, out


def pages(out: Path) -> list[Path]:
    """Every page that is read; the explorer's have tests of their own."""
    return sorted(file for file in out.rglob("*.html") if file.parent.name != "explorer")


def test_every_page_has_its_twin(site: tuple[str, Path]) -> None:
    """Chinese where there is Chinese, and nothing in both languages."""
    language, out = site
    twins = list((ROOT / "docs").rglob("*.zh.md"))
    assert len(twins) >= 12
    for twin in twins:
        name = twin.relative_to(ROOT / "docs").as_posix().removesuffix(".zh.md")
        assert (out / f"{name}.zh.html").exists() == (language == "zh")
        assert (out / f"{name}.html").exists() == (language == "en" or name == "index")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_opened_from_the_disk(site: tuple[str, Path], browser: Any, scheme: str) -> None:
    """No page asks for anything that is not beside it, complains, or has a fault that axe-core finds."""
    from axe_playwright_python.sync_playwright import Axe

    _, out = site
    page = browser.new_page(color_scheme=scheme, viewport={"width": 1280, "height": 900})
    asked: list[str] = []
    errors: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    faults = []
    for file in pages(out):
        page.goto(file.as_uri())
        found = Axe().run(page).response["violations"]
        faults += [(file.name, each["id"], each["nodes"][0]["html"][:120]) for each in found]
    page.close()
    assert not errors
    assert not faults
    assert all(url.startswith((out.as_uri(), "data:")) for url in asked)


def test_on_a_phone(site: tuple[str, Path], browser: Any) -> None:
    """Nothing is wider than the window but what can be scrolled by itself."""
    _, out = site
    page = browser.new_page(viewport={"width": 360, "height": 740})
    for file in pages(out):
        page.goto(file.as_uri())
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 360, (file.name, width)
    page.close()


def test_search(site: tuple[str, Path], browser: Any) -> None:
    language, out = site
    page = browser.new_page()
    for words, title in FOUND[language]:
        page.goto(f"{(out / 'search.html').as_uri()}?q={words}")
        assert page.evaluate(FOUND_AT_LAST, title) == title
    page.close()


def test_the_explorer_is_there_in_the_state_that_a_chapter_names(
    site: tuple[str, Path], browser: Any
) -> None:
    language, out = site
    chapter = out / "book" / ("02-depthwise.zh.html" if language == "zh" else "02-depthwise.html")
    page = browser.new_page()
    page.goto(chapter.as_uri())
    page.click("a[href*='explorer/flowers.html#']")
    page.evaluate(COMPUTED)  # playwright's own way to wait evaluates text, which the page forbids
    assert page.evaluate("[state.v, state.l]") == [1, "blocks.1.depthwise"]
    page.close()
