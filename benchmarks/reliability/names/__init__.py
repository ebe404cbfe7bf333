"""Names from files, wherever they are shown."""

from __future__ import annotations

import tempfile
from pathlib import Path

from ..forked import warm
from ..hazard import Found, Hazard, Size
from . import files, models, texts
from .hostile import classes


def prove(size: Size) -> Found:
    """Classes of models, then names of files, folders, tables and arrays."""
    names = classes()
    if size == "tiny":
        return Found(len(names), tuple(texts.wrong(names)))
    warm()
    with tempfile.TemporaryDirectory(prefix="names-") as folder:
        for name in ("models", "files"):
            (Path(folder) / name).mkdir()
        tried, bad = models.tried(Path(folder) / "models", names)
        others, wrong = files.tried(Path(folder) / "files", size)
        for look in (
            models.pages,
            models.notebook,
        ):  # which compute in this process, and so come last
            wrong += [f"classes: {x}" for x in look(Path(folder) / "models", names)]
    figures = {"names of classes": len(names)}
    return Found(len(names) + tried + others, (*bad, *wrong, *texts.wrong(names)), figures)


HAZARD = Hazard(
    "names from files",
    "inert in terminal, picture, Markdown, JSON, HTML, CSV and paths: control characters and what nobody "
    "sees as escapes, no mathematics, limited in length, told apart; JSON keeps the true name",
    prove,
)
