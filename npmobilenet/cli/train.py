"""npmobilenet train DATA."""

import argparse
import os
import shlex
import signal
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..images.augment import AUGMENTATIONS
from ..training.config import Config, Document
from ..training.run.stopping import Stopper, say
from .common import console
from .compiling import compile_kernels
from .progress import ConsoleReporter
from .streams import settle
from .train_options import configure as configure

if TYPE_CHECKING:
    from rich.console import Console

    from ..ops.checks import Array
    from ..predicting.model import Model
    from ..ranks.world import Ranks
    from ..training.prepare import Prepared

# flag -> where its value goes in the configuration
FLAGS = {
    "data": "data.path", "model": "model.name", "width": "model.width", "divisor": "model.divisor",
    "resolution": "model.resolution", "dialect": "model.dialect", "weights": "model.weights",
    "family": "model.family",
    "epochs": "train.epochs", "batch": "train.batch", "seed": "train.seed",
    "label_smoothing": "train.label_smoothing", "freeze": "train.freeze", "ema": "train.ema",
    "optimizer": "optimizer.name", "lr": "optimizer.lr", "momentum": "optimizer.momentum",
    "weight_decay": "optimizer.weight_decay", "schedule": "schedule.name",
    "workers": "data.workers", "threads": "train.threads", "engine": "train.engine",
    "validation": "data.validation", "skip_bad": "data.skip_bad", "teacher": "distillation.teachers",
}  # fmt: skip


def run(options: argparse.Namespace) -> int:
    """Train; progress on the console, everything else in the run's folder."""
    with Stopper() as stopper:
        try:
            _run(options, stopper)
        except KeyboardInterrupt:
            if stopper.number in (0, signal.SIGINT):
                raise
            say(f"\nnpmobilenet: ended by {signal.Signals(stopper.number).name}\n")
            settle(sys.stdout)
            return 128 + stopper.number
    return 0


def _run(options: argparse.Namespace, stopper: Stopper) -> None:
    from ..ranks.world import Ranks
    from ..training.loop import train
    from ..training.preflight import require_apart, require_memory
    from ..training.prepare import prepare_run
    from ..training.report.plots import trouble
    from ..training.run.folder import in_use, require_room
    from ..training.run.threads import computing_threads

    ranks = options.ranks or Ranks()
    with ranks.agreeing():
        folder, document, resumed = _asked(options, ranks)
        prepared = prepare_run(document, resumed)
        require_apart(folder, prepared.training, prepared.validation)
        require_memory(prepared.plan, prepared.config, len(prepared.training), ranks.size)
    out = console()
    reporter = ConsoleReporter(out, folder)
    with (
        in_use(folder, reporter.remark) if ranks.first else nullcontext(),
        computing_threads(prepared.config.train.threads),
    ):
        if ranks.first:
            require_room(folder, prepared.plan, prepared.config)
        _introduce(reporter, prepared, ranks)
        if missing := trouble():
            reporter.remark(missing)
        for turn in (True, False):  # the others find on disk what the first one has compiled
            if ranks.first is turn:
                compile_kernels(out, prepared.plan, prepared.config.train.engine)
            ranks.any(False)
        targets = _ask(out, prepared)
        with reporter, stopper.learning():
            train(
                prepared.plan, prepared.training, prepared.validation, prepared.preprocessing,
                prepared.config, folder, reporter,
                params=prepared.params, targets=targets, resume=options.resume,
                anew=options.anew, other_data=options.other_data, stop=stopper.stop, ranks=ranks,
            )  # fmt: skip
        command = "npmobilenet " + shlex.join(sys.argv[1:])
        if ranks.first:
            with ranks.alone():
                _conclude(reporter, prepared, folder, command, said=missing)


