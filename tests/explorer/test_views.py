"""What the views say: the race's integers and fractions, the nudge's slope, the spiral's lost points."""

import json
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import npmobilenet as nm
from npmobilenet.cost import separable_cost
from npmobilenet.evidence import spiral
from tests.explorer.pages import Watched, fashion, written

COUNTED = """(settings) => settings.map((one) => {
  const found = separableCost(one);
  const ways = [found.standard, found.depthwise, found.pointwise, found.separable];
  return {
    parts: ways.map(({ macs, weights }) => [String(macs), String(weights)]),
    written: [found.ratio, found.weightsRatio, found.formula].map((one) => `${one.over}/${one.under}`),
    sizes: [found.m, found.n, ...found.df].map(String),
  };
})"""


@pytest.fixture(scope="module")
def shown(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    folder = tmp_path_factory.mktemp("views")
    watched = Watched(browser, written(fashion(), folder), "v=2&lang=en")
    yield watched
    watched.close()


def test_the_race_counts_what_separable_cost_counts(shown: Watched) -> None:
    """The same integers and fractions on 1,000 random settings, odd multipliers among them."""
    rng = np.random.default_rng(0)
    multipliers = [1, 0.75, 0.5, 0.25, 0.35, "3/7", "1/3", 1.4, 0.714, "0.05"]
    settings: list[dict[str, Any]] = [
        {
            "k": [int(rng.integers(1, 8)), int(rng.integers(1, 8))],
            "m": int(rng.integers(1, 2000)),
            "n": int(rng.integers(1, 2000)),
            "df": [int(rng.integers(1, 300)), int(rng.integers(1, 300))],
            "alpha": multipliers[rng.integers(len(multipliers))],
            "rho": multipliers[rng.integers(len(multipliers))],
        }
        for _ in range(1000)
    ]
    for setting, found in zip(settings, shown.evaluate(COUNTED, settings), strict=True):
        pairs = {name: tuple(setting[name]) for name in ("k", "df")}
        cost = separable_cost(**{**setting, **pairs})
        ways = (cost.standard, cost.depthwise, cost.pointwise, cost.separable)
        assert found["parts"] == [[str(way.macs), str(way.weights)] for way in ways], setting
        assert found["sizes"] == [str(size) for size in (cost.m, cost.n, *cost.df)], setting
        fractions = (
            Fraction(cost.separable.macs, cost.standard.macs),
            Fraction(cost.separable.weights, cost.standard.weights),
            Fraction(1, cost.n) + Fraction(1, cost.k[0] * cost.k[1]),
        )
        written_out = [f"{one.numerator}/{one.denominator}" for one in fractions]
        assert found["written"] == written_out, setting


def test_the_race_begins_with_the_much_read_example(shown: Watched) -> None:
    shown.go(v=2, s=None)
    sentence = shown.evaluate("document.querySelector('.sentence').textContent")
    for text in ("3,612,672", "28,224", "401,408", "137/1152"):
        assert text in sentence


@pytest.mark.parametrize("dimensions", spiral.DIMENSIONS)
def test_the_spirals_lost_points_are_the_claims(shown: Watched, dimensions: int) -> None:
    matrix = spiral.embeddings(dimensions)[0]
    found = shown.evaluate(
        "(n) => { const s = spiralThrough(n); return [s.lost / s.count, s.entry.lost, s.entry.here]; }",
        dimensions,
    )
    share = spiral.share_lost(matrix[None])
    assert found == [share, spiral.share_lost(spiral.embeddings(dimensions)), share]


@pytest.fixture(scope="module")
def maps(shown: Watched) -> Any:
    """What NumPy puts out for the page's image, layer by layer."""
    model = fashion()
    pixels = np.array(shown.evaluate("[...lab.pixels]"), np.uint8)
    how = model.preprocessing
    x = (pixels.reshape(1, 48, 48, 1) / 255 - np.array(how.mean)) / np.array(how.std)
    params = {name: value.astype(np.float64) for name, value in model.params.items()}
    return nm.intermediates(model.plan, params, x, rung="numpy")


def test_counts_of_the_bends_are_numpys(shown: Watched, maps: Any) -> None:
    """How many numbers are cut, how many lie where the slope of hard-swish jumps, how many are silent."""
    plan = fashion().plan
    for name, last_silent in (("stem_activation", -3), ("blocks.2.depthwise_activation", 0)):
        values = maps[plan[name].inputs[0]]
        shown.go(v=6, l=name)
        found = shown.evaluate("bendsCounts(bendsLayer())")
        assert found["all"] == values.size
        assert found["belowZero"] == (values <= 0).sum()
        assert found["fromSix"] == (values >= 6).sum()
        assert found["within3"] == (np.abs(values) < 3).sum()
        assert found["near3"] == (np.abs(values - 3) <= 0.05).sum()
        assert found["nearMinus3"] == (np.abs(values + 3) <= 0.05).sum()
        assert found["silent"] == (values <= last_silent).sum()
        assert found["outside"] == (values < -8).sum() + (values >= 8).sum()
        inside = np.histogram(values[values < 8], 128, (-8, 8))[0]
        assert found["bins"] == inside.tolist()


def test_the_gap_and_the_jumps_are_the_claims(shown: Watched) -> None:
    """They are found in the curves, and stand in the picture."""
    shown.go(v=6, bends=None)
    widest, jumps = shown.evaluate("[bendsWidest(), BENDS_JUMPS.map(bendsJump)]")
    assert (widest["at"], round(widest["gap"], 3)) == (3, 0.142)
    assert [round(jump, 6) for jump in jumps] == [0.5, 0.5]
    said = shown.evaluate("[...document.querySelectorAll('.said')].map((e) => e.textContent)")
    assert said == ["jumps 0.50", "jumps 0.50", "0.142 apart"]


def test_one_cursor_for_pointer_and_keyboard(shown: Watched) -> None:
    shown.go(v=6, bendx=3)
    box = shown.page.locator(".bends-chart").bounding_box()
    assert box
    middle, unit = box["x"] + box["width"] * 317 / 600, box["width"] * 542 / 600 / 16
    shown.page.mouse.move(middle, box["y"] + 40)
    shown.page.mouse.down()
    assert abs(shown.evaluate("state.bendx")) <= 0.05
    shown.page.mouse.move(middle - 2 * unit, box["y"] + 40)
    shown.page.mouse.up()
    assert abs(shown.evaluate("state.bendx") + 2) <= 0.05
    shown.page.mouse.move(middle, box["y"] + 40)  # nothing is pressed
    shown.page.focus("[data-key=bendx]")
    before = shown.evaluate("state.bendx")
    shown.page.keyboard.press("ArrowRight")
    assert shown.evaluate("state.bendx") == pytest.approx(before + 0.05)


def test_the_block_that_is_taken_apart(shown: Watched) -> None:
    """The first that expands, the chosen layer's, or the one asked for."""
    chosen = "[blockChosen(), document.querySelector('[data-key=block]').value]"
    for state, block in (
        ({"l": "stem"}, "blocks.2"),
        ({"l": "blocks.1.project"}, "blocks.2"),  # it does not expand
        ({"l": "blocks.5.gate"}, "blocks.5"),
    ):
        shown.go(v=7, **state)
        assert shown.evaluate(chosen) == [block, block]
    shown.page.select_option("[data-key=block]", "blocks.1")
    assert shown.evaluate(chosen) == ["blocks.1", "blocks.1"]


def test_what_a_bent_projection_answers(shown: Watched, maps: Any) -> None:
    """The network is computed again with the switch; what ReLU would cut is counted."""
    shown.go(v=7, bent=1)
    shown.evaluate("""new Promise((done, fail) => setInterval(() => {
      if (whyBent.failed) fail(new Error(whyBent.failed));
      if (whyBent.computed) done();
    }, 10))""")
    outputs = [value for name, value in maps.items() if name.endswith(".project_norm")]
    cut = sum(int((value < 0).sum()) for value in outputs)
    assert shown.evaluate("[whyBent.below, whyBent.all]") == [cut, sum(v.size for v in outputs)]
    linear, bent, said = shown.evaluate("""[lab.probabilities, whyBent.probabilities]
      .map((p) => whySaid(p)).concat(document.querySelector(".sentence").textContent)""")
    assert linear != bent
    assert linear in said
    assert bent in said


@pytest.mark.parametrize("name", ["stem", "blocks.4.depthwise", "blocks.9.project", "classifier"])
def test_a_nudge_follows_the_displayed_gradient(shown: Watched, name: str) -> None:
    """Central difference of the recomputed loss, a weight of each kind of layer."""
    key = json.dumps(f"{name}.weight")
    said, measured, scale = shown.evaluate(
        f"""() => {{
          const {{ shape, data: w }} = lab.params[{key}];
          const dw = lab.backward.grads[{key}].data;
          const k = dw.reduce((best, value, at) => Math.abs(value) > Math.abs(dw[best]) ? at : best, 0);
          const lossAt = (h) => {{
            const moved = w.slice();
            moved[k] += h;
            const params = {{ ...lab.params, [{key}]: array(shape, moved) }};
            const {{ values }} = finish(forwardPass(lab.layers, params, lab.x,
              {{ known: lab.forward, from: {json.dumps(name)}, caches: false }}));
            return lossAndGradient(values[lab.layers.at(-1).name], lab.label).loss;
          }};
          const h = 1e-6 * Math.abs(w[k]);
          return [dw[k], (lossAt(h) - lossAt(-h)) / (2 * h), Math.abs(dw[k])];
        }}"""
    )
    assert abs(said - measured) <= 1e-5 * scale
