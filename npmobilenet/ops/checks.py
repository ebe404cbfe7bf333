"""What every operator asks of its arguments before a kernel, which checks nothing, sees them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Pair = tuple[int, int]


def whole(value: object) -> bool:
    """Whether value is an integer; True and False are not."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def pair(operator: str, name: str, value: int | Pair) -> Pair:
    """`value` for height and width: one positive integer for both, or a pair of them."""
    both = tuple(value) if isinstance(value, tuple | list) else (value, value)
    if len(both) != 2 or not all(whole(v) and v >= 1 for v in both):
        raise ValueError(
            f"{operator}: {name} must be a positive integer or two of them, found {value!r}"
        )
    return int(both[0]), int(both[1])


def array(operator: str, name: str, value: Array, axes: str, *, rung: str = "numpy") -> None:
    """Require a non-empty array whose axes are those of `axes`, such as "N H W C".

    float32 and float64 are computed with; the loops rung also takes arrays of number-like objects
    (dtype object), which is how multiplications are counted.
    """
    if not isinstance(value, np.ndarray):
        raise TypeError(f"{operator}: {name} must be a NumPy array, found {type(value).__name__}")
    wanted = axes.split()
    if value.ndim != len(wanted) or value.size == 0:
        shape = f"({', '.join(wanted)})"
        raise ValueError(
            f"{operator}: {name} must have shape {shape}, none of them 0; found {value.shape}"
        )
    if value.dtype not in (np.float32, np.float64) and not (
        value.dtype == object and rung == "loops"
    ):
        raise TypeError(f"{operator}: {name} must be float32 or float64, found {value.dtype}")


def any_axes(value: Array) -> str:
    """Axes for `array` where any number of them will do."""
    return " ".join("x" * max(1, np.ndim(value)))


def same_dtype(operator: str, x: Array, **others: Array | None) -> None:
    """Require the dtype of x of every other array: mixing would silently change the precision."""
    for name, other in others.items():
        if other is not None and other.dtype != x.dtype:
            raise TypeError(
                f"{operator}: x is {x.dtype} but {name} is {other.dtype}; cast one of them"
            )


def gradient(operator: str, dy: Array, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """dy, contiguous, after requiring the shape and dtype of the forward result."""
    if not isinstance(dy, np.ndarray) or dy.shape != shape or dy.dtype != dtype:
        found = f"{dy.dtype} {dy.shape}" if isinstance(dy, np.ndarray) else type(dy).__name__
        raise ValueError(f"{operator}: dy must be {dtype} {shape} as y was, found {found}")
    return np.ascontiguousarray(dy)


def channels(operator: str, name: str, value: Array, count: int, of: str) -> None:
    """Require a vector of `count` numbers, one for each of `of`."""
    if value.shape != (count,):
        raise ValueError(
            f"{operator}: {name} must have shape ({count},), one for each {of}, found {value.shape}"
        )
