"""Images: from a file, or whatever else is one, to the array a network reads; and how they are varied."""

from ..lazy import attach

__getattr__, __dir__, __all__ = attach(__name__)
