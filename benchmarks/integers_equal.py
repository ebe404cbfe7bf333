"""Tensor by tensor: LiteRT's integers beside ours."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from npmobilenet.ops.checks import Array
from npmobilenet.quantization import intermediates

from .integers_networks import Network

# kernels of LiteRT -> our rounding
WITNESSES = {"reference": "double", "XNNPACK": "single"}


@dataclass(frozen=True)
class Compared:
    """One network beside one of LiteRT's sets of kernels."""

    network: str
    kernels: str
    tensors: int
    differing: dict[str, int]  # name of a step -> largest difference


def interpreter(network: Network, kernels: str) -> Any:
    """LiteRT's, which keeps every tensor."""
    kind = OpResolverType.BUILTIN_REF if kernels == "reference" else OpResolverType.AUTO
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*preserve_all_tensors", category=UserWarning)
        made = Interpreter(
            str(network.path),
            experimental_op_resolver_type=kind,
            experimental_preserve_all_tensors=True,
            num_threads=2,
        )
    made.allocate_tensors()
    return made


def compared(network: Network, kernels: str) -> Compared:
    """All images, one after the other."""
    made, places = interpreter(network, kernels), network.tensors()
    (image,) = made.get_input_details()
    quantized = network.quantized.with_rounding(WITNESSES[kernels])
    differing: dict[str, int] = {}
    seen: set[str] = set()
    for x in network.images():
        pixels = x[None] if x.dtype == image["dtype"] else (x[None].view(np.uint8) ^ 128)
        made.set_tensor(image["index"], pixels)
        made.invoke()
        ours = intermediates(quantized, network.arrays, pixels)
        for name, place in places.items():
            try:
                theirs = made.get_tensor(place)
            except ValueError:  # XNNPACK has kept it to itself
                continue
            seen.add(name)
            worst = largest(theirs, ours[name])
            if worst:
                differing[name] = max(worst, differing.get(name, 0))
    return Compared(network.name, kernels, len(seen), differing)


def largest(theirs: Array, ours: Array) -> int:
    """The largest difference of two tensors of the same elements."""
    return int(np.abs(theirs.astype(int).ravel() - ours.astype(int).ravel()).max())
