"""Training: optimisers, schedules, the step, the loop, and what a run keeps."""

from ..lazy import attach

__getattr__, __dir__, __all__ = attach(__name__)
