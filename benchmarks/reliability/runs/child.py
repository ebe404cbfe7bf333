"""`npmobilenet train` in a fork of a process that has imported everything: started in no time, often."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from ..children import HUNG, Ended

LONGEST = 120.0


class Child:
    """One run of the command, with a process group of its own; `before` is called in it first."""

    def __init__(
        self, words: Sequence[str | Path], before: Callable[[], None] | None = None
    ) -> None:
        self.said = Path(tempfile.mkdtemp(prefix="child-"))
        self.started = time.monotonic()
        self.code: int | None = None
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        if self.pid == 0:
            self._run([str(word) for word in words], before)

    def _run(self, words: list[str], before: Callable[[], None] | None) -> None:
        code = 70
        try:
            os.setsid()
            for number, name in ((0, os.devnull), (1, self.said / "out"), (2, self.said / "err")):
                os.dup2(os.open(name, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666), number)
            os.closerange(3, 64)
            for name in ("SIGINT", "SIGTERM", "SIGHUP"):
                number = getattr(signal, name)
                usual = signal.default_int_handler if name == "SIGINT" else signal.SIG_DFL
                signal.signal(number, usual)
            sys.argv = ["npmobilenet", *words]
            sys.modules["matplotlib"] = None  # type: ignore[assignment]  # pictures cost more than runs
            for name, number in (("stdout", 1), ("stderr", 2)):
                setattr(sys, name, open(number, "w", encoding="utf-8", closefd=False))  # noqa: SIM115
                setattr(sys, f"__{name}__", getattr(sys, name))
            from npmobilenet.cli import main

            if before:
                before()
            code = main(words)
            sys.stdout.flush()
            sys.stderr.flush()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        except KeyboardInterrupt:
            code = 130
        except BaseException:
            import traceback

            traceback.print_exc()
            code = 1
        finally:
            with suppress(Exception):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)

    def send(self, number: int) -> None:
        """A signal, where it still runs."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def over(self) -> bool:
        """Whether it has ended."""
        if self.code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
        return self.code is not None

    def ended(self, timeout: float = LONGEST) -> Ended:
        """Wait for its end, which comes at the latest then."""
        until = time.monotonic() + timeout
        while not self.over():
            if time.monotonic() > until:
                with suppress(ProcessLookupError):
                    os.killpg(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
                self.code = -9
                return self._told(HUNG)
            time.sleep(0.002)
        return self._told(self.code)

    def _told(self, code: int | str | None) -> Ended:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        texts = []
        for name in ("out", "err"):
            file = self.said / name
            texts.append(file.read_text("utf-8", "replace") if file.exists() else "")
        shutil.rmtree(self.said, ignore_errors=True)
        out, err = texts
        passed = time.monotonic() - self.started
        return Ended(HUNG if code is None else code, out, err, passed)


def until(true: Callable[[], bool], child: Child, timeout: float = 30) -> bool:
    """Wait for something while a child runs; whether it came."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        if true():
            return True
        if child.over():
            return true()
        time.sleep(0.001)
    return False
