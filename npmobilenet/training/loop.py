"""The training loop: epochs of steps; validation; checkpoints; stopping and going on.

Everything random follows from one seed: initial weights from the names of the arrays, the order of
an epoch from (seed, epoch), each image's augmentation from (seed, epoch, index), what is mixed and
dropped from (seed, epoch, step).  A run that stops and resumes, after whichever step, therefore ends
with the bits of a run that did not.
"""

import json
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..datasets.dataset import Dataset
from ..datasets.loader import Batch, batches
from ..images.mixing import mixed
from ..images.preprocessing import Preprocessing
from ..models.network_plan import Plan
from ..models.params import init
from ..ops.checks import Array
from ..predicting.evaluation import evaluate
from ..predicting.model import Model
from ..weights.disk import write_whole
from ..weights.native import save
from .compiled_step import Take, taker
from .config import Config
from .preflight import require_apart, require_batches, require_kinds, require_sound
from .run.checkpoint import BEST, Progress, load_checkpoint, mend_last
from .run.folder import erase, in_use, require_no_run, require_room
from .run.history import Epoch, Reporter, Silent, Status, write_logs
from .run.resuming import best_is_gone, require_same_run
from .run.run import Run, never
from .run.stopping import heeded
from .run.threads import computing_threads
from .step import State, Step

