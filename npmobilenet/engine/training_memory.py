"""Buffers, each living from its first stage to its last; where they lie follows from all stages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import packing
from .memory import Layout, Wish, place


@dataclass(eq=False)
class Buffer:
    """So many bytes; a kept one is there for good, holding zeros at first."""

    size: int
    kept: bool = False
    stages: list[int] = field(default_factory=list)  # that read or write it
    address: int = 0


@dataclass
class Stages:
    """Stages in the making: the code and the fields of each."""

    records: list[tuple[Any, dict[str, Any]]] = field(default_factory=list)
    buffers: dict[int, Buffer] = field(default_factory=dict)

    def add(self, code: Any, units: int, **fields: Any) -> None:
        """Append a stage.  A field may be a number, a Buffer, or a Buffer and an offset in it."""
        for value in fields.values():
            buffer = value[0] if isinstance(value, tuple) else value
            if isinstance(buffer, Buffer):
                self.use(buffer)
        self.records.append((code, {"units": units} | fields))

    def use(self, buffer: Buffer) -> None:
        """Say that the next stage needs it."""
        self.buffers[id(buffer)] = buffer
        buffer.stages.append(len(self.records))

    def placed(self) -> list[NDArray[np.float32]]:
        """Give every buffer its address; returns the memory they lie in."""
        found = []
        for kept in (True, False):
            mine = [b for b in self.buffers.values() if b.kept is kept]
            wishes = [
                Wish(str(n), Layout(1, 1, -(-b.size // 64)), min(b.stages), max(b.stages))
                for n, b in enumerate(mine)
            ]
            if kept:
                offsets, total = _in_a_row(wishes)
            else:
                offsets, total = place(wishes) if wishes else ({}, 0)
            memory = packing.aligned(total // 4 + 64)
            for n, buffer in enumerate(mine):
                buffer.address = memory.ctypes.data + offsets[str(n)]
            found.append(memory)
        return found

    def written(self, record: np.dtype[Any]) -> NDArray[Any]:
        """All stages as records."""
        found = np.zeros(len(self.records), record)
        for row, (code, fields) in zip(found, self.records, strict=True):
            row["first"], row["records"] = code.address, 1
            for name, value in fields.items():
                row[name] = _number(value)
        return found


def _number(value: Any) -> Any:
    if isinstance(value, tuple):
        return value[0].address + value[1]
    return value.address if isinstance(value, Buffer) else value


def _in_a_row(wishes: Sequence[Wish]) -> tuple[Mapping[str, int], int]:
    offsets, total = {}, 0
    for wish in wishes:
        offsets[wish.name] = total
        total += wish.layout.size
    return offsets, total
