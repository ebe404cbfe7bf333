"""What a finished run leaves besides its weights: pictures and a card."""

from pathlib import Path

from .. import fonts
from ..weights.native import load
from . import plots
from .card import Measured, Story, card, facts
from .checkpoint import BEST
from .config import Config
from .datasets import Dataset
from .metrics import Evaluation
from .predict import evaluate

PARTS = {"given": "the validation images", "holdout": "the held-out images"}


def conclude(
    folder: Path, validation: Dataset | None, config: Config, command: str
) -> tuple[Evaluation | None, list[str]]:
    """Write curves.png, confusion.png and card.md; the scores of best.safetensors, and remarks.

    Without matplotlib there are no pictures, and a remark says how to get it.
    """
    model, story = load(folder / BEST), Story.of(folder)
    workers = config.data.workers
    scores = None if validation is None else evaluate(model, validation, workers=workers)
    remarks = [] if plots.can_draw() else [plots.ADVICE]
    if plots.can_draw():
        plots.curves(story.history, folder / "curves.png")
        if scores is not None:
            plots.confusion(scores, folder / "confusion.png")
            remarks += filter(None, [fonts.remark(scores.classes)])
    measured = []
    if scores is not None:
        measured.append(Measured.from_scores(PARTS[config.data.validation], scores))
    told = facts(model.plan, [story], measured, data=config.data.path, command=command)
    text = card(folder.name, model.plan, [story], told, folder / BEST)
    (folder / "card.md").write_text(text, encoding="utf-8")
    return scores, remarks
