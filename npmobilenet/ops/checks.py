"""What every operator asks of its arguments before a kernel, which checks nothing, sees them."""

import sys
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from os import PathLike, fspath
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Pair = tuple[int, int]


LARGEST = 2**31 - 1  # of a stride or dilation, and of the elements that padding may make
MOST = 2**63 - 1  # of whatever is counted: classes, channels, images


@dataclass(frozen=True, eq=False, repr=False)
class Cache:
    """What a forward pass keeps for the backward pass of the same operator, and of no other."""

    operator: str
    result: tuple[int, ...]  # shape of the y that was returned, and so of dy
    dtype: np.dtype[Any]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.operator}, y {self.dtype} {self.result})"


def shown(value: object) -> str:
    """How a message shows an argument: its repr in one line, and not all of a long one."""
    try:
        text = " ".join(repr(value).split())
    except ValueError:  # an integer of more digits than Python writes, or something that holds one
        kind = "integer" if whole(value) else type(value).__name__
        return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind} of thousands of digits"
    except Exception as error:  # whatever the value's own repr runs into
        return f"{type(value).__name__} (its repr: {type(error).__name__})"
    return text if len(text) <= 80 else f"{text[:77]}..."


def shown_name(name: object) -> str:
    """A name as it is, or its repr where that would not be one line of text."""
    return name if isinstance(name, str) and name.isprintable() and len(name) < 80 else shown(name)


def whole(value: object) -> bool:
    """Whether value is an integer; True and False are not."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def plain(value: object) -> TypeGuard[Array]:
    """Whether value is an array that means what its elements say, in memory or mapped from a file.

    Masked arrays do not, and a matrix multiplies otherwise.
    """
    return type(value) in (np.ndarray, np.memmap)


def plain_array(value: object) -> Array | None:
    """A plain array as it is, a list or a number as one; None for what is not, such as a ragged list."""
    if isinstance(value, np.ndarray):
        return value if plain(value) else None
    try:
        return np.array(value)
    except (TypeError, ValueError):
        return None


def real(value: object) -> TypeGuard[float]:
    """Whether value is one finite real number; True and False are not."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        return False
    exact = value if isinstance(value, int) else float(value)  # NumPy would compare in its own type
    return -sys.float_info.max <= exact <= sys.float_info.max


def number(
    operator: str, name: str, value: float, expected: str, holds: Callable[[float], bool]
) -> float:
    """A finite real number of which `holds` is true, as a float; ValueError says what was expected."""
    if not real(value) or not holds(value):
        raise ValueError(f"{operator}: {name} must be {expected}, found {shown(value)}")
    return float(value)


def nearest(name: object, known: Iterable[str]) -> str:
    """The known name most like another."""
    word = name if isinstance(name, str) else shown(name)
    return (get_close_matches(word, list(known), n=1, cutoff=0) or [""])[0]


def function(operator: str, name: str, value: object, *, none: bool = True) -> None:
    """Require something that can be called, or None where that is right."""
    if not callable(value) and not (none and value is None):
        what = "a function or None" if none else "a function"
        raise TypeError(f"{operator}: {name} must be {what}, found {shown(value)}")


def generator(operator: str, value: object) -> None:
    """Require what random numbers are drawn from, or None."""
    if value is not None and not isinstance(value, np.random.Generator):
        found = type(value).__name__
        raise ValueError(f"{operator}: rng must be a numpy.random.Generator or None, found {found}")


def instance(operator: str, name: str, value: object, kind: type) -> None:
    """Require an object of a class."""
    if not isinstance(value, kind):
        found = shown(value)
        raise TypeError(f"{operator}: {name} must be a {kind.__name__}, found {found}")


