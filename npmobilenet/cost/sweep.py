"""One model at many widths and resolutions: what each costs, and how accurate it is said to be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..models.dialect import Dialect
from ..models.network_plan import plan
from .accuracy import printed
from .count import cost


@dataclass(frozen=True)
class Point:
    """One network of a sweep; accuracies are quoted, None where nobody prints one."""

    model: str
    width: float
    resolution: tuple[int, int]
    macs: int
    params: int  # trainable
    paper: float | None
    checkpoint: float | None

    @property
    def accuracy(self) -> float | None:
        """The released checkpoint's, which cover whole grids, else the paper's."""
        return self.checkpoint if self.checkpoint is not None else self.paper

    def to_json(self) -> dict[str, Any]:
        """One object for programs."""
        height, width = self.resolution
        return {
            "model": self.model,
            "width": self.width,
            "resolution": height if height == width else [height, width],
            "macs": self.macs,
            "trainable": self.params,
            "top1_paper": self.paper,
            "top1_checkpoint": self.checkpoint,
        }


def sweep(
    model: str,
    widths: Sequence[float],
    resolutions: Sequence[int | tuple[int, int]],
    *,
    dialect: str | Dialect = "paper",
) -> list[Point]:
    """Every width at every resolution.  Errors as `plan`."""
    points = []
    for width in widths:
        for resolution in resolutions:
            network = plan(model, width=width, resolution=resolution, dialect=dialect)
            counted = cost(network)
            size = network.resolution
            points.append(
                Point(
                    model=model,
                    width=network.width,
                    resolution=size,
                    macs=counted.macs,
                    params=counted.params.trainable,
                    paper=printed(model, network.width, size, "paper"),
                    checkpoint=printed(model, network.width, size, "checkpoints"),
                )
            )
    return points
