"""Keras' own models as witnesses, and models of tutorials, with every weight drawn at random."""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

import npmobilenet as nm
from npmobilenet.weights.families import family_named


@contextmanager
def keras_in_float64() -> Iterator[Any]:
    """Keras on PyTorch; without them the test is skipped.  Use it in a fixture: it takes seconds.

    In float64 a wrong eps or padding cannot hide among the roundings of fifty layers.
    """
    os.environ["KERAS_BACKEND"] = "torch"
    pytest.importorskip("torch")
    pytest.importorskip("h5py")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        keras = pytest.importorskip("keras")
    from keras.src.backend.common.dtypes import BIT64_TO_BIT32_DTYPE

    set_floats(keras, "float64")
    with pytest.MonkeyPatch.context() as patch:  # else its batch normalisation works in float32
        patch.setitem(BIT64_TO_BIT32_DTYPE, "float64", "float64")
        yield keras
    set_floats(keras, "float32")


def set_floats(keras: Any, dtype: str) -> None:
    """What Keras makes new models of."""
    keras.config.set_floatx(dtype)
    keras.config.set_dtype_policy(dtype)


def randomised(model: Any, seed: int = 0) -> Any:
    """The model, with kernels that keep signals alive and statistics that show a wrong eps or order."""
    rng = np.random.default_rng(seed)
    for layer in model._flatten_layers(include_self=False, recursive=True):
        for weight in getattr(layer, "_trainable_variables", []) + layer._non_trainable_variables:
            name, shape = weight.path.rpartition("/")[2], tuple(weight.shape)
            if name == "kernel":
                fan = np.prod(shape[:2]) if shape[-1] == 1 else np.prod(shape[:-1])
                weight.assign(rng.standard_normal(shape) * np.sqrt(2 / fan))
            elif name in ("gamma", "moving_variance"):
                weight.assign(rng.uniform(0.5, 1.5, shape))
            elif name in ("beta", "bias", "moving_mean"):
                weight.assign(rng.standard_normal(shape) * 0.3)
    return model


def application(keras: Any, model: str, **settings: Any) -> Any:
    """One of keras.applications by our name, randomised, ending in logits."""
    make = {
        "v1": keras.applications.MobileNet,
        "v2": keras.applications.MobileNetV2,
        "v3-large": keras.applications.MobileNetV3Large,
        "v3-small": keras.applications.MobileNetV3Small,
    }[model.removesuffix("-minimalistic")]
    settings = {"weights": None, "classifier_activation": None} | settings
    if model.endswith("minimalistic"):
        settings["minimalistic"] = True
    return randomised(make(**settings))


def params_from(tensors: dict[str, Any], plan: Any, family: str = "keras") -> dict[str, Any]:
    """The arrays of a file in our names and layout; every one of them must find its partner."""
    source = family_named(family)
    pairing = source.paired(plan, tensors)
    assert pairing.unmatched == 0, pairing
    return {
        ours: source.incoming(plan, ours, tensors[theirs]) for ours, theirs in pairing.pairs.items()
    }


def assert_same_outputs(model: Any, plan: Any, params: dict[str, Any]) -> None:
    """Our logits or features are the Keras model's, scaled by the tensor."""
    rng = np.random.default_rng(1)
    dtype = next(iter(params.values())).dtype
    x = rng.uniform(-1, 1, (2, *plan.resolution, plan.channels)).astype(dtype)
    as_fed = (x + 1) * 127.5 if plan.model.startswith("v3") else x  # V3 has its scaling inside
    theirs = model(as_fed, training=False).detach().cpu().numpy()
    contiguous = {k: np.ascontiguousarray(v) for k, v in params.items()}
    ours = nm.infer(plan, contiguous, x, rung="numpy")  # nothing to compile for a few pixels
    assert ours.shape == theirs.shape
    within = 1e-9 if dtype == np.float64 else 1e-5
    assert np.abs(ours - theirs).max() <= within * np.abs(theirs).max()


