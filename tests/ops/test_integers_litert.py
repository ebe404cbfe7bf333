"""Integer operators beside LiteRT's: the same integers, on files of one layer that are written here."""

import numpy as np
import pytest

from npmobilenet.ops import integers

from .. import litert
from ..integer_cases import CASES, Case

QUICK, MANY = 5, 200
KERNELS = {"reference": "double", "xnnpack": "single"}


def drawn(operator: str, seed: int) -> Case:
    return CASES[operator](np.random.default_rng([seed, sum(map(ord, operator))]))


def compare(operator: str, kernels: str, seeds: range) -> None:
    """Every case's integers; a dequantised number counts to the last bit too."""
    rung = integers_rung(operator)
    for seed in seeds:
        case = drawn(operator, seed)
        if kernels == "xnnpack" and between_dtypes(operator, case):
            continue
        found = case.run(rounding=KERNELS[kernels], **rung)
        wanted = case.theirs(kernels).reshape(found.shape)
        assert found.dtype == wanted.dtype
        np.testing.assert_array_equal(found, wanted, f"{operator} {seed} {case.about}")


def integers_rung(operator: str) -> dict[str, str]:
    return {} if operator in ("quantize", "dequantize") else {"rung": "numpy"}


def between_dtypes(operator: str, case: Case) -> bool:
    """XNNPACK takes no change from int8 to uint8, and LiteRT's own vectors break ties otherwise."""
    if operator != "requantize":
        return False
    x_q, y_q = case.about["q"]
    return bool(x_q.dtype != y_q.dtype and x_q.scale != y_q.scale)


@pytest.mark.parametrize("kernels", KERNELS)
@pytest.mark.parametrize("operator", CASES)
def test_a_few(operator: str, kernels: str) -> None:
    compare(operator, kernels, range(QUICK))


@pytest.mark.long
@pytest.mark.parametrize("kernels", KERNELS)
@pytest.mark.parametrize("operator", CASES)
def test_many(operator: str, kernels: str) -> None:
    compare(operator, kernels, range(QUICK, QUICK + MANY))


@pytest.mark.parametrize("zero", [-128, -127])
def test_relu6_where_half_an_integer_is_left_over(zero: int) -> None:
    """6 / sy = 100.5: one rounds it up, the other takes the even one of the sums with the zero point."""
    q = integers.Quantization
    y_q = q("int8", (float(np.float32(6) / np.float32(100.5)),), (zero,))
    assert np.float32(6) / np.float32(y_q.scale[0]) == 100.5
    one, w, b = q("int8", (1.0,), (0,)), np.full((1, 1), 127, np.int8), np.zeros(1, np.int32)
    x = np.full((1, 1, 1, 1), 127, np.int8)
    model = litert.single_layer(
        "CONV_2D",
        [(x, one)],
        (x.shape, y_q),
        constants=[(w[:, :, None, None], one, 0), (b, q("int32", (1.0,), (0,)), 0)],
        options={"StrideH": 1, "StrideW": 1, "DilationHFactor": 1, "DilationWFactor": 1}
        | {"FusedActivationFunction": litert.FUSED["relu6"]},
    )
    seen = []
    for kernels, rounding in KERNELS.items():
        y = integers.pointwise_conv2d(
            x, w, b, one, one, y_q, activation="relu6", rounding=rounding, rung="numpy"
        )
        assert y.item() == litert.answer(model, [x], kernels).item()
        seen.append(y.item() - zero)
    assert seen == [101, 100 if zero % 2 == 0 else 101]


def test_sums_wrap_around_as_litert_has_them() -> None:
    """A bias at the end of 32 bits, where one more product does not fit."""
    q = integers.Quantization
    one, coarse = q("int8", (1.0,), (0,)), q("int8", (2.0**24,), (0,))
    x, w = np.full((1, 1, 1, 1), 127, np.int8), np.full((1, 1), 127, np.int8)
    b = np.array([2**31 - 1], np.int32)
    assert integers.could_overflow(w, b, one, one)
    assert not integers.could_overflow(w, b - 2**14, one, one)
    model = litert.single_layer(
        "CONV_2D",
        [(x, one)],
        (x.shape, coarse),
        constants=[(w[:, :, None, None], one, 0), (b, q("int32", (1.0,), (0,)), 0)],
        options={"StrideH": 1, "StrideW": 1, "DilationHFactor": 1, "DilationWFactor": 1},
    )
    for kernels, rounding in KERNELS.items():
        y = integers.pointwise_conv2d(x, w, b, one, one, coarse, rounding=rounding, rung="numpy")
        assert y.item() == litert.answer(model, [x], kernels).item() == -128


def test_which_operators_xnnpack_takes() -> None:
    """Where it takes none, rounding="single" is what LiteRT's own kernels do instead."""
    taken = {name: [litert.delegated(drawn(name, k).model()) for k in range(20)] for name in CASES}
    assert not any(taken["avg_pool2d"] + taken["hard_swish"] + taken["softmax"])
    products = ("conv2d", "grouped_conv2d", "depthwise_conv2d", "pointwise_conv2d", "dense")
    assert all(all(taken[name]) for name in (*products, "add", "multiply", "mean"))
