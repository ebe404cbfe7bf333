"""Arguments too large to be counted, drawn or said: each is refused in one short line."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import npmobilenet as nm
from npmobilenet.cost import memory_cost
from npmobilenet.cost.separable import separable_cost
from npmobilenet.datasets import idx
from npmobilenet.datasets.folder import ImageFiles
from npmobilenet.datasets.loader import batches, count_batches
from npmobilenet.datasets.splits import load_splits
from npmobilenet.evidence.claims import check as judge_claims
from npmobilenet.images.augment import Augment
from npmobilenet.images.decode import open_image
from npmobilenet.images.mixing import mixed
from npmobilenet.limits import at_most
from npmobilenet.ops.integers import Quantization
from npmobilenet.ops.integers.scales import bounds
from npmobilenet.pictures import keep
from npmobilenet.weights.preprocessing import known
from tests.package.test_wrong_arguments import DATA, HOW, PARAMS, PLAN, X, refusal

RNG = np.random.default_rng(0)
HUGE = 10**5000  # more digits than Python writes
LARGE: dict[str, tuple[Callable[[], Any], str]] = {
    "classes": (lambda: nm.plan("v1", classes=HUGE), "classes must be below 2^63"),
    "channels": (lambda: nm.plan("v1", channels=2**63), "channels must be below 2^63, found 9223372"),
    "divisor": (lambda: nm.plan("v3-small", divisor=HUGE), "divisor must be below 2^63"),
    "divisor V4": (lambda: nm.plan("v4-conv-small", divisor=HUGE), "divisor must be below 2^63"),
    "no top": (lambda: nm.plan("v1", include_top=False, classes=HUGE), "there are no classes"),
    "model": (lambda: nm.plan(HUGE), "model must be one of v1, "),
    "Plan": (lambda: replace(PLAN, classes=HUGE), "Plan: classes must be below 2^63"),
    "mode": (lambda: nm.dropout(X, 0.1, train=False, mode=HUGE), 'mode must be "inverted" or "down'),
    "shift": (lambda: Augment(shift=HUGE), "shift must be below 2^63"),
    "resize": (lambda: replace(HOW, resize=HUGE), "must be whole pixels above zero and below 2^31"),
    "resize of weights": (lambda: known(resize=HUGE), 'resize must be pixels or "stretch"'),
    "n": (lambda: count_batches(HUGE, 1), "n must be below 2^63"),
    "batch_size": (lambda: count_batches(1, HUGE), "batch_size must be below 2^63"),
    "load_splits": (lambda: load_splits("x", HUGE), "load_splits: channels must be 1 or 3"),
    "ImageFiles": (lambda: ImageFiles([], np.arange(0), (), HUGE), "channels must be 1 or 3"),
    "open_image": (lambda: open_image("x", HUGE), "open_image: channels must be 1 or 3"),
    "mixed": (lambda: mixed(X, np.zeros(2, int), HUGE, Augment(), RNG), "must be at most 1,048,576"),
    "separable_ratio": (lambda: nm.separable_ratio(k=3, n=HUGE), "n must be below 2^63"),
    "in a tuple": (lambda: nm.separable_ratio(k=3, n=(HUGE,)), "found a tuple of thousands of digits"),
}  # fmt: skip


@pytest.mark.parametrize("name", LARGE)
def test_integers_too_large(name: str) -> None:
    """Of thousands of digits, which no message could hold, or just more than anybody counts."""
    call, words = LARGE[name]
    found = refusal(call)
    assert words in found
    assert len(found) < 250


@pytest.mark.parametrize("name", [[3], "x" * 5000, HUGE], ids=["list", "long", "huge"])
def test_layers_of_no_name(name: Any) -> None:
    with pytest.raises(KeyError, match="no layer ") as caught:
        PLAN[name]
    assert len(str(caught.value)) < 150


def test_seeds_of_any_size() -> None:
    """NumPy's own way to draw a seed gives 128 bits."""
    assert nm.init(PLAN, 2**127)["stem.weight"].any()
    assert len(list(batches(DATA, batch_size=6, preprocessing=HOW, seed=2**127, shuffle=True))) == 1


TEXTS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "mode": (lambda x: nm.dropout(X, 0.1, train=False, mode=x), "dropout: mode must be"),
    "like": (lambda x: nm.plan("v1", like=x), "plan: like must be one of v1, v2, v3, v4"),
    "activation": (lambda x: bounds(Quantization("int8", (0.1,), (0,)), x), "activation must be"),
    "interpolation": (lambda x: known(interpolation=x), "interpolation must be one of"),
    "resize": (lambda x: known(resize=x), "resize must be pixels or"),
    "n": (lambda x: nm.separable_ratio(k=3, n=x), "n must be a positive integer"),
    "m": (lambda x: separable_cost(k=3, m=x, n=3, df=3), "m must be a positive integer"),
    "alpha": (lambda x: separable_cost(k=3, m=3, n=3, df=3, alpha=x), "alpha must be a number above 0"),
    "batch": (lambda x: memory_cost(PLAN, batch=x), "batch must be a positive integer"),
    "dtype": (lambda x: memory_cost(PLAN, dtype=x), "memory: dtype must be float32 or float64"),
    "optimizer": (lambda x: memory_cost(PLAN, optimizer=x), "optimizer must be one of plain, sgd, adam"),
    "family": (lambda x: nm.export_weights(PLAN, PARAMS, "x", x), "family must be one of keras, "),
    "part": (lambda x: idx.read_part(Path(), x), "idx files have the parts train and t10k, not"),
    "source": (lambda x: judge_claims(x), "source must be one of"),
    "picture": (lambda x: keep(Image.new("L", (1, 1)), [x]), "path must be the name of a file, found"),
    "key": (lambda x: nm.plan("own", rows={3: x}), "unknown key 3; did you mean"),
}  # fmt: skip


class Unspeakable:
    def __repr__(self) -> str:
        raise KeyError("no words")


@pytest.mark.parametrize("name", TEXTS)
def test_values_of_other_kinds(name: str) -> None:
    """Arrays, whose truth is ambiguous, long texts and what has no repr are said in one short line."""
    call, words = TEXTS[name]
    many = {k: np.zeros(30) for k in range(4)}
    for wrong in (np.zeros((9, 9)), many, "x" * 5000, [], Unspeakable()):
        found = refusal(lambda wrong=wrong: call(wrong))
        assert words in found
        assert len(found) < 250


@pytest.mark.parametrize(
    "asked", [{"classes": 10**9}, {"channels": 10**9}, {"classes": 10**16}, {"classes": 2**63 - 1}]
)
def test_arrays_too_large_to_draw(asked: dict[str, int]) -> None:
    """Refused before memory is taken; where somebody asks for more, by the memory, in a line too."""
    plan = nm.plan("v1", resolution=32, **asked)
    words = "more than the 1.1 GB allowed; where it is right: NPMOBILENET_LARGEST"
    assert words in refusal(lambda: nm.init(plan, 0))
    if asked["classes" if "classes" in asked else "channels"] > 10**15:
        with at_most(2**90):
            assert "do not fit into memory" in refusal(lambda: nm.init(plan, 0))