def integer(operator: str, name: str, value: object, least: int, *, most: int | None = MOST) -> int:
    """An integer of at least so much, and at most `most`; None: of any size, as seeds may be."""
    if not isinstance(value, int | np.integer) or not whole(value) or value < least:
        raise ValueError(
            f"{operator}: {name} must be an integer of at least {least}, found {shown(value)}"
        )
    return _at_most(operator, name, int(value), most)


def positive(operator: str, name: str, value: object) -> int:
    """An integer above 0."""
    if not isinstance(value, int | np.integer) or not whole(value) or value < 1:
        raise ValueError(f"{operator}: {name} must be a positive integer, found {shown(value)}")
    return _at_most(operator, name, int(value), MOST)


def _at_most(operator: str, name: str, value: int, most: int | None) -> int:
    if most is not None and value > most:
        limit = "below 2^63" if most == MOST else f"at most {most:,}"
        raise ValueError(f"{operator}: {name} must be {limit}, found {shown(value)}")
    return value


def choice(operator: str, name: str, value: object, known: Collection[str]) -> None:
    """Require one of a few texts; an array is not even compared with them."""
    if not isinstance(value, str) or value not in known:
        *others, last = (f'"{one}"' for one in known)
        words = f"{', '.join(others)} or {last}"
        raise ValueError(f"{operator}: {name} must be {words}, found {shown(value)}")


def path(name: str, value: object, of: str = "file") -> Path:
    """As a Path; TypeError or ValueError for what can name no file, or no folder."""
    if not isinstance(value, str | PathLike) or not isinstance(found := fspath(value), str):
        raise TypeError(f"{name} must be the name of a {of}, found {shown(value)}")
    if not found or "\0" in found:
        raise ValueError(f"{name} must be the name of a {of}, found {shown(found)}")
    return Path(found)


def names(operator: str, argument: str, given: Collection[str], known: Collection[str]) -> None:
    """Require a collection of known names: one that nothing has would be passed over silently."""
    if isinstance(given, str | bytes | np.ndarray) or not isinstance(given, Collection):
        raise TypeError(f"{operator}: {argument} must be a list of names, found {shown(given)}")
    for name in given:
        if not isinstance(name, str) or name not in known:
            raise ValueError(
                f"{operator}: {argument}: the plan has none that is named {shown_name(name)}; "
                f"did you mean {nearest(name, known)}?"
            )


def arrays(
    operator: str,
    argument: str,
    given: object,
    shapes: Mapping[str, tuple[int, ...]],
    kinds: str = "f",
) -> None:
    """Require an array of each of these names and shapes, of floats; TypeError or ValueError."""
    if not isinstance(given, Mapping):
        raise TypeError(
            f"{operator}: {argument} must be a dict of arrays by name, found {shown(given)}"
        )
    for name, shape in shapes.items():
        value = given.get(name)
        if not plain(value) or value.shape != shape or value.dtype.kind not in kinds:
            found = f"{value.dtype} {value.shape}" if plain(value) else shown(value)
            raise ValueError(
                f"{operator}: {argument}: {shown_name(name)} must be an array "
                f"{'of integers ' if kinds == 'i' else ''}{shape}, found {found}"
            )


def flag(operator: str, name: str, value: bool) -> bool:
    """True or False; ValueError for anything that merely counts as one of them."""
    if not isinstance(value, bool | np.bool_):
        raise ValueError(f"{operator}: {name} must be True or False, found {shown(value)}")
    return bool(value)


def pair(operator: str, name: str, value: int | Pair) -> Pair:
    """`value` for height and width: one positive integer for both, or a pair of them."""
    both = tuple(value) if isinstance(value, tuple | list) else (value, value)
    if len(both) != 2 or not all(whole(v) and v >= 1 for v in both):
        raise ValueError(
            f"{operator}: {name} must be a positive integer or two of them, found {shown(value)}"
        )
    if max(both) > LARGEST:
        raise ValueError(f"{operator}: {name} must be below 2^31, found {shown(value)}")
    return int(both[0]), int(both[1])


