"""The record that a plan is compiled into: stages in the making, and the buffers that they refer to.

    program = Program()
    x, y = program.buffer(1000), program.buffer(500)
    program.stage("pool", items, (maps.pool, {"x": x, "y": y, "rows": 7}))
    code = program.finish()                 # allocates, and writes all descriptors with true addresses

Inference and training emit into the same kind of program; kernels/simd/runtime/executor.py runs it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..kernels.simd.runtime.work_item import CALL
from .allocate import Buffer, Place, allocate
from .layout import Layout
from .pack import Floats, aligned, up
from .pinned import Pinned

LINE = 64  # bytes of a cache line: where descriptors, constants and buffers begin


@dataclass
class Constants:
    """What is known when a plan is compiled: packed weights, or tables; one buffer in the end."""

    kind: type
    beyond: int = 0  # elements that may be read past the end
    makers: list[tuple[int, Callable[[], NDArray[Any]]]] = field(default_factory=list)
    used: int = 0  # elements
    buffer: Buffer = field(default_factory=lambda: Buffer(Layout(0, 0, 0), kept=True))

    def later(self, size: int, make: Callable[[], NDArray[Any]]) -> Place:
        """So many elements more, from a cache line on; made when they are written, never all twice."""
        place = Place(self.buffer, 4 * self.used)
        self.makers.append((self.used, make))
        self.used += up(size, LINE // 4)
        return place

    def finish(self) -> NDArray[Any]:
        """All of them in one piece, which gives the buffer its address."""
        whole: NDArray[Any] = aligned(self.used + self.beyond).view(self.kind)
        for start, make in self.makers:
            array = make()
            whole[start : start + array.size] = array
        self.buffer.address = whole.ctypes.data
        return whole


Call = tuple[Any, dict[str, Any]]  # a routine and the fields of its descriptor


@dataclass
class Stage:
    """Calls made for each of so many work items."""

    name: str
    items: int
    calls: tuple[Call, ...]


@dataclass(frozen=True)
class Code(Pinned):
    """A finished program: arrays of calls for the executor, and all that their addresses point to."""

    calls: tuple[NDArray[Any], ...]  # one array for each part: trunk and head, forward and backward
    descriptors: NDArray[np.uint8]
    weights: Floats
    tables: NDArray[np.int32]
    memory: tuple[Floats, ...]
    scratch: int  # bytes for a member
    names: tuple[str, ...]

    @property
    def nbytes(self) -> int:
        """Bytes of the maps."""
        return sum(each.nbytes for each in self.memory)


@dataclass
class Program:
    """Stages and buffers; `part()` begins the next part, which runs by itself."""

    stages: list[Stage] = field(default_factory=list)
    parts: list[int] = field(default_factory=lambda: [0])
    buffers: list[Buffer] = field(default_factory=list)  # that a stage uses
    weights: Constants = field(default_factory=lambda: Constants(np.float32, beyond=1024))
    tables: Constants = field(default_factory=lambda: Constants(np.int32, beyond=LINE))
    scratch: int = 4096
    _tables: dict[bytes, Place] = field(default_factory=dict)

    def buffer(self, layout: Layout | int, kept: bool = False) -> Buffer:
        """Memory of a layout, or of so many bytes."""
        if isinstance(layout, int):
            layout = Layout(1, 1, -(-layout // LINE), vector=LINE)
        return Buffer(layout, kept)

    def stage(self, name: str, items: int, *calls: Call) -> None:
        """Append a stage.  Values of fields: integers, enums, floats, Buffers and Places."""
        for _, fields in calls:
            for value in fields.values():
                if isinstance(value, Buffer | Place):
                    self.use(value.buffer if isinstance(value, Place) else value)
        self.stages.append(Stage(name, items, calls))

    def use(self, buffer: Buffer) -> None:
        """Say that the next stage needs it."""
        if buffer not in (self.weights.buffer, self.tables.buffer):
            if not buffer.uses:
                self.buffers.append(buffer)
            buffer.uses.append(len(self.stages))

    def part(self) -> None:
        """What follows runs by itself."""
        self.parts.append(len(self.stages))

    def reserve(self, size: int) -> None:
        """A member needs so many bytes of scratch."""
        self.scratch = max(self.scratch, size)

    def table(self, offsets: NDArray[np.integer]) -> Place:
        """A table of byte offsets; equal ones are one."""
        copy = offsets.astype(np.int32).ravel()
        key = copy.tobytes()
        if key not in self._tables:
            self._tables[key] = self.tables.later(copy.size, lambda: copy)
        return self._tables[key]

    def pixels(self, layout: Layout) -> Place:
        """The table of a map's pixels."""
        i, j = np.indices((layout.rows, layout.columns))
        return self.table(layout.inside + i * layout.row + j * layout.vector)

    def finish(self) -> Code:
        """Allocate every buffer and write every descriptor."""
        calls = [call for stage in self.stages for call in stage.calls]
        table = np.zeros(len(calls), CALL)
        # asked first: where a routine is not on disk this comes to nothing (kernels/sharing.py)
        table["code"] = [routine.address for routine, _ in calls]
        memory = tuple(self._allocated(kept) for kept in (True, False))
        weights, tables = self.weights.finish(), self.tables.finish()
        starts = np.cumsum([0, *(up(routine.descriptor.itemsize, LINE) for routine, _ in calls)])
        store = aligned(int(starts[-1]) // 4).view(np.uint8)
        table["descriptor"] = store.ctypes.data + starts[:-1]
        for start, (routine, fields) in zip(starts[:-1], calls, strict=True):
            kind = routine.descriptor
            record = store[start : start + kind.itemsize].view(kind)[0]
            for name, value in fields.items():
                if isinstance(value, Place):
                    value = value.buffer.address + value.offset
                record[name] = value.address if isinstance(value, Buffer) else value
        first = np.cumsum([0, *(len(stage.calls) for stage in self.stages)])  # call of each stage
        table["items"][first[:-1]] = [stage.items for stage in self.stages]
        table["calls"][first[:-1]] = np.diff(first)
        parts = tuple(table[a:b] for a, b in pairwise(first[[*self.parts, len(self.stages)]]))
        names = tuple(stage.name for stage in self.stages)
        return Code(parts, store, weights, tables, memory, self.scratch, names)

    def _allocated(self, kept: bool) -> Floats:
        """Give every buffer of a kind its address; returns the memory they lie in."""
        offsets, total = allocate([each for each in self.buffers if each.kept is kept])
        memory = aligned(total // 4 + 64)
        for buffer, offset in offsets.items():
            buffer.address = memory.ctypes.data + offset
            if buffer.layout.fill:  # only maps with the same halo ever lie there
                memory.view(np.uint8)[offset : offset + buffer.layout.size] = buffer.layout.fill
        return memory
