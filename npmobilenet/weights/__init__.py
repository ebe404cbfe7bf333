"""Weights in files: safetensors with everything needed to use them again inside."""

from .native import Model, load, save

__all__ = ["Model", "load", "save"]