def array(operator: str, name: str, value: Array, axes: str, *, rung: str = "numpy") -> None:
    """Require an array whose axes are those of `axes`, such as "N H W C", none of them 0 but perhaps N.

    float32 and float64 are computed with; the loops rung also takes arrays of number-like objects
    (dtype object), which is how multiplications are counted.
    """
    if not plain(value):
        raise TypeError(f"{operator}: {name} must be a NumPy array, found {type(value).__name__}")
    wanted = axes.split()
    empty = 0 in value.shape[wanted[0] == "N" and value.dtype != object :]
    if value.ndim != len(wanted) or empty:
        shape, but_n = f"({', '.join(wanted)})", " but N" if wanted[0] == "N" else ""
        raise ValueError(
            f"{operator}: {name} must have shape {shape}, none of them 0{but_n}; found {value.shape}"
        )
    if value.dtype not in (np.float32, np.float64) and not (
        value.dtype == object and rung == "loops"
    ):
        raise TypeError(f"{operator}: {name} must be float32 or float64, found {value.dtype}")
    if value.dtype == object and not all(map(_counts, value.flat)):
        raise TypeError(f"{operator}: {name} holds objects that cannot be added and multiplied")


def _counts(value: object) -> bool:
    """Whether an object can be computed with; what it makes of it is its own affair."""
    return hasattr(value, "__add__") and hasattr(value, "__mul__")


def any_axes(value: Array) -> str:
    """Axes for `array` where any number of them will do, the first being the images."""
    return " ".join(("N", *"x" * (axes(value) - 1)))


def axes(value: Array) -> int:
    """How many axes an array has; 0 for what is none, which NumPy might ask for its numbers."""
    return value.ndim if plain(value) else 0


def same_dtype(operator: str, x: Array, **others: Array | None) -> None:
    """Require the dtype of x of every other array: mixing would silently change the precision."""
    for name, other in others.items():
        if other is not None and other.dtype != x.dtype:
            raise TypeError(
                f"{operator}: x is {x.dtype} but {name} is {other.dtype}; cast one of them"
            )


def own(operator: str, cache: Cache) -> None:
    """Require the cache of the operator's own forward pass: kernels believe what it says.

    None is a bare `Cache`: each operator has a kind of its own.
    """
    if not isinstance(cache, Cache) or type(cache) is Cache or cache.operator != operator:
        found = f"that of {cache.operator}" if isinstance(cache, Cache) else type(cache).__name__
        raise ValueError(f"{operator}: cache must be what {operator} returned, found {found}")


def gradient(operator: str, dy: Array, cache: Cache) -> Array:
    """dy, contiguous, after requiring the operator's own cache, and shape and dtype of its result."""
    own(operator, cache)
    return alike(operator, "dy", dy, cache.result, cache.dtype)


def alike(
    operator: str, name: str, dy: Array, shape: tuple[int, ...], dtype: np.dtype[Any]
) -> Array:
    """A gradient, contiguous, after requiring shape and dtype of the result that it is of."""
    if not plain(dy) or dy.shape != shape or dy.dtype != dtype:
        found = f"{dy.dtype} {dy.shape}" if plain(dy) else type(dy).__name__
        raise ValueError(f"{operator}: {name} must be {dtype} {shape} as y was, found {found}")
    return np.ascontiguousarray(dy)


def channels(operator: str, name: str, value: Array, count: int, of: str) -> None:
    """Require a vector of `count` elements, one for each of `of`."""
    if value.shape != (count,):
        raise ValueError(
            f"{operator}: {name} must have shape ({count},), one for each {of}, found {value.shape}"
        )


def as_grouped(seen: int, channels: int, takes: str = "grouped_conv2d") -> str:
    """The end of an error where filters see a part of the channels, as a grouped convolution's do."""
    parts = 0 < seen < channels and channels % seen == 0
    return f"; {channels // seen} groups of them are what {takes} takes" if parts else ""
