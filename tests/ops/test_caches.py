"""A backward pass takes the cache of its own operator, and a dy of its result's shape and dtype."""

import copy
import pickle
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import npmobilenet as nm
from tests.ops.test_messages import RIGHT, message_of

RUNG = {"rung": "numpy"}
FORWARDS = {name: right for name, right in RIGHT.items() if name != "softmax"}
SMALL = nm.plan("v1-shallow", width=0.1, resolution=32, classes=3)
X = np.random.default_rng(0).random((2, 32, 32, 3), np.float32)


def run(name: str) -> tuple[Any, Any]:
    """Result and cache; nothing is compiled."""
    function, right = FORWARDS[name]
    has_rung = name not in ("add", "scale_channels", "dropout", "softmax_cross_entropy")
    has_rung = has_rung and not name.endswith(("sigmoid", "swish", "softmax"))
    y, cache, *_ = function(**right, **(RUNG if has_rung else {}))
    return y, cache


@pytest.mark.parametrize("name", FORWARDS)
def test_of_another_operator(name: str) -> None:
    """Whatever else is given is refused, with a dy that fits it and with one that fits us."""
    backward = getattr(nm, f"{name}_backward")
    y, own = run(name)
    assert own.operator == name
    backward(np.ones_like(y) if isinstance(y, np.ndarray) else 1.0, own)  # is right
    for other in FORWARDS:
        z, foreign = run(other)
        for dy in (y, z) if other != name else ():
            message = message_of(lambda dy=dy, foreign=foreign: backward(dy, foreign))
            assert message == f"{name}: cache must be what {name} returned, found that of {other}"
    for no_cache in (None, "text", (), {}, 3, y):
        message = message_of(lambda no_cache=no_cache: backward(y, no_cache))
        assert message.startswith(f"{name}: cache must be what {name} returned, found ")


@pytest.mark.parametrize("name", ["relu", "conv2d", "dense", "batch_norm"])
def test_of_another_shape(name: str) -> None:
    """The same operator's, of half the batch or the other precision."""
    function, right = FORWARDS[name]
    y, _ = run(name)
    for changed in (right["x"][:1], right["x"].astype(np.float32)):
        given = right | {
            k: v.astype(changed.dtype) for k, v in right.items() if hasattr(v, "dtype")
        }
        _, cache, *_ = function(**given | {"x": changed}, **RUNG)
        message = message_of(lambda cache=cache: getattr(nm, f"{name}_backward")(y, cache))
        assert message.startswith(f"{name}: dy must be {changed.dtype} ")


def test_a_tape_serves_its_own_plan_alone() -> None:
    """Neither a plan of equal names and shapes, nor an order or a cache that is not the pass's."""
    params = nm.init(SMALL, 0)
    logits, tape, _ = nm.forward(SMALL, params, X, rung="numpy")
    grads = nm.backward(SMALL, logits, tape)
    for kept in (copy.copy(tape), copy.deepcopy(tape), pickle.loads(pickle.dumps(tape))):
        again = nm.backward(SMALL, logits, kept)
        assert all(np.array_equal(again[name], grads[name]) for name in grads)

    dialect = replace(SMALL.dialect, name="padded", strided_padding=(0, 1, 0, 1))
    padded = nm.plan(**SMALL.asked | {"dialect": dialect})
    assert (padded.arrays, list(tape)) == (SMALL.arrays, [layer.name for layer in padded.layers])
    reverse, short, swapped = copy.copy(tape), copy.copy(tape), copy.copy(tape)
    for name in list(tape):
        reverse[name] = reverse.pop(name)
    first, *_, last = list(tape)
    reverse[first] = reverse.pop(first)
    del short[last]
    swapped[last] = tape[first]
    of_another = "v1-shallow: this tape is not of a forward pass of this plan"
    for plan, wrong in ((padded, tape), (SMALL, reverse), (SMALL, short), (SMALL, dict(tape)),
                        (SMALL, None), (SMALL, {})):  # fmt: skip
        assert message_of(lambda p=plan, w=wrong: nm.backward(p, logits, w)) == of_another
    assert "cache must be what dense returned" in message_of(
        lambda: nm.backward(SMALL, logits, swapped)
    )
    _, three, _ = nm.forward(SMALL, params, np.concatenate([X, X[:1]]), rung="numpy")
    assert "dy must be float32 (3, 3)" in message_of(lambda: nm.backward(SMALL, logits, three))
