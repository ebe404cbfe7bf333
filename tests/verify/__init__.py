"""Tests of verify: the gradients of anybody's functions."""
