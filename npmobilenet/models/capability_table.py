"""The table of capabilities as a page: `python -m npmobilenet.models.capability_table`."""

from typing import Any

from ..cost.operator_memory import MEMORY
from ..engine.handled import ENGINE, STEP
from ..explorer.layers import EXPLORER
from ..quantization.handled import QUANTIZED
from ..verify import OPERATORS
from ..weights.layout import WEIGHTS
from ..weights.onnx_nodes import ONNX
from .capabilities import COST, Consumer, refusal
from .dialect import ACTIVATIONS
from .execute import BACK_RUNNER, INFERRER, RUNNER
from .layers import (
    Activation,
    Add,
    AveragePool,
    BatchNorm,
    Conv,
    Dense,
    Depthwise,
    Dropout,
    GlobalAveragePool,
    GroupedConv,
    Layer,
    MaxPool,
    Pointwise,
    Scale,
)


def _checked(layer: Layer) -> bool:
    return layer.operator in {name.partition(" ")[0] for name in OPERATORS}


VERIFY = Consumer("verify", "verify", "its operator has no checks", _checked)
CONSUMERS = {
    consumer.name: consumer
    for consumer in (
        RUNNER,
        BACK_RUNNER,
        INFERRER,
        QUANTIZED,
        ENGINE,
        STEP,
        COST,
        MEMORY,
        WEIGHTS,
        ONNX,
        VERIFY,
        EXPLORER,
    )
}


def samples() -> dict[str, Layer]:
    """A layer of each kind and function, and one that nobody handles, by the names of their rows."""
    place: dict[str, Any] = {"name": "x", "inputs": ("image",), "input": (8, 8, 4)}
    made: list[Layer] = [
        Conv(**place, filters=4),
        Depthwise(**place),
        GroupedConv(**place, filters=4, groups=2),
        Pointwise(**place, filters=4),
        BatchNorm(**place, eps=1e-3, momentum=0.1),
        AveragePool(**place),
        MaxPool(**place),
        GlobalAveragePool(**place),
        Dropout(**place, rate=0.5),
        Add(**place),
        Scale(**place),
        Dense(**place | {"input": (4,)}, units=4),
    ]
    functions = {f: Activation(**place, function=f) for f in ACTIVATIONS}
    return {layer.kind: layer for layer in made} | functions | {"your own": Layer(**place)}


def page() -> str:
    """docs/capabilities.md: a row for each kind of layer and each activation, a column a consumer."""
    head = "| layer | " + " | ".join(CONSUMERS) + " |"
    lines = [head, "| --- |" + " :-: |" * len(CONSUMERS)]
    for name, layer in samples().items():
        cells = ("no" if refusal(who, layer) else "yes" for who in CONSUMERS.values())
        lines.append(f"| {name} | {' | '.join(cells)} |")
    own = samples()["your own"]
    others = [refusal(who, own) for who in CONSUMERS.values()]
    sentences = "\n".join(f"    {sentence}" for sentence in others)
    return PAGE.format(table="\n".join(lines), refusals=sentences)


PAGE = """# Who can do what with which kind of layer

Made by `python -m npmobilenet.models.capability_table`; a test makes it anew, and tries every cell on a
small network.  The kinds are defined in npmobilenet/models/layers.py; each consumer has a table by kind.
How a kind is added: [adding.md](adding.md).

{table}

Where the table says no, a ValueError says why, before any work; here of a layer named x:

{refusals}
"""

if __name__ == "__main__":
    print(page(), end="")