def automatic_v1(keras: Any, *, bias: bool, classes: int = 5, width: float = 0.25) -> Any:
    """V1 as tutorials write it: no layer has a name, and convolutions may have biases."""
    layers = keras.layers
    image = keras.Input((32, 32, 3))
    x = layers.Conv2D(int(32 * width), 3, strides=2, padding="same", use_bias=bias)(image)
    x = layers.ReLU(6.0)(layers.BatchNormalization(epsilon=1e-3)(x))
    out = (64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024)
    for block, filters in enumerate(out):
        stride = 2 if block in (1, 3, 5, 11) else 1
        x = layers.DepthwiseConv2D(3, strides=stride, padding="same", use_bias=bias)(x)
        x = layers.ReLU(6.0)(layers.BatchNormalization(epsilon=1e-3)(x))
        x = layers.Conv2D(int(filters * width), 1, use_bias=bias)(x)
        x = layers.ReLU(6.0)(layers.BatchNormalization(epsilon=1e-3)(x))
    x = layers.GlobalAveragePooling2D()(x)
    return randomised(keras.Model(image, layers.Dense(classes)(layers.Dropout(0.1)(x))))


def tutorial_c(keras: Any, *, width: float = 0.75, classes: int = 6) -> Any:
    """The TensorFlow 2 tutorial's V2: layers made of layers, eps 1e-5, the last width always scaled.

    Keras 3 takes no slash in a name, so that its depthwise/BatchNorm has an underscore here.
    """
    layers = keras.layers

    class ConvBNReLU(layers.Layer):
        def __init__(self, filters: int, kernel: int, stride: int, **named: Any) -> None:
            super().__init__(**named)
            self.conv = layers.Conv2D(
                filters, kernel, strides=stride, padding="same", use_bias=False, name="Conv2d"
            )
            self.bn = layers.BatchNormalization(epsilon=1e-5, name="BatchNorm")
            self.activation = layers.ReLU(6.0)

        def call(self, x: Any, training: bool = False) -> Any:
            return self.activation(self.bn(self.conv(x), training=training))

    class InvertedResidualBlock(layers.Layer):
        def __init__(self, inputs: int, filters: int, stride: int, t: int) -> None:
            super().__init__()
            self.adds = stride == 1 and inputs == filters
            depthwise = {"strides": stride, "padding": "same", "use_bias": False}
            branch = [ConvBNReLU(inputs * t, 1, 1, name="expand")] if t != 1 else []
            branch += [
                layers.DepthwiseConv2D(3, name="depthwise", **depthwise),
                layers.BatchNormalization(epsilon=1e-5, name="depthwise_BatchNorm"),
                layers.ReLU(6.0),
                layers.Conv2D(filters, 1, use_bias=False, name="project"),
                layers.BatchNormalization(epsilon=1e-5, name="project_BatchNorm"),
            ]
            self.main_branch = keras.Sequential(branch, name="expanded_conv")

        def call(self, x: Any) -> Any:
            return x + self.main_branch(x) if self.adds else self.main_branch(x)

    def scaled(channels: int) -> int:
        rounded = max(8, int(channels * width + 4) // 8 * 8)
        return rounded + 8 if rounded < 0.9 * channels * width else rounded

    rows = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2))
    rows += ((6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
    image = keras.Input((32, 32, 3))
    x = ConvBNReLU(scaled(32), 3, 2, name="Conv")(image)
    for t, filters, count, stride in rows:
        for repeat in range(count):
            step = stride if repeat == 0 else 1
            x = InvertedResidualBlock(x.shape[-1], scaled(filters), step, t)(x)
    x = ConvBNReLU(scaled(1280), 1, 1, name="Conv_1")(x)
    x = layers.Dropout(0.2)(layers.GlobalAveragePooling2D()(x))
    return randomised(keras.Model(image, layers.Dense(classes, name="Logits")(x)))
