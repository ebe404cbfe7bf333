"""Files with faults: those of special.py, then any number by chance."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from .sources import sources
from .special import SPECIAL


class Mutant(NamedTuple):
    """A damaged file.  same: the picture in it is whole, and must come out as that of the source."""

    name: str
    content: bytes
    same: str = ""


def mutant(seed: int, index: int) -> Mutant:
    """The mutant of a number."""
    rng = np.random.default_rng((seed, index))
    if index < len(SPECIAL):
        return _special(index)
    names = list(sources())
    name = names[index % len(names)]
    kinds = list(BLIND)
    kind = kinds[int(rng.integers(len(kinds)))]
    content = BLIND[kind](bytearray(sources()[name]), rng)
    base, _, ending = name.rpartition(".")
    return Mutant(f"{index}-{base}-{kind}.{ending}", bytes(content))


def _flip(data: bytearray, rng: np.random.Generator) -> bytearray:
    for _ in range(int(rng.integers(1, 12))):
        data[int(rng.integers(len(data)))] ^= 1 << int(rng.integers(8))
    return data


def _head(data: bytearray, rng: np.random.Generator) -> bytearray:
    """In the beginning, where sizes and offsets are, by the values that hurt most."""
    for _ in range(int(rng.integers(1, 6))):
        at = int(rng.integers(min(len(data), 128)))
        data[at : at + 2] = bytes(rng.choice([0, 1, 0x7F, 0x80, 0xFF], 2).tolist())
    return data


def _cut(data: bytearray, rng: np.random.Generator) -> bytearray:
    return data[: int(rng.integers(len(data)))]


def _drop(data: bytearray, rng: np.random.Generator) -> bytearray:
    at = int(rng.integers(len(data)))
    del data[at : at + int(rng.integers(1, 64))]
    return data


def _twice(data: bytearray, rng: np.random.Generator) -> bytearray:
    at, to = (int(k) for k in rng.integers(len(data), size=2))
    data[to:to] = data[at : at + 64]
    return data


def _noise(data: bytearray, rng: np.random.Generator) -> bytearray:
    at = int(rng.integers(len(data)))
    data[at : at + 32] = rng.bytes(32)
    return data


def _splice(data: bytearray, rng: np.random.Generator) -> bytearray:
    other = list(sources().values())[int(rng.integers(len(sources())))]
    at = int(rng.integers(len(data)))
    return data[:at] + other[int(rng.integers(len(other))) :]


BLIND: dict[str, Callable[[bytearray, np.random.Generator], bytearray]] = {
    "flip": _flip, "head": _head, "cut": _cut, "drop": _drop, "twice": _twice, "noise": _noise,
    "splice": _splice,
}  # fmt: skip


def _special(index: int) -> Mutant:
    name = list(SPECIAL)[index]
    make, same = SPECIAL[name]
    return Mutant(f"special-{name}", make(), same)
