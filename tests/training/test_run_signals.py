"""Signals end a run, and its terminal may go: what was learnt is saved."""

import ctypes
import errno
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from npmobilenet.cli.progress import ConsoleReporter
from npmobilenet.training.run.checkpoint import load_checkpoint
from npmobilenet.training.run.folder import traces
from npmobilenet.training.run.stopping import Stopper
from tests.commands import SMALL, call
from tests.training.runs import after, run

pytestmark = pytest.mark.usefixtures("one_thread")


def sent(monkeypatch: pytest.MonkeyPatch, method: str, *numbers: int) -> None:
    """Let the reporter's method send signals to this process at the second step, the first measuring."""
    real, calls = getattr(ConsoleReporter, method), [0]

    def sending(self: ConsoleReporter, *given: Any) -> None:
        calls[0] += 1
        real(self, *given)
        if calls[0] == (1 if method == "measure" else 2):
            for number in numbers:
                signal.raise_signal(number)

    monkeypatch.setattr(ConsoleReporter, method, sending)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGHUP")
@pytest.mark.parametrize(
    ("number", "code", "method", "step"),
    [
        (signal.SIGTERM, 143, "step", 2),
        (signal.SIGHUP, 129, "measure", 4),
    ],
)
def test_signals_save_the_run(
    number: int, code: int, method: str, step: int, photos: Path, tmp_path: Path, capsys: Any,
    monkeypatch: Any,
) -> None:  # fmt: skip
    """Exit codes are the shell's; what was learnt is saved; how to go on is said."""
    before = signal.signal(number, signal.SIG_DFL)  # `nohup` has these tests ignore one
    words = ["train", photos, *SMALL, "--epochs", 2, "--output", tmp_path / "run"]
    try:
        with monkeypatch.context() as patch:
            sent(patch, method, number)
            found, out, err = call(capsys, *words)
        assert signal.getsignal(number) == signal.SIG_DFL
    finally:
        signal.signal(number, before)
    assert (found, "Traceback" in err) == (code, False)
    assert f"note: stopped; go on with: npmobilenet train --resume --output {tmp_path}/run" in out
    assert load_checkpoint(tmp_path / "run")[1].step == step
    assert not [t for t in threading.enumerate() if t.name.startswith("npmobilenet-loader")]
    assert call(capsys, "train", "--resume", "--output", tmp_path / "run")[0] == 0
    assert load_checkpoint(tmp_path / "run")[1].step == 8


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGHUP")
def test_a_second_signal_does_not_wait_and_an_ignored_one_stays_so(
    photos: Path, tmp_path: Path, capsys: Any, monkeypatch: Any
) -> None:
    """`nohup` ignores SIGHUP: so does the run; SIGTERM twice ends it at once, with nothing spoilt."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        for folder, terms in (("once", [signal.SIGTERM]), ("twice", [signal.SIGTERM] * 2)):
            words = ["train", photos, *SMALL, "--epochs", 1, "--output", tmp_path / folder]
            with monkeypatch.context() as patch:
                sent(patch, "step", signal.SIGHUP, *terms)
                assert call(capsys, *words)[0] == 143
    finally:
        signal.signal(signal.SIGHUP, before)
    assert load_checkpoint(tmp_path / "once")[1].step == 2
    assert traces(tmp_path / "twice") == []


@pytest.mark.parametrize("phase", ["compile_kernels", "_ask", "_introduce"])
def test_before_the_first_step_a_signal_ends_it(
    phase: str, photos: Path, tmp_path: Path, capsys: Any, monkeypatch: Any
) -> None:
    """While data is read, teachers are asked or kernels compiled: at once, and no folder is left."""
    from npmobilenet.cli import train as verb

    monkeypatch.setattr(verb, phase, lambda *given: signal.raise_signal(signal.SIGTERM))
    words = ["train", photos, *SMALL, "--epochs", 1, "--output", tmp_path / "run"]
    code, _, err = call(capsys, *words)
    assert (code, "Traceback" in err) == (143, False)
    assert not (tmp_path / "run").exists()


def test_a_run_outlives_its_terminal(tmp_path: Path, monkeypatch: Any) -> None:
    """Where progress cannot be shown any more, training goes on."""
    from rich.console import Console

    def broken(*given: Any, **named: Any) -> None:
        raise OSError(errno.EIO, "input/output error")

    out = Console(file=open(os.devnull, "w"), width=100)  # noqa: SIM115
    monkeypatch.setattr(out, "print", broken)
    with ConsoleReporter(out, tmp_path) as reporter:
        assert len(run(tmp_path, reporter=reporter)) == 3
    out.file.close()
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "other", stop=after(1), reporter=reporter)


def test_a_signal_in_the_middle_of_llvm_is_known_and_says_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No exception leaves a callback of ctypes; objects of llvmlite, half made, complain once more."""
    told: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda found: told.append(found.exc_type))
    called = ctypes.CFUNCTYPE(None)

    def closing() -> None:
        raise AttributeError("half made")

    closing.__module__ = "llvmlite.binding.ffi"
    with Stopper():
        called(closing)()
        assert told == [AttributeError]  # nobody has sent anything
    assert sys.unraisablehook.__name__ == "<lambda>"
    with Stopper() as stopper:
        called(lambda: signal.raise_signal(signal.SIGINT))()
        assert stopper.stop()
        called(closing)()
    assert told == [AttributeError]
