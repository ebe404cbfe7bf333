"""Right calls of what reads and writes files, of models, pages and vectors."""

from __future__ import annotations

import tempfile
from functools import cache
from os import PathLike
from pathlib import Path

import numpy as np

import npmobilenet as nm
from npmobilenet.images import Preprocessing
from npmobilenet.weights import FAMILIES

from . import wrong
from .junk import NAN
from .networks import PLAN, params, quantized
from .subjects import Draw, Made, Subject, by_name
from .wrong import Kind, choices, flags, instance, integers, numbers, strings
from .wrong_arrays import mappings

CLASSES = tuple("abcde")


SIZED = Preprocessing.imagenet(32)
_FOLDER = tempfile.TemporaryDirectory(prefix="reliability-calls-")
PLACE = Path(_FOLDER.name)
EMPTY = PLACE / "empty"  # a folder that holds no file of any kind
EMPTY.mkdir()


@cache
def model() -> nm.Model:
    """A small model."""
    return nm.Model(PLAN, params(), CLASSES, SIZED)


@cache
def saved() -> Path:
    """The same in a file."""
    nm.save(model(), PLACE / "model.safetensors")
    return PLACE / "model.safetensors"


def _paths(*missing: str) -> Kind:
    """A path where nothing is, or nothing can be."""
    junk = wrong.junk(lambda v: None if isinstance(v, str | PathLike) else False)
    nowhere = (*missing, "/no/such/folder/x.bin", "", "a\0b", str(EMPTY), "/dev/null/x", "x" * 300)
    return wrong.both(junk, wrong.more(*nowhere))


def _model_of(draw: Draw) -> Made:
    lists = [(), ("a",) * 5, CLASSES[:4], "abcde", (1, 2, 3, 4, 5), (*CLASSES, "f"), [["a"]] * 5]
    grey = Preprocessing(resolution=(32, 32), resize=None, channels=1, mean=(0.0,), std=(1.0,))
    kinds = {
        "plan": wrong.both(
            wrong.junk(lambda v: False), wrong.more(nm.plan("v1", resolution=32, classes=5))
        ),
        "params": mappings(params()),
        "classes": wrong.both(wrong.junk(lambda v: False), wrong.more(*lists)),
        "preprocessing": wrong.both(
            wrong.junk(lambda v: False), wrong.more(grey, Preprocessing.imagenet(64))
        ),
        "extra": wrong.more(None, 3, "x", {"a": 1}, {"a": None}, {3: np.ones(2)}, [np.ones(2)]),
        "notes": wrong.more(None, 3, "x", [1], {3: 1}, {"a": object()}, {"a": np.ones(2)}),
        "quantized": wrong.both(wrong.junk(lambda v: v is None), wrong.more(quantized()[0], PLAN)),
    }
    good = {"plan": PLAN, "params": params(), "classes": CLASSES, "preprocessing": SIZED}
    return nm.Model, good, kinds


def _save(draw: Draw) -> Made:
    kinds = {
        "model": wrong.both(wrong.junk(lambda v: False), wrong.more(params(), nm.Model)),
        "path": _paths(),
    }
    kinds["half"] = flags()
    return nm.save, {"model": model(), "path": PLACE / "saved.safetensors"}, kinds


def _load(draw: Draw) -> Made:
    return nm.load, {"path": saved()}, {"path": _paths("no.safetensors", "/dev/null", __file__)}


def _predict(draw: Draw) -> Made:
    x = np.zeros((40, 40, 3), np.uint8)
    spoilt = [
        x.astype(object),
        x[..., :2],
        x[0],
        x * NAN,
        np.zeros((0, 40, 3), np.uint8),
        "no.png",
        ["no.png"],
        str(EMPTY),
    ]
    pictures = wrong.junk(
        lambda v: (
            None
            if isinstance(v, str | list | tuple | np.ndarray) or hasattr(v, "__iter__")
            else False
        )
    )
    kinds = {
        "model": wrong.both(
            wrong.junk(lambda v: False), wrong.more("no such", str(EMPTY), PLAN, params())
        ),
        "images": wrong.both(pictures, wrong.more(*spoilt)),
        "top": integers(),
    }
    return nm.predict, {"model": model(), "images": x, "top": 3}, kinds


def _import(draw: Draw) -> Made:
    kinds = {
        "path": _paths("no.h5", "/dev/null", __file__),
        "family": wrong.both(strings(known=FAMILIES), wrong.more("Keras", "")),
        "model": wrong.both(strings(known=nm.MODELS, none=True), wrong.more("v9")),
        "width": numbers(lambda v: 0 < v <= 16, none=True),
        "dialect": wrong.both(strings(known=nm.DIALECTS, none=True), wrong.more("no")),
        "divisor": integers(),
        "classes": integers(none=True),
        "resolution": wrong.pairs(none=True),
        "preprocessing": instance(Preprocessing, none=True),
    }
    good = {"path": exported(), "family": "torchvision", "model": None}
    return (
        nm.import_weights,
        good,
        {k: kinds[k] for k in ("path", "family", "model", "width", "dialect")},
    )


