"""View 3: what it shows as sums is the gradient, and its nudge is measured in the whole network."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import npmobilenet as nm
from tests.explorer.networks import preprocessing
from tests.explorer.pages import Watched, fashion, written

# of random (layer, input pixel, channel, weight): dx scattered, gathered and held; dw summed and held
SUMS = """(count) => {
  let seed = 7;
  const below = (n) => (seed = (seed * 16807) % 2147483647) % n;
  const layers = lab.layers.filter(multiplies);
  return Array.from({ length: count }, () => {
    const layer = layers[below(layers.length)];
    const [rows, columns, channels] = backwardsInput(layer);
    const { K, L } = backwardsGeometry(layer);
    const m = below(channels);
    const o = layer.kind === "depthwise" ? m : below(mapShape(layer)[2]);
    const [row, column, u, v] = [below(rows), below(columns), below(K), below(L)];
    const readers = lab.layers.filter((other) => other.inputs.includes(layer.inputs[0]));
    return {
      name: layer.name, place: [row, column, m], weight: [u, v, m, o],
      alone: readers.length === 1,
      scattered: backwardsTotal(backwardsReaders(layer, row, column, m)),
      gathered: backwardsGathered(layer, row, column, m),
      held: at(backwardsOf(layer.inputs[0]), row, column, m),
      summed: backwardsTotal(backwardsMeetings(layer, u, v, m, o)),
    };
  });
}"""

# of every layer without filters that alone reads its input: dx by its one line, and as backward has it
LINES = """() => lab.layers
  .filter((layer) => !multiplies(layer) && layer.inputs[0] !== "image" && layer.kind !== "add")
  .filter((layer) => lab.layers.filter((other) => other.inputs.includes(layer.inputs[0])).length === 1)
  .map((layer, k) => {
    const [rows, columns, channels] = mapShape(layer);
    const place = { i: (5 * k) % rows, j: (3 * k) % columns, c: (7 * k) % channels };
    Object.assign(state, place, { l: layer.name });
    const [dy, factor] = [at(backwardsOf(layer.name), state.i, state.j, state.c), backwardsFactor(layer)];
    const dx = layer.kind === "global_pool" ? dy / factor : dy * factor;
    return [layer.name, dx, at(backwardsOf(layer.inputs[0]), state.i, state.j, state.c)];
  })"""

# the page measures, shows it, and rests; one that never rests would hang here
MEASURED = """new Promise((resolve, reject) => {
  const wait = setInterval(() => {
    if (!backwardsNudges.running) resolve(clearInterval(wait));
  }, 20);
  setTimeout(() => reject(new Error("the nudge is still being measured")), 60000);
})"""


@pytest.fixture(scope="module")
def shown(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    folder = tmp_path_factory.mktemp("backwards")
    watched = Watched(browser, written(fashion(), folder), "v=3&lang=en")
    yield watched
    watched.close()


def test_both_sums_are_the_gradient(shown: Watched) -> None:
    """Scattered, gathered by the turned filter, and as NumPy has them; weights over all their places."""
    model = fashion()
    pixels = np.array(shown.evaluate("[...lab.x.data]")).reshape(1, 48, 48, 1)
    params = {name: value.astype(np.float64) for name, value in model.params.items()}
    dlogits = np.array(shown.evaluate("[...lab.dlogits.data]"))[None]
    _, tape, _ = nm.forward(model.plan, params, pixels, rung="numpy")
    grads = nm.backward(model.plan, dlogits, tape)
    for one in shown.evaluate(SUMS, 300):
        size = abs(one["scattered"]) + 1e-9
        assert one["scattered"] == pytest.approx(one["gathered"], abs=1e-11 * size), one
        if one["alone"]:
            assert one["scattered"] == pytest.approx(one["held"], abs=1e-11 * size), one
        dw = grads[f"{one['name']}.weight"]
        u, v, m, o = one["weight"]
        kind = model.plan[one["name"]].kind
        index = {"conv": (u, v, m, o), "depthwise": (u, v, o)}.get(kind, (m, o))
        assert one["summed"] == pytest.approx(dw[index], rel=1e-9, abs=1e-15), one


def test_other_layers_say_what_their_gradient_does(shown: Watched) -> None:
    found = shown.evaluate(LINES)
    assert len(found) > 40
    for name, said, held in found:
        assert said == pytest.approx(held, rel=1e-12, abs=1e-18), name
    shown.go(l="blocks.2.depthwise_norm")
    assert "γ / √(v + ε)" in shown.evaluate("document.querySelector('.sentence').textContent")


@pytest.mark.parametrize("name", ["stem", "blocks.2.depthwise", "blocks.15.project", "classifier"])
def test_the_loss_follows_the_moved_weight(shown: Watched, name: str) -> None:
    """The page's own measurements: slope, +0.01, and the curve from one end to the other."""
    shown.go(v=3, l=name, lang="en", s=None)
    shown.evaluate(MEASURED)
    found = shown.evaluate(
        """() => {
          const { size, gradient, slope, change, losses } = backwardsMeasured(layerNow());
          return { size, gradient, slope, change, moves: [...losses.keys()] };
        }"""
    )
    assert found["slope"] == pytest.approx(found["gradient"], rel=1e-3)
    assert min(found["moves"]) == pytest.approx(-max(found["moves"]), rel=1)
    assert {-found["size"], found["size"]} <= set(found["moves"])
    sentence = shown.evaluate("document.querySelector('.sentence').textContent")
    assert sentence.startswith("+0.01 on w[")
    assert "computed again" in sentence


