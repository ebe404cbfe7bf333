"""A Keras model as somebody writes it for pixels, and its probabilities of an image beside ours."""

import numpy as np
from PIL import Image

import npmobilenet as nm
from npmobilenet.images.preprocessing import prepare
from tests.weights.keras_models import randomised


def v1(keras, *, pre=(), act=None, size=(32, 32), channels=3, eps=1e-3, top="mean", **last):
    """V1's shallow version as somebody writes it for pixels of 0..255; no layer has a name."""
    layers = keras.layers

    def normalised(x):
        x = layers.BatchNormalization(epsilon=eps)(x)
        return (act or layers.ReLU)()(x)

    image = keras.Input((*size, channels))
    x = image
    for layer in pre:
        x = layer(x)
    x = normalised(layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False)(x))
    for block, filters in enumerate((16, 32, 32, 64, 64, 128, 256, 256)):
        strides = 2 if block in (1, 3, 5, 6) else 1
        x = layers.DepthwiseConv2D(3, strides=strides, padding="same", use_bias=False)(x)
        x = normalised(layers.Conv2D(filters, 1, use_bias=False)(normalised(x)))
    pool = {"mean": layers.GlobalAveragePooling2D, "flat": layers.Flatten}
    pool["max"] = layers.GlobalMaxPooling2D
    x = layers.Dropout(0.3)(pool[top]()(x))
    return randomised(
        keras.Model(image, layers.Dense(**{"units": 4, "activation": "softmax"} | last)(x))
    )


def photograph(model):
    """An image of the size that the model takes, and the same as an array of one."""
    _, height, width, channels = model.input_shape
    shape = (height or 32, width or 32, channels)
    pixels = np.random.default_rng(5).integers(0, 256, shape, dtype=np.uint8)
    return Image.fromarray(pixels if channels == 3 else pixels[..., 0]), pixels[None]


def ours(found, image):
    x = prepare(image, found.model.preprocessing)[None]
    logits = nm.infer(found.model.plan, found.model.params, x, rung="numpy")
    return np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()


def assert_alike(model, path, outside=lambda x: x, within=2e-6, **given):
    """Our probabilities of an image are Keras'; `outside` is what is done before the model."""
    model.save(path)
    found = nm.import_weights(path, "keras", **given)
    image, pixels = photograph(model)
    theirs = model(outside(pixels.astype(np.float32)), training=False).detach().numpy()
    np.testing.assert_allclose(ours(found, image), theirs, rtol=0, atol=within)
    return found
