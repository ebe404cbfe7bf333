"""Right calls of data sets and of what is done to images."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from npmobilenet import datasets, images

from . import wrong
from .junk import INF, NAN
from .subjects import Draw, Made, Subject, by_name
from .training import WORDS
from .wrong import Kind, integers, numbers
from .wrong_arrays import arrays

GREY = {"resolution": (8, 8), "resize": None, "channels": 1, "mean": (0.0,), "std": (1.0,)}


@cache
def _data() -> Any:
    return datasets.ArrayImages(
        np.arange(384, dtype=np.uint8).reshape(6, 8, 8), [0, 1] * 3, ("a", "b")
    )


def _a_dataset() -> Kind:
    return wrong.junk(lambda v: False)


def _array_images(draw: Draw) -> Made:
    pixels = np.zeros((6, 8, 8), np.uint8)
    spoilt = [
        pixels[:0],
        pixels.astype(float),
        np.zeros((6, 8, 8, 2), np.uint8),
        pixels[0],
        pixels > 0,
        np.ma.array(pixels),
    ]
    labels = [
        [0],
        [2] * 6,
        [-1] * 6,
        ["a"] * 6,
        [0.5] * 6,
        [NAN] * 6,
        [2**70] * 6,
        np.zeros((6, 1), int),
        [True] * 6,
    ]
    classes = [("a",), ("a", "a"), "ab", ("a", 3), ("a", "b\n"), ("a", "\x1b[31m")]
    kinds = {
        "images": wrong.both(wrong.junk(lambda v: False), wrong.more(*spoilt)),
        "labels": wrong.both(
            wrong.junk(lambda v: False),
            wrong.more(*labels[:-1]),
            wrong.more(labels[-1], must=False),
        ),
        "classes": wrong.both(
            wrong.junk(
                lambda v: (
                    None
                    if isinstance(v, tuple | list)
                    and len(v) >= 2
                    and all(isinstance(i, str) for i in v)
                    else False
                )
            ),
            wrong.more(*classes[:4]),
            wrong.more(*classes[4:], must=False),
        ),
    }
    return (
        datasets.ArrayImages,
        {"images": pixels, "labels": [0, 1] * 3, "classes": ("a", "b")},
        kinds,
    )


def _batches(draw: Draw) -> Made:
    def call(**given: Any) -> Any:
        return list(datasets.batches(**given))

    good = {"dataset": _data(), "batch_size": 2, "preprocessing": images.Preprocessing(**GREY)}
    kinds = {
        "dataset": _a_dataset(),
        "batch_size": wrong.junk(lambda v: None if wrong.whole(v) and v >= 1 else False),
        "preprocessing": wrong.junk(lambda v: False),
        "seed": integers(0),
        "epoch": integers(0),
        "augmentation": wrong.junk(lambda v: False),
        "shuffle": wrong.flags(),
        "workers": wrong.junk(lambda v: bool(wrong.whole(v) and v >= 0)),
        "drop_last": wrong.flags(),
        "first": integers(0),
    }
    return call, good, kinds


def _count_batches(draw: Draw) -> Made:
    kinds = {"n": integers(0), "batch_size": integers(), "drop_last": wrong.flags()}
    return datasets.count_batches, {"n": 6, "batch_size": 4}, kinds


def _hold_out(draw: Draw) -> Made:
    kinds = {"dataset": _a_dataset(), "share": numbers(lambda v: 0 < v < 1), "seed": integers(0)}
    return datasets.hold_out, {"dataset": _data(), "share": 0.3, "seed": 0}, kinds


def _cached(draw: Draw) -> Made:
    return (
        datasets.cached,
        {"dataset": _data(), "megabytes": 1},
        {"dataset": _a_dataset(), "megabytes": integers(-1)},
    )


def _subset(draw: Draw) -> Made:
    spoilt = [
        np.array([6]),
        np.array([-7]),
        np.zeros(2),
        np.zeros((2, 1), int),
        np.array(["a"]),
        [0],
        np.zeros(2, bool),
    ]
    kinds = {
        "dataset": _a_dataset(),
        "indices": wrong.both(
            wrong.junk(lambda v: None if isinstance(v, list | tuple | np.ndarray) else False),
            wrong.more(*spoilt[:5]),
        ),
    }
    return datasets.Subset, {"dataset": _data(), "indices": np.array([0, 2])}, kinds


def _class_counts(draw: Draw) -> Made:
    return datasets.class_counts, {"dataset": _data()}, {"dataset": _a_dataset()}


def _default(draw: Draw) -> Made:
    kinds = {
        "dataset": _a_dataset(),
        "resolution": wrong.pairs(),
        "channels": wrong.junk(lambda v: None if v is None or v in (1, 3) else False),
    }
    kinds["channels"] = wrong.more(0, 2, -1, "3", 1.5, True, (3,), NAN)
    return datasets.default_preprocessing, {"dataset": _data(), "resolution": 8}, kinds


def _preprocessing(draw: Draw) -> Made:
    three = wrong.junk(lambda v: None if isinstance(v, tuple | list) and len(v) == 3 else False)
    spoilt = [(1,), (NAN,) * 3, ("a",) * 3, (INF,) * 3, (None,) * 3, (1, 2)]
    good = {
        "resolution": (32, 32),
        "resize": 36,
        "channels": 3,
        "mean": (0.5,) * 3,
        "std": (0.5,) * 3,
    }
    two = wrong.junk(
        lambda v: (
            None
            if isinstance(v, tuple | list)
            and len(v) == 2
            and all(wrong.whole(i) and i > 0 for i in v)
            else False
        )
    )
    kinds = {
        "resolution": two,
        "resize": integers(none=True),
        "channels": wrong.more(0, 2, 4, "3", None, True, NAN, (3,), 3.5),
        "mean": wrong.both(three, wrong.more(*spoilt)),
        "std": wrong.both(three, wrong.more(*spoilt, (0,) * 3, (-1,) * 3)),
        "interpolation": wrong.choices(*images.INTERPOLATIONS),
    }
    return images.Preprocessing, good, kinds


def _normalize(draw: Draw) -> Made:
    pixels = np.zeros((8, 8, 1), np.uint8)
    good = {"pixels": pixels, "preprocessing": images.Preprocessing(**GREY)}
    spoilt = [
        pixels.astype(float),
        pixels[..., 0],
        np.zeros((8, 8, 3), np.uint8),
        np.zeros((4, 4), np.uint8),
    ]
    kinds = {
        "pixels": wrong.both(wrong.junk(lambda v: False), wrong.more(spoilt[0], spoilt[2])),
        "preprocessing": wrong.junk(lambda v: False),
    }
    return images.normalize, good, kinds


def _mixed(draw: Draw) -> Made:
    x = np.zeros((2, 8, 8, 1), np.float32)
    good = {
        "x": x,
        "labels": np.array([0, 1]),
        "classes": 2,
        "how": images.Augment(mixup=0.5),
        "rng": np.random.default_rng(0),
    }
    spoilt = [
        np.array([0]),
        np.array([0, 2]),
        np.array([-1, 0]),
        np.array(["a", "b"]),
        np.zeros((2, 1), int),
    ]
    kinds = {
        "x": arrays("N H W C", {"N"}, dtypes=("float32",), together=True),
        "labels": wrong.both(
            wrong.junk(lambda v: None if isinstance(v, np.ndarray) and v.shape == (2,) else False),
            wrong.more(*spoilt),
        ),
        "classes": integers(),
        "how": wrong.junk(lambda v: False),
        "rng": wrong.junk(lambda v: False),
    }
    return images.mixed, good, kinds


def subjects() -> list[Subject]:
    """All of that."""
    made = {"ArrayImages": _array_images, "batches": _batches, "count_batches": _count_batches}
    made |= {
        "hold_out": _hold_out,
        "cached": _cached,
        "Subset": _subset,
        "class_counts": _class_counts,
    }
    made |= {
        "default_preprocessing": _default,
        "Preprocessing": _preprocessing,
        "normalize": _normalize,
    }
    made |= {"mixed": _mixed}
    return by_name(made, WORDS)
