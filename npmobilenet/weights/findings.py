"""In sentences: what was found, what a file says of itself, and where the caller says otherwise."""

from collections.abc import Iterator
from typing import Any

from ..images.preprocessing import Preprocessing
from ..models.network_plan import Plan
from ..quantization.plan import QuantizedPlan
from .description import Description, Known, Settled
from .detect import Asked
from .family import Family
from .preprocessing import in_words


def about_network(
    source: Family, network: Plan, asked: Asked, tensors: int, made: Preprocessing, decided: bool
) -> tuple[str, ...]:
    """What the tensors and the family tell: the network, the images, and what nobody knows.

    decided: whether the file's own description names the dialect.
    """
    top = f"{network.classes} classes" if network.include_top else "no classifier"
    stated = [f"{name} as given" for name in asked.stated()]
    notes = [
        f"{tensors} tensors of {source.title}: {network.model}, width {network.width:g}, {top}, "
        f"{network.channels} channels, dialect {network.dialect.name}"
        + (", convolutions with bias" if network.dialect.conv_bias else "")
        + (f" ({', '.join(stated)})" if stated else ""),
        f"images: {in_words(made)}",
    ]
    if source.undecided and not asked.dialect and not decided:
        notes.append(f"tensors cannot tell {source.undecided}")
    return tuple(notes)


def about_integers(quantized: QuantizedPlan | None) -> Iterator[str]:
    """How a network of integers was taken."""
    if quantized is not None:
        scales = "a scale each channel" if quantized.per_channel else "a scale each tensor"
        yield (
            f"computes as {quantized.dtype} integers, {scales} of weights, as the file does; as floats, "
            "to go on training: --float (dequantize=True)"
        )


def about_description(settled: Settled, description: Description) -> Iterator[str]:
    """What was taken from the file's description."""
    if settled.facts:
        facts = ", ".join(f"{name} {_word(value)}" for name, value in settled.facts.items())
        yield f"as {description.source} says: {facts}"
    yield from settled.notes
    if settled.plan.classes == 1:
        yield "warning: one class alone: its probability is always 1"


def contradictions(
    settled: Settled, description: Description, asked: Asked, given: Known, activation: str | None
) -> Iterator[str]:
    """A sentence for everything that the caller states and the file has otherwise."""
    size = settled.plan.resolution if asked.resolution else None
    stated = given.stated() | {"resolution": size, "activation": activation}
    theirs = settled.images.stated() | {
        "resolution": description.resolution,
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
