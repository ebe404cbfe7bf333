"""A small network and noise that it can learn, for tests of runs, and what disturbs them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import npmobilenet as nm
from npmobilenet.datasets.arrays import ArrayImages
from npmobilenet.images.augment import FLIP
from npmobilenet.images.preprocessing import Preprocessing
from npmobilenet.training.config import Config, Data, Train
from npmobilenet.training.loop import train
from npmobilenet.training.optimizers import Sgd
from npmobilenet.training.run.history import Epoch, Silent
from npmobilenet.training.run.run import never
from npmobilenet.weights import Model, load

NAMES = ("ash", "birch", "çedar")
DIALECT = replace(nm.CIFAR, dropout=0.1)
PLAN = nm.plan("v1-shallow", width=0.1, resolution=8, classes=3, dialect=DIALECT)
HOW = Preprocessing(resolution=(8, 8), resize=None, channels=3, mean=(0.5,) * 3, std=(0.25,) * 3)
CONFIG = Config(
    data=Data(workers=0),
    train=Train(epochs=3, batch=8, seed=5),
    optimizer=Sgd(lr=0.02),
    augment=FLIP,
)
ALWAYS = replace(CONFIG, train=replace(CONFIG.train, save_minutes=0))  # saves after each step
FILES = ("last.safetensors", "previous.safetensors", "best.safetensors")
TIMES = ("seconds", "waited", "images_per_second")


def pictures(count: int, seed: int) -> ArrayImages:
    """Noise whose bright channel is its class: easily learnt."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 3
    images = rng.integers(0, 120, (count, 8, 8, 3), np.uint8)
    images[np.arange(count), :, :, labels] += 130
    return ArrayImages(images, labels, NAMES)


TRAINING, VALIDATION = pictures(80, 0), pictures(13, 1)  # ten steps an epoch


def run(
    folder: Path,
    config: Config = CONFIG,
    *,
    resume: bool = False,
    stop: Callable[[], bool] = never,
    **given: Any,
) -> list[Epoch]:
    """Train PLAN on the pictures."""
    return train(PLAN, TRAINING, VALIDATION, HOW, config, folder, resume=resume, stop=stop, **given)


def after(calls: int) -> Callable[[], bool]:
    """A `stop` that says True when it is asked for the so many-th time."""
    left = iter([False] * (calls - 1) + [True])
    return lambda: next(left)


def assert_same(a: Model, b: Model) -> None:
    """The same arrays to the last bit."""
    for some, other in ((a.params, b.params), (a.extra, b.extra)):
        assert list(some) == list(other)
        for name in some:
            assert some[name].tobytes() == other[name].tobytes(), name
            assert some[name].dtype == other[name].dtype


def figures(folder: Path) -> list[dict[str, Any]]:
    """The history without times."""
    history = load(folder / "last.safetensors").notes["history"]
    return [{k: v for k, v in epoch.items() if k not in TIMES} for epoch in history]


def require_the_same(folder: Path, straight: Path) -> None:
    """The same weights, figures and lines of log.csv as the run that nothing disturbed."""
    for name in ("last.safetensors", "best.safetensors"):
        assert_same(load(folder / name), load(straight / name))
    assert figures(folder) == figures(straight)
    assert (folder / "log.csv").read_text().count("\n") == 4


class Fault(Exception):
    """What nobody foresaw."""


class Listening(Silent):
    """Remembers remarks."""

    def __init__(self) -> None:
        self.remarks: list[str] = []

    def remark(self, text: str) -> None:
        self.remarks.append(text)


def failing(
    patch: pytest.MonkeyPatch, owner: Any, name: str, call: int, error: BaseException
) -> None:
    """The so many-th call of a function raises; those before it do what they did."""
    done, before = 0, getattr(owner, name)

    def stand_in(*given: Any, **named: Any) -> Any:
        nonlocal done
        done += 1
        if done == call:
            raise error
        return before(*given, **named)

    patch.setattr(owner, name, stand_in)
