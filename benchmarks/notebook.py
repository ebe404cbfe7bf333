"""The one fixed case that a notebook's test has for a function, in the usual shapes: normal numbers.

A convolution of 4 x 4 images with stride 2 and padding 1, its gradient at 5 x 5 with stride 1 and padding
1; batch normalisation of a batch without pixels; activations of numbers that reach no kink but 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from npmobilenet.exercises.exercise import EXERCISES
from npmobilenet.exercises.record import Exercise

CASES = {
    "one_window": "3x3x3",
    "conv2d": "2x4x4x3,4x4,o3,s2,p1,b",
    "depthwise_conv2d": "2x4x4x3,4x4,s2,p1",
    "pointwise_conv2d": "2x4x4x3,o3",
    "standard_cost": "1x32x32x3,3x3,o16,s1",
    "separable_cost": "1x32x32x3,3x3,o16,s1",
    "times_cheaper": "3x3,o64",
    "conv2d_backward": "4x5x5x3,3x3,o2,s1,p1",
    "depthwise_conv2d_backward": "4x5x5x3,3x3,s1,p1",
    "pointwise_conv2d_backward": "4x5x5x3,o2",
    "batch_norm": "200x1x1x3,train,eps1e-05,momentum0.1",
    "batch_norm_backward": "4x1x1x5,eps1e-05",
    "relu6": "1x3x4x1",
    "relu6_backward": "1x10x10x1",
    "hard_swish": "1x3x4x1",
    "hard_swish_backward": "1x10x10x1",
    "squeeze_excite": "2x4x4x3,q2",
    "squeeze_excite_backward": "2x4x4x3,q2",
    "inverted_residual": "2x4x4x3,o3,t6,s1",
    "inverted_residual_backward": "2x4x4x3,o3,t6,s1",
}


def notebook_arguments(exercise: Exercise, seed: int = 231) -> dict[str, Any]:
    """Arguments of those shapes, every array of them normal; variances are squares."""
    text = CASES[exercise.name].replace("eps1e-05", "eps0.00001")
    rng = np.random.default_rng(seed)

    def normal(name: str, value: Any) -> Any:
        if isinstance(value, dict):
            return {inner: normal(inner, array) for inner, array in value.items()}
        if not isinstance(value, np.ndarray):
            return value
        array = rng.standard_normal(value.shape)
        return array**2 if name == "variance" else array

    arguments = exercise.case(text).arguments
    return {name: normal(name, value) for name, value in arguments.items()}


assert CASES.keys() == EXERCISES.keys()
