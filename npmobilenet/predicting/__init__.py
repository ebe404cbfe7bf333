"""Asking a trained model: of single images, and of a whole data set."""

from ..lazy import attach

__getattr__, __dir__, __all__ = attach(__name__)
