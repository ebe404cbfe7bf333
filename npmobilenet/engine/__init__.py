"""Inference at the speed of the machine: a plan compiled into stages that share one memory.

    steps.py      layers that are computed at one go
    packing.py    weights in the order in which the tiles read them
    memory.py     where every value lies
    program.py    the records that the compiled part reads
    engine.py     the engine that runs them

The compiled part is kernels/simd; docs/performance.md draws the ideas.
"""

from .engine import Engine, compile

__all__ = ["Engine", "compile"]
