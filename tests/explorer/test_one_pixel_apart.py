"""Two rulers, and a network with one switch thrown: what is shown is what NumPy computes."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import npmobilenet as nm
from npmobilenet import ops
from npmobilenet.ops.window import window
from tests.explorer.pages import Watched, fashion, written

DONE = """new Promise((done, fail) => {
  const wait = setInterval(() => {
    const variant = apartVariant();
    if (variant.failed) fail(new Error(variant.failed));
    if (variant.values) done(clearInterval(wait));
  }, 10);
})"""
FOUND = """() => {
  const { thrown, parted, apart, probabilities, predicted } = apartVariant();
  const marked = document.querySelector(".layers .parted .name")?.textContent ?? null;
  const distances = apart.map(({ largest, difference }) => [largest, difference]);
  return { to: thrown.to, parted, marked, distances, predicted, probabilities: [...probabilities] };
}"""


@pytest.fixture(scope="module")
def shown(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    watched = Watched(browser, written(fashion(), tmp_path_factory.mktemp("apart")), "v=5&lang=en")
    yield watched
    watched.close()


def maps(plan: Any, x: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    params = {name: value.astype(np.float64) for name, value in fashion().params.items()}
    return dict(nm.intermediates(plan, params, x, rung="numpy"))


@pytest.mark.parametrize(
    ("switch", "to", "field", "value", "only"),
    [
        ("padding", "same", "padding", "same", ""),
        ("eps", "0.001", "eps", 1e-3, ""),
        ("relu", "relu6", "function", "relu6", "relu"),
        ("gate", "0.2", "slope", 0.2, "hard_sigmoid"),
    ],
)
def test_a_switch_is_what_numpy_computes(
    shown: Watched, switch: str, to: str, field: str, value: Any, only: str
) -> None:
    """Probabilities, every layer's difference, and the first layer where the maps part."""
    plan = fashion().plan
    changed = tuple(
        replace(layer, **{field: value})
        if hasattr(layer, field) and (not only or getattr(layer, "function", "") == only)
        else layer
        for layer in plan.layers
    )
    content = shown.evaluate("[...lab.x.data]")
    x = np.array(content).reshape(1, *plan.resolution, plan.channels)
    before, after = maps(plan, x), maps(replace(plan, layers=changed), x)
    shown.go(v=5, pw=switch)
    shown.evaluate(DONE)
    found = shown.evaluate(FOUND)
    names = [layer.name for layer in plan.layers]
    distances = [np.abs(after[name] - before[name]).max() for name in names]
    parts = [name for name, distance in zip(names, distances, strict=True) if distance > 1e-9]
    assert found["to"] == to
    assert found["parted"] == found["marked"] == parts[0]
    for name, distance, (largest, difference) in zip(
        names, distances, found["distances"], strict=True
    ):
        scale = np.abs(before[name]).max()
        assert abs(largest - scale) <= 1e-9 * scale, name
        assert abs(difference - distance) <= 1e-9 * scale, name
    probabilities = ops.softmax(after[names[-1]])[0]
    np.testing.assert_allclose(found["probabilities"], probabilities, rtol=0, atol=1e-9)
    assert found["predicted"] == probabilities.argmax()
    sentence = shown.evaluate("document.querySelector('.sentence').textContent")
    assert f"at {parts[0]}," in sentence


def test_the_mark_leaves_with_the_view(shown: Watched) -> None:
    shown.go(v=5, pw="padding")
    shown.evaluate(DONE)
    shown.go(v=1)
    assert shown.evaluate("document.querySelectorAll('.layers .parted').length") == 0


def test_windows_begin_one_pixel_apart_at_six_and_agree_at_seven(shown: Watched) -> None:
    shown.go(v=5, px=6, pk=3, ps=2, s=None)
    texts = shown.evaluate(
        "[...document.querySelectorAll('.apart-ruler figcaption')].map((e) => e.textContent)"
    )
    begin = [text.split("begin at ")[1] for text in texts]
    assert begin == ["0, 2, 4", "−1, 1, 3", "−1, 1, 3, 5", "−1, 1, 3, 5"]
    verdicts = shown.evaluate(
        "[...document.querySelectorAll('.apart-verdict')].map((e) => e.textContent)"
    )
    assert "one pixel further on" in verdicts[0]
    assert "agree" in verdicts[1]


def test_rulers_are_the_operators_windows(shown: Watched) -> None:
    """Every row, kernel and stride that can be chosen."""
    rows = [(n, k, s) for n in range(2, 14) for k in range(1, 8) for s in range(1, 5)]
    found = shown.evaluate(
        """(rows) => rows.map(([size, kernel, stride]) =>
             APART_RULES.map((rule) => apartStarts({ size, kernel, stride }, rule).starts))""",
        rows,
    )
    for (n, k, s), rulers in zip(rows, found, strict=True):
        for rule, starts in zip(("same", "symmetric"), rulers, strict=True):
            if rule == "symmetric" and n + 2 * ((k - 1) // 2) < k:
                assert starts == []  # the operator refuses such a map
                continue
            one = window("ruler", (n, 1), (k, 1), (s, 1), rule)
            assert starts == [i * s - one.sides[0] for i in range(one.output[0])], (n, k, s, rule)
