"""Soft targets: the loss of them and its gradient; mixup and cutmix, which make them."""

from typing import Any

import numpy as np
import pytest

import npmobilenet as nm
from npmobilenet.images.augment import Augment
from npmobilenet.images.mixing import mixed, rectangle

RNG = np.random.default_rng(0)
LOGITS = RNG.standard_normal((5, 4))
TARGETS = RNG.dirichlet(np.ones(4), 5)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_the_loss_of_soft_targets_is_pytorchs(smoothing: float) -> None:
    """Value and gradient, in float64 to 1e-12."""
    torch = pytest.importorskip("torch")
    leaf = torch.tensor(LOGITS, requires_grad=True)
    theirs = torch.nn.functional.cross_entropy(
        leaf, torch.tensor(TARGETS), label_smoothing=smoothing
    )
    theirs.backward()
    loss, cache = nm.softmax_cross_entropy(LOGITS, TARGETS, label_smoothing=smoothing)
    assert loss == pytest.approx(theirs.item(), rel=1e-12)
    ours = nm.softmax_cross_entropy_backward(1.0, cache)
    np.testing.assert_allclose(ours, leaf.grad.numpy(), rtol=1e-12, atol=1e-14)


def test_the_gradient_of_soft_targets_is_the_slope() -> None:
    """Central differences, weighted by a cotangent that is not 1."""
    _, cache = nm.softmax_cross_entropy(LOGITS, TARGETS, label_smoothing=0.1)
    ours, h = nm.softmax_cross_entropy_backward(1.7, cache), 1e-6
    for place in np.ndindex(LOGITS.shape):
        nudge = np.zeros_like(LOGITS)
        nudge[place] = h
        ahead, behind = (
            nm.softmax_cross_entropy(LOGITS + s * nudge, TARGETS, label_smoothing=0.1)[0]
            for s in (1, -1)
        )
        assert ours[place] == pytest.approx(1.7 * (ahead - behind) / (2 * h), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize(
    "targets", [TARGETS * 1.1, TARGETS - 0.3, np.eye(4)[:3], np.eye(4, dtype=np.int64)[[0] * 5]]
)
def test_targets_that_are_no_probabilities_are_refused(targets: Any) -> None:
    with pytest.raises(ValueError, match="softmax_cross_entropy"):
        nm.softmax_cross_entropy(LOGITS, targets)


X = RNG.standard_normal((16, 6, 8, 3)).astype(np.float32)
LABELS = np.arange(16) % 4


def test_without_mixing_nothing_is_touched() -> None:
    x, labels = mixed(X, LABELS, 4, Augment(flip=0.5), np.random.default_rng(0))
    assert x is X
    assert labels is LABELS


@pytest.mark.parametrize("seed", range(5))
def test_mixup_mixes_images_and_targets_alike(seed: int) -> None:
    """The share of an image in x is the share of its class in the target."""
    marked = np.broadcast_to(np.eye(16, dtype=np.float32)[:, None, None, :], (16, 6, 8, 16))
    x, targets = mixed(marked, LABELS, 4, Augment(mixup=1.0), np.random.default_rng(seed))
    shares = x[:, 0, 0]  # how much of each image is in each
    np.testing.assert_allclose(targets, shares @ np.eye(4)[LABELS], atol=1e-6)
    assert targets.dtype == np.float32
    assert ((shares > 0).sum(axis=1) <= 2).all()
    assert len(np.unique(np.round(shares[shares > 0], 5))) <= 3


@pytest.mark.parametrize("seed", range(5))
def test_cutmix_counts_the_pixels_that_are_seen(seed: int) -> None:
    """Every pixel comes from one of two images, and targets are the pixels' shares."""
    marked = np.broadcast_to(np.eye(16, dtype=np.float32)[:, None, None, :], (16, 6, 8, 16))
    x, targets = mixed(marked, LABELS, 4, Augment(cutmix=1.0), np.random.default_rng(seed))
    assert set(np.unique(x)) <= {0.0, 1.0}
    shares = x.mean(axis=(1, 2))
    np.testing.assert_allclose(targets, shares @ np.eye(4)[LABELS], atol=1e-6)


def test_with_both_each_batch_tosses_a_coin() -> None:
    marked = np.broadcast_to(np.eye(16, dtype=np.float32)[:, None, None, :], (16, 6, 8, 16))
    kinds = [
        len(
            np.unique(
                mixed(marked, LABELS, 4, Augment(mixup=1, cutmix=1), np.random.default_rng(s))[0]
            )
        )
        for s in range(40)
    ]
    cut = sum(kind == 2 for kind in kinds)
    assert 8 < cut < 32


def test_rectangles_lie_inside() -> None:
    rng = np.random.default_rng(0)
    for _ in range(500):
        top, left, height, width = rectangle(6, 8, float(rng.random()), rng)
        assert 0 <= top <= top + height <= 6
        assert 0 <= left <= left + width <= 8


def test_mixing_follows_from_the_generator() -> None:
    how = Augment(mixup=0.4, cutmix=0.4)
    a, b, c = (mixed(X, LABELS, 4, how, np.random.default_rng(s)) for s in (1, 1, 2))
    np.testing.assert_array_equal(a[0], b[0])
    np.testing.assert_array_equal(a[1], b[1])
    assert not np.array_equal(a[0], c[0])


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_rows_that_miss_1_have_the_gradient_of_their_loss(smoothing: float) -> None:
    """Sums off by as much as is allowed: PyTorch's gradient, and that of central differences."""
    torch = pytest.importorskip("torch")
    z = np.array([[0.0, 0.0], [1.0, -2.0]])
    q = np.array([[0.5, 0.50009], [0.30004, 0.69987]])
    theirs = torch.tensor(z, requires_grad=True)
    loss = torch.nn.functional.cross_entropy(theirs, torch.tensor(q), label_smoothing=smoothing)
    loss.backward()
    found, cache = nm.softmax_cross_entropy(z, q, label_smoothing=smoothing)
    ours, h = nm.softmax_cross_entropy_backward(1.0, cache), 1e-4
    assert found == pytest.approx(loss.item(), rel=1e-12)
    np.testing.assert_allclose(ours, theirs.grad.numpy(), rtol=0, atol=1e-12)
    for place in np.ndindex(z.shape):
        step = np.zeros_like(z)
        step[place] = h
        ends = [
            nm.softmax_cross_entropy(z + sign * step, q, label_smoothing=smoothing)[0]
            for sign in (1, -1)
        ]
        assert ours[place] == pytest.approx((ends[0] - ends[1]) / (2 * h), abs=1e-8)
    with pytest.raises(ValueError, match="add up to 1"):
        nm.softmax_cross_entropy(z, q + 1e-4)
