"""Signals that end a run: Ctrl-C, SIGTERM of a system that shuts down, SIGHUP of a terminal that goes.

While a run is learning, the first asks for the end of the step that is under way, and a second one
does not ask; before and after, where nothing can be lost, the first ends it.  Exit codes of the command
are the shell's, 128 and the signal's number: 130 for Ctrl-C, 143 for SIGTERM, 129 for SIGHUP.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

from .run import never

NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")  # the last two are not on every system


class Stopper:
    """Listens while it is entered, in the main thread; a signal that was ignored stays ignored."""

    def __init__(self, names: Sequence[str] = NAMES) -> None:
        self.names = names
        self.number = 0  # of the last signal that came
        self.asking = False
        self.before: dict[int, Any] = {}
        self.unraisable = sys.unraisablehook

    def stop(self) -> bool:
        """Whether a run that is learning should end."""
        return bool(self.number)

    @contextmanager
    def learning(self) -> Iterator[None]:
        """Ask, while this lasts.  KeyboardInterrupt at its end if nobody asked in time."""
        self.asking = True
        try:
            yield
        finally:
            self.asking = False
        if self.number:
            raise KeyboardInterrupt

    def __enter__(self) -> "Stopper":
        if threading.current_thread() is threading.main_thread():
            for name in self.names:
                number = getattr(signal, name, None)
                if number and signal.getsignal(number) not in (signal.SIG_IGN, None):
                    self.before[number] = signal.signal(number, self._came)
            self.unraisable, sys.unraisablehook = sys.unraisablehook, self._passed_over
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self.before.items():
            signal.signal(number, handler)
        if not self.number and sys.unraisablehook == self._passed_over:
            sys.unraisablehook = self.unraisable

    def _passed_over(self, found: "sys.UnraisableHookArgs") -> None:
        """Say nothing where a signal came while LLVM was calling Python, where nothing can be raised.

        That it came is known; and what it left half made complains once more when it is taken down.
        """
        llvm = str(getattr(found.object, "__module__", "")).partition(".")[0] in (
            "llvmlite",
            "numba",
        )
        if not self.number or not (found.exc_type is KeyboardInterrupt or llvm):
            self.unraisable(found)

    def _came(self, number: int, frame: FrameType | None) -> None:
        again, self.number = self.number, number
        if again or not self.asking:
            raise KeyboardInterrupt
        hint = "; press Ctrl-C again to lose it" if number == signal.SIGINT else " and saving it"
        say(f"\nfinishing this step{hint}\n")


def say(text: str) -> None:
    """On standard error, past Python's buffers, which a signal may find half written; if it is there."""
    with suppress(OSError, ValueError, AttributeError):
        os.write(sys.stderr.fileno(), text.encode())


@contextmanager
def heeded(stop: Callable[[], bool]) -> Iterator[Callable[[], bool]]:
    """`stop`; where nobody gave one, and Ctrl-C would raise in the middle of a step: whether it came."""
    if stop is not never or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield stop
        return
    with Stopper(("SIGINT",)) as stopper, stopper.learning():
        yield stopper.stop