def _asked(options: argparse.Namespace, ranks: "Ranks") -> "tuple[Path, Document, Model | None]":
    """The run's folder, its configuration, and where it goes on its last checkpoint.

    Usage errors end the program: no images named, or a folder that holds a run already.
    """
    from ..training.documents import merged, overrides, read_document
    from ..training.run.checkpoint import load_checkpoint
    from ..training.run.folder import require_no_run

    layers = [overrides(options.option), _flags(options)]
    if options.config:
        layers.insert(0, read_document(options.config))
    path = merged(*layers).get("data", {}).get("path", "")
    if not (options.output or path):
        options.complain("give DATA, a configuration with data.path, or with --resume its --output")
    folder = Path(options.output or Path("runs") / Path(os.path.abspath(str(path))).name)
    if options.resume:
        with ranks.agreeing():
            resumed = load_checkpoint(folder)[0] if ranks.first else None
        resumed = ranks.from_first(resumed)
        return folder, merged(resumed.notes["config"], *layers), resumed
    if not path:
        options.complain("give DATA, or a configuration with data.path")
    if ranks.first and not options.anew:
        try:
            require_no_run(folder)
        except ValueError as error:
            options.complain(str(error))
    return folder, merged(*layers), None


def _flags(options: argparse.Namespace) -> Document:
    """What the plain flags say, as a document; those not given say nothing."""
    document: Document = {}
    if options.augmentation:
        chosen = Config(augment=AUGMENTATIONS[options.augmentation])
        document["augment"] = chosen.to_document()["augment"]
    for flag, key in FLAGS.items():
        value: Any = getattr(options, flag)
        if value is not None:
            section, _, name = key.partition(".")
            value = list(value) if isinstance(value, tuple) else value
            document.setdefault(section, {})[name] = value
    return document


def _introduce(reporter: ConsoleReporter, prepared: "Prepared", ranks: "Ranks") -> None:
    """What will be learnt from what, and what deserves a warning."""
    from ..cost import cost
    from ..datasets.class_balance import summary

    out, network = reporter.out, prepared.plan
    training, validation = prepared.training, prepared.validation
    kind = {"holdout": "held-out"}.get(prepared.config.data.validation, "validation")
    measured = f"{len(validation):,} {kind}" if validation is not None else "no validation"
    out.print(
        f"{len(training):,} training and {measured} images of "
        f"{len(training.classes)} classes; {network.model} width {network.width:g} at "
        f"{network.resolution[0]} x {network.resolution[1]}, "
        f"{cost(network).params.trainable:,} trainable parameters",
        soft_wrap=True,
    )
    out.print(f"training: {summary(training)}", soft_wrap=True)
    if ranks.size > 1:
        hosts, batch = len(set(ranks.hosts)), prepared.config.train.batch
        out.print(
            f"{ranks.size} ranks on {hosts} host{'s' * (hosts > 1)}, a batch of {batch:,} shared out",
            soft_wrap=True,
        )
    for remark in prepared.remarks:
        reporter.remark(remark)


def _ask(out: "Console", prepared: "Prepared") -> "Array | None":
    """What teachers say of the training images, if there are any."""
    if not prepared.teachers:
        return None
    count = len(prepared.teachers)
    out.print(
        f"asking {count} teacher{'s' * (count > 1)} about {len(prepared.training):,} images ..."
    )
    started = time.perf_counter()
    targets = prepared.targets()
    out.print(f"asked in {time.perf_counter() - started:.0f} s")
    return targets


def _conclude(
    reporter: ConsoleReporter, prepared: "Prepared", folder: Path, command: str, said: str
) -> None:
    """Curves, confusion matrix and card; where the weights are and how good.  said: a remark already."""
    from ..training.report.finish import conclude

    scores, remarks = conclude(folder, prepared.validation, prepared.config, command)
    for remark in remarks:
        if remark != said:
            reporter.remark(remark)
    line = f"weights in {folder / 'best.safetensors'}"
    if scores is not None:
        low, high = scores.interval
        line = (
            f"best validation top-1 {scores.top1:.2%} ({scores.correct:,} of {scores.count:,}, 95 % "
            f"interval {low:.2%} to {high:.2%}); {line}"
        )
    reporter.out.print(line, soft_wrap=True)
