"""A fork beside a thread that imports, or ends: the child can import, and compile."""

import _thread
import hashlib
import os
import threading
import time
import warnings
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest

from npmobilenet.kernels import forking


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_fork_waits_for_another_threads_import(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or the child would wait for ever for a lock that no thread of it holds."""
    began = tmp_path / "began"
    slow = f"import pathlib, time; pathlib.Path({str(began)!r}).touch(); time.sleep(0.2)"
    (tmp_path / "imported_slowly.py").write_text(slow)
    monkeypatch.syspath_prepend(tmp_path)
    thread = threading.Thread(target=import_module, args=("imported_slowly",))
    thread.start()
    while not began.exists():
        time.sleep(0.001)
    assert forking.importing()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of a fork beside threads
        child = os.fork()
        if not child:
            found: list[object] = []
            again = threading.Thread(
                target=lambda: found.append(import_module("imported_slowly")), daemon=True
            )
            again.start()
            again.join(5)
            os._exit(not found)
    thread.join()
    assert not forking.importing()
    assert os.waitpid(child, 0)[1] == 0


def _in_time(holds: Callable[[], bool]) -> bool:
    """Whether it comes to hold; other threads of these tests may be ending just now."""
    end = time.monotonic() + 60
    while not (held := holds()) and time.monotonic() < end:
        time.sleep(0.001)
    return held


@pytest.mark.skipif(not os.path.isdir(forking.TASKS), reason="no list of threads here")
def test_a_thread_that_runs_and_is_not_known_may_be_ending(monkeypatch: pytest.MonkeyPatch) -> None:
    """Until it has worked for longer than ending takes; one that rests is not."""
    monkeypatch.setattr(forking, "MOMENT", 600.0)  # not let go for the time that went by
    begin, end = threading.Event(), threading.Event()
    long = bytes(2**24)  # hashed without the lock of Python

    def work() -> None:
        begin.wait()
        while not end.is_set():
            hashlib.sha256(long).digest()

    assert _in_time(lambda: not forking.Ending()())
    _thread.start_new_thread(work, ())
    try:
        ending = forking.Ending()
        assert _in_time(ending)  # Python knows a thread that `threading` does not
        assert _in_time(lambda: not ending())  # but it stays, and rests
        begin.set()
        assert _in_time(ending)
        assert _in_time(lambda: not ending())  # let go for what it has worked
    finally:
        begin.set()
        end.set()


def test_a_thread_that_python_knows_is_not_ending() -> None:
    """It would need a lock first that the fork holds."""
    end = threading.Event()

    def work() -> None:
        while not end.is_set():
            pass

    thread = threading.Thread(target=work)
    thread.start()
    try:
        assert _in_time(lambda: not forking.Ending()())
    finally:
        end.set()
        thread.join()
