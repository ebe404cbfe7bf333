"""The five checks of one case, and how large an error may be.

An error is scaled by the tensor it belongs to: max|a - b| / max|b|, with b in float64.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..ops.checks import Array
from ..ops.rungs import running
from .cases import Arrays, Case
from .operators import Operator

CHECKS = ("rungs", "gradient", "adjoint", "torch", "threads")


@dataclass(frozen=True)
class Outcome:
    """Worst scaled error of one check of one rung in one precision, and what it may be."""

    check: str
    rung: str
    dtype: str
    error: float

    @property
    def passed(self) -> bool:
        """Whether the error is within tolerance; NaN is not."""
        return self.error <= tolerance(self.check, self.dtype)


def tolerance(check: str, dtype: str) -> float:
    """What is allowed: rounding for exact identities, 1e-7 where a derivative is a difference.

    Of integers nothing, and beside real numbers one step.

    In float32 only rungs that have no other precision are differentiated, and their differences are
    exact identities as well: see `_gradient_error`.
    """
    if check == "reals":
        return 1.0
    if check == "threads" or "int8" in dtype:
        return 0.0
    if check == "gradient" and dtype == "float64":
        return 1e-7
    return 1e-12 if dtype == "float64" else 1e-5


def scaled_error(found: Array, expected: Array) -> float:
    """max|found - expected| / max|expected|, infinite where shapes differ; 0/0 is 0."""
    found, expected = np.asarray(found, np.float64), np.asarray(expected, np.float64)
    if found.shape != expected.shape:
        return np.inf
    difference, size = np.abs(found - expected).max(), np.abs(expected).max()
    return float(difference / size) if size > 0 else float(difference)


def check_case(
    operator: Operator, case: Case, rng: np.random.Generator, *, with_torch: bool
) -> list[Outcome]:
    """Run every check that applies to this operator on one case, in float64 and float32."""
    outcomes = []
    rungs = running(operator.rungs)
    exact = _Run(operator, _cast(case, np.float64), rungs[0], rng)
    witness = torch_results(operator, case, exact.dy) if with_torch else None
    for dtype in ("float64", "float32"):
        cast = _cast(case, np.dtype(dtype))
        for rung in rungs:
            if rung == "simd" and dtype == "float64":
                continue
            first = (rung, dtype) == (rungs[0], "float64")
            run = exact if first else _Run(operator, cast, rung, rng, dy=exact.dy)
            found: dict[str, float] = {"threads": _repeat_error(run, rng)}
            if not first:
                found["rungs"] = run.error(exact.results)
            if witness is not None:
                found["torch"] = run.error(witness)
            if dtype == "float64" or rung == "simd":
                found["gradient"] = _gradient_error(run, rng)
                if operator.linear_in:
                    found["adjoint"] = _adjoint_error(run)
            outcomes += [Outcome(check, rung, dtype, error) for check, error in found.items()]
    return outcomes


class _Run:
    """One forward and backward pass: copies of its results, and whether it left its inputs alone."""

    def __init__(
        self,
        operator: Operator,
        case: Case,
        rung: str,
        rng: np.random.Generator,
        dy: Array | None = None,
    ) -> None:
        self.operator, self.case, self.rung = operator, case, rung
        before = _copies(case.arrays)
        outputs, self.cache = operator.run(case.arrays, case.settings, rung)
        y = outputs["y"]
        self.outputs = _copies(outputs)
        self.dy = np.asarray(rng.standard_normal(y.shape) if dy is None else dy)
        # a scalar loss has a scalar cotangent of Python's own kind, which has no precision
        self.cotangent: Any = self.dy.astype(y.dtype) if self.dy.ndim else self.dy
        given = np.copy(self.cotangent)
        self.gradients = _copies(operator.gradients(self.cotangent, self.cache))
        self.untouched = np.array_equal(given, self.cotangent) and _equal(before, case.arrays)

    @property
    def results(self) -> Arrays:
        return self.outputs | {f"d{name}": value for name, value in self.gradients.items()}

    def error(self, expected: Arrays) -> float:
        return _worst(scaled_error(self.results[name], value) for name, value in expected.items())

    def forward(self, **changed: Array) -> Array:
        """y, of the function that the gradients are of, with some of the arrays replaced."""
        case = self.case
        if self.operator.smooth is not None:
            return self.operator.smooth(case)(case.arrays | changed)
        return self.operator.run(case.arrays | changed, case.settings, self.rung)[0]["y"]


def _copies(arrays: Arrays) -> Arrays:
    return {name: np.copy(value) for name, value in arrays.items()}


def _equal(some: Arrays, others: Arrays) -> bool:
    return all(np.array_equal(value, others[name]) for name, value in some.items())


def _worst(errors: Iterable[float]) -> float:
    """The largest; NaN if there is one, which Python's max would lose."""
    return float(np.max(np.fromiter(errors, np.float64)))


