"""From steps to a program: where every value lies and for how long, and a record of each step."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..models.layers import Conv, Depthwise
from ..models.network_plan import Plan
from .memory import CONTIGUOUS, Layout, Sides, Wish, image_layout, place
from .packing import Floats, up
from .records import Recorder
from .steps import Step, edge


@dataclass(frozen=True)
class Program:
    """Records of the trunk, run for each image, and of the head, run for all; and what they use."""

    trunk: NDArray[Any]
    head: NDArray[Any]
    steps: tuple[Step, ...]  # one for each stage
    weights: Floats
    tables: NDArray[np.int32]
    memory: int  # bytes for an image
    shared: int  # bytes for the head
    scratch: int  # bytes for a member
    results: tuple[int, ...]  # shape of one image's result


class Writer:
    """Writes the program of some steps."""

    def __init__(
        self, plan: Plan, steps: list[Step], same: dict[str, str], batch: int, threads: int
    ):
        from ..kernels.simd import lanes

        self.lanes, self.plan, self.steps, self.batch = lanes, plan, steps, batch
        pools = [n for n, s in enumerate(steps) if s.kind == "pool" and len(s.output) == 1]
        tops = [n for n in pools if all(len(s.output) == 1 for s in steps[n:])]
        self.cut = tops[0] if tops else len(steps)  # the last step of the trunk, and its pooling
        self.layouts = self._layouts()
        self.places: dict[str, int] = {}
        self.recorder = Recorder(self.layouts, self.places, same, threads)

    def _layouts(self) -> dict[str, Layout]:
        """Of every value that is a map or a vector of one image."""
        sides: dict[str, Sides] = {}
        for step in self.steps:
            if isinstance(step.window, Conv | Depthwise) and step.expand is None:
                sides[step.x] = step.window.window.sides
        found = {}
        for step in self.steps:
            for name, shape in ((step.y, step.output), (step.pooled, step.output[-1:])):
                if name is not None:
                    rows, columns = shape[:2] if len(shape) == 3 else (1, 1)
                    blocks = up(shape[-1], self.lanes.LANES) // self.lanes.LANES
                    around = sides.get(name, CONTIGUOUS)
                    found[name] = Layout(blocks, rows, columns, around, self.lanes.BYTES)
        return found

    def _wishes(self, steps: list[Step], first: int) -> list[Wish]:
        born: dict[str, int] = {}
        dies: dict[str, int] = {}
        for n, step in enumerate(steps, first):
            for name in (step.y, step.pooled):
                if name:
                    born.setdefault(name, n)
                    dies[name] = max(dies.get(name, n), n)
            for name in (step.x, step.added, step.scaled):
                if name in born:
                    dies[name] = n
        return [Wish(name, self.layouts[name], born[name], dies[name]) for name in born]

    def write(self) -> Program:
        trunk_steps, head_steps = self.steps[: self.cut], self.steps[self.cut + 1 :]
        pooling = self.steps[self.cut : self.cut + 1]
        image = (*self.plan.resolution, self.plan.channels)
        wishes = self._wishes(trunk_steps + pooling, 0)
        sides = next(
            s.window.window.sides
            for s in self.steps
            if s.x == "image" and isinstance(s.window, Conv | Depthwise)
        )
        self.layouts["image"] = image_layout(image, sides)
        wishes = [w for w in wishes if not pooling or w.name != pooling[0].y]
        wishes.append(Wish("image", self.layouts["image"], -1, 0))
        found, memory = place(wishes)
        self.places |= found
        recorder = self.recorder
        trunk = [recorder.picture(self.plan.channels)]
        trunk += [r for s in trunk_steps for r in recorder.of(s)]
        steps = [edge("picture", "image", image), *trunk_steps]
        last = trunk_steps[-1]
        shared = 0
        head = []
        if pooling:
            rows = [
                Wish(w.name, Layout(w.layout.blocks, 1, self.batch, CONTIGUOUS, self.lanes.BYTES),
                     w.first, w.last)
                for w in self._wishes(pooling + head_steps, 0)
            ]  # fmt: skip
            self.layouts |= {w.name: w.layout for w in rows}
            found, shared = place(rows)
            self.places |= found
            trunk.append(recorder.pool(pooling[0]))
            trunk[-1]["to_head"] = 1
            head = [r for s in head_steps for r in recorder.of(s)]
            last = (pooling + head_steps)[-1]
            out = recorder.result(last, self.batch, last.output[-1])
            head.append(out)
            steps += pooling + head_steps
        else:
            trunk.append(recorder.result(last, last.output[0] * last.output[1], last.output[-1]))
        steps.append(edge("result", last.layers[-1], last.output))
        return Program(
            np.array(trunk, recorder.record),
            np.array(head, recorder.record),
            tuple(step.without_arrays() for step in steps),
            recorder.stock.weights,
            recorder.stock.tables,
            memory,
            shared,
            max(recorder.scratch, 64),
            last.output,
        )
