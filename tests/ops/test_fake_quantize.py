"""Fake quantisation beyond what every operator is asked: ties, ends, one scale, wrong arguments."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npmobilenet import ops
from npmobilenet.ops.checks import Array

RUNGS = ("numpy", "numba")


def quantized(*given: Any, **named: Any) -> Array:
    return ops.fake_quantize(*given, **named)[0]


@pytest.mark.parametrize("rung", RUNGS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_halves_go_away_from_zero_and_what_is_just_below_does_not(rung: str, dtype: Any) -> None:
    """Adding a half and cutting off would round 0.5 - 2^-25 up; the sign of 0 is no matter."""
    below = np.nextafter(dtype(0.5), dtype(0))
    x = np.array([[0.5, -0.5, 1.5, -2.5, below, -below, 0.0, 3.4]], dtype).T
    y = quantized(x, np.ones(1, dtype), rung=rung)
    assert y.ravel().tolist() == [1, -1, 2, -3, 0, 0, 0, 3]


@pytest.mark.parametrize("rung", RUNGS)
def test_ends_and_zero_are_numbers_of_the_grid(rung: str) -> None:
    """0 stays 0 whatever the zero point; what lies beyond an end is at that end."""
    x = np.array([[0.0], [1e9], [-1e9], [np.inf], [-np.inf]])
    y = quantized(x, np.array([0.5]), 3, least=-8, greatest=7, rung=rung)
    assert y.ravel().tolist() == [0, 2, -5.5, 2, -5.5]
    assert np.isnan(quantized(np.array([[np.nan]]), np.ones(1), rung=rung)).all()


@given(seed=st.integers(0, 2**32 - 1), bits=st.integers(2, 8), channels=st.integers(1, 5))
def test_gradients_are_those_of_pytorchs_autograd(seed: int, bits: int, channels: int) -> None:
    """The same rule written with torch, differentiated by torch, in float64; one scale or several."""
    torch = pytest.importorskip("torch")
    from npmobilenet.verify.torch_peers import fake_quantize

    rng = np.random.default_rng(seed)
    least = -int(rng.integers(0, 2**bits))
    settings = {"least": least, "greatest": least + 2**bits - 1}
    settings["zero_point"] = int(rng.integers(least, least + 2**bits))
    x = rng.standard_normal((3, 4, channels)) * 2**bits / 3
    dy = rng.standard_normal(x.shape)
    for scale in (rng.uniform(0.3, 2, channels), rng.uniform(0.3, 2, 1)):
        leaves = [torch.tensor(value, requires_grad=True) for value in (x, scale)]
        theirs = fake_quantize(dict(zip(("x", "scale"), leaves, strict=True)), settings)["y"]
        theirs.backward(torch.tensor(dy))
        for rung in RUNGS:
            y, cache = ops.fake_quantize(x, scale, **settings, rung=rung)
            found = y, *ops.fake_quantize_backward(dy, cache)
            wanted = theirs.detach(), *(leaf.grad for leaf in leaves)
            for ours, other in zip(found, wanted, strict=True):
                size = max(1.0, float(other.abs().max()))
                np.testing.assert_allclose(
                    np.asarray(ours), other.numpy(), rtol=0, atol=1e-12 * size
                )
            alone, nothing = ops.fake_quantize_backward(dy, cache, scale_gradient=False)
            np.testing.assert_array_equal(alone, found[1])
            assert nothing is None


@pytest.mark.parametrize("rung", RUNGS)
def test_gradients_at_ties_and_beyond_the_ends(rung: str) -> None:
    """A half beyond an end is rounded out of it, and clipped; with and without the scale's gradient."""
    x = np.array([[-1.5, -1.499, -0.5, 1.5, 1.4999, 2.5, np.inf, -np.inf]]).T
    _, cache = ops.fake_quantize(x, np.ones(1), least=-1, greatest=1, rung=rung)
    for learnt in (True, False):
        dx, _ = ops.fake_quantize_backward(np.ones(x.shape), cache, scale_gradient=learnt)
        assert dx.ravel().tolist() == [0, 1, 1, 0, 1, 0, 0, 0]


@given(seed=st.integers(0, 2**32 - 1))
def test_pytorchs_own_learnt_scale_agrees(seed: int) -> None:
    """torch's operator of that rule, in its precision, away from ties, where it rounds to even."""
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(seed)
    whole = rng.integers(-12, 12, (6, 4))
    scale = rng.uniform(0.3, 2, 4).astype(np.float32)
    x = (scale * (whole + rng.uniform(-0.4, 0.4, whole.shape))).astype(np.float32)
    dy = rng.standard_normal(x.shape).astype(np.float32)
    leaves = [torch.tensor(value, requires_grad=True) for value in (x, scale)]
    zeros = torch.zeros(4)
    theirs = torch._fake_quantize_learnable_per_channel_affine(*leaves, zeros, 1, -8, 7, 1.0)
    theirs.backward(torch.tensor(dy))
    y, cache = ops.fake_quantize(x, scale, least=-8, greatest=7)
    dx, dscale = ops.fake_quantize_backward(dy, cache)
    np.testing.assert_allclose(y, theirs.detach().numpy(), rtol=1e-6)
    np.testing.assert_array_equal(dx, leaves[0].grad.numpy())
    np.testing.assert_allclose(np.asarray(dscale), leaves[1].grad.numpy(), atol=2e-4)


def test_wrong_arguments_are_named() -> None:
    """One line, with what was expected and found."""
    x, one = np.ones((2, 3)), np.ones(1)
    for arguments, settings, message in (
        ((x, np.ones(2)), {}, r"scale must have shape \(1,\) or \(3,\)"),
        ((x, -one), {}, "scale must be above 0 and finite"),
        ((x, np.ones(1, np.float32)), {}, "x is float64 but scale is float32"),
        ((x, one, 0.5), {}, "zero_point must be an integer"),
        ((x, one, 200), {}, "zero_point must be from least to greatest"),
        ((x, one), {"least": -(10**9)}, "least must be an integer from -32768 to 32768"),
        ((x, one), {"rung": "loops"}, "rung must be one of numpy, numba"),
    ):
        with pytest.raises((TypeError, ValueError), match=f"fake_quantize: {message}") as error:
            ops.fake_quantize(*arguments, **settings)
        assert "\n" not in str(error.value)
    _, cache = ops.fake_quantize(x, one)
    with pytest.raises(ValueError, match="dy must be float64"):
        ops.fake_quantize_backward(np.ones((3, 2)), cache)
