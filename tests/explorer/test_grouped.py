"""A network of one's own in the page: filters in groups, several of a channel, windows that pool."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import npmobilenet as nm
from tests.explorer.networks import network
from tests.explorer.pages import Watched, written

LAYERS = ("blocks.2.pool", "blocks.3.conv", "blocks.4.pool", "blocks.5.depthwise")


@pytest.fixture(scope="module")
def shown(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    folder = tmp_path_factory.mktemp("grouped")
    watched = Watched(browser, written(network("grouped"), folder), "v=1&lang=en")
    yield watched
    watched.close()


def test_every_view_has_a_sentence_for_them(shown: Watched) -> None:
    for name in LAYERS:
        for lang in ("en", "zh"):
            for view in range(1, 8):
                shown.go(v=view, l=name, lang=lang, s=None)
                text = shown.evaluate("document.querySelector('.sentence').textContent")
                assert len(text) > 20, (name, view, lang)
                assert "undefined" not in shown.evaluate("document.body.innerText")
    assert shown.said == []


@pytest.mark.parametrize("name", ["blocks.3.conv", "blocks.5.depthwise"])
def test_products_and_gradients_stay_in_the_group(shown: Watched, name: str) -> None:
    """Each number is its products' sum, each gradient the sum of both ways of collecting it."""
    model = network("grouped")
    layer: Any = model.plan[name]
    x = np.array(shown.evaluate(f"[...mapOf('{layer.inputs[0]}').data]"))
    params = {"w": model.params[f"{name}.weight"].astype(np.float64)}
    y, cache = nm.grouped_conv2d(
        x.reshape(1, *layer.input), params["w"],
        stride=layer.stride, padding=layer.padding, groups=layer.groups,
    )  # fmt: skip
    dy = np.array(shown.evaluate(f"[...backwardsOf('{name}').data]")).reshape(y.shape)
    dx, dw, *_ = nm.grouped_conv2d_backward(dy, cache)
    (rows, columns, filters), per_group = layer.output, layer.input[2] // layer.groups
    rng = np.random.default_rng(2)
    for _ in range(20):
        i, j, c = int(rng.integers(rows)), int(rng.integers(columns)), int(rng.integers(filters))
        first = per_group * (c * layer.groups // filters)
        m = first + int(rng.integers(per_group))
        shown.evaluate(f"Object.assign(state, {{l: '{name}', i: {i}, j: {j}, c: {c}}})")
        found = shown.evaluate(
            f"productsOf(layerNow(), {i}, {j}, {c}).map((p) => [p.m, p.product])"
        )
        assert {channel for channel, _ in found} == {*range(first, first + per_group)}
        assert sum(part for _, part in found) == pytest.approx(y[0, i, j, c], rel=1e-12, abs=1e-12)
        for way in ("backwardsTotal(backwardsReaders", "(backwardsGathered"):
            collected = shown.evaluate(f"{way}(layerNow(), {i}, {j}, {m}))")
            assert collected == pytest.approx(dx[0, i, j, m], rel=1e-9, abs=1e-15)
        summed = shown.evaluate(f"backwardsTotal(backwardsMeetings(layerNow(), 1, 2, {m}, {c}))")
        assert summed == pytest.approx(dw[1, 2, m - first, c], rel=1e-9, abs=1e-15)


def test_pools_say_what_they_took(shown: Watched) -> None:
    for name, word in (("blocks.2.pool", "largest of"), ("blocks.4.pool", "mean of")):
        shown.go(v=1, l=name, lang="en", i=1, j=1, c=3, s=None)
        text = shown.evaluate("document.querySelector('.sentence').textContent")
        assert word in text
    shown.go(v=3, l="blocks.2.pool")
    assert "dx = dy" in shown.evaluate("document.querySelector('.sentence').textContent")
