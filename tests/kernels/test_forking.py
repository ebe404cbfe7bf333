"""A fork beside a thread that imports: the child can import the same."""

import os
import threading
import time
import warnings
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
