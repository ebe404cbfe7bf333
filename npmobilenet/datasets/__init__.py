"""Data sets: images with labels in folders, lists, idx files or arrays; their parts, their batches."""

from ..lazy import attach

__getattr__, __dir__, __all__ = attach(__name__)
