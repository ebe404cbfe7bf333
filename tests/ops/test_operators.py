"""One suite for every operator at every rung: drawn cases, five independent witnesses.

Then the same witnesses are given operators with one planted fault each, and must notice.
"""

import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npmobilenet import ops
from npmobilenet.kernels import batchnorm, conv
from npmobilenet.verify import CHECKS, OPERATORS, Operator, Outcome, check_case
from npmobilenet.verify.cases import Case

Changed = Callable[[Any, Any], Any]


def complaints(outcomes: list[Outcome]) -> str:
    return "; ".join(
        f"{o.check} of rung {o.rung} in {o.dtype}: error {o.error:.2g}"
        for o in outcomes
        if not o.passed
    )


@pytest.mark.parametrize("name", OPERATORS)
@given(data=st.data(), seed=st.integers(0, 2**32 - 1))
def test_operator_convinces_every_witness(
    name: str, with_torch: bool, data: st.DataObject, seed: int
) -> None:
    """Rungs, central differences, adjoint, PyTorch and one thread all agree with the operator."""
    rng = np.random.default_rng(seed)
    case = OPERATORS[name].draw(lambda low, high: data.draw(st.integers(low, high)), rng)
    outcomes = check_case(OPERATORS[name], case, rng, with_torch=with_torch)
    assert outcomes
    assert all(o.passed for o in outcomes), f"{name}: {complaints(outcomes)}"


