"""Passes through a network: with a switch thrown, after one weight has moved, and with pauses."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import npmobilenet as nm
from npmobilenet.explorer import layers
from npmobilenet.verify.checks import scaled_error

from .browser import received, sent
from .networks import drawn_params

PAPER = nm.plan("v2", width=0.35, resolution=32, classes=5)


SET_UP = """([layers, params, x]) => {
  globalThis.test = { layers, x: given(x), params: {} };
  for (const [name, value] of Object.entries(params)) test.params[name] = given(value);
}"""


def _set_up(page: Any, plan: Any) -> tuple[dict[str, Any], Any]:
    """Parameters and image, which the page has under `test`."""
    params = drawn_params(plan)
    x = np.random.default_rng(1).standard_normal((1, *plan.resolution, plan.channels))
    values = {name: sent(value) for name, value in params.items()}
    page.evaluate(SET_UP, [layers.described(plan, None), values, sent(x)])
    return params, x


@pytest.mark.parametrize(
    ("switch", "change"),
    [
        ({"padding": "symmetric"}, {"padding": "symmetric"}),
        ({"eps": 0.1}, {"eps": 0.1}),
        ({"relu": "relu"}, {"function": "relu"}),
    ],
)
def test_a_switch_is_that_plan(arithmetic: Any, switch: Any, change: Any) -> None:
    """What `switched` computes is what NumPy computes for the plan with those fields."""
    [(field, value)] = change.items()
    changed = tuple(
        replace(layer, **{field: value}) if hasattr(layer, field) else layer
        for layer in PAPER.layers
    )
    _agrees(arithmetic, PAPER, replace(PAPER, layers=changed), switch)


def test_the_slope_of_gates(arithmetic: Any) -> None:
    plan = nm.plan("v3-small", width=0.35, resolution=32, classes=5)
    changed = tuple(
        replace(layer, slope=0.2) if getattr(layer, "function", "") == "hard_sigmoid" else layer
        for layer in plan.layers
    )
    _agrees(arithmetic, plan, replace(plan, layers=changed), {"gateSlope": 0.2})


def _agrees(page: Any, plan: Any, other: Any, switch: Any) -> None:
    params, x = _set_up(page, plan)
    code = """(switch_) => {
      const layers = switched(test.layers, switch_);
      return allTold(finish(forwardPass(layers, test.params, test.x)).values);
    }"""
    found = page.evaluate(code, switch)
    expected = nm.intermediates(other, params, x, rung="numpy")
    before = nm.intermediates(plan, params, x, rung="numpy")
    last = plan.layers[-1].name
    assert scaled_error(expected[last], before[last]) > 1e-6, "the switch changes nothing here"
    for name, value in expected.items():
        assert scaled_error(received(found[name]), value) <= 1e-9, name


def test_bent_projections(arithmetic: Any) -> None:
    """A ReLU6 behind every projection: the next layers, and the residual connection, read it."""
    _set_up(arithmetic, PAPER)
    code = """() => {
      const layers = switched(test.layers, { projection: "relu6" });
      const { values } = finish(forwardPass(layers, test.params, test.x));
      return [layers.map(({ name, inputs }) => [name, inputs]), allTold(values)];
    }"""
    order, values = arithmetic.evaluate(code)
    inputs = dict(order)
    added = [name for name in inputs if name not in {layer.name for layer in PAPER.layers}]
    assert len(added) == sum(layer.name.endswith(".project_norm") for layer in PAPER.layers) > 0
    for name in added:
        [source] = inputs[name]
        assert [reader for reader, read in order if source in read] == [name]
        expected = np.clip(received(values[source]), 0, 6)
        np.testing.assert_array_equal(received(values[name]), expected)


def test_what_does_not_change_is_not_computed_again(arithmetic: Any) -> None:
    """After a nudge of one weight: the values of a new pass, and before that layer the old arrays."""
    _set_up(arithmetic, PAPER)
    code = """(from) => {
      const known = finish(forwardPass(test.layers, test.params, test.x));
      const { shape, data } = test.params[`${from}.weight`];
      const nudged = data.map((value, k) => (k === 0 ? value + 1 : value));
      const params = { ...test.params, [`${from}.weight`]: array(shape, nudged) };
      const partly = finish(forwardPass(test.layers, params, test.x, { known, from }));
      const whole = finish(forwardPass(test.layers, params, test.x));
      const names = test.layers.map((layer) => layer.name);
      return {
        kept: names.filter((name) => partly.values[name] === known.values[name]),
        caches: names.filter((name) => partly.caches[name] === known.caches[name]),
        wrong: names.filter((name) => `${partly.values[name].data}` !== `${whole.values[name].data}`),
      };
    }"""
    place = "blocks.4.depthwise"
    names = [layer.name for layer in PAPER.layers]
    before = names[: names.index(place)]
    assert arithmetic.evaluate(code, place) == {"kept": before, "caches": before, "wrong": []}


def test_computing_with_pauses(arithmetic: Any) -> None:
    """`run` returns what `finish` does, tells of progress that only grows, and lets others have turns."""
    code = """async () => {
      const slow = function* () {
        for (let k = 1; k <= 8; k++) {
          const until = performance.now() + 20;
          while (performance.now() < until);
          yield k / 8;
        }
        return "done";
      };
      const shares = [];
      let turns = 0;
      let running = true;
      const other = () => { turns++; if (running) setTimeout(other); };
      setTimeout(other);
      const result = await run(slow(), (share) => shares.push(share));
      running = false;
      return { result, shares, turns };
    }"""
    found = arithmetic.evaluate(code)
    assert found["result"] == "done"
    assert len(found["shares"]) >= 2
    assert found["shares"] == sorted(found["shares"])
    assert found["turns"] >= 1


def test_progress_runs_from_0_to_1(arithmetic: Any) -> None:
    _set_up(arithmetic, PAPER)
    code = """() => {
      const shares = [[], []];
      const drive = (generator, list) => {
        let step = generator.next();
        for (; !step.done; step = generator.next()) list.push(step.value);
        return step.value;
      };
      const forward = drive(forwardPass(test.layers, test.params, test.x), shares[0]);
      const { dlogits } = lossAndGradient(forward.values[test.layers.at(-1).name], 0);
      drive(backwardPass(test.layers, forward, dlogits), shares[1]);
      return shares;
    }"""
    for shares in arithmetic.evaluate(code):
        assert shares == sorted(shares)
        assert 0 <= shares[0] < 0.1
        assert 0.9 < shares[-1] <= 1 + 1e-12
