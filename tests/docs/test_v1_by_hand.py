"""The network that is written out by hand learns, and its gradients are those of the same plan."""

import re
import runpy
from dataclasses import replace

import numpy as np

import npmobilenet as nm
from npmobilenet.models.rows import V1
from tests.commands import ROOT, python

PAGE = str(ROOT / "docs/examples/v1_by_hand.py")


def test_its_gradients_are_the_plan_s() -> None:
    """The whole of the paper's table, in float64: scores and every gradient."""
    page = runpy.run_path(PAGE)
    table = [(row.out, row.s) for row in V1]
    assert table[: len(page["BLOCKS"])] == page["BLOCKS"]
    page["BLOCKS"][:] = table
    layers, drawn = page["build"](0.25, np.random.default_rng(1))
    params = {name: {k: np.float64(a) for k, a in own.items()} for name, own in drawn.items()}
    flat = {f"{name}.{key}": a.copy() for name, own in params.items() for key, a in own.items()}
    plan = nm.plan(
        "v1", width=0.25, resolution=32, channels=1, dialect=replace(nm.CIFAR, stem_stride=2)
    )
    rng = np.random.default_rng(2)
    x, dy = rng.standard_normal((6, 32, 32, 1)), rng.standard_normal((6, 10))

    scores, tape = page["forward"](layers, params, x, train=True)
    found = page["backward"](dy, tape)
    expected, its_tape, _ = nm.forward(plan, flat, x, train=True, rung="numpy")
    np.testing.assert_allclose(scores, expected, rtol=0, atol=1e-9 * np.abs(expected).max())
    grads = nm.backward(plan, dy, its_tape)
    assert {f"{name}.{key}" for name, own in found.items() for key in own} == set(grads)
    for name, gradient in grads.items():
        layer, _, key = name.rpartition(".")
        error = np.abs(found[layer][key] - gradient).max() / np.abs(gradient).max()
        assert error < 1e-9, (name, error)


def test_its_loss_is_ours() -> None:
    page, rng = runpy.run_path(PAGE), np.random.default_rng(3)
    scores, labels = rng.standard_normal((4, 10)), np.array([3, 1, 4, 1])
    loss, gradient = page["cross_entropy"](scores, labels)
    expected, cache = nm.softmax_cross_entropy(scores, labels)
    assert abs(loss - expected) < 1e-12
    again = nm.softmax_cross_entropy_backward(1.0, cache)
    np.testing.assert_allclose(gradient, again, rtol=0, atol=1e-12)


def test_it_learns() -> None:
    """A thirtieth of what its command does; chance is 10 %.  On one thread: its products are small."""
    program = f"import runpy; runpy.run_path({PAGE!r})['main'](images=1000, epochs=1)"
    printed = python("-c", program, OPENBLAS_NUM_THREADS="1")
    right, images = re.findall(r"^([\d.]+)% of ([\d,]+) test images", printed, re.MULTILINE)[0]
    assert images == "1,000"
    assert float(right) > 30