def _relative(difference: float, size: float) -> float:
    return float(abs(difference) / size) if size > 0 else float(abs(difference))


def _cast(case: Case, dtype: Any) -> Case:
    def cast(value: Any) -> Any:
        floating = isinstance(value, np.ndarray) and value.dtype.kind == "f"
        return value.astype(dtype) if floating and value.dtype != dtype else value

    return Case(
        {name: cast(value) for name, value in case.arrays.items()},
        {name: cast(value) for name, value in case.settings.items()},
    )


def torch_results(operator: Operator, case: Case, dy: Array) -> Arrays:
    """PyTorch's outputs, and its gradients as dx, dw, ..., in float64."""
    import torch

    leaves = {
        name: torch.tensor(value.copy(), dtype=torch.float64, requires_grad=True)
        for name, value in case.arrays.items()
    }
    outputs = operator.torch(leaves, case.settings)
    outputs["y"].backward(torch.tensor(dy, dtype=torch.float64))
    results = {name: value.detach().numpy() for name, value in outputs.items()}
    return results | {f"d{name}": np.asarray(leaf.grad) for name, leaf in leaves.items()}


def _gradient_error(run: _Run, rng: np.random.Generator) -> float:
    """Central difference of <dy, y> along a random direction of all arrays, against the gradients.

    <dy, f(a + h v) - f(a - h v)> / 2h = sum of <da, v> over the arrays a, scaled by |da| |v|.

    The operators of the simd rung are linear in x and in w: their central differences are exact however
    large h is, and float32 is precise enough for a large one.
    """
    h = 1.0 if run.rung == "simd" else 1e-4
    arrays = run.case.arrays
    along = {
        name: np.asarray(rng.standard_normal(value.shape)).astype(value.dtype)
        for name, value in arrays.items()
    }
    ahead, behind = (
        run.forward(**{name: value + s * h * along[name] for name, value in arrays.items()})
        for s in (1, -1)
    )
    analytic = sum(np.vdot(run.gradients[name], direction) for name, direction in along.items())
    size = np.hypot.reduce([np.linalg.norm(run.gradients[name]) for name in along])
    size *= np.hypot.reduce([np.linalg.norm(direction) for direction in along.values()])
    return _relative(np.vdot(run.dy, ahead - behind) / (2 * h) - analytic, size)


def _adjoint_error(run: _Run) -> float:
    """<dy, f(x) - f(0)> = <f*(dy), x>: what is left at 0 is the bias, not the linear part."""
    errors = []
    for name in run.operator.linear_in:
        value = run.case.arrays[name]
        rest = run.forward(**{name: np.zeros_like(value)})
        y = run.outputs["y"]
        difference = np.vdot(run.dy, y - rest) - np.vdot(run.gradients[name], value)
        errors.append(_relative(difference, float(np.linalg.norm(run.dy) * np.linalg.norm(y))))
    return _worst(errors)


def _repeat_error(run: _Run, rng: np.random.Generator) -> float:
    """0 if a second backward call and a run on one thread give the same bits, and inputs stay."""
    again = run.operator.gradients(run.cotangent, run.cache)
    same = run.untouched and _equal(run.gradients, again)
    if run.rung in ("numba", "simd"):
        alone = on_one_thread(lambda: _Run(run.operator, run.case, run.rung, rng, dy=run.dy))
        same &= _equal(run.results, alone.results)
    return 0.0 if same else np.inf


def on_one_thread(action: Callable[[], Any]) -> Any:
    """Call `action` with Numba limited to one thread."""
    import numba

    threads = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        return action()
    finally:
        numba.set_num_threads(threads)
