"""What an engine that trains gives its worker, and the optimiser that all use."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

# Stochastic gradient descent with momentum, no weight decay.  The rate is so small that thousands of
# steps on one batch leave the weights, and so the time of a step, as they were.
RATE, MOMENTUM = 1e-6, 0.9


@dataclass(frozen=True)
class Trainer:
    """A network with its batch.

    step: forward, loss, backward, and the optimiser's step.  gradients: the loss, and its gradients by
    the plan's names in the papers' layouts; nothing moves.
    """

    step: Callable[[], float]
    gradients: Callable[[], tuple[float, dict[str, Any]]]

    def __call__(self) -> float:
        """A whole step; its loss."""
        return self.step()
