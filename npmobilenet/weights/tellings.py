"""In sentences: what a file says of itself, and where the caller says otherwise."""

from collections.abc import Iterator
from typing import Any

from .detect import Asked
from .told import Known, Settled, Told


def sayings(settled: Settled, told: Told) -> Iterator[str]:
    """What was taken from the file's description."""
    if settled.facts:
        facts = ", ".join(f"{name} {_word(value)}" for name, value in settled.facts.items())
        yield f"as {told.source} says: {facts}"
    yield from settled.notes
    if settled.plan.classes == 1:
        yield "warning: one class alone: its probability is always 1"


def contradictions(
    settled: Settled, told: Told, asked: Asked, given: Known, activation: str | None
) -> Iterator[str]:
    """A sentence for everything that the caller states and the file has otherwise."""
    stated = given.stated() | {"resolution": asked.resolution, "activation": activation}
    theirs = settled.images.stated() | {
        "resolution": told.resolution,
        "activation": settled.facts.get("activation"),
    }
    for name, value in stated.items():
        other = theirs.get(name)
        if value is not None and other is not None and not _same(value, other):
            yield f"warning: {name} {_word(value)} as given, {_word(other)} in the file"


def _same(one: Any, other: Any) -> bool:
    """Whether two values are equal; one number stands for all channels."""
    if isinstance(one, tuple) and isinstance(other, tuple) and 1 in (len(one), len(other)):
        return len({*one, *other}) == 1
    return bool(one == other)


def _word(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list | tuple):
        return f"({', '.join(map(_word, value))})"
    return str(value)
