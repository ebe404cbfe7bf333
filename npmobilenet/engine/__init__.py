"""Inference at the speed of the machine: a plan compiled into stages that share one memory.

    steps.py      layers that are computed at one go
    packing.py    weights in the order in which the tiles read them
    memory.py     where every value lies
    stock.py      packed weights and tables of places, which records refer to
    records.py    each step as a record that the compiled part reads
    program.py    all of them, and how long every value is needed
    engine.py     the engine that runs them
    plain.py      what stands in for it where Numba does not run
    arguments.py  what is asked of arguments, here and in training
    training_*.py the training step; training_program.py lists its files

The compiled part is kernels/simd; docs/performance.md draws the ideas.
"""

from .engine import Engine, compile

__all__ = ["Engine", "compile"]
