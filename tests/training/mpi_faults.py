"""A small run in which one rank has something else: mpiexec -n N python -m this KIND FOLDER."""

import sys
import time
from dataclasses import replace
from typing import Any

import numpy as np

from npmobilenet.datasets.arrays import ArrayImages
from npmobilenet.datasets.subsets import Subset
from npmobilenet.ranks import world as ranks_of_a_world
from npmobilenet.ranks.world import Ranks, world
from npmobilenet.training.loop import train
from npmobilenet.training.run import agreement
from tests.training.runs import CONFIG, HOW, PLAN, TRAINING, VALIDATION


class Bad(Subset):
    """Images of which one cannot be read, or takes for ever."""

    def __init__(self, dataset: Any, hangs: bool) -> None:
        super().__init__(dataset, np.arange(len(dataset)))
        self.hangs, self.asked = hangs, 0

    def image(self, index: int) -> Any:
        """Number 3 is bad, from the second epoch on; in both it is of the second of two ranks."""
        self.asked += index == 3
        if self.asked > 1 and self.hangs:
            time.sleep(1000)
        if self.asked > 1:
            raise ValueError("the disk is gone")
        return super().image(index)


def main(kind: str, folder: str) -> None:
    ranks: Ranks = world()
    config, training = CONFIG, TRAINING
    odd = ranks.rank == 1
    ranks_of_a_world.PATIENCE = 3  # type: ignore[misc]
    if kind == "configuration" and odd:
        config = replace(config, optimizer=replace(config.optimizer, lr=0.25))
    if kind == "files" and odd:
        images = training.images.copy()
        images[3, 0, 0, 0] ^= 1
        training = ArrayImages(images, training.labels, training.classes)
    if kind == "version" and odd:
        agreement.__version__ = "0.0.1"
    given: Any = training
    if kind in ("hang", "unreadable"):
        some = np.arange(len(training))
        given = Bad(training, kind == "hang") if odd else Subset(training, some)
    try:
        train(PLAN, given, VALIDATION, HOW, config, folder, ranks=ranks)
    except ValueError as error:
        print(f"rank {ranks.rank}: {error}", flush=True)
    ranks.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
