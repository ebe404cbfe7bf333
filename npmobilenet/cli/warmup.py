"""npmobilenet warmup."""

import argparse
import time
from typing import TYPE_CHECKING

from .common import console, print_json
from .options import MODEL_HELP, model_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..models.network_plan import Plan
    from ..ops.checks import Array


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument(
        "model",
        nargs="?",
        type=model_name,
        metavar="MODEL",
        help=f"what it needs: {MODEL_HELP} (all)",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.epilog = "example: npmobilenet warmup\n         npmobilenet warmup my_net.toml"


def run(options: argparse.Namespace) -> int:
    """Compile the kernels of every rung and of the engine; they are kept on disk."""
    from ..kernels import compiling, keeping
    from ..ops.rungs import refusal

    if why := refusal():
        raise ValueError(f"there is nothing to compile without the package numba, {why}")
    out, names, start = console(), list[str](), time.perf_counter()

    def announced(kernel: str) -> None:
        names.append(kernel)
        if not options.json:
            out.print(f"compiling {kernel} ...")

    before, compiling.on_compile = compiling.on_compile, announced
    try:
        _run(options.model) if options.model else _run_everything()
    finally:
        compiling.on_compile = before
    seconds, place = time.perf_counter() - start, keeping.place()
    if options.json:
        folder = str(place.folder) if place.writable else None
        print_json({"compiled": names, "seconds": seconds, "folder": folder})
    else:
        what = f"{len(names)} functions compiled" if names else "everything was compiled before"
        kept = f"kept in {place.folder}" if place.writable else place
        out.print(f"{what}, {seconds:.1f} s, {kept}", soft_wrap=True)
    return 0


def _run(model: str) -> None:
    """One prediction, and one training step where there is a compiled one, of one network."""
    import numpy as np

    from ..engine import compile
    from ..engine.handled import ENGINE, STEP
    from ..engine.training import compile_training
    from ..models import infer, init, plan
    from ..models.capabilities import handles

    network = plan(model)
    params = init(network, 0)
    x = np.zeros((2, *network.resolution, network.channels), np.float32)
    if handles(ENGINE, network):
        compile(network, params, 2)(x)
    infer(network, params, x)
    if handles(STEP, network):
        compile_training(network, params, 2)(x, np.zeros(2, np.int64), rng=np.random.default_rng(0))


def _run_everything() -> None:
    """One small run of whatever there is to compile."""
    import numpy as np

    # some import the routines
    from ..engine import compile, emit_inference, emit_integer  # noqa: F401
    from ..kernels.routines import known
    from ..kernels.simd.integer import rung  # noqa: F401
    from ..models import backward, forward, init, plan

    for title, routine in known.items():
        if title.startswith(("simd.infer.", "simd.integer.")):
            routine.address  # noqa: B018  (asking for it compiles it)
    for model, dialect in (("v1", "keras"), ("v3-small", "paper")):
        small = plan(model, width=0.25, resolution=32, classes=3, dialect=dialect)
        params, x = init(small, 0), np.zeros((2, 32, 32, 3), np.float32)
        for threads in (1, 2):
            compile(small, params, 2, threads)(x)
        rng = np.random.default_rng(0)
        logits, tape, _ = forward(small, params, x, train=True, rng=rng)
        backward(small, np.ones_like(logits), tape)
        _run_integers(small, params, x)


def _run_integers(network: "Plan", params: "Mapping[str, Array]", x: "Array") -> None:
    """The same network quantised, on the rung that has no routines."""
    from ..quantization import infer, quantize

    quantized, arrays = quantize(network, params, x)
    for rounding in ("double", "single"):
        infer(quantized.with_rounding(rounding), arrays, x, rung="numba")
