"""Names that the rules for what is brought share, and how one of these rules is written."""

from __future__ import annotations

from .convention import CountingRule

# classes, as `class` and `outermost` have them (torch_names.py)
CONVOLUTIONS, TRANSPOSED, DENSE = ("conv",), ("transposed conv",), ("dense",)
NORMS = ("batch_norm", "instance_norm", "group_norm", "layer_norm")
MAX_POOLS = ("max_pool", "adaptive_max_pool")
POOLS = ("avg_pool", "adaptive_avg_pool", *MAX_POOLS)
# functions that are patched by those who patch functions
ACTIVATIONS = tuple(f"F.{n}" for n in ("relu", "relu6", "prelu", "elu", "gelu", "silu", "softmax"))
# operators by which matrices are multiplied
MATRICES = ("linear", "matmul", "mm", "bmm", "addmm", "einsum")
POOL_FUNCTIONS = tuple(f"F.{pool}{n}d" for pool in POOLS for n in (1, 2, 3))


def plain(names: tuple[str, ...]) -> tuple[str, ...]:
    """The same without gamma and beta."""
    return tuple(f"{name}_plain" for name in names)


def rule(side: str, kinds: tuple[str, ...], why: str, **counts: int) -> CountingRule:
    """A rule of one side for operations of these kinds: size=how often it is counted."""
    return CountingRule(kinds, counts, why, side)
