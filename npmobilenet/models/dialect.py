"""What implementations of one MobileNet do differently, as switches of one frozen record.

The papers leave several things unsaid.  A dialect says them; no executor holds a special case.
"""

from dataclasses import dataclass

ACTIVATIONS = ("relu", "relu6", "swish", "hard_swish", "sigmoid", "hard_sigmoid")


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """One family's way of writing MobileNet down."""

    name: str
    padding: str = "same"  # "same" (TensorFlow) or "symmetric" (PyTorch); equal shapes for odd K
    activation: str = "relu"  # "relu", "relu6", "hard_swish", ...
    bn_eps: float = 1e-3
    bn_momentum: float = 0.1  # weight of the new value in a running estimate, as PyTorch counts
    stem_stride: int = 2
    dropout: float = 0.0  # before the classifier

    def __post_init__(self) -> None:
        if self.padding not in ("same", "symmetric"):
            raise ValueError(f'padding must be "same" or "symmetric", found {self.padding!r}')
        if self.activation not in ACTIVATIONS:
            known = ", ".join(ACTIVATIONS)
            raise ValueError(f"activation must be one of {known}, found {self.activation!r}")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout must be at least 0 and below 1, found {self.dropout}")


# ReLU from V1's figure 3, SAME padding and eps from the authors' own TensorFlow code; the momentum
# is this project's choice: the authors' 0.0003 is meant for weeks of training.
PAPER = Dialect(name="paper")

# The widespread adaptation of V1 to images of about 32 x 32: the stem keeps the full resolution.
CIFAR = Dialect(name="cifar", padding="symmetric", bn_eps=1e-5, stem_stride=1)

DIALECTS = {dialect.name: dialect for dialect in (PAPER, CIFAR)}


def dialect_named(name: str | Dialect) -> Dialect:
    """The dialect of that name; a Dialect is returned as it is.  ValueError for an unknown name."""
    if isinstance(name, Dialect):
        return name
    if not isinstance(name, str) or name not in DIALECTS:
        raise ValueError(f"dialect must be one of {', '.join(DIALECTS)}, found {name!r}")
    return DIALECTS[name]
