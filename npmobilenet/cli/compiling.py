"""Compiling the kernels in sight of the user, before any clock runs."""

import time

import numpy as np
from rich.console import Console

from ..models.network_plan import Plan


def compile_kernels(out: Console, network: Plan, engine: str = "compiled") -> None:
    """Take one step of `network` on noise, so that compiling is done, and seen, before the clock runs."""
    from ..kernels import compiling, keeping
    from ..models.params import init
    from ..training.compiled_step import taker
    from ..training.optimizers import Sgd
    from ..training.step import Step

    started, compiled, before = time.perf_counter(), 0, compiling.on_compile
    with out.status("loading the kernels") as status:

        def show(kernel: str) -> None:
            nonlocal compiled
            compiled += 1
            if compiled == 1 and not out.is_terminal:
                out.print("compiling the kernels for this CPU ...")
            status.update(f"compiling kernel {compiled}: {kernel}")

        compiling.on_compile = show
        try:
            rng = np.random.default_rng(0)
            x = rng.random((2, *network.resolution, network.channels), np.float32)
            step = Step.of(network, Sgd())
            take, _ = taker(step, 2, 0, engine)
            take(step.start(init(network, 0)), x, np.array([0, 0]), lr=0.1, rng=rng)
        finally:
            compiling.on_compile = before
    if compiled:
        seconds = time.perf_counter() - started
        out.print(f"{compiled} kernels compiled in {seconds:.0f} s; {keeping.place()}")
