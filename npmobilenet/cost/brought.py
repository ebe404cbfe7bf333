"""What is brought to be counted, as the conventions take it: a list of operations, like a plan's.

A plan's operations have one kind each.  A program is looked at by counters from several sides: one
hooks the classes of its modules, another patches functions, a third sees what is dispatched to.  So an
operation that somebody brings says how it looks from each side, in `seen`:

    function   the function of torch.nn.functional that was called by that name, of torch or a tensor
    op         the operator as a trace names it, whatever calls it
    aten       the operator that it came down to
    class      the class of the module, if it is torch.nn's own and no subclass
    outermost  the same, unless a module around it is counted as a whole
    leaf       a module without modules inside: how its parameters meet what goes out
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..models.network_plan import Plan
from .operations import Named, Operation, operations

SIDES = ("function", "op", "aten", "class", "outermost", "leaf")


@dataclass(frozen=True)
class Place:
    """Where an operation stands: what tables need of a layer."""

    name: str
    kind: str
    input: tuple[int, ...]
    output: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Brought:
    """Anything that is no plan and is counted all the same."""

    name: str
    operations: tuple[Operation, ...] = field(repr=False)


Subject = Plan | Brought  # what can be counted


def operations_of(subject: Subject) -> tuple[Operation, ...]:
    """The operations of a plan, or of what is brought."""
    return subject.operations if isinstance(subject, Brought) else operations(subject)


def operation(
    place: Named,
    sizes: Mapping[str, int],
    params: Mapping[str, int] | None = None,
    role: str = "",
    **seen: str,
) -> Operation:
    """One operation of something brought; sizes that are not given are 0.

    role: what lines of an explanation call it, if not by the kind of its place.
    """
    return Operation(
        place, place.kind, role or place.kind, _Sizes(sizes), dict(params or {}), dict(seen)
    )


class _Sizes(dict[str, int]):
    """Sizes, those that are not there 0."""

    def __missing__(self, size: str) -> int:
        return 0


def parameters(place: Place, params: Mapping[str, int]) -> Operation:
    """Parameters that no operation stands for: of modules that did not run, or do nothing known."""
    return operation(place, {}, params, **{"class": ""})
