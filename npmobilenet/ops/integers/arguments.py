"""What the integer operators ask of their arguments before a kernel, which checks nothing, sees them."""

from __future__ import annotations

import numpy as np

from .. import checks
from ..checks import Array, shown
from ..window import Window
from .numbers import Quantization
from .scales import ACTIVATIONS, ROUNDINGS

BYTES = ("int8", "uint8")


def rounding(operator: str, value: str) -> str:
    """One of the two."""
    return _one_of(operator, "rounding", value, ROUNDINGS)


def activation(operator: str, value: str | None) -> str | None:
    """None, or one of those that are fused."""
    if value is not None:
        _one_of(operator, "activation", value, ACTIVATIONS[1:])
    return value


def _one_of(operator: str, name: str, value: object, known: tuple[object, ...]) -> str:
    if not isinstance(value, str) or value not in known:
        raise ValueError(
            f"{operator}: {name} must be one of {', '.join(map(str, known))}, found {shown(value)}"
        )
    return value


def quantization(operator: str, name: str, q: Quantization, channels: int = 0) -> None:
    """Require a quantization of bytes: one scale, or, where channels are given, one for each."""
    if not isinstance(q, Quantization):
        raise TypeError(f"{operator}: {name} must be a Quantization, found {type(q).__name__}")
    if q.dtype not in BYTES:
        raise ValueError(f"{operator}: {name} must be of int8 or uint8, found {q.dtype}")
    if len(q.scale) not in {1, channels or 1}:
        expected = f"one scale or {channels}, one a channel" if channels else "one scale"
        raise ValueError(f"{operator}: {name} must have {expected}, found {len(q.scale)}")


def array(operator: str, name: str, value: Array, axes: str, q: Quantization) -> None:
    """Require an array of the dtype of its quantization, with the axes of `axes`, no axis 0 but N."""
    if not checks.plain(value):
        raise TypeError(f"{operator}: {name} must be a NumPy array, found {type(value).__name__}")
    wanted = axes.split()
    if value.ndim != len(wanted) or 0 in value.shape[wanted[0] == "N" :]:
        but_n = " but N" if wanted[0] == "N" else ""
        raise ValueError(
            f"{operator}: {name} must have shape ({', '.join(wanted)}), none of them 0{but_n}; "
            f"found {value.shape}"
        )
    if value.dtype != q.dtype or not value.dtype.isnative:
        raise TypeError(
            f"{operator}: {name} must be {q.dtype}, as its quantization says, found {value.dtype}"
        )


def bias(operator: str, b: Array | None, channels: int) -> Array:
    """int32, one for each channel; None: zeros."""
    if b is None:
        return np.zeros(channels, np.int32)
    if not checks.plain(b) or b.dtype != np.int32 or b.shape != (channels,):
        found = f"{b.dtype} {b.shape}" if checks.plain(b) else type(b).__name__
        raise ValueError(
            f"{operator}: b must be int32 of shape ({channels},), one for each output channel, "
            f"found {found}"
        )
    return np.ascontiguousarray(b)


def same_dtype(operator: str, **given: Quantization) -> None:
    """Require maps of one dtype: what comes in and goes out is int8, or all of it is uint8."""
    dtypes = {name: q.dtype for name, q in given.items()}
    if len(set(dtypes.values())) > 1:
        found = ", ".join(f"{name} of {dtype}" for name, dtype in dtypes.items())
        raise ValueError(f"{operator}: quantizations must be of one dtype, found {found}")


def padded(operator: str, x: Array, zero: int, place: Window) -> Array:
    """x with its zero point around it, contiguous."""
    if not any(place.sides):
        return np.ascontiguousarray(x)
    around = np.full(place.fitting(operator, x), zero, x.dtype)
    place.crop(around)[:] = x
    return around


def zeros(w_q: Quantization, channels: int) -> Array:
    """The zero point of each output channel's weights."""
    return np.array(np.broadcast_to(np.asarray(w_q.zero_point, np.int32), (channels,)))
