"""The page asks for nothing, complains of nothing, is reached by keyboard, and keeps its state."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.explorer.pages import MODELS, Watched, written

VIEWS = range(1, 8)
WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 360, "height": 740}
# what axe is sure of; the rest it wants a person to look at
STRICT = {"resultTypes": ["violations"]}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The page of each network, made when it is first asked for."""
    made: dict[str, Path] = {}

    def file(name: str) -> Path:
        if name not in made:
            made[name] = written(MODELS[name](), tmp_path_factory.mktemp(name))
        return made[name]

    return file


@pytest.fixture(scope="module")
def fashion(browser: Any, files: Any) -> Iterator[Watched]:
    watched = Watched(browser, files("fashion-mnist"), "lang=en", viewport=WIDE)
    yield watched
    watched.close()


def settled(watched: Watched) -> None:
    """Wait for what a view computes by itself."""
    watched.evaluate("new Promise((done) => setTimeout(done, 60))")


def complaints(watched: Watched) -> list[str]:
    """What axe-core finds in the page as it stands, a line each."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(watched.page, options=STRICT).response["violations"]
    return [
        f"{one['id']}: {one['help']}: {node['target']} {node['html'][:120]}"
        for one in found
        for node in one["nodes"]
    ]


def walk(watched: Watched, where: str, langs: tuple[str, ...] = ("en", "zh")) -> list[str]:
    """Every view: axe's complaints, and whether the page scrolls sideways."""
    wrong = []
    for lang in langs:
        for view in VIEWS:
            watched.go(v=view, lang=lang, s=None)
            settled(watched)
            wrong += [f"{where} view {view} {lang}: {text}" for text in complaints(watched)]
            width, window = watched.evaluate(
                "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
            )
            if width > window:
                wrong.append(f"{where} view {view} {lang}: {width} px wide in a window of {window}")
    return wrong


def test_the_page_asks_for_nothing_and_says_nothing(fashion: Watched) -> None:
    """No request, no word in the console, no violation of its own policy, in any view."""
    for lang in ("en", "zh"):
        for view in VIEWS:
            fashion.go(v=view, lang=lang)
            settled(fashion)
            text = fashion.evaluate("document.querySelector('.sentence').textContent")
            assert len(text) > 20, f"view {view} {lang} says {text!r}"
            assert not fashion.evaluate("lab.failed")
    assert fashion.fetched == []
    assert fashion.said == []


def test_axe_finds_nothing(fashion: Watched) -> None:
    """In a wide window, in English; the rest takes its time below."""
    assert walk(fashion, "wide light", ("en",)) == []


@pytest.mark.long
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["1280", "360"])
@pytest.mark.parametrize("name", MODELS)
def test_axe_finds_nothing_anywhere(
    browser: Any, files: Any, name: str, size: dict[str, int], scheme: str
) -> None:
    watched = Watched(browser, files(name), "lang=en", viewport=size, color_scheme=scheme)
    wrong = walk(watched, f"{name} {size['width']} {scheme}")
    watched.go(v=1, help=1, side=1, table=1)
    wrong += complaints(watched)
    quiet = watched.fetched + watched.said
    watched.close()
    assert wrong == []
    assert quiet == []


REACHABLE = """() => [...document.querySelectorAll(
    "button, input, select, summary, a[href], [tabindex='0']")]
  .filter((e) => !e.disabled && e.checkVisibility() && (e.type !== "radio" || e.checked))
  .map((e) => e.dataset.key ?? e.getAttribute("aria-label") ?? e.textContent)"""
FOCUSED = """() => { const e = document.activeElement;
  return e === document.body ? null : e.dataset.key ?? e.getAttribute("aria-label") ?? e.textContent }"""


@pytest.mark.parametrize("view", VIEWS)
def test_tab_reaches_every_control(fashion: Watched, view: int) -> None:
    fashion.go(v=view, lang="en", s=None)
    settled(fashion)
    wanted = set(fashion.evaluate(REACHABLE))
    fashion.evaluate("document.activeElement.blur()")
    found = set()
    for _ in range(len(wanted) + 12):
        fashion.page.keyboard.press("Tab")
        found.add(fashion.evaluate(FOCUSED))
    assert wanted - found == set()