def drawn(name: str) -> tuple[Operator, Case, np.random.Generator]:
    """A middling case of an operator; integers in the middle of their ranges fit everywhere."""
    rng = np.random.default_rng(3)
    return OPERATORS[name], OPERATORS[name].draw(lambda low, high: (low + high) // 2, rng), rng


def failed(operator: Operator, case: Case, rng: np.random.Generator) -> set[str]:
    """Which checks a case fails; a witness that is not installed counts as having noticed."""
    pytest.importorskip("torch")
    return {o.check for o in check_case(operator, case, rng, with_torch=True) if not o.passed}


def with_gradients(operator: Operator, change: Callable[[dict, Any, Any], dict]) -> Operator:
    """The operator, its gradients spoilt by change(gradients, dy, cache)."""

    def gradients(dy: Any, cache: Any) -> dict:
        return change(operator.gradients(dy, cache), dy, cache)

    return replace(operator, gradients=gradients)


def with_result(operator: Operator, change: Callable[[dict, dict, str | None], None]) -> Operator:
    """The operator, after whose forward call change(outputs, arrays, rung) is free to spoil."""

    def run(arrays: dict, settings: dict, rung: str | None) -> tuple[dict, Any]:
        outputs, cache = operator.run(arrays, settings, rung)
        change(outputs, arrays, rung)
        return outputs, cache

    return replace(operator, run=run)


def scaled(name: str, factor: float) -> Callable[[dict, Any, Any], dict]:
    return lambda gradients, dy, cache: gradients | {name: gradients[name] * factor}


def nan_in(name: str) -> Callable[[dict, Any, Any], dict]:
    def change(gradients: dict, dy: Any, cache: Any) -> dict:
        gradients[name].flat[0] = np.nan
        return gradients

    return change


def accumulating() -> Callable[[dict, Any, Any], dict]:
    """PyTorch's habit: a second backward call adds to the buffer of the first."""
    kept: dict[str, Any] = {}

    def change(gradients: dict, dy: Any, cache: Any) -> dict:
        key = f"{id(cache)}"
        if key in kept:
            for name, value in gradients.items():
                kept[key][0][name] += value
        else:
            kept[key] = gradients, cache
        return kept[key][0]

    return change


def zeroing_dy(gradients: dict, dy: Any, cache: Any) -> dict:
    dy[gradients["x"] == 0] = 0  # harmless to the result, and done twice the same: still wrong
    return gradients


def nan_result(outputs: dict, arrays: dict, rung: str | None) -> None:
    outputs["y"].flat[0] = np.nan


def rectified_x(outputs: dict, arrays: dict, rung: str | None) -> None:
    np.maximum(arrays["x"], 0, out=arrays["x"])


def only_numba(outputs: dict, arrays: dict, rung: str | None) -> None:
    if rung == "numba":
        outputs["y"] *= 1.0001


GRADIENT_FAULTS = {
    "dx 0.01 % too large": ("conv2d", scaled("x", 1.0001), {"gradient", "adjoint", "torch"}),
    "dw 0.01 % too large": ("dense", scaled("w", 1.0001), {"gradient", "adjoint", "torch"}),
    "dgamma too small": ("batch_norm train", scaled("gamma", 0.9999), {"gradient", "torch"}),
    "NaN in dx": ("relu", nan_in("x"), {"rungs", "gradient", "torch"}),
    "NaN in dw": ("depthwise_conv2d", nan_in("w"), {"rungs", "gradient", "adjoint", "torch"}),
    "NaN in dlogits": ("softmax_cross_entropy", nan_in("logits"), {"gradient", "torch"}),
    "gradients accumulate": ("pointwise_conv2d", accumulating(), {"threads"}),
    "dy is changed": ("relu6", zeroing_dy, {"threads"}),
}
RESULT_FAULTS = {
    "NaN in y": ("conv2d", nan_result, {"rungs", "torch"}),
    "one rung differs": ("avg_pool2d", only_numba, {"rungs", "gradient", "adjoint", "torch"}),
    "x is changed": ("relu", rectified_x, {"threads"}),
}


@pytest.mark.parametrize("fault", GRADIENT_FAULTS)
def test_wrong_gradient_is_noticed(fault: str) -> None:
    """A planted fault of the backward pass fails at least the checks that are there to see it."""
    name, change, expected = GRADIENT_FAULTS[fault]
    operator, case, rng = drawn(name)
    assert failed(with_gradients(operator, change), case, rng) >= expected


@pytest.mark.parametrize("fault", RESULT_FAULTS)
def test_wrong_result_is_noticed(fault: str) -> None:
    """A planted fault of the forward pass fails at least the checks that are there to see it."""
    name, change, expected = RESULT_FAULTS[fault]
    operator, case, rng = drawn(name)
    assert failed(with_result(operator, change), case, rng) >= expected


def test_taps_in_the_wrong_order_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A NumPy kernel that turns its filters by 180 degrees is a convolution, but not this one."""
    right, *backward = conv.RUNGS["numpy"]

    def turned(x: Any, w: Any, stride: Any, dilation: Any, y: Any) -> None:
        right(x, w[::-1, ::-1], stride, dilation, y)

    monkeypatch.setitem(conv.RUNGS, "numpy", (turned, *backward))
    assert failed(*drawn("conv2d")) >= {"rungs", "gradient", "torch"}


def test_a_forgotten_eps_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """In all rungs at once, so that only PyTorch can know."""

    def without_eps(kernel: Any) -> Any:
        names = list(inspect.signature(kernel).parameters)
        place = names.index("eps") if "eps" in names else None
        return lambda *given: kernel(*(0.0 if k == place else a for k, a in enumerate(given)))

    for rung, kernels in batchnorm.RUNGS.items():
        monkeypatch.setitem(batchnorm.RUNGS, rung, tuple(map(without_eps, kernels)))
    assert failed(*drawn("batch_norm train")) >= {"torch"}
    assert failed(*drawn("batch_norm eval")) >= {"torch"}


def test_another_sum_order_on_another_number_of_threads_is_noticed() -> None:
    """A single bit that depends on the number of threads fails the check of threads."""
    numba = pytest.importorskip("numba")
    if numba.get_num_threads() < 2:
        pytest.skip("one thread only")

    def change(outputs: dict, arrays: dict, rung: str | None) -> None:
        if rung == "numba" and numba.get_num_threads() == 1:
            outputs["y"] = np.nextafter(outputs["y"], np.inf)

    operator, case, rng = drawn("dense")
    assert failed(with_result(operator, change), case, rng) == {"threads"}


def test_every_operator_is_verified() -> None:
    """Every public operator with a backward pass is in the table, and every check is exercised."""
    differentiable = {name for name in ops.__all__ if f"{name}_backward" in ops.__all__}
    assert {name.partition(" ")[0] for name in OPERATORS} == differentiable
    seen = {o.check for name in ("conv2d",) for o in check_case(*drawn(name), with_torch=False)}
    assert seen == set(CHECKS) - {"torch"}
