"""How far a network of integers is from the one of floats that it was made of, tensor by tensor.

Two errors, both as a ratio of signal to noise in decibels, 10 log10(sum f^2 / sum (f - g)^2), 6 dB a bit:
what storing the right numbers alone costs, and what has come together on the way from the image.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf, log10
from typing import Any

import numpy as np

from ..models.network_plan import Plan
from ..models.params import dtype_of
from ..ops import integers
from ..ops.checks import Array, shown
from ..ops.integers.numbers import LIMITS, Quantization
from ..shown import Shown
from .calibrating import Images, batched, outputs, watched
from .network import intermediates
from .plan import QuantizedPlan
from .preparing import prepared


@dataclass(frozen=True)
class TensorError:
    """One tensor of the network of integers beside that of floats.

    stored    decibels of its right numbers, stored
    computed  decibels of what the integers compute
    cut       share of the right numbers that lie outside the range
    """

    name: str
    kind: str
    numbers: Quantization
    low: float  # the range that can be stored
    high: float
    stored: float
    computed: float
    cut: float


@dataclass(frozen=True)
class Comparison(Shown):
    """All tensors, and how often both networks name the same class; `str()` of it is a table."""

    quantized: QuantizedPlan
    tensors: tuple[TensorError, ...]
    images: int
    agree: int  # images of which the largest logit is the same

    def worst(self, count: int = 5) -> list[TensorError]:
        """The tensors that lose most when they are stored, the worst first."""
        return sorted(self.tensors, key=lambda x: x.stored)[:count]

    def rows(self) -> list[tuple[Any, ...]]:
        """A row of COLUMNS for each tensor."""
        return [row_of(x) for x in self.tensors]

    def to_json(self) -> dict[str, Any]:
        """One object for programs."""
        return {
            "images": self.images,
            "agree": self.agree,
            "tensors": [
                {
                    "name": x.name,
                    "kind": x.kind,
                    "low": x.low,
                    "high": x.high,
                    "scale": x.numbers.scale[0],
                    "zero_point": x.numbers.zero_point[0],
                    "stored_db": _finite(x.stored),
                    "computed_db": _finite(x.computed),
                    "cut": x.cut,
                }
                for x in self.tensors
            ],
        }

    def __repr__(self) -> str:
        last = self.tensors[-1].computed
        return (
            f"Comparison({self.agree} of {self.images} images alike, logits {last:.1f} dB; "
            f"{self.quantized!r})"
        )


COLUMNS = (
    "tensor",
    "kind",
    ">from",
    ">to",
    ">scale",
    ">zero",
    ">stored dB",
    ">computed dB",
    ">cut",
)


def row_of(x: TensorError) -> tuple[Any, ...]:
    """A tensor as a row of COLUMNS."""
    ends = (f"{x.low:.4g}", f"{x.high:.4g}", f"{x.numbers.scale[0]:.4g}", x.numbers.zero_point[0])
    return (x.name, x.kind, *ends, _db(x.stored), _db(x.computed), f"{x.cut:.2%}")


def compare(
    plan: Plan,
    params: Mapping[str, Array],
    quantized: QuantizedPlan,
    arrays: Mapping[str, Array],
    images: Images,
) -> Comparison:
    """A network of integers beside the one of floats that it was made of, on some images.

    plan, params       of floats, as `npmobilenet.quantize` took them
    quantized, arrays  as it returned them
    images             an array (N, H, W, C) as the network reads them, or several

    Returns a `Comparison`.  ValueError where they do not belong together.
    """
    if not isinstance(quantized, QuantizedPlan):
        found = shown(quantized)
        raise TypeError(f"compare: quantized must be a QuantizedPlan, found {found}")
    ready, floats = prepared(plan, params)
    if ready != quantized.plan:
        raise ValueError(f"compare: the integers are not of this plan, {plan!r}")
    tensors = {n: e for n, e in watched(quantized.lowered).items() if not n.endswith(".shifted")}
    sums = {
        name: np.zeros(4) for name in tensors
    }  # of f^2, of both errors' squares; how many are cut
    sizes = dict.fromkeys(tensors, 0)
    agree = count = 0
    for x in batched(plan, images, dtype_of(params)):
        ours = intermediates(quantized, arrays, x)
        for name, f in outputs(ready, floats, x, tensors):
            numbers = quantized[name]
            sums[name] += _sums(f, integers.dequantize(ours[name], numbers), numbers)
            sizes[name] += f.size
            if name == quantized.output and f.ndim == 2:
                agree += int((f.argmax(axis=1) == ours[name].argmax(axis=1)).sum())
        count += len(x)
    kinds = {"image": "image"} | {s.name: s.layer.kind for s in quantized.steps}
    found = []
    for name, (signal, stored, computed, cut) in sums.items():
        ends = ends_of(quantized[name])
        errors = (decibels(signal, stored), decibels(signal, computed), cut / max(1, sizes[name]))
        found.append(TensorError(name, kinds[name], quantized[name], *ends, *errors))
    return Comparison(quantized, tuple(found), count, agree)


def _sums(f: Array, computed: Array, numbers: Quantization) -> Array:
    f = f.astype(np.float64)
    low, high = ends_of(numbers)
    stored = integers.dequantize(integers.quantize(f, numbers), numbers)
    margin = numbers.scale[0] / 2
    cut = ((f < low - margin) | (f > high + margin)).sum()
    errors = (f - stored, f - computed)
    return np.array([(f**2).sum(), *((e**2).sum() for e in errors), cut])


def ends_of(numbers: Quantization) -> tuple[float, float]:
    """The lowest and the highest real number that a tensor of one scale can hold."""
    low, high = (numbers.scale[0] * (end - numbers.zero_point[0]) for end in LIMITS[numbers.dtype])
    return low, high


def decibels(signal: float, noise: float) -> float:
    """Ratio of signal to noise; infinite where there is no noise."""
    if not noise:
        return inf
    return 10 * log10(signal / noise) if signal else -inf


def _db(value: float) -> str:
    return f"{value:.1f}" if np.isfinite(value) else ("exact" if value > 0 else "-")


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None