def test_every_element_that_takes_the_focus_has_a_key(fashion: Watched) -> None:
    """By which it keeps the focus when the page is drawn anew."""
    for view in VIEWS:
        fashion.go(v=view)
        settled(fashion)
        nameless = fashion.evaluate(
            """() => [...document.querySelectorAll("button, input, select, summary")]
                 .filter((e) => !e.dataset.key).map((e) => e.outerHTML.slice(0, 100))"""
        )
        assert nameless == [], f"view {view}"


def test_keys_of_one_letter_act_on_maps_and_the_player_alone(fashion: Watched) -> None:
    page = fashion.page
    fashion.go(v=1, l="blocks.2.depthwise", c=3, i=4, j=5, s=None, lang="en")
    page.focus("[data-key=output]")
    before = fashion.evaluate("({...state})")
    for key, name, value in (
        ("ArrowRight", "j", before["j"] + 1),
        ("ArrowDown", "i", before["i"] + 1),
        ("]", "c", before["c"] + 1),
        ("[", "c", before["c"]),
        ("l", "lang", "zh"),
        ("l", "lang", "en"),
        ("?", "help", 1),
        ("?", "help", 0),
        (".", "l", "blocks.2.depthwise_norm"),
        (",", "l", "blocks.2.depthwise"),
        ("2", "v", 2),
    ):
        page.keyboard.press(key)
        assert fashion.evaluate(f"state.{name}") == value, key
    fashion.go(v=1)
    page.focus("[data-key=lang]")  # a button: letters are none of its business
    for key in ("3", "]", "l", "?"):
        page.keyboard.press(key)
    assert fashion.evaluate("[state.v, state.lang]") == [1, "en"]


def test_the_player_steps_and_stops(fashion: Watched) -> None:
    page = fashion.page
    fashion.go(v=1, l="blocks.1.depthwise", s=None, lang="en")
    for button, step in (("first", 0), ("on", 1), ("on", 2), ("back", 1), ("all", None)):
        page.focus(f"[data-key=player-{button}]")
        page.keyboard.press("Enter")
        assert fashion.evaluate("state.s") == step, button
    page.keyboard.press("ArrowLeft")
    assert fashion.evaluate("state.s") == 8
    count = "document.querySelectorAll('.products li').length"
    assert fashion.evaluate(count) == 8
    page.keyboard.press(" ")  # on a button it is the button's
    assert fashion.evaluate("state.s") is None


def test_the_state_stands_in_the_address(browser: Any, files: Any) -> None:
    state = "v=1&l=blocks.3.depthwise&c=2&i=5&j=7&lang=zh"
    watched = Watched(browser, files("fashion-mnist"), state)
    assert watched.evaluate("[state.v, state.l, state.c, state.i, state.j, state.lang]") == [
        1, "blocks.3.depthwise", 2, 5, 7, "zh",
    ]  # fmt: skip
    assert watched.evaluate("document.documentElement.lang") == "zh-CN"
    watched.go(c=4)
    watched.evaluate("new Promise((done) => setTimeout(done, 250))")
    assert "c=4" in watched.evaluate("location.hash")
    watched.evaluate("void (location.hash = '#v=2&lang=en')")
    watched.evaluate("new Promise((done) => setTimeout(done, 30))")
    assert watched.evaluate("[state.v, state.lang]") == [2, "en"]
    # and an address that means nothing is no reason to show nothing
    watched.evaluate("void (location.hash = '#v=99&l=nowhere&c=-3&i=1e9&j=x&lang=tlh&__proto__=1')")
    watched.evaluate("new Promise((done) => setTimeout(done, 30))")
    assert watched.evaluate("[state.v, state.c]") == [7, 0]
    assert watched.evaluate("lab.byName[state.l] !== undefined")
    assert watched.said == []
    watched.close()
