"""A run that goes on, and finds other images: noticed and named, or the same ones, and not a word.

Some changes are listed, others drawn: a random file of a random part is changed in a random way.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import numpy as np

from ..hazard import Found, Hazard, Size
from ..workplace import images
from .changes import LISTED, drawn
from .judging import Before, judged, learnt, of_arrays, of_lists, of_older_versions


def prove(size: Size) -> Found:
    """Those that are listed, and 10 or 150 that are drawn."""
    bad: list[str] = []
    changes = list(LISTED[1:2] + LISTED[-1:]) if size == "tiny" else list(LISTED)
    changes += [drawn] * {"tiny": 0, "quick": 10, "whole": 150}[size]
    scenes = () if size == "tiny" else (of_older_versions, of_lists, of_arrays)
    with tempfile.TemporaryDirectory(prefix="other-data-") as root:
        before = Before(
            Path(root) / "run",
            images(Path(root) / "data", count=5, measured=3, size=(32, 32), kind="BMP"),
        )
        learnt(before.run, before.data, 1)
        for number, change in enumerate(changes):
            place = Path(root) / str(number)
            place.mkdir()
            wrong = judged(before, place, change, np.random.default_rng((11, number)))
            bad += [f"{number} {change.__name__}: {fault}" for fault in wrong]
            shutil.rmtree(place)
        for scene in scenes:
            place = Path(root) / scene.__name__
            place.mkdir()
            bad += [f"{scene.__name__}: {fault}" for fault in scene(before, place)]
    return Found(len(changes) + len(scenes), tuple(bad))


HAZARD = Hazard(
    "a run goes on with other images",
    "noticed by names, labels, sizes and contents; said; goes on with --other-data",
    prove,
)
