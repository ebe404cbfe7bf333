"""A plan run forwards and backwards by a learner's functions, ours where there is no exercise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..models.execute import Run, execute_backward, execute_forward
from ..models.network_plan import Plan
from ..ops.checks import Array
from .cases import Arguments
from .exercise import EXERCISES
from .graduate_asking import Asking
from .graduate_units import Unit, arguments, gradients, units


class Passes:
    """The passes of one plan.

    tick: is told the name of each layer before it runs.
    """

    def __init__(self, plan: Plan, ask: Asking, tick: Callable[[str], None]) -> None:
        self.plan, self.ask, self.tick = plan, ask, tick
        self.units = units(plan)

    def forward(
        self, params: Mapping[str, Array], x: Array, *, train: bool = False
    ) -> tuple[Array, dict[str, Array]]:
        """Logits, and the moved running estimates; what the way back needs is kept."""
        values = {"image": x}
        self.params, self.given = params, dict[str, Arguments]()
        self.caches: dict[str, Any] = {}
        run = Run(params, train, "numpy", None)
        for unit in self.units:
            self.tick(unit.name)
            inputs = [values[name] for name in unit.inputs]
            if unit.function:
                values[unit.name] = self._asked(unit, run, inputs[0])
            else:
                values[unit.name], self.caches[unit.name] = execute_forward(
                    run, unit.layers[0], inputs
                )
        return values[self.units[-1].name], run.statistics

    def _asked(self, unit: Unit, run: Run, x: Array) -> Array:
        given = arguments(unit, run.params, x, run.train)
        self.given[unit.name] = given
        found = self.ask(unit.function, unit.title, given)
        if unit.function == "batch_norm" and run.train:
            run.statistics |= {f"{unit.name}.{n}": found[n] for n in ("mean", "variance")}
        return found["y"].reshape(len(x), *unit.layers[-1].output)

    def backward(self, dlogits: Array) -> dict[str, Array]:
        """Gradients of all trained arrays, of the last forward pass."""
        grads: dict[str, Array] = {}
        flowing = {self.units[-1].name: dlogits}
        for unit in reversed(self.units):
            self.tick(unit.name)
            dy = flowing.pop(unit.name)
            if unit.function:
                dx, own = self._asked_back(unit, dy)
                grads |= own
                dinputs: tuple[Array | None, ...] = (dx,)
            else:
                dinputs, _ = execute_backward(unit.layers[0], dy, self.caches[unit.name])
            for source, dinput in zip(unit.inputs, dinputs, strict=True):
                if dinput is not None:  # an output read twice receives the sum of both
                    flowing[source] = flowing[source] + dinput if source in flowing else dinput
        return grads

    def _asked_back(self, unit: Unit, dy: Array) -> tuple[Array, dict[str, Array]]:
        name = f"{unit.function}_backward"
        forward = self.given[unit.name]
        given: Arguments = {"dy": dy if dy.ndim == 4 else dy[:, None, None]}
        given |= {k: v for k, v in forward.items() if k in EXERCISES[name].parameters}
        found = self.ask(name, unit.title, given)
        return found["dx"].reshape(len(dy), *unit.layers[0].input), gradients(
            unit, found, self.params
        )
