"""View 4: its columns and sums are the counter's, and with times it says where they go."""

from collections.abc import Iterator
from typing import Any

import pytest

from npmobilenet.cost import cost
from tests.explorer.pages import Watched, fashion, flowers, written

MEASURES = ("macs", "parameters", "bytes")
SENTENCE = "document.querySelector('.sentence').textContent"
WIDTHS = (
    "[...document.querySelectorAll('.map-column')].map((column) => parseFloat(column.style.width))"
)

# a machine that is told, so that no time is measured: every layer takes 10 µs, one 1 ms
TIMED = """(slow) => {
  const bandwidths = [[2 ** 18, 1e11], [2 ** 28, 1e10]];
  data.machine = { text: "", threads: 1, lanes: 8, peak: 1e11, bandwidths };
  for (const layer of lab.layers) Object.assign(layer, {
    floor: Math.max(layer.flops / 1e11, layer.bytes / 1e11), bound: "memory",
    seconds: layer.name === slow ? 1e-3 : 1e-5 });
  drawPage();
}"""


@pytest.fixture(scope="module")
def shown(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    folder = tmp_path_factory.mktemp("map")
    watched = Watched(browser, written(fashion(), folder), "v=4&lang=en&still=1")
    yield watched
    watched.close()


@pytest.mark.parametrize("by", ["layer", "block"])
@pytest.mark.parametrize("measure", MEASURES)
def test_columns_are_as_wide_as_their_share(shown: Watched, measure: str, by: str) -> None:
    shown.go(v=4, mm=measure, mb=by)
    amounts: dict[str, int] = {}
    for layer in shown.evaluate("lab.layers"):
        key = layer["name"] if by == "layer" else layer["block"]
        amounts[key] = amounts.get(key, 0) + layer[measure]
    total = sum(amounts.values())
    found = shown.evaluate(WIDTHS)
    assert found == pytest.approx([100 * one / total for one in amounts.values()], abs=1e-3)


def test_without_times_it_says_so(shown: Watched) -> None:
    model = fashion()
    most = max(cost(model.plan).layers, key=lambda layer: layer.macs)
    shown.go(v=4, mm="seconds", mb="layer")
    text = shown.evaluate(SENTENCE)
    assert most.name in text
    assert "not measured" in text
    options = shown.evaluate(
        "[...document.querySelectorAll('[name=map-measure]')].map((one) => one.dataset.key)"
    )
    assert options == [f"map-measure-{one}" for one in MEASURES]
    assert shown.evaluate("document.querySelector('.map-roof')") is None


def test_with_times_it_names_the_slowest_layer(
    browser: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """And its roofline has a dot a layer that computes; the paper's misprint is V1's alone."""
    watched = Watched(browser, written(flowers(), tmp_path_factory.mktemp("v1")), "v=4&lang=en")
    watched.evaluate(TIMED, "blocks.5.depthwise_norm")
    layers = watched.evaluate("lab.layers")
    text = watched.evaluate(SENTENCE)
    watched.go(mm="seconds", l="blocks.5.depthwise_norm")
    dots = watched.evaluate("document.querySelectorAll('.map-roof circle').length")
    page = watched.evaluate("document.querySelector('.map-view').textContent")
    said = watched.said
    watched.close()
    most = max(layers, key=lambda layer: layer["macs"])["name"]
    share = 1e-3 / (1e-3 + 1e-5 * (len(layers) - 1))
    assert f"Most multiplications are in {most}" in text
    assert f"most time goes to blocks.5.depthwise_norm: {100 * share:.1f} %" in text
    assert dots == sum(layer["flops"] > 0 for layer in layers)
    assert "printed 1.19%, is 1.91 %" in page
    assert said == []


def test_arrow_keys_go_from_column_to_column(shown: Watched) -> None:
    names = [layer["name"] for layer in shown.evaluate("lab.layers")]
    shown.go(v=4, mm="macs", mb="layer", l=names[0])
    shown.page.focus("[data-key='map-strip']")
    for key, wanted in (("ArrowRight", 1), ("End", -1), ("ArrowLeft", -2), ("Home", 0)):
        shown.page.keyboard.press(key)
        assert shown.evaluate("state.l") == names[wanted]
    assert shown.evaluate("document.activeElement.dataset.key") == "map-strip"


def test_columns_slide_unless_motion_is_not_wanted(shown: Watched) -> None:
    """A change of the measure animates widths; with "no motion" nothing moves."""
    moving = """async ([mm, still]) => {
      go({ still, v: 4, mb: "layer" });
      await new Promise((resolve) => setTimeout(resolve, 50));
      go({ mm });
      await new Promise(requestAnimationFrame);
      return document.getAnimations().length;
    }"""
    shown.go(mm="macs")
    assert shown.evaluate(moving, ["parameters", 1]) == 0
    assert shown.evaluate(moving, ["bytes", 0]) > 10
    shown.go(still=1)


def test_pictures_show_the_sixteen_channels_around_the_chosen(shown: Watched) -> None:
    shown.go(v=4, l="blocks.7.expand", c=35)
    found = shown.evaluate(
        "[...document.querySelectorAll('.map-tile')].map((tile) => tile.textContent)"
    )
    assert found == [str(c) for c in range(32, 48)]
    shown.page.click(".map-tile >> nth=1")
    assert shown.evaluate("state.c") == 33
