"""What a module is run on: shapes as people write them, "1x3x224x224" and "1x16:int64"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

DTYPES = ("float32", "float64", "float16", "bfloat16", "int64", "int32", "uint8", "bool")


@dataclass(frozen=True)
class Example:
    """One input: its shape, and what its numbers are.  All of them are 0."""

    shape: tuple[int, ...]
    dtype: str = "float32"

    def tensor(self) -> Any:
        """A torch.Tensor."""
        import torch

        return torch.zeros(self.shape, dtype=getattr(torch, self.dtype))


IMAGE = Example((1, 3, 224, 224))  # where nothing is said


def parsed(text: str) -> Example:
    """ "1x3x224x224", or with a type behind a colon; ValueError in one line for anything else."""
    sizes, colon, dtype = text.partition(":")
    numbers = sizes.lower().split("x")
    if not all(n.isascii() and n.isdecimal() and int(n) for n in numbers):
        raise ValueError(
            f"expected sizes with x between them, 1x3x224x224 or 1x16:int64, found {text!r}"
        )
    if colon and dtype not in DTYPES:
        raise ValueError(f"type must be one of {', '.join(DTYPES)}, found {dtype!r} in {text!r}")
    return Example(tuple(map(int, numbers)), dtype or "float32")


def given(example: Any) -> Any:
    """What a module is called with: text becomes tensors, all else stays as it is; () an image."""
    if isinstance(example, str | Example):
        example = (example,)
    if isinstance(example, Sequence) and not example:
        return (IMAGE.tensor(),)
    if isinstance(example, tuple | list) and all(isinstance(x, str | Example) for x in example):
        return tuple((parsed(x) if isinstance(x, str) else x).tensor() for x in example)
    return example


def require_keywords(keywords: object) -> None:
    """TypeError unless they are a dict, or None."""
    if keywords is not None and not isinstance(keywords, Mapping):
        raise TypeError(f"count: keywords must be a dict, found {type(keywords).__name__}")


def shapes(example: Any) -> list[tuple[int, ...]]:
    """The shapes alone, of text, tensors and arrays, one or several."""
    many = example if isinstance(example, tuple | list) else (example,)
    if many and all(isinstance(x, int) for x in many):
        return [tuple(many)]
    found = [parsed(x) if isinstance(x, str) else x for x in many]
    for x in found:
        if not isinstance(x, tuple) and not hasattr(x, "shape"):
            raise TypeError(f"count: expected shapes, arrays or tensors, found {type(x).__name__}")
    return [tuple(x) if isinstance(x, tuple) else tuple(x.shape) for x in found]