def test_the_slider_moves_the_weight_by_keyboard(shown: Watched) -> None:
    shown.go(v=3, l="blocks.1.depthwise", lang="en", s=None)
    shown.evaluate(MEASURED)
    before = shown.evaluate("document.querySelector('.backwards-chart .here').getAttribute('cx')")
    shown.page.focus("[data-key='backwards-nudge']")
    for _ in range(4):
        shown.page.keyboard.press("ArrowRight")
    shown.evaluate(MEASURED)
    assert shown.evaluate("state.bh") == pytest.approx(0.2)
    loss, now = shown.evaluate("[backwardsMeasured(layerNow()).here, lab.loss]")
    assert loss != now
    ring = "document.querySelector('.backwards-chart .here')"
    assert float(shown.evaluate(f"{ring}.getAttribute('cx')")) > float(before)
    assert shown.evaluate(f"{ring}.getAttribute('class')") == "here"


@pytest.mark.parametrize("name", ["stem", "blocks.2.depthwise", "blocks.15.project"])
def test_the_steepest_weight_is_the_largest_gradient(shown: Watched, name: str) -> None:
    shown.go(v=3, l=name, lang="en", s=None)
    shown.page.click("[data-key='backwards-steepest']")
    found, most = shown.evaluate(
        """(name) => [backwardsGradient(layerNow(), backwardsChoice(layerNow())),
          largest(lab.backward.grads[`${name}.weight`].data)]""",
        name,
    )
    assert abs(found) == most > 0


def test_steps_light_the_outputs_one_by_one(shown: Watched) -> None:
    shown.go(v=3, l="blocks.1.depthwise", s=0)
    count = shown.evaluate("stepsOf()")
    for step in range(count + 1):
        shown.go(s=step)
        lines = shown.evaluate(
            "document.querySelectorAll('.backwards-two .backwards-terms li').length"
        )
        assert lines == step


def test_a_network_without_classes_says_so(browser: Any, tmp_path_factory: Any) -> None:
    plan = nm.plan("v1", width=0.25, resolution=32, include_top=False)
    model = nm.Model(plan, nm.init(plan, seed=0), (), preprocessing(plan))
    watched = Watched(browser, written(model, tmp_path_factory.mktemp("headless")), "v=3&lang=en")
    text = watched.evaluate("document.querySelector('.sentence').textContent")
    said = watched.said
    watched.close()
    assert "no loss" in text
    assert said == []
