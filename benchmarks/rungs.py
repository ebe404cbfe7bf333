"""python -m benchmarks.rungs: the operators of one MobileNetV1 layer at every rung, beside PyTorch.

The layer is V1's most frequent one, 14 x 14 x 512, one image, float32.  Calls of all contestants are
interleaved in random order; the median is printed.  Loops run once, on a few channels, and are scaled.
PyTorch runs its own layout (N, C, H, W) with gradients by autograd, on as many threads as Numba.
"""

import argparse
import random
import time
from collections.abc import Callable
from importlib.util import find_spec
from statistics import median

import numpy as np

import npmobilenet as nm
from npmobilenet.cli.common import console
from npmobilenet.ops.checks import Array
from npmobilenet.tables import table

from .hardware import here

SIZE, CHANNELS, FEW = 14, 512, 8
Call = Callable[[], object]


def contestants(channels: int, rungs: tuple[str, ...]) -> dict[tuple[str, str], Call]:
    """(operator, rung) -> forward and backward of one image."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((1, SIZE, SIZE, channels)).astype(np.float32)
    filters = rng.standard_normal((3, 3, channels)).astype(np.float32)
    mixing = rng.standard_normal((channels, channels)).astype(np.float32)
    ones = np.ones(channels, np.float32)
    calls: dict[tuple[str, str], Call] = {}

    def add(
        name: str,
        rung: str,
        forward: Callable[[], tuple[Array, object]],
        backward: Callable[..., object],
    ) -> None:
        def call() -> None:
            y, cache = forward()
            backward(y, cache)

        calls[name, rung] = call

    for rung in rungs:
        common = "numba" if rung == "simd" else rung  # batch normalisation has no fourth rung
        add(
            "depthwise_conv2d",
            rung,
            lambda r=rung: nm.depthwise_conv2d(x, filters, rung=r),
            nm.depthwise_conv2d_backward,
        )
        add(
            "pointwise_conv2d",
            rung,
            lambda r=rung: nm.pointwise_conv2d(x, mixing, rung=r),
            nm.pointwise_conv2d_backward,
        )
        add(
            "batch_norm",
            common,
            lambda r=common: nm.batch_norm(x, ones, ones, ones, ones, train=True, rung=r)[:2],
            nm.batch_norm_backward,
        )
    return calls


def torch_contestants() -> dict[tuple[str, str], Call]:
    """The same three in PyTorch."""
    import numba
    import torch

    torch.set_num_threads(numba.get_num_threads())
    x = torch.randn(1, CHANNELS, SIZE, SIZE, requires_grad=True)
    layers = {
        "depthwise_conv2d": torch.nn.Conv2d(
            CHANNELS, CHANNELS, 3, padding=1, groups=CHANNELS, bias=False
        ),
        "pointwise_conv2d": torch.nn.Conv2d(CHANNELS, CHANNELS, 1, bias=False),
        "batch_norm": torch.nn.BatchNorm2d(CHANNELS),
    }

    def call(layer: torch.nn.Module) -> None:
        y = layer(x)
        torch.autograd.grad(y, [x, *layer.parameters()], torch.ones_like(y))

    return {(name, "PyTorch"): lambda layer=layer: call(layer) for name, layer in layers.items()}


def timed(call: Call) -> float:
    """Seconds of one call."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def main() -> None:
    """Time everything and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=101, help="calls of each contestant (101)")
    repeats = parser.parse_args().repeats
    calls = contestants(CHANNELS, ("numpy", "numba", "simd"))
    if find_spec("torch"):
        calls |= torch_contestants()
    seconds: dict[tuple[str, str], list[float]] = {key: [] for key in calls}
    for call in calls.values():
        call()  # compiles
    for _ in range(repeats):
        for key in random.sample(list(calls), len(calls)):
            seconds[key].append(timed(calls[key]))
    for (name, rung), call in contestants(FEW, ("loops",)).items():
        scale = (CHANNELS / FEW) ** (2 if name == "pointwise_conv2d" else 1)
        seconds[name, rung] = [timed(call) * scale]
    out = console()
    rows = [
        (name, rung, f"{1e3 * median(seconds[name, rung]):,.3f} ms")
        for name in ("depthwise_conv2d", "pointwise_conv2d", "batch_norm")
        for rung in ("loops", "numpy", "numba", "simd", "PyTorch")
        if (name, rung) in seconds
    ]
    title = f"Both passes, {SIZE} x {SIZE} x {CHANNELS}, float32"
    out.print(table(("operator", "rung", ">median"), rows, title=title), f"on {here()}")


if __name__ == "__main__":
    main()
