"""The training loop: epochs of steps; validation; checkpoints; stopping and going on.

Everything random follows from one seed: initial weights from the names of the arrays, the order of
an epoch from (seed, epoch), each image's augmentation from (seed, epoch, index), what is mixed and
dropped from (seed, epoch, step).  A run that stops and resumes, after whichever step, therefore ends
with the bits of a run that did not.
"""

import time
from collections.abc import Callable, Mapping
from contextlib import closing, nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..datasets.dataset import Dataset
from ..datasets.loader import Batch, batches
from ..images.mixing import Mixture, drawn
from ..images.preprocessing import Preprocessing
from ..models.network_plan import Plan
from ..models.params import init
from ..ops.checks import Array
from ..predicting.evaluation import evaluate
from ..predicting.model import Model
from ..ranks.world import Ranks
from ..text import names_visible
from ..weights.native import save
from .beginning import joins, mend_best, shared_taker, where, write_descriptions
from .config import Config
from .parts import MIXING, Share
from .preflight import require_apart, require_kinds, require_memory, require_sound
from .run.agreement import require_agreement, require_alike
from .run.checkpoint import BEST, Progress
from .run.folder import in_use
from .run.history import Epoch, Reporter, Silent, Status, write_logs
from .run.listing import listed, written
from .run.lock import require_held
from .run.run import Run, never
from .run.stopping import heeded
from .run.threads import computing_threads
from .shared_step import SharedStep

FIRST = 24.0  # seconds that a step may take before it is known: it loads, perhaps compiles, kernels


@names_visible
def train(
    plan: Plan,
    training: Dataset,
    validation: Dataset | None,
    preprocessing: Preprocessing,
    config: Config,
    folder: str | Path,
    reporter: Reporter | None = None,
    *,
    params: Mapping[str, Array] | None = None,
    targets: Array | None = None,
    resume: bool = False,
    anew: bool = False,
    other_data: bool = False,
    stop: Callable[[], bool] = never,
    ranks: Ranks | None = None,
) -> list[Epoch]:
    """Train, and leave in a folder weights, checkpoints, logs, configuration and class names.

    plan           the network
    training       images to learn from
    validation     images to measure on after each epoch; None: nothing is measured
    preprocessing  what is done to every image
    config         a `Config`, of which the sections data and model are not used: plan and images are
                   given here
    folder         to leave it all in; best.safetensors is the epoch with the highest validation top-1,
                   the earlier of equals; without validation the last one
    reporter       whoever shows progress; None: nobody
    params         to start from; None: fresh ones
    targets        (n, classes), rows of probabilities to learn instead of labels
    resume         True: go on with the run in the folder
    anew           True: erase it
    other_data     True: with resume, go on though the images are not those it began with
    stop           asked after each step: if it says True, the run is saved and KeyboardInterrupt raised;
                   where none is given, Ctrl-C does so, and a second one does not wait for the step
    ranks          who learns together (ranks.world.world()), each calling this with the same arguments;
                   the first one writes.  None: this process alone

    Returns a list of `Epoch`.  ValueError for a folder that already holds a run (without resume or anew),
    a configuration or images that are not the run's (with resume), a folder in which another run is under
    way, names that cannot be written, numbers that are no longer finite; OSError where the folder cannot
    be written or the disk is full.  Whatever ends a run, its last checkpoint stays whole.
    """
    require_kinds(training, validation, config, targets)
    folder, ranks = Path(folder), ranks or Ranks()
    model = Model(
        plan, dict(params or init(plan, config.train.seed)), training.classes, preprocessing
    )
    require_sound(model, training, validation, config, targets)
    require_apart(folder, training, validation)
    require_memory(plan, config, len(training), ranks.size)
    with ranks.agreeing():
        seen = listed(training, validation)
    require_agreement(ranks, model, training, validation, config, targets, seen)
    who = reporter or Silent()
    with (
        in_use(folder, who.remark) if ranks.first else nullcontext(),
        computing_threads(config.train.threads),
        np.errstate(over="ignore", invalid="ignore"),  # what is not finite is looked for, and said
    ):
        share = Share(ranks.rank, ranks.size, config.train.accumulate, joins(config))
        take = shared_taker(model, config, training, ranks, share, who)
        with ranks.agreeing():
            given = folder, model, config, training, validation, seen, who, resume, anew, other_data
            begun = where(*given, targets) if ranks.first else None
        state, progress, history, others = ranks.from_first(begun)
        made = model, training, validation, config, folder, who, stop, take
        run = Run(*made, state, progress, history, targets)
        run.ranks, run.share, run.seen, run.others = ranks, share, seen, others
        if resume:
            run.kept = (run.progress.epoch, run.progress.step)
        with ranks.agreeing():
            if ranks.first:
                run.file = written(seen, folder)
                mend_best(run, resume)
                write_descriptions(run)
        run.forgotten = ranks.from_first(run.forgotten)
        run.saved = time.monotonic()
        ranks.hurry(FIRST)
        with heeded(stop) as run.stop:
            while run.progress.epoch < config.train.epochs:
                _learn(run)
                _finish_epoch(run)
        return run.history


