"""npmobilenet train DATA."""

import argparse
import time
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ..cost import cost
from ..models.plan import MODELS
from ..training.loop import Epoch, Settings
from .common import add_plan_options, compile_kernels, console


def configure(parser: argparse.ArgumentParser) -> None:
    """Options; the defaults of training are those of Settings."""
    default = Settings()
    parser.add_argument(
        "data",
        metavar="DATA",
        help="folder with train/ and val/ and in each a folder a class, folder of idx-gz files "
        "(MNIST, Fashion-MNIST), or fashion-mnist-sample, which is shipped",
    )
    parser.add_argument("--model", choices=list(MODELS), default="v1", help="(v1)")
    add_plan_options(parser, classes=False)
    add = parser.add_argument
    add("--output", metavar="FOLDER", help="where the run is kept (runs/NAME-OF-DATA)")
    add("--resume", action="store_true", help="go on after the last whole epoch of that run")
    add("--epochs", type=int, default=default.epochs, help=f"({default.epochs})")
    add(
        "--batch",
        type=int,
        default=default.batch_size,
        help=f"images a step ({default.batch_size})",
    )
    add(
        "--optimizer",
        choices=["sgd", "adam"],
        default=default.optimizer,
        help=f"({default.optimizer})",
    )
    add("--lr", type=float, default=default.lr, help=f"peak learning rate ({default.lr:g})")
    add("--momentum", type=float, default=default.momentum, help=f"of sgd ({default.momentum})")
    add(
        "--weight-decay",
        type=float,
        default=default.weight_decay,
        help=f"({default.weight_decay:g})",
    )
    add("--label-smoothing", type=float, default=default.label_smoothing, help="(0)")
    add("--schedule", choices=["cosine", "constant"], default=default.schedule, help="(cosine)")
    add(
        "--augmentation",
        choices=["crop-flip", "flip", "none"],
        help="(crop-flip for photographs, flip for idx files)",
    )
    add("--seed", type=int, default=default.seed, help="of everything random (0)")
    add(
        "--workers", type=int, default=default.workers, help=f"decoding threads ({default.workers})"
    )
    parser.epilog = (
        "example: npmobilenet train flower_photos --width 0.25 --resolution 96 --epochs 5"
    )


def run(options: argparse.Namespace) -> int:
    """Train; progress on the console, checkpoints in the run's folder."""
    from ..models.dialects import dialect_named
    from ..models.plan import plan
    from ..training.data import default_preprocessing, load_splits
    from ..training.loop import train

    splits = load_splits(options.data)
    usual = dialect_named(options.dialect).resolution
    preprocessing = default_preprocessing(splits.train, options.resolution or (usual, usual))
    network = plan(
        options.model,
        width=options.width,
        resolution=preprocessing.resolution,
        divisor=options.divisor,
        classes=len(splits.train.classes),
        channels=preprocessing.channels,
        dialect=options.dialect,
    )
    names = ("epochs", "optimizer", "lr", "momentum", "weight_decay", "label_smoothing")
    settings = Settings(
        batch_size=options.batch,
        augmentation=options.augmentation or ("crop-flip" if splits.kind == "folder" else "flip"),
        **{name: getattr(options, name) for name in (*names, "schedule", "seed", "workers")},
    )
    folder = Path(options.output or Path("runs") / Path(options.data).name)
    out = console()
    out.print(
        f"{len(splits.train):,} training and {len(splits.validation):,} validation images of "
        f"{len(splits.train.classes)} classes; {network.model} width {network.width:g} at "
        f"{network.resolution[0]} x {network.resolution[1]}, "
        f"{cost(network).params.trainable:,} trainable parameters"
    )
    compile_kernels(out, network)
    with ConsoleReporter(out) as reporter:
        history = train(
            network, splits.train, splits.validation, preprocessing, settings, folder, reporter,
            resume=options.resume,
        )  # fmt: skip
    best = max(history, key=lambda epoch: epoch.validation_top1)
    out.print(
        f"best validation top-1 {best.validation_top1:.2%} in epoch {best.epoch}; "
        f"weights in {folder / 'best.safetensors'}",
        markup=False,
    )
    return 0


class ConsoleReporter:
    """A bar on a terminal, a line now and then in a pipe, a line for each epoch in both."""

    def __init__(self, out: Console) -> None:
        self.out = out
        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[figures]}"),
            TimeRemainingColumn(compact=True),
            console=out,
            transient=True,
            disable=not out.is_terminal,
        )
        self.task = self.bar.add_task("epoch", figures="", visible=False)
        self.started = self.said = time.perf_counter()

    def __enter__(self) -> "ConsoleReporter":
        self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.stop()

    def step(self, epoch: int, step: int, steps: int, loss: float, images: int) -> None:
        """Move the bar; in a pipe print a line every ten seconds."""
        now = time.perf_counter()
        if step == 1:
            self.started = now  # the first step of a run may have compiled kernels
        rate = (
            f"{images * (step - 1) / step / (now - self.started):.0f} images/s" if step > 1 else ""
        )
        figures = f"loss {loss:.3f}  {rate}"
        self.bar.update(
            self.task,
            description=f"epoch {epoch}",
            completed=step,
            total=steps,
            figures=figures,
            visible=True,
        )
        if not self.out.is_terminal and now - self.said >= 10:
            self.said = now
            self.out.print(f"  epoch {epoch}  step {step}/{steps}  {figures}")

    def epoch(self, done: Epoch, best: bool) -> None:
        """One line for a finished epoch."""
        self.out.print(
            f"epoch {done.epoch:3}  loss {done.loss:.4f}  accuracy {done.accuracy:.2%}  "
            f"validation loss {done.validation_loss:.4f}  top-1 {done.validation_top1:.2%}"
            f"{' (best)' if best else ''}  {done.seconds:.1f} s"
        )
