"""Names from files, wherever they are shown."""

from __future__ import annotations

import tempfile
from pathlib import Path

from ..forked import warm
from ..hazard import Found, Hazard, Size
from . import files, models
from .hostile import classes


def prove(size: Size) -> Found:
    """Classes of models, then names of files, folders, tables and arrays."""
    warm()
    names = classes(size)
    with tempfile.TemporaryDirectory(prefix="names-") as folder:
        for name in ("models", "files"):
            (Path(folder) / name).mkdir()
        tried, bad = models.tried(Path(folder) / "models", names, size == "tiny")
        others, wrong = files.tried(Path(folder) / "files", size)
        if size != "tiny":  # computes in this process, and so comes last
            for look in (models.pages, models.notebook):
                wrong += [f"classes: {x}" for x in look(Path(folder) / "models", names)]
    return Found(tried + others, (*bad, *wrong), {"names of classes": len(names)})


HAZARD = Hazard(
    "names from files",
    "inert in terminal, picture, Markdown, JSON, HTML, CSV and paths: control characters and what nobody "
    "sees as escapes, no mathematics, limited in length, told apart; JSON keeps the true name",
    prove,
)