def _learn(run: Run) -> None:
    """The steps of one epoch that are still to be taken."""
    train, progress = run.config.train, run.progress
    learnt = batches(
        run.training,
        batch_size=train.batch,
        preprocessing=run.model.preprocessing,
        seed=train.seed,
        epoch=progress.epoch,
        augmentation=run.config.augment,
        shuffle=True,
        workers=run.config.data.workers,
        drop_last=run.drop_last,
        first=progress.step,
        rows=lambda step, count: _prepared(run, step, count),
    )
    with closing(learnt):
        while progress.step < run.steps:
            started = time.perf_counter()
            with run.keeping(), run.ranks.agreeing():
                batch = next(learnt)
            waited = time.perf_counter() - started
            _take_step(run, batch)
            progress.seconds += time.perf_counter() - started
            progress.waited += waited
            with run.keeping():
                run.interrupt()
            run.ranks.hurry(time.perf_counter() - started)
            if time.monotonic() - run.saved >= 60 * train.save_minutes:
                run.save()


def _mixture(run: Run, step: int, count: int) -> Mixture | None:
    """How the images of a batch of this epoch are mixed."""
    here = [run.config.train.seed, run.progress.epoch, step, MIXING]
    how, size = run.config.augment, run.model.preprocessing.resolution
    return drawn(count, size, how, np.random.default_rng(here))


def _prepared(run: Run, step: int, count: int) -> NDArray[np.int64]:
    """Which images of a batch this rank prepares: its own, and after them those they are mixed with."""
    own, mixture = run.share.rows(count), _mixture(run, step, count)
    if mixture is None or run.ranks.size == 1:  # which prepares them all
        return own
    return np.concatenate([own, mixture.partner[own]])


def _take_step(run: Run, batch: Batch) -> None:
    train, progress, lr = run.config.train, run.progress, run.lr(run.place)
    here = [train.seed, progress.epoch, progress.step]
    count = min(train.batch, len(run.training) - train.batch * progress.step)
    x, targets, labels = _own(run, batch, count)
    shared = {"of": count} if isinstance(run.take, SharedStep) else {}
    rng = np.random.default_rng(here)
    try:
        loss, logits = run.take(run.state, x, targets, lr=lr, rng=rng, **shared)
    except ValueError as error:
        if "loss" not in str(error):
            raise
        raise run.diverged(str(error), progress.step + 1) from None
    progress.step += 1
    progress.loss += loss * count
    right = np.array([(logits.argmax(axis=1) == labels).sum()])
    progress.correct += int(run.ranks.sum(right)[0])
    progress.seen += count
    status = Status(
        progress.epoch + 1, train.epochs, progress.step, run.steps, progress.loss / progress.seen,
        progress.correct / progress.seen, lr, progress.seen, progress.seconds, progress.waited,
    )  # fmt: skip
    with run.keeping():
        run.reporter.step(status)


def _own(run: Run, batch: Batch, count: int) -> tuple[Array, Array, Array]:
    """Images and targets of this rank's rows, mixed where that is asked for, and their labels."""
    learnt = batch.labels if run.targets is None else run.targets[batch.indices]
    mixture = _mixture(run, run.progress.step, count)
    if mixture is None:
        return batch.x, learnt, batch.labels
    classes, own = run.model.plan.classes, np.arange(len(run.share.rows(count)))
    others = own + len(own) if run.ranks.size > 1 else mixture.partner
    pairs = batch.x[own], learnt[own], batch.x[others], learnt[others]
    return *mixture.mix(*pairs, classes), batch.labels[own]


def _finish_epoch(run: Run) -> None:
    """Measure, and put the epoch's figures and checkpoints on disk."""
    require_alike(run.ranks, run.state)
    run.save()  # before anything that may fail: measuring can be done again
    progress, started = run.progress, time.perf_counter()
    model = run.answer()
    loss, top1, top5 = _measured(run, model)
    earlier = [epoch.validation_top1 for epoch in run.history[run.forgotten :]]
    best = top1 is None or all(before is None or top1 > before for before in earlier)
    done = Epoch(
        epoch=progress.epoch + 1,
        step=run.state.step,
        images=progress.seen,
        lr=run.lr(run.place - 1),
        loss=progress.loss / progress.seen,
        accuracy=progress.correct / progress.seen,
        validation_loss=loss,
        validation_top1=top1,
        validation_top5=top5,
        seconds=progress.seconds + time.perf_counter() - started,
        waited=progress.waited,
        images_per_second=progress.seen / max(progress.seconds, 1e-9),
        best=best,
    )
    run.history.append(done)
    vars(progress).update(vars(Progress(epoch=progress.epoch + 1)))
    if run.ranks.first:
        with run.ranks.alone():
            _write(run, replace(model, notes=run.notes()) if best else None)
    run.reporter.epoch(done)


def _write(run: Run, best: Model | None) -> None:
    """What is on disk after an epoch."""
    require_held(run.folder)
    if best:
        save(best, run.folder / BEST)
    run.save()
    try:
        write_logs(run.folder, run.history)
    except OSError as error:  # a program that shows the log may hold it; the history has it all
        run.reporter.remark(str(error))


def _measured(run: Run, model: Model) -> tuple[float | None, float | None, float | None]:
    """Loss, top-1 and top-5 on the validation images, where there are any."""
    if run.validation is None:
        return None, None, None
    count = len(run.validation)

    def shown(done: int) -> None:
        run.reporter.measure(done, count)
        if run.stop():  # saved it is already; the other ranks hear of it where all have measured
            raise KeyboardInterrupt

    workers = run.config.data.workers
    scores = evaluate(model, run.validation, workers=workers, progress=shown, ranks=run.ranks)
    if not np.isfinite(scores.loss):
        raise run.diverged(f"the validation loss is {scores.loss}", run.progress.step)
    return scores.loss, scores.top1, scores.top5
