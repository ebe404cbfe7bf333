"""How long work shows itself: a bar on a terminal, plain lines in a pipe."""

import shlex
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from ..training.run.folder import traces
from ..training.run.history import Epoch, Status
from ..training.run.run import Diverged
from .common import console

EVERY = 10.0  # seconds between lines in a pipe
MANY = 16  # images for which a bar is worth its line
BAR = 20  # columns


class ConsoleReporter:
    """A bar on a terminal, a line now and then in a pipe, a line for each epoch in both.

    A terminal that was closed, or a pipe whose reader is gone, costs no run: it goes on unseen.
    A run that ends early in `folder` leaves a line that says how it goes on.
    """

    def __init__(self, out: Console, folder: Path | None = None) -> None:
        self.out, self.folder = out, folder
        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=BAR),
            MofNCompleteColumn(),
            TextColumn("{task.fields[figures]}"),
            console=out,
            transient=True,
            disable=not out.is_terminal,
        )
        self.task = self.bar.add_task("epoch", figures="", visible=False)
        self.said = time.monotonic()
        self.moved = False  # whether the run has come any further

    def __enter__(self) -> "ConsoleReporter":
        self.bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with suppress(OSError):
            self.bar.stop()
        early = kind is not None and (self.moved or issubclass(kind, KeyboardInterrupt))
        if early and kind is not Diverged and self.folder and traces(self.folder):
            place = shlex.quote(str(self.folder))
            self.remark(f"stopped; go on with: npmobilenet train --resume --output {place}")

    def step(self, status: Status) -> None:
        """Move the bar; in a pipe print a line every ten seconds."""
        figures = figures_of(status)
        self._show(f"epoch {status.epoch}/{status.epochs}", status.step, status.steps, figures)
        now = time.monotonic()
        if not self.out.is_terminal and now - self.said >= EVERY:
            self.said = now
            self._say(f"  epoch {status.epoch}  step {status.step}/{status.steps}  {figures}")

    def measure(self, done: int, count: int) -> None:
        """The bar counts validation images."""
        self._show("validation", done, count, "")

    def epoch(self, done: Epoch) -> None:
        """One line for a finished epoch."""
        measured = ""
        if done.validation_top1 is not None:
            measured = (
                f"validation loss {done.validation_loss:.4f}  top-1 {done.validation_top1:.2%}"
                f"{' (best)' if done.best else ''}  "
            )
        self._say(
            f"epoch {done.epoch:3}  loss {done.loss:.4f}  accuracy {done.accuracy:.2%}  {measured}"
            f"{done.seconds:.1f} s  {done.images_per_second:.0f} images/s  "
            f"data wait {done.waited / max(done.seconds, 1e-9):.0%}"
        )

    def remark(self, text: str) -> None:
        """A line."""
        self._say(f"note: {text}")

    def _say(self, text: str) -> None:
        with suppress(OSError):
            self.out.print(text, markup=False, soft_wrap=True)

    def _show(self, text: str, done: int, count: int, figures: str) -> None:
        room = self.out.width - len(f"{text} {done}/{count} ") - BAR - 2
        while figures and len(figures) > room:  # the last ones are left out whole, no number is cut
            figures = figures.rpartition("  ")[0]
        self.moved = True
        self.bar.update(
            self.task, description=text, completed=done, total=count, figures=figures, visible=True
        )


def figures_of(status: Status) -> str:
    """Loss, accuracy, speed, time left for the whole run, and how much of the time data was awaited.

    The first step may have compiled kernels, so nothing is said of time before the second.
    """
    figures = f"loss {status.loss:.3f}  accuracy {status.accuracy:.1%}"
    if status.step < 2 or not status.seconds:
        return figures
    rate = status.images / status.seconds
    each = status.seconds / status.step
    left = each * ((status.epochs - status.epoch + 1) * status.steps - status.step)
    return (
        f"{figures}  {rate:.0f} images/s  {duration(left)} left  "
        f"data wait {status.waited / status.seconds:.0%}"
    )


def duration(seconds: float) -> str:
    """75 -> "1:15", 4000 -> "1:06:40"."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def beside(json: bool) -> Console:
    """Where a bar is drawn: beside a program's JSON on standard error, unless both are the terminal."""
    if not json:
        return console()
    out = console(error=True)
    out.quiet = console().is_terminal
    return out


@contextmanager
def counting(out: Console, count: int) -> Iterator[Callable[[int], None]]:
    """A bar over many images, where `out` is a terminal; call what it gives with how many are done.

    What is written to standard error meanwhile appears above the bar, or where it was sent to.
    """
    drawn = out.is_terminal and count > MANY
    with Progress(
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=out,
        transient=True,
        disable=not drawn,
        redirect_stdout=False,
        redirect_stderr=drawn and console(error=True).is_terminal,
    ) as bar:
        task = bar.add_task("images", total=count)
        yield lambda done: bar.update(task, completed=done)
