"""The activations that stages know, by number; imports nothing, so that whoever plans can use it."""

from enum import IntEnum


class Activation(IntEnum):
    """What is done to the sums of a convolution; CLAMP is ReLU (0, infinity) and ReLU6 (0, 6)."""

    IDENTITY = 0
    CLAMP = 1
    HARD_SWISH = 2
    HARD_SIGMOID = 3
    SIGMOID = 4
    SWISH = 5


# for compiled code: plain integers
IDENTITY, CLAMP, HARD_SWISH, HARD_SIGMOID, SIGMOID, SWISH = map(int, Activation)
