"""Inference and training at the speed of the machine: a plan compiled into stages that share one memory.

    lower.py            layers -> ops, for both
    fuse.py             ops -> fused ops (fused_op.py): what inference computes at one go
    emit_inference.py   fused ops -> stages of a program, their descriptors filled in (descriptors.py)
    program.py          the program; allocate.py gives its buffers places, layout.py says how maps lie in
                        them, pack.py puts weights in the order in which they are read
    run.py              what runs it: threads, their memory, the counters by which they share the work
    engine.py           the engine; numpy_engine.py where Numba does not run
    arguments.py        what is asked of arguments, here and in training
    training.py         the training step: emit_training.py lists its files; training_arrays.py its arrays

The compiled part is kernels/simd; docs/performance.md draws the ideas.
"""

from .engine import Engine, compile

__all__ = ["Engine", "compile"]