MIXING = 3  # distinguishes this stream of random numbers from dropout's


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
    stop: Callable[[], bool] = never,
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
    stop           asked after each step: if it says True, the run is saved and KeyboardInterrupt raised;
                   where none is given, Ctrl-C does so, and a second one does not wait for the step

    Returns a list of `Epoch`.  ValueError for a folder that already holds a run (without resume or anew),
    a configuration that is not the run's (with resume), a folder in which another run is under way, names
    that cannot be written, numbers that are no longer finite; OSError where the folder cannot be written
    or the disk is full.  Whatever ends a run, its last checkpoint stays whole.
    """
    require_kinds(training, validation, config, targets)
    folder = Path(folder)
    model = Model(
        plan, dict(params or init(plan, config.train.seed)), training.classes, preprocessing
    )
    require_sound(model, training, validation, config, targets)
    require_apart(folder, training, validation)
    who = reporter or Silent()
    with (
        in_use(folder, who.remark),
        computing_threads(config.train.threads),
        np.errstate(over="ignore", invalid="ignore"),  # what is not finite is looked for, and said
    ):
        if not (resume or anew):
            require_no_run(folder)
        begun = _begin(folder, model, config, training, who, resume)
        run = Run(model, training, validation, config, folder, who, stop, *begun, targets)
        if resume:
            run.kept = (run.progress.epoch, run.progress.step)
            if run.history and (why := best_is_gone(folder)):
                who.remark(f"{why}; the last checkpoint takes its place, and the next epoch")
                save(
                    replace(run.model, params=run.state.best_params, notes=run.notes()),
                    folder / BEST,
                )
                run.forgotten = len(run.history)
        elif anew and (gone := erase(folder)):
            who.remark(f"{folder}: the run that was there is erased ({', '.join(gone)})")
        _write_descriptions(run)
        run.saved = time.monotonic()
        with heeded(stop) as run.stop:
            while run.progress.epoch < config.train.epochs:
                _learn(run)
                _finish_epoch(run)
        return run.history


def _begin(
    folder: Path, model: Model, config: Config, training: Dataset, reporter: Reporter, resume: bool
) -> tuple[Take, State, Progress, list[Epoch]]:
    """Where the run begins, or goes on."""
    train = config.train
    settings = {"label_smoothing": train.label_smoothing, "clip": train.clip, "ema": train.ema}
    step = Step.of(model.plan, config.optimizer, train.freeze, **settings)
    require_batches(step, training, config)
    take, slower = taker(step, train.batch, train.threads, train.engine)
    if slower:
        reporter.remark(slower)
    require_room(folder, model.plan, config)
    if not resume:
        return take, step.start(model.params), Progress(), []
    found, state, progress, remark = load_checkpoint(folder)
    if remark:
        reporter.remark(remark)
    require_same_run(folder, found, model, config, training, reporter)
    mend_last(folder)
    return take, state, progress, [Epoch(**epoch) for epoch in found.notes["history"]]


def _write_descriptions(run: Run) -> None:
    indices = {str(index): name for index, name in enumerate(run.training.classes)}
    text = json.dumps(indices, indent=4)
    write_whole(run.folder / "class_indices.json", text.encode())
    write_whole(run.folder / "config.toml", run.config.to_toml().encode())
    if run.history:  # the run may have been killed before it wrote them
        write_logs(run.folder, run.history)


def _learn(run: Run) -> None:
    """The steps of one epoch that are still to be taken."""
    train, progress = run.config.train, run.progress
    drawn = batches(
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
    )
    with closing(drawn):
        while progress.step < run.steps:
            started = time.perf_counter()
            with run.keeping():
                batch = next(drawn)
            waited = time.perf_counter() - started
            _take_step(run, batch)
            progress.seconds += time.perf_counter() - started
            progress.waited += waited
            with run.keeping():
                run.interrupt()
            if time.monotonic() - run.saved >= 60 * train.save_minutes:
                run.save()


def _take_step(run: Run, batch: Batch) -> None:
    train, progress, lr = run.config.train, run.progress, run.lr(run.state.step)
    here = [train.seed, progress.epoch, progress.step]
    how, classes = run.config.augment, run.model.plan.classes
    learnt = batch.labels if run.targets is None else run.targets[batch.indices]
    x, targets = mixed(batch.x, learnt, classes, how, np.random.default_rng([*here, MIXING]))
    try:
        loss, logits = run.take(run.state, x, targets, lr=lr, rng=np.random.default_rng(here))
    except ValueError as error:
        if "loss" not in str(error):
            raise
        raise run.diverged(str(error), progress.step + 1) from None
    progress.step += 1
    progress.loss += loss * len(logits)
    progress.correct += int((logits.argmax(axis=1) == batch.labels).sum())
    progress.seen += len(logits)
    status = Status(
        progress.epoch + 1, train.epochs, progress.step, run.steps, progress.loss / progress.seen,
        progress.correct / progress.seen, lr, progress.seen, progress.seconds, progress.waited,
    )  # fmt: skip
    with run.keeping():
        run.reporter.step(status)


def _finish_epoch(run: Run) -> None:
    """Measure, and put the epoch's figures and checkpoints on disk."""
    run.save()  # before anything that may fail: measuring can be done again
    progress, started = run.progress, time.perf_counter()
    model = replace(run.model, params=run.state.best_params)
    loss, top1, top5 = _measured(run, model)
    earlier = [epoch.validation_top1 for epoch in run.history[run.forgotten :]]
    best = top1 is None or all(before is None or top1 > before for before in earlier)
    done = Epoch(
        epoch=progress.epoch + 1,
        step=run.state.step,
        images=progress.seen,
        lr=run.lr(run.state.step - 1),
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
    if best:
        save(replace(model, notes=run.notes()), run.folder / BEST)
    run.save()
    try:
        write_logs(run.folder, run.history)
    except OSError as error:  # a program that shows the log may hold it; the history has it all
        run.reporter.remark(str(error))
    run.reporter.epoch(done)


def _measured(run: Run, model: Model) -> tuple[float | None, float | None, float | None]:
    """Loss, top-1 and top-5 on the validation images, where there are any."""
    if run.validation is None:
        return None, None, None
    count = len(run.validation)

    def shown(done: int) -> None:
        run.reporter.measure(done, count)
        run.interrupt()

    workers = run.config.data.workers
    scores = evaluate(model, run.validation, workers=workers, progress=shown)
    if not np.isfinite(scores.loss):
        raise run.diverged(f"the validation loss is {scores.loss}", run.progress.step)
    return scores.loss, scores.top1, scores.top5
