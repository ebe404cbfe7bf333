"""A model's card: what it is, what it learnt from, how, how well, and what file that was said of."""

import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

from ...cost import cost
from ...kernels.sharing import cores
from ...models.network_plan import Plan
from ...predicting.metrics import Scores
from ...text import markdown
from ...weights.native import load
from ...weights.sealing import digest_of
from ..config import Config
from ..run.history import Epoch

CHOSEN = {
    "given": "the epoch with the highest accuracy on the validation images, which are therefore no "
    "test: the figure is a little too good",
    "holdout": "the epoch with the highest accuracy on images held out of the training part",
    "none": "the last epoch: nothing was chosen",
}


@dataclass(frozen=True)
class Measured:
    """One figure: of which images, how many right."""

    of: str
    correct: int
    count: int
    low: float
    high: float

    @classmethod
    def from_scores(cls, of: str, scores: Scores) -> "Measured":
        """With its 95 % interval."""
        return cls(of, scores.correct, scores.count, *scores.interval)

    def __str__(self) -> str:
        share = self.correct / self.count
        return (
            f"{share:.2%} of {self.of}: {self.correct:,} of {self.count:,} "
            f"(95 % interval {self.low:.2%} to {self.high:.2%})"
        )


@dataclass(frozen=True)
class Story:
    """What a run was asked for and how it went."""

    config: Config
    history: Sequence[Epoch]

    @classmethod
    def of(cls, run: Path) -> "Story":
        """Of a run's folder."""
        notes = load(run / "last.safetensors").notes
        return cls(
            Config.from_document(notes["config"]), [Epoch(**epoch) for epoch in notes["history"]]
        )


def facts(
    plan: Plan, stories: Sequence[Story], measured: Sequence[Measured], **more: str
) -> dict[str, Any]:
    """What a card tells, as JSON that goes into the weight file's notes too.

    stories: of the run that made the weights, and before it of those that it went on from.  Times are
    those of the middle epoch of a run, times its epochs: a machine that slept in one does not count.
    """

    def whole(of: Callable[[Epoch], float]) -> float:
        return sum(median(map(of, s.history)) * len(s.history) for s in stories)

    seconds, waited = whole(lambda epoch: epoch.seconds), whole(lambda epoch: epoch.waited)
    learning = whole(lambda epoch: epoch.images / epoch.images_per_second)
    epochs = [epoch for story in stories for epoch in story.history]
    config = stories[-1].config
    return {
        **more,
        "machine": f"{platform.machine()}, {cores()} cores, Python {platform.python_version()}",
        "date": date.today().isoformat(),
        "parameters": cost(plan).params.trainable,
        "seed": config.train.seed,
        "epochs": len(epochs),
        "chosen": CHOSEN[config.data.validation],
        "accuracy": [asdict(one) for one in measured],
        "minutes": round(seconds / 60, 1),
        "images per second": round(sum(epoch.images for epoch in epochs) / learning),
        "share waited for data": round(waited / seconds, 3),
    }


def card(
    title: str, plan: Plan, stories: Sequence[Story], known: dict[str, Any], file: Path
) -> str:
    """The card as Markdown; `known` is what `facts` gives, `file` the weights it speaks of."""
    height, width = plan.resolution
    lines = [
        f"# {markdown(title)}",
        "",
        f"{plan.model}, width {plan.width:g}, {height} x {width} pixels, "
        f"{plan.channels} channel{'s' * (plan.channels > 1)}, "
        f"{plan.classes} classes, dialect {plan.dialect.name}: {known['parameters']:,} trained "
        "parameters.",
        "",
        *(f"- accuracy: {Measured(**one)}" for one in known["accuracy"]),
        f"- weights: {known['chosen']}",
        *(
            f"- {key}: {markdown(known[key], 5000)}"
            for key in ("data", "licence", "command", "machine", "date")
            if key in known
        ),
        f"- seed: {known['seed']}",
        f"- time: {known['minutes']:g} minutes for {known['epochs']} epochs, "
        f"{known['images per second']:,} images a second, {known['share waited for data']:.1%} of the "
        "time spent waiting for data",
        f"- file: {markdown(file.name)}, {file.stat().st_size:,} bytes, SHA-256 {digest_of(file)}",
    ]
    for number, story in enumerate(stories, 1):
        of = f" of run {number}" if len(stories) > 1 else ""
        toml = story.config.to_toml().rstrip()
        lines += ["", f"## Configuration{of}", "", "```toml", toml, "```"]
        lines += ["", f"## Log{of}", "", *_log(story.history)]
    return "\n".join(lines) + "\n"


def _log(history: Sequence[Epoch]) -> list[str]:
    def percent(value: float | None) -> str:
        return "" if value is None else f"{value:.2%}"

    head = [
        "| epoch | rate | loss | accuracy | validation loss | top-1 | seconds |",
        "|---:|---:|---:|---:|---:|---:|---:|",
    ]
    return head + [
        f"| {e.epoch} | {e.lr:.2g} | {e.loss:.4f} | {percent(e.accuracy)} | "
        f"{'' if e.validation_loss is None else f'{e.validation_loss:.4f}'} | "
        f"{percent(e.validation_top1)} | {e.seconds:.1f} |"
        for e in history
    ]
