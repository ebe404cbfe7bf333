"""From nodes to the stages of a step: forwards, then backwards.

How the work is cut follows from the shapes alone, never from the number of threads: sums over shares
are then the same bits for any.

    training_graph.py      nodes and views          training_cuts.py        how the work is cut
    training_memory.py     buffers                  training_forwards.py    stages of the forward pass
    training_places.py     where maps lie           training_backwards.py   and of the backward pass
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .training_backwards import Backwards
from .training_places import numbers_at


@dataclass
class Program:
    """Records of both passes, and the memory they work in."""

    forward: NDArray[Any]
    backward: NDArray[Any]
    memory: list[NDArray[np.float32]]
    scratch: int
    result: Any  # array of the logits in blocks
    slope: Any  # array of their gradient, in blocks
    masks: dict[str, Any]  # array of each dropout's factors, in blocks
    names: list[str]  # what each stage is for


class Writer(Backwards):
    """Writes the program for n images."""

    def _lowest(self) -> int:
        """The first operation whose arrays are trained: nobody wants a gradient of what is below."""
        for position, op in enumerate(self.operations):
            node = op.node
            parts = (op.layer, node.norm) if node else (op.layer,)
            if any(f"{p.name}.{a}" in self.trained for p in parts if p for a in p.arrays):
                return position
        return len(self.operations)

    def write(self) -> Program:
        for operation in self.operations:
            self._forward(operation)
        out = self._result()
        middle = len(self.stages.records)
        for buffer in (out, *(b for b, _ in self.masks.values())):
            self.stages.use(buffer)
        self._start_backward()
        for position in reversed(range(self._lowest(), len(self.operations))):
            self._backward(position, self.operations[position])
        self.stages.use(self.zeros)
        memory = self.stages.placed()
        records = self.stages.written(self.unit.STAGE)
        self._fill_coefficients()
        node = self._node(self.result)
        m = self.maps[id(node)]
        assert m.dy is not None
        return Program(
            records[:middle], records[middle:], memory, self.scratch,
            self._array(out, m), self._array(self.first_slope, m),
            {k: numbers_at(b.address, b.size, -1, self.lanes) for k, (b, _) in self.masks.items()},
            self.names,
        )  # fmt: skip
