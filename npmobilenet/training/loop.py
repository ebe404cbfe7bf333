"""The training loop: epochs of forward, loss, backward, step; validation; checkpoints.

Everything random follows from one seed: initial weights from the names of the arrays, the order of
an epoch from (seed, epoch), each image's crop from (seed, epoch, index), dropout from (seed, epoch,
step).  A run that stops and resumes therefore ends with the bits of a run that did not.
"""

import json
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from .. import ops
from ..models.network import backward, forward
from ..models.params import init
from ..models.plan import Plan
from ..ops.checks import Array
from ..weights.native import Model, load, save, write_whole
from .datasets import Dataset
from .loader import Augmentation, batches, count_batches
from .optimizers import OPTIMIZERS, Adam, Optimizer, Sgd, learning_rate
from .predict import evaluate
from .transforms import Preprocessing


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How to train.  A resumed run must be asked for with the settings it began with."""

    epochs: int = 10
    batch_size: int = 32
    optimizer: str = "sgd"
    lr: float = 0.05
    momentum: float = 0.9  # sgd's
    weight_decay: float = 0.0
    label_smoothing: float = 0.0
    schedule: str = "cosine"
    augmentation: Augmentation = "crop-flip"
    seed: int = 0
    workers: int = 2  # threads that decode images; changes no result

    def __post_init__(self) -> None:
        if self.optimizer not in OPTIMIZERS:
            known = " or ".join(OPTIMIZERS)
            raise ValueError(f"optimizer must be {known}, found {self.optimizer!r}")
        for name in ("epochs", "batch_size", "lr"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0, found {getattr(self, name)}")
        learning_rate(self.schedule, self.lr, 0, 1)

    def make_optimizer(self) -> Optimizer:
        """The optimiser these settings describe."""
        if self.optimizer == "sgd":
            return Sgd(momentum=self.momentum, weight_decay=self.weight_decay)
        return Adam(weight_decay=self.weight_decay)


@dataclass(frozen=True)
class Epoch:
    """One epoch's figures; losses are means over images, not over batches."""

    epoch: int
    loss: float
    accuracy: float
    validation_loss: float
    validation_top1: float
    seconds: float


class Reporter(Protocol):
    """Whoever shows progress.  An exception raised in here ends the run; it can be resumed."""

    def step(self, epoch: int, step: int, steps: int, loss: float, images: int) -> None:
        """After every step: the mean loss so far in this epoch, and images seen in it."""

    def epoch(self, done: Epoch, best: bool) -> None:
        """After every epoch, once its checkpoint is on disk."""


@dataclass
class _State:
    """What changes from step to step."""

    params: dict[str, Array]
    optimizer: dict[str, Array]
    history: list[Epoch]


def train(
    plan: Plan,
    training: Dataset,
    validation: Dataset,
    preprocessing: Preprocessing,
    settings: Settings,
    folder: str | Path,
    reporter: Reporter,
    *,
    resume: bool = False,
) -> list[Epoch]:
    """Train and leave in `folder`: best.safetensors, last.safetensors, class_indices.json.

    "best" is the epoch with the highest validation top-1, the earlier of equals.  With resume=True
    the run in `folder` goes on after its last whole epoch.  ValueError for a folder that already
    holds a run (without resume), settings that differ from the run's, a loss that is not finite.
    """
    folder = Path(folder)
    state = _resumed(folder, plan, settings) if resume else _fresh(folder, plan, settings)
    model = Model(plan, state.params, tuple(training.classes), preprocessing)
    indices = {str(index): name for index, name in enumerate(training.classes)}
    write_whole(folder / "class_indices.json", json.dumps(indices, indent=4).encode())
    for epoch in range(len(state.history), settings.epochs):
        started = time.perf_counter()
        loss, accuracy = _train_epoch(
            plan, state, training, preprocessing, settings, epoch, reporter
        )
        model = replace(model, params=state.params)
        scores = evaluate(model, validation, workers=settings.workers)
        best = all(scores.top1 > earlier.validation_top1 for earlier in state.history)
        seconds = time.perf_counter() - started
        done = Epoch(epoch + 1, loss, accuracy, scores.loss, scores.top1, seconds)
        state.history.append(done)
        notes = {"settings": asdict(settings), "history": [asdict(e) for e in state.history]}
        if best:
            save(replace(model, notes=notes), folder / "best.safetensors")
        save(replace(model, notes=notes, extra=state.optimizer), folder / "last.safetensors")
        reporter.epoch(done, best)
    return state.history


def _train_epoch(
    plan: Plan,
    state: _State,
    dataset: Dataset,
    preprocessing: Preprocessing,
    settings: Settings,
    epoch: int,
    reporter: Reporter,
) -> tuple[float, float]:
    """Mean loss and accuracy over the images of one epoch; state moves on."""
    optimizer = settings.make_optimizer()
    # batch normalisation cannot learn from one value a channel: a last batch of one is left out
    single = len(dataset) > 1 and len(dataset) % settings.batch_size == 1
    steps = count_batches(len(dataset), settings.batch_size, drop_last=single)
    total, correct, seen = 0.0, 0, 0
    drawn = batches(
        dataset,
        batch_size=settings.batch_size,
        preprocessing=preprocessing,
        seed=settings.seed,
        epoch=epoch,
        augmentation=settings.augmentation,
        shuffle=True,
        workers=settings.workers,
        drop_last=single,
    )
    for step, batch in enumerate(drawn):
        rng = np.random.default_rng([settings.seed, epoch, step])
        logits, tape, statistics = forward(plan, state.params, batch.x, train=True, rng=rng)
        loss, cache = ops.softmax_cross_entropy(
            logits, batch.labels, label_smoothing=settings.label_smoothing
        )
        if not np.isfinite(loss):
            raise ValueError(
                f"the loss is {loss} at epoch {epoch + 1}, step {step + 1}: try a smaller lr "
                f"than {settings.lr:g}"
            )
        grads = backward(plan, ops.softmax_cross_entropy_backward(1.0, cache), tape)
        done = epoch * steps + step
        lr = learning_rate(settings.schedule, settings.lr, done, settings.epochs * steps)
        params = state.params | statistics
        state.params, state.optimizer = optimizer.step(params, grads, state.optimizer, lr)
        total += loss * len(logits)
        correct += int((logits.argmax(axis=1) == batch.labels).sum())
        seen += len(logits)
        reporter.step(epoch + 1, step + 1, steps, total / seen, seen)
    return total / seen, correct / seen


def _fresh(folder: Path, plan: Plan, settings: Settings) -> _State:
    if (folder / "last.safetensors").exists():
        raise ValueError(f"{folder}: already holds a run; resume it or choose another folder")
    folder.mkdir(parents=True, exist_ok=True)
    params = init(plan, settings.seed)
    trained = {name: params[name] for name in plan.parameters}
    return _State(params, settings.make_optimizer().init(trained), [])


def _resumed(folder: Path, plan: Plan, settings: Settings) -> _State:
    model = load(folder / "last.safetensors")
    if model.plan != plan:
        raise ValueError(f"{folder}: the run there is of another network; resume with its options")
    before, now = model.notes["settings"], asdict(settings)
    different = [name for name in now if name != "workers" and now[name] != before.get(name)]
    if different:
        name = different[0]
        raise ValueError(
            f"{folder}: the run began with {name} {before.get(name)!r}, not {now[name]!r}; "
            "resume with the settings it began with"
        )
    history: list[dict[str, Any]] = model.notes["history"]
    return _State(model.params, model.extra, [Epoch(**epoch) for epoch in history])
