"""How a run begins: what takes its steps, where it goes on, what is written before the first one."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..datasets.dataset import Dataset
from ..datasets.file_tree import above, real
from ..disk import write_whole
from ..ops.checks import Array
from ..predicting.model import Model
from ..ranks.world import Ranks
from ..weights.native import save
from .compiled_step import CompiledStep, Take, taker
from .config import Config
from .parts import Share
from .preflight import require_batches
from .quantized.beginning import first_arrays
from .quantized.step import QuantizedStep, quantized_step
from .run.checkpoint import BEST, LAST, Progress, load_checkpoint, mend_last, same_sample, sample_of
from .run.folder import erase, require_no_run, require_room
from .run.history import Epoch, Reporter, write_logs
from .run.listing import Listing
from .run.resuming import best_is_gone, other_images, require_same_run
from .run.run import Run
from .shared_step import SharedStep
from .step import State, Step


def joins(config: Config) -> bool:
    """Whether batch normalisation is to see the parts of all ranks."""
    return config.train.sync_bn and config.train.engine == "reference"


def _step(model: Model, config: Config, images: int) -> Step:
    """What takes the steps, of a run on so many images."""
    if config.quantize.wanted:
        return quantized_step(model, config, images)
    train = config.train
    settings = {"label_smoothing": train.label_smoothing, "clip": train.clip, "ema": train.ema}
    return Step.of(model.plan, config.optimizer, train.freeze, **settings)


def shared_taker(
    model: Model, config: Config, training: Dataset, ranks: Ranks, share: Share, reporter: Reporter
) -> Take:
    """What takes the steps; where a batch is in parts, a `SharedStep`."""
    train, step = config.train, _step(model, config, len(training))
    require_batches(step, training, config)
    largest = share.largest(min(train.batch, len(training)))
    take, slower = taker(step, largest, train.threads, train.engine)
    if slower:
        reporter.remark(slower)
    if ranks.size * share.parts == 1:
        return take
    if train.sync_bn and not joins(config) and ranks.size > 1:
        reporter.remark(
            "train.sync_bn: the compiled step normalises by each rank's own part; "
            'train.engine = "reference" by all of them'
        )
    assert isinstance(take, Step | CompiledStep)
    return SharedStep(take, ranks, share)


def where(
    folder: Path,
    model: Model,
    config: Config,
    training: Dataset,
    validation: Dataset | None,
    seen: Listing,
    reporter: Reporter,
    resume: bool,
    anew: bool,
    other_data: bool,
    targets: Array | None,
) -> tuple[State, Progress, list[Epoch], list[dict[str, Any]]]:
    """Where the run begins, or goes on; and the times when it went on with other images."""
    if not (resume or anew):
        require_no_run(folder)
    require_room(folder, model.plan, config)
    for teacher in config.distillation.teachers if anew else ():
        if Path(teacher).exists() and real(folder) in above(Path(teacher) / "file"):
            raise ValueError(
                f"{folder}: --anew would erase the teacher {teacher}; keep it elsewhere"
            )
    if not resume:
        if anew and (gone := erase(folder)):
            reporter.remark(f"{folder}: the run that was there is erased ({', '.join(gone)})")
        return _first(model, config, training), Progress(), [], []
    found, state, progress, remark = load_checkpoint(folder)
    if remark:
        reporter.remark(remark)
    require_same_run(folder, found, model, config, reporter)
    _require_fitting(folder, state, _step(model, config, len(training)).start(state.params))
    others = list(found.notes.get("other data", []))
    said = other_images(folder, found, training, validation, seen)
    if not said and not same_sample(found.notes["data"].get("targets"), sample_of(targets)):
        said = f"{folder}: what the images teach is not what the run began with; another teacher?"
    if said:
        if not other_data:
            raise ValueError(f"{said}; go on all the same: --other-data (other_data=True)")
        reporter.remark(said)
        others.append({"epoch": progress.epoch + 1, "step": progress.step, "what": said})
        if found.notes["data"]["images"] != len(training):  # the steps of an epoch are others
            progress = Progress(epoch=progress.epoch)
    mend_last(folder)
    return state, progress, [Epoch(**epoch) for epoch in found.notes["history"]], others


def _require_fitting(folder: Path, state: State, wanted: State) -> None:
    """ValueError unless a checkpoint has the arrays that its configuration asks for."""
    parts = (("optimiser", "optimizer"), ("average", "average"))
    for what, part in parts:
        has, needs = getattr(state, part), getattr(wanted, part)
        for name in sorted({*has, *needs}):
            one, other = (arrays.get(name) for arrays in (has, needs))
            if one is None or other is None or one.shape != other.shape:
                raise ValueError(
                    f"{folder / LAST}: a run of another version (its {what}'s {name} is "
                    f"{'not there' if one is None else 'another one than its configuration asks for'})"
                )


def _first(model: Model, config: Config, training: Dataset) -> State:
    """The state before the first step."""
    step, params = _step(model, config, len(training)), model.params
    if isinstance(step, QuantizedStep):
        params = first_arrays(step.ways, model, training, config)
    return step.start(params)


def mend_best(run: Run, resume: bool) -> None:
    """Where the best weights of a run that goes on are gone, the last ones take their place."""
    if resume and run.history and (why := best_is_gone(run.folder)):
        run.reporter.remark(f"{why}; the last checkpoint takes its place, and the next epoch")
        save(replace(run.answer(), notes=run.notes()), run.folder / BEST)
        run.forgotten = len(run.history)


def write_descriptions(run: Run) -> None:
    indices = {str(index): name for index, name in enumerate(run.training.classes)}
    text = json.dumps(indices, indent=4)
    write_whole(run.folder / "class_indices.json", text.encode())
    write_whole(run.folder / "config.toml", run.config.to_toml().encode())
    if run.history:  # the run may have been killed before it wrote them
        write_logs(run.folder, run.history)
