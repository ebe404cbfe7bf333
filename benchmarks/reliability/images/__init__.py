"""Damaged image files, pixels of every mode, and folders that are a trap."""

from __future__ import annotations

import tempfile
from pathlib import Path

from ..forked import warm
from ..hazard import Found, Hazard, Size
from . import folders, mutants, pixels, together

COUNT = {"tiny": 86, "quick": 600, "whole": 2400}  # mutants


def prove(size: Size) -> Found:
    """All of it, in forks of a process that has imported everything."""
    warm()
    count, listed = COUNT[size], list(range(COUNT[size]))
    if size == "tiny":
        listed = listed[72:]
    bad: list[str] = []
    with tempfile.TemporaryDirectory(prefix="images-") as folder:
        for name in ("mutants", "pixels", "folders", "together"):
            (Path(folder) / name).mkdir()
        bad += mutants.tried(Path(folder) / "mutants", listed)
        shown, wrong = pixels.tried(Path(folder) / "pixels")
        bad += wrong
        traps, figures = 0, {}
        if size != "tiny":
            traps, wrong = folders.tried(Path(folder) / "folders", size)
            bad += wrong
            figures, wrong = together.tried(Path(folder) / "together", min(count, 1200))
            bad += wrong
    tried = len(listed) + shown + traps + int(figures.get("images in one command", 0))
    return Found(tried, tuple(bad), figures)


HAZARD = Hazard(
    "images, folders",
    "converted right, or named in one line; `--skip-bad` counts them; memory bounded, nothing of other "
    "libraries on standard error; links followed once",
    prove,
)
