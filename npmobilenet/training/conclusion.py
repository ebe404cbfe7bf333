"""What a finished run leaves besides its weights: pictures and a card."""

import platform
from datetime import date
from pathlib import Path

from ..weights.native import load
from . import plots
from .card import Measured, card, facts
from .checkpoint import BEST
from .config import Config
from .datasets import Dataset
from .history import Epoch
from .metrics import Evaluation
from .predict import evaluate

PARTS = {"given": "the validation images", "holdout": "the held-out images"}


def conclude(
    folder: Path, validation: Dataset | None, config: Config, command: str
) -> tuple[Evaluation | None, list[str]]:
    """Write curves.png, confusion.png and card.md; the scores of best.safetensors, and remarks.

    Without matplotlib there are no pictures, and a remark says how to get it.
    """
    model, last = load(folder / BEST), load(folder / "last.safetensors")
    history = [Epoch(**epoch) for epoch in last.notes["history"]]
    workers = config.data.workers
    scores = None if validation is None else evaluate(model, validation, workers=workers)
    remarks = [] if plots.can_draw() else [plots.ADVICE]
    if plots.can_draw():
        plots.curves(history, folder / "curves.png")
        if scores is not None:
            plots.confusion(scores, folder / "confusion.png")
    measured = []
    if scores is not None:
        measured.append(Measured.from_scores(PARTS[config.data.validation], scores))
    told = facts(
        model.plan,
        config,
        history,
        measured,
        data=config.data.path,
        command=command,
        machine=f"{platform.machine()}, Python {platform.python_version()}",
        date=date.today().isoformat(),
    )
    text = card(folder.name, model.plan, config, history, told, folder / BEST)
    (folder / "card.md").write_text(text, encoding="utf-8")
    return scores, remarks
