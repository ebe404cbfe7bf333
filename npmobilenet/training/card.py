"""A model's card: what it is, what it learnt from, how, how well, and what file that was said of."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from ..cost import cost
from ..models.plan import Plan
from .config import Config
from .history import Epoch
from .metrics import Scores

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


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    return sha256(path.read_bytes()).hexdigest()


def facts(
    plan: Plan, config: Config, history: Sequence[Epoch], measured: Sequence[Measured], **more: str
) -> dict[str, Any]:
    """What a card tells, as JSON that goes into the weight file's notes too."""
    seconds = sum(epoch.seconds for epoch in history)
    waited = sum(epoch.waited for epoch in history)
    learning = sum(epoch.images / epoch.images_per_second for epoch in history)
    return {
        **more,
        "parameters": cost(plan).params.trainable,
        "seed": config.train.seed,
        "epochs": len(history),
        "chosen": CHOSEN[config.data.validation],
        "accuracy": [asdict(one) for one in measured],
        "minutes": round(seconds / 60, 1),
        "images per second": round(sum(epoch.images for epoch in history) / learning),
        "share waited for data": round(waited / seconds, 3),
    }


def card(
    title: str,
    plan: Plan,
    config: Config,
    history: Sequence[Epoch],
    told: dict[str, Any],
    file: Path,
) -> str:
    """The card as Markdown; `told` is what `facts` gives, `file` the weights it speaks of."""
    height, width = plan.resolution
    lines = [
        f"# {title}",
        "",
        f"{plan.model}, width {plan.width:g}, {height} x {width} pixels, {plan.channels} channels, "
        f"{plan.classes} classes, dialect {plan.dialect.name}: {told['parameters']:,} trained "
        "parameters.",
        "",
        *(f"- accuracy: {Measured(**one)}" for one in told["accuracy"]),
        f"- weights: {told['chosen']}",
        *(
            f"- {key}: {told[key]}"
            for key in ("data", "licence", "command", "machine", "date")
            if key in told
        ),
        f"- seed: {told['seed']}",
        f"- time: {told['minutes']:g} minutes for {told['epochs']} epochs, "
        f"{told['images per second']:,} images a second, {told['share waited for data']:.1%} of the "
        "time spent waiting for data",
        f"- file: {file.name}, {file.stat().st_size:,} bytes, SHA-256 {digest(file)}",
        "",
        "## Configuration",
        "",
        "```toml",
        config.to_toml().rstrip(),
        "```",
        "",
        "## Log",
        "",
        *_log(history),
    ]
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
