"""The first view says which products made a number: they are NumPy's, and their sum is the number."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import npmobilenet as nm
from tests.explorer.pages import Watched, fashion, written

Floats = NDArray[np.float64]
ROWS = """() => [...document.querySelectorAll(".as-table tbody tr")].map(
  (row) => [...row.children].map((cell) => Number(cell.textContent.replace("−", "-"))))"""


@pytest.fixture(scope="module")
def shown(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    folder = tmp_path_factory.mktemp("one-number")
    watched = Watched(browser, written(fashion(), folder), "v=1&table=1&digits=all&lang=en")
    watched.evaluate("document.querySelector('details.as-table').open = true")
    yield watched
    watched.close()


@pytest.fixture(scope="module")
def maps(shown: Watched) -> dict[str, Floats]:
    """What every layer puts out, by NumPy, on the very image of the page; the image too."""
    model = fashion()
    pixels = np.array(shown.evaluate("[...lab.pixels]"), np.uint8)
    pixels = pixels.reshape(1, *model.plan.resolution, model.plan.channels)
    how = model.preprocessing
    x = (pixels / 255 - np.array(how.mean)) / np.array(how.std)
    params = {name: value.astype(np.float64) for name, value in model.params.items()}
    return nm.intermediates(model.plan, params, x, rung="numpy") | {"image": x}


def expected(layer: Any, x: Floats, w: Floats, place: tuple[int, int], c: int) -> Floats:
    """The products of one number, in the order u, v, m: the patch times the filter."""
    if layer.kind in ("pointwise", "dense"):
        pixel = x[0] if x.ndim == 2 else x[0, place[0], place[1]]
        return pixel * w[:, c]
    top, bottom, left, right = layer.window.sides
    padded = np.pad(x[0], ((top, bottom), (left, right), (0, 0)))
    (i, j), (K, L) = place, layer.kernel
    down, across = layer.stride
    patch = padded[i * down : i * down + K, j * across : j * across + L]
    if layer.kind == "depthwise":
        return (patch[:, :, c] * w[:, :, c]).ravel()
    return (patch * w[..., c]).ravel()


@pytest.mark.parametrize(
    "part", [0, *(pytest.param(part, marks=pytest.mark.long) for part in range(1, 8))]
)
def test_products_are_numpys_and_sum_to_the_number(
    shown: Watched, maps: dict[str, Floats], part: int
) -> None:
    """25 random numbers of random layers, 200 in all; padding, bias and vectors among them."""
    model, rng = fashion(), np.random.default_rng(part)
    multiplying = [x for x in model.plan.layers if x.macs]
    for _ in range(25):
        layer: Any = multiplying[rng.integers(len(multiplying))]
        rows, columns, channels = layer.output if len(layer.output) == 3 else (1, 1, *layer.output)
        i, j, c = int(rng.integers(rows)), int(rng.integers(columns)), int(rng.integers(channels))
        shown.go(l=layer.name, i=i, j=j, c=c, s=None)
        found = np.array(shown.evaluate(ROWS))
        w = model.params[f"{layer.name}.weight"].astype(np.float64)
        products = expected(layer, maps[layer.inputs[0]], w, (i, j), c)
        where = f"{layer.name} [{i}, {j}, {c}]"
        scale = np.abs(products).max() or 1
        assert found.shape == (len(products), 7), where
        np.testing.assert_allclose(found[:, 5], products, rtol=0, atol=1e-12 * scale, err_msg=where)
        assert (found[:, 3] * found[:, 4] == found[:, 5]).all(), where
        y = maps[layer.name].reshape(rows, columns, channels)[i, j, c]
        assert abs(found[-1, 6] - y) <= 1e-12 * np.abs(maps[layer.name]).max(), where
        displayed = shown.evaluate("at(lab.forward.values[state.l], state.i, state.j, state.c)")
        assert abs(found[-1, 6] - displayed) <= 1e-12 * max(abs(displayed), scale), where
