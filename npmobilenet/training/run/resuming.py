"""Whether a run may go on: with the network, the configuration and the images it began with.

What changes no result may be another: threads, where checkpoints are kept and when.  More epochs are
allowed too, and said: the schedule is then that of the longer run from here on.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...datasets.dataset import Dataset
from ...names import same_names
from ...predicting.model import Model
from ...weights.native import load
from ..config import Config, Document
from .checkpoint import BEST, data_fingerprint
from .history import Reporter

FREE = {"data.workers", "data.cache_mb", "data.path", "train.threads", "train.save_minutes"}
FREE |= {"train.accumulate"}  # as another number of ranks: the same gradients, other parts
FREE |= {"train.epochs"}  # looked at by itself


def require_same_run(
    folder: Path,
    found: Model,
    model: Model,
    config: Config,
    training: Dataset,
    reporter: Reporter,
) -> None:
    """ValueError that says what is different; `found` is the checkpoint's model, `model` today's."""
    if found.plan != model.plan or found.preprocessing != model.preprocessing:
        raise ValueError(f"{folder}: the run there is of another network; resume with its options")
    same_data = found.notes["data"] == data_fingerprint(training)
    if not (same_data and same_names(found.classes, model.classes)):
        then = found.notes["data"]["images"]
        raise ValueError(
            f"{folder}: the training images are not those the run began with "
            f"({then:,} in {len(found.classes)} classes then, {len(training):,} in "
            f"{len(model.classes)} now)"
        )
    asked, done = config.train.epochs, len(found.notes["history"])
    _require_same_settings(folder, found.notes["config"], config.to_document())
    began = found.notes["config"]["train"]["epochs"]
    if asked < done:
        raise ValueError(f"{folder}: {done} epochs are over already, {asked} are asked for")
    if asked != began:
        reporter.remark(
            f"the run began with {began} epochs; from here on its schedule is that of {asked}"
        )


def best_is_gone(folder: Path) -> str:
    """Why the best weights cannot be read, "" where they can."""
    if not (folder / BEST).exists():
        return f"{folder / BEST}: no such file"
    try:
        load(folder / BEST)
    except ValueError as error:
        return str(error)
    return ""


def _require_same_settings(folder: Path, began: Document, asked: Document) -> None:
    began = Config.from_document(began).to_document()  # an older run's lacks what came since
    before, now = flat(began), flat(asked)
    # another optimiser has other keys: its name tells more than they do
    for key in sorted(set(before) | set(now), key=lambda k: (not k.endswith(".name"), k)):
        if key not in FREE and before.get(key) != now.get(key):
            raise ValueError(
                f"{folder}: the run began with {key} {before.get(key)!r}, not {now.get(key)!r}; "
                "resume with the settings it began with"
            )


def flat(document: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Tables of keys as one: "train.epochs" -> its value."""
    return {
        f"{section}.{key}": v for section, table in document.items() for key, v in table.items()
    }
