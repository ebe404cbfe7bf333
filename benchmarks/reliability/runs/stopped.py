"""A run that is stopped after every second step, in this process: the bits of one that is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np

from npmobilenet.datasets.arrays import ArrayImages
from npmobilenet.training.config import Config, Data, Train
from npmobilenet.training.loop import train
from npmobilenet.training.optimizers import Sgd
from npmobilenet.training.run.run import never

from ..writers.kinds import model
from .state import bits_of, left_in


def stopped(root: Path) -> Iterator[str]:
    """What is not as it should be."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 255, (8, 32, 32, 3), np.uint8)
    images = ArrayImages(pixels, np.arange(8) % 2, ("ash", "birch"))
    made = model()
    config = Config(
        data=Data(workers=0),
        train=Train(epochs=1, batch=2, save_minutes=0, engine="reference", threads=1),
        optimizer=Sgd(lr=0.01),
    )

    def go(name: str, resume: bool = False, stop: Callable[[], bool] = never) -> None:
        given = made.plan, images, None, made.preprocessing, config, root / name
        train(*given, resume=resume, stop=stop)

    go("whole")
    for turn in range(2):
        left = iter([False, True, True, True])
        with suppress(KeyboardInterrupt):
            go("cut", turn > 0, lambda left=left: next(left))  # type: ignore[misc]
    go("cut", True)
    if bits_of(root / "cut") != bits_of(root / "whole"):
        yield "a run that was stopped ends with other bits"
    yield from left_in(root / "cut")
