"""Checked operators on integers: what a quantised network computes, to the bit."""

from .numbers import Quantization as Quantization
