"""What of the package writes: a small example of each."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

import npmobilenet as nm
from npmobilenet.cli import main
from npmobilenet.cost.figures import sweep_picture
from npmobilenet.cost.sweep import sweep
from npmobilenet.datasets.arrays import ArrayImages
from npmobilenet.disk import write_new
from npmobilenet.images.preprocessing import Preprocessing
from npmobilenet.pictures import keep, sheet
from npmobilenet.predicting.metrics import Evaluation
from npmobilenet.training.config import Config, Data, Train
from npmobilenet.training.loop import train
from npmobilenet.training.optimizers import Sgd
from npmobilenet.training.report import plots
from npmobilenet.training.run.history import Epoch, write_logs
from npmobilenet.weights import Model, save
from npmobilenet.weights.exporting import export_weights

Write = Callable[[Path], Any]


@cache
def model() -> Model:
    """A small network with names, which every family can take."""
    plan = nm.plan("v1", width=0.05, resolution=32, classes=2, dialect="keras")
    how = Preprocessing(
        resolution=(32, 32), resize=None, channels=3, mean=(0.5,) * 3, std=(0.5,) * 3
    )
    return Model(plan, nm.init(plan, seed=0), ("ash", "birch"), how)


def _exported(family: str, dialect: str, kind: str = "v2") -> Write:
    def write(path: Path) -> None:
        plan = nm.plan(kind, width=1.0 if kind == "v2" else 0.25, classes=2, dialect=dialect)
        export_weights(plan, _params(kind, dialect), path, family)

    return write


@cache
def _params(kind: str, dialect: str) -> dict[str, Any]:
    plan = nm.plan(kind, width=1.0 if kind == "v2" else 0.25, classes=2, dialect=dialect)
    return nm.init(plan, seed=0)


def _learnt(folder: Path) -> None:
    """A run of two steps, with all that it leaves."""
    rng = np.random.default_rng(0)
    images = ArrayImages(
        rng.integers(0, 255, (4, 32, 32, 3), np.uint8), np.arange(4) % 2, ("a", "b")
    )
    config = Config(
        data=Data(workers=0), train=Train(epochs=1, batch=2, save_minutes=0), optimizer=Sgd(lr=0.01)
    )
    train(model().plan, images, images, model().preprocessing, config, folder, anew=True)


EPOCH = Epoch(1, 1, 2, 0.1, 1.0, 0.5, 1.0, 0.5, 0.5, 1.0, 0.1, 2.0, True)


def _scores() -> Evaluation:
    both, ones = np.array([0, 1]), np.ones(2, np.float32)
    return Evaluation(2, 1, 2, 0.5, ("a", "b"), both, both[::-1], ones)


def _command(*words: str) -> Write:
    """A verb of the command, which is given the file as its last word."""

    def write(path: Path) -> None:
        with redirect_stdout(StringIO()), patch.object(sys, "stderr", said := StringIO()):
            try:
                code = main([*words, str(path)])
            except SystemExit as end:  # a usage error
                code = int(end.code or 0)
        if code:
            raise OSError(said.getvalue().strip().splitlines()[-1])

    return write


def _onnx(path: Path) -> None:
    nm.export_onnx(model().plan, model().params, path)


def _tflite(path: Path) -> None:
    nm.export_tflite(model().plan, model().params, path)


def _sweep(path: Path) -> None:
    sweep_picture(list(sweep("v1", [1.0, 0.5], [224, 160])), path)


@dataclass(frozen=True)
class Writer:
    """Something that writes: the names of its files, what does so, and which package it needs."""

    names: tuple[str, ...]
    write: Write
    needs: str = ""
    folder: bool = False  # it is given the folder, not the file
    new: bool = False  # it overwrites nothing
    slow: bool = False


RUN = ("last.safetensors", "best.safetensors", "log.csv", "config.toml", "class_indices.json")
WRITERS = (
    Writer(("ours.safetensors",), lambda path: save(model(), path)),
    Writer(("half.safetensors",), lambda path: save(model(), path, half=True)),
    Writer(("log.csv", "log.jsonl"), lambda folder: write_logs(folder, [EPOCH]), folder=True),
    Writer(("page.png",), lambda path: keep(sheet([np.zeros((8, 8), np.uint8)], ["a"]), path)),
    Writer(("mine.py",), lambda path: write_new(path, b"content"), new=True),
    Writer(("learner.py",), _command("exercises", "new"), new=True),
    Writer(("graph.md",), _command("summary", "v1", "--graph")),
    Writer((*RUN, "previous.safetensors", "run.lock"), _learnt, folder=True, slow=True),
    Writer(("a.pth",), _exported("torchvision", "torchvision"), "torch", slow=True),
    Writer(("a.safetensors",), _exported("timm", "timm", "v1"), slow=True),
    Writer(("a.h5",), _exported("keras", "keras", "v1"), "h5py", slow=True),
    Writer(("a.onnx",), _onnx, "onnx", slow=True),
    Writer(("a.tflite",), _tflite, "tflite", slow=True),
    Writer(("page.html",), _command("explore", "--no-time", "-o"), slow=True),
    Writer(("curves.png",), lambda path: plots.curves([EPOCH], path), "matplotlib", slow=True),
    Writer(("confusion.pdf",), lambda path: plots.confusion(_scores(), path), "matplotlib", slow=True),
    Writer(("sweep.svg",), _sweep, "matplotlib", slow=True),
)  # fmt: skip
