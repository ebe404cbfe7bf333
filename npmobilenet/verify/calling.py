"""Calls a forward and a backward pass of anybody's, in the way that they are written for."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ..ops.checks import Array, plain, shown


class Pair:
    """A forward pass, its backward pass, and what both are given: `arrays`, in float64, of `names`."""

    def __init__(
        self,
        f: Callable[..., Any],
        f_backward: Callable[..., Any],
        arrays: Sequence[Array],
        names: Sequence[str] | None,
    ) -> None:
        for name, function in (("f", f), ("f_backward", f_backward)):
            if not callable(function):
                raise ValueError(f"gradcheck: {name} must be a function, found {shown(function)}")
        self.f, self.f_backward = f, f_backward
        self.names = _names(f, len(arrays), names)
        self.arrays = [_double(a, name) for a, name in zip(arrays, self.names, strict=True)]

    def forward(self) -> tuple[Array, Any]:
        """y and the cache, or None; the function is called twice and must do the same."""
        before = [array.copy() for array in self.arrays]
        returned = self.f(*self.arrays)
        self._untouched("f", before)
        several = isinstance(returned, tuple)
        if several and not returned:
            raise ValueError("gradcheck: f returned an empty tuple; expected y, or (y, cache)")
        y = _numbers(returned[0] if several else returned, "f returned").copy()
        if not np.isfinite(y).all():
            raise ValueError("gradcheck: f returned a y with NaN or infinity in it")
        if y.dtype != np.float64:
            raise ValueError(
                f"gradcheck: f returned a y of {y.dtype} for arrays of float64, too coarse for "
                "differences; expected float64"
            )
        if not np.array_equal(self.again(y.shape), y):
            raise ValueError(
                "gradcheck: f returned another y when it was called again with equal arrays; "
                "expected the same (a random number is drawn outside, and given to it)"
            )
        return y, (returned[1] if several and len(returned) > 1 else None)

    def again(self, shape: tuple[int, ...]) -> Array:
        """y of the arrays as they are now."""
        returned = self.f(*self.arrays)
        y: Array = np.asarray(returned[0] if isinstance(returned, tuple) else returned)
        if y.shape != shape:
            raise ValueError(
                f"gradcheck: f returned a y of {y.shape}, and before one of {shape}, for arrays of the "
                "same shapes"
            )
        return y

    def backward(self, dy: Any, cache: Any) -> tuple[list[Array], str]:
        """The gradient of each array, and how the function was called for them.

        An error of the function's own is raised as it is, of the way of calling that was tried first.
        """
        before, given = [array.copy() for array in self.arrays], np.copy(dy)
        failed: Exception | None = None
        for arguments, words in self._ways(dy, cache):
            if not _takes(self.f_backward, len(arguments)):
                continue
            try:
                returned = self.f_backward(*arguments)
            except Exception as error:
                failed = failed or error
                continue
            self._untouched("f_backward", before)
            if not np.array_equal(given, dy):
                raise ValueError("gradcheck: f_backward changed dy; expected it to stay as it was")
            return self._gradients(returned), f"f_backward({words})"
        if failed is not None:
            raise failed
        tried = " or ".join(f"f_backward({words})" for _, words in self._ways(dy, cache))
        raise ValueError(
            f"gradcheck: f_backward must be callable as {tried}, found "
            f"f_backward{inspect.signature(self.f_backward)}"
        )

    def _ways(self, dy: Any, cache: Any) -> Iterator[tuple[list[Any], str]]:
        if cache is not None:
            yield [dy, cache], "dy, cache"
        yield [dy, *self.arrays], ", ".join(["dy", *self.names])

    def _gradients(self, returned: Any) -> list[Array]:
        """One for each array, of its shape."""
        if isinstance(returned, dict):
            keys = {
                key.removeprefix("d") if key not in self.names else key: key for key in returned
            }
            if missing := [name for name in self.names if name not in keys]:
                raise ValueError(
                    f"gradcheck: f_backward returned gradients of {', '.join(returned) or 'nothing'}; "
                    f"expected one of {missing[0]}"
                )
            found = [returned[keys[name]] for name in self.names]
        else:
            found = list(returned) if isinstance(returned, tuple | list) else [returned]
            while len(found) > len(self.names) and found[-1] is None:
                found.pop()  # of what was not there, as a bias
        if len(found) != len(self.names):
            raise ValueError(
                f"gradcheck: f_backward returned {len(found)} of the gradients; expected "
                f"{len(self.names)}, of {', '.join(self.names)}"
            )
        gradients = []
        for name, array, value in zip(self.names, self.arrays, found, strict=True):
            gradient = _numbers(value, f"the gradient of {name} is")
            if gradient.shape != array.shape:
                raise ValueError(
                    f"gradcheck: the gradient of {name} has shape {gradient.shape}; expected "
                    f"{array.shape}"
                )
            gradients.append(gradient)
        return gradients

    def _untouched(self, who: str, before: list[Array]) -> None:
        for name, array, was in zip(self.names, self.arrays, before, strict=True):
            if not np.array_equal(array, was):
                raise ValueError(f"gradcheck: {who} changed {name}; expected it to stay as it was")


def _names(f: Callable[..., Any], many: int, names: Sequence[str] | None) -> list[str]:
    """As they were given; else those of the function's parameters."""
    if not many:
        raise ValueError("gradcheck: expected at least one array behind f and f_backward")
    if names is not None:
        listed = isinstance(names, tuple | list) and all(isinstance(name, str) for name in names)
        if not listed or len(names) != many or len({*names}) != many:
            raise ValueError(
                f"gradcheck: names must be {many}, one for each array, found {shown(names)}"
            )
        return [*names]
    try:
        parameters = [
            p.name
            for p in inspect.signature(f).parameters.values()
            if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
        ]
    except (TypeError, ValueError):  # of what is built in C none may be known
        parameters = []
    return [parameters[k] if k < len(parameters) else f"argument {k + 1}" for k in range(many)]


def _double(array: Any, name: str) -> Array:
    """A copy in float64."""
    if not plain(array):
        kind = "None" if array is None else f"a {type(array).__name__}"
        raise ValueError(f"gradcheck: {name} must be a NumPy array, found {kind}")
    if array.dtype.kind != "f":
        raise ValueError(f"gradcheck: {name} must be of a floating-point type, found {array.dtype}")
    if not array.size:
        raise ValueError(f"gradcheck: {name} has no entries: its shape is {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"gradcheck: {name} must be finite, found NaN or infinity")
    return np.array(array, np.float64, order="C")


def _numbers(value: Any, who: str) -> Array:
    """An array of real numbers, or a number as one."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    found = np.asarray(value) if number or isinstance(value, np.ndarray | np.generic) else None
    if found is None or found.dtype.kind not in "fiu":
        kind = f"an array of {found.dtype}" if found is not None else shown(value)
        raise ValueError(f"gradcheck: {who} {kind}; expected an array of numbers")
    return found.astype(np.float64) if number else found


def _takes(function: Callable[..., Any], many: int) -> bool:
    """Whether a function can be called with so many arguments."""
    try:
        inspect.signature(function).bind(*range(many))
    except TypeError:
        return False
    except ValueError:  # of what is built in C none may be known
        return True
    return True
