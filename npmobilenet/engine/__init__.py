"""Inference and training at the speed of the machine: a plan compiled into stages that share one memory.

engine.py compiles for inference: its files are named in docs/performance.md, "The way to the stages".
training.py compiles a training step: emit_training.py names its files.  program.py, allocate.py, run.py
and lower.py are both's.  The compiled part is kernels/simd.
"""

from .engine import Engine, compile

__all__ = ["Engine", "compile"]
