"""Whether a run may go on: with the network, the configuration and the images it began with.

What changes no result may be another: threads, where checkpoints are kept and when.  More epochs are
allowed too, and said: the schedule is then that of the longer run from here on.
"""

from collections.abc import Mapping
from itertools import zip_longest
from pathlib import Path
from typing import Any

from ...datasets.dataset import Dataset
from ...names import canonical, same_names
from ...predicting.model import Model
from ...text import displayed
from ...weights.native import load
from ..config import Config, Document
from .checkpoint import BEST, data_fingerprint
from .history import Reporter
from .listing import FILE, Listing, differences, kept

FREE = {"data.workers", "data.cache_mb", "data.path", "train.threads", "train.save_minutes"}
FREE |= {"train.accumulate"}  # as another number of ranks: the same gradients, other parts
FREE |= {"train.epochs"}  # looked at by itself
SHOWN = 3  # other images that are named


def require_same_run(
    folder: Path,
    found: Model,
    model: Model,
    config: Config,
    reporter: Reporter,
) -> None:
    """ValueError that says what is different; `found` is the checkpoint's model, `model` today's."""
    if found.plan != model.plan or found.preprocessing != model.preprocessing:
        raise ValueError(f"{folder}: the run there is of another network; resume with its options")
    asked, done = config.train.epochs, len(found.notes["history"])
    _require_same_settings(folder, found.notes["config"], config.to_document())
    began = found.notes["config"]["train"]["epochs"]
    if asked < done:
        raise ValueError(f"{folder}: {done} epochs are over already, {asked} are asked for")
    if asked != began:
        reporter.remark(
            f"the run began with {began} epochs; from here on its schedule is that of {asked}"
        )


def other_images(
    folder: Path, found: Model, training: Dataset, validation: Dataset | None, seen: Listing
) -> str:
    """What is different about the images of a run that goes on, in a line; "" where nothing is.

    found  its checkpoint; one of an older version knows how many images there were and their labels
    """
    then, now = found.notes["data"], data_fingerprint(training)
    same = all(then.get(key) == value for key, value in now.items())
    same &= same_names(found.classes, training.classes)
    listed_then = isinstance(then.get("sha256"), str)
    if same and (not listed_then or then["sha256"] == seen.digest()):
        return ""
    first: list[str] = []
    if not same_names(found.classes, training.classes):
        pairs = zip_longest(found.classes, training.classes, fillvalue="none")
        old, new = next((a, b) for a, b in pairs if canonical(a) != canonical(b))
        first.append(f"class {displayed(old)} then, {displayed(new)} now")
    if listed_then:
        before = kept(folder, then)
        if before is None:
            first.append(f"{folder / FILE} is not the run's, and would say which")
        else:
            first += differences(before, seen, found.classes)
    more = f" and {len(first) - SHOWN:,} more" if len(first) > SHOWN else ""
    measured = same and bool(first) and all(text.endswith(" (validation)") for text in first)
    counts = (
        f"{then['images']:,} in {len(found.classes)} classes then, {len(training):,} in "
        f"{len(training.classes)} now"
    )
    return (
        f"{folder}: the {'validation' if measured else 'training'} images are not those the run began "
        f"with ({counts}){': ' * bool(first)}{'; '.join(first[:SHOWN])}{more}"
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
