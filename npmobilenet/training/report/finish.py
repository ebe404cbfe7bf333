"""What a finished run leaves besides its weights: pictures and a card.

None of it may cost the run: the weights are on disk, so what cannot be drawn or written is a remark.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ... import fonts
from ...datasets.dataset import Dataset
from ...disk import write_whole
from ...predicting.evaluation import evaluate
from ...predicting.metrics import Evaluation
from ...text import reason
from ...weights.native import load
from ..config import Config
from ..run.checkpoint import BEST
from . import plots
from .card import Measured, Story, card, facts

PARTS = {"given": "the validation images", "holdout": "the held-out images"}


def conclude(
    folder: Path, validation: Dataset | None, config: Config, command: str
) -> tuple[Evaluation | None, list[str]]:
    """Write curves.png, confusion.png and card.md; the scores of best.safetensors, and remarks.

    What fails is named in a remark; so is how to get matplotlib, without which there are no pictures.
    """
    model, story = load(folder / BEST), Story.of(folder)
    scores: Evaluation | None = None
    remarks: list[str] = []
    if validation is not None:
        with _or_remark(remarks, "the best weights could not be measured again"):
            scores = evaluate(model, validation, workers=config.data.workers)
    if trouble := plots.trouble():
        remarks.append(trouble)
    else:
        with _or_remark(remarks, f"{folder / 'curves.png'} could not be drawn"):
            plots.curves(story.history, folder / "curves.png")
        if scores is not None:
            with _or_remark(remarks, f"{folder / 'confusion.png'} could not be drawn"):
                plots.confusion(scores, folder / "confusion.png")
                remarks += filter(None, [fonts.remark(scores.classes)])
    with _or_remark(remarks, f"{folder / 'card.md'} could not be written"):
        measured = []
        if scores is not None:
            measured.append(Measured.from_scores(PARTS[config.data.validation], scores))
        known = facts(model.plan, [story], measured, data=config.data.path, command=command)
        text = card(folder.name, model.plan, [story], known, folder / BEST)
        write_whole(folder / "card.md", text.encode(errors="backslashreplace"))
    return scores, remarks


@contextmanager
def _or_remark(remarks: list[str], what: str) -> Iterator[None]:
    """A line instead of an error: "what: reason"."""
    try:
        yield
    except Exception as error:
        remarks.append(f"{what}: {reason(error)[:300]}")