@cache
def exported() -> Path:
    """A file of another family."""
    plan = nm.plan("v2", width=0.35, resolution=32, classes=5, dialect="torchvision")
    nm.export_weights(plan, nm.init(plan, 0), PLACE / "v2.safetensors", "torchvision")
    return PLACE / "v2.safetensors"


def _export(draw: Draw) -> Made:
    plan = nm.plan("v2", width=0.35, resolution=32, classes=5, dialect="torchvision")
    good = {
        "network": plan,
        "params": params(plan),
        "path": PLACE / "e.safetensors",
        "family": "torchvision",
    }
    kinds = {
        "network": instance(nm.Plan),
        "params": mappings(params(plan)),
        "path": _paths(),
        "family": wrong.both(strings(known=FAMILIES), wrong.more("Keras")),
        "force": flags(),
    }
    return nm.export_weights, good, kinds


def _onnx(draw: Draw) -> Made:
    good = {"plan": PLAN, "params": params(), "path": PLACE / "x.onnx"}
    kinds = {
        "plan": instance(nm.Plan),
        "params": mappings(params()),
        "path": _paths(),
        "layout": choices("nchw", "nhwc"),
        "fold": flags(),
        "opset": wrong.junk(lambda v: None if wrong.whole(v) and 0 < v < 100 else False),
        "metadata": wrong.junk(lambda v: None if v is None or isinstance(v, dict) else False),
    }
    return nm.export_onnx, good, kinds


def _tflite(draw: Draw) -> Made:
    good = {"plan": PLAN, "params": params(), "path": PLACE / "x.tflite"}
    lists = wrong.junk(lambda v: None if v is None or isinstance(v, list | tuple) else False)
    kinds = {
        "plan": instance(nm.Plan),
        "params": mappings(params()),
        "path": _paths(),
        "batch": integers(),
        "softmax": flags(),
        "classes": wrong.both(lists, wrong.more(CLASSES[:2], [3] * 5)),
        "preprocessing": wrong.junk(lambda v: v is None),
    }
    return nm.export_tflite, good, kinds


def _explore(draw: Draw) -> Made:
    good = {"model": model(), "time": False}
    kinds = {
        "model": wrong.both(wrong.junk(lambda v: False), wrong.more("no such", PLAN)),
        "image": wrong.both(
            wrong.junk(lambda v: v is None), wrong.more("no.png", np.zeros((3, 3, 5)))
        ),
        "label": wrong.both(
            wrong.junk(
                lambda v: True if v is None else None if wrong.whole(v) and 0 <= v < 5 else False
            ),
            wrong.more("z", 5),
        ),
        "precision": choices("auto", "float16", "float32"),
        "time": flags(),
    }
    return nm.explore, good, kinds


WORDS = {
    "params": ("params", "weight must", "dtype"),
    "path": ("path", "file"),
    "images": ("image",),
    "plan": ("plan", "Plan", "network", "layer", "params", "classes"),
    "network": ("network", "plan", "Plan", "must be"),
    "classes": ("class", "names"),
    "preprocessing": ("preprocessing", "images", "channels"),
    "notes": ("notes",),
    "model": ("model", "weight", "weights", "file"),
    "qplan": ("plan",),
    "arrays": ("arrays", "params", "weight", "must be"),
    "quantized": ("quantized", "quantised", "plan", "params"),
    "alpha": ("alpha", "width"),
    "rho": ("rho", "resolution"),
    "k": ("k ",),
    "m": ("m ",),
    "n": ("n ",),
    "df": ("df ",),
    "function": ("function", "f "),
    "cases": ("case",),
    "x": ("x ", "images"),
    "name": ("name", "convention", "known"),
    "label": ("label", "class"),
    "image": ("image",),
    "layers": ("layer",),
    "formats": ("format",),
    "resolution": ("resolution",),
}


PATHS = ("path", "model", "images", "image", "folder")


def subjects() -> list[Subject]:
    """All of that."""
    return by_name(
        {
            "Model": _model_of,
            "save": _save,
            "load": _load,
            "predict": _predict,
            "import_weights": _import,
            "export_weights": _export,
            "export_onnx": _onnx,
            "export_tflite": _tflite,
            "explore": _explore,
        },
        WORDS,
        PATHS,
    )
