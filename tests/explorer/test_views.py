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


def test_counts_of_the_bends_are_numpys(shown: Watched) -> None:
    """How many numbers are cut, and how many lie where the slope of hard-swish jumps."""
    model = fashion()
    pixels = np.array(shown.evaluate("[...lab.pixels]"), np.uint8)
    how = model.preprocessing
    x = (pixels.reshape(1, 48, 48, 1) / 255 - np.array(how.mean)) / np.array(how.std)
    params = {name: value.astype(np.float64) for name, value in model.params.items()}
    maps = nm.intermediates(model.plan, params, x, rung="numpy")
    for name in ("stem_activation", "blocks.7.expand_activation"):
        values = maps[model.plan[name].inputs[0]]
        shown.go(v=6, l=name)
        found = shown.evaluate("bendsCounts(bendsLayer())")
        assert found["all"] == values.size
        assert found["belowZero"] == (values <= 0).sum()
        assert found["fromSix"] == (values >= 6).sum()
        assert found["within3"] == (np.abs(values) < 3).sum()
        assert found["near3"] == (np.abs(values - 3) <= 0.05).sum()
        assert found["nearMinus3"] == (np.abs(values + 3) <= 0.05).sum()
    gap, jump = shown.evaluate(
        "[ACTIVATIONS.hard_swish.value(3) - ACTIVATIONS.swish.value(3), bendsJump(3)]"
    )
    assert round(gap, 3) == 0.142
    assert round(jump, 2) == 0.50


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
