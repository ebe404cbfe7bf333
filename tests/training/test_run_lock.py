"""One run at a time writes into a folder."""

import errno
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from npmobilenet.training.run import lock
from npmobilenet.training.run.history import Silent, Status
from npmobilenet.training.run.lock import LOCK, locked
from tests.training.runs import ALWAYS, Listening, run

pytestmark = pytest.mark.usefixtures("one_thread")


class AfterTwo(Silent):
    """Does something after the second step."""

    def __init__(self, act: Callable[[], None]) -> None:
        self.act = act

    def step(self, status: Status) -> None:
        if (status.epoch, status.step) == (1, 2):
            self.act()


@pytest.mark.parametrize("resume", [False, True])
def test_two_runs_do_not_share_a_folder(resume: bool, tmp_path: Path) -> None:
    """Neither a second one nor --resume of one that is alive; afterwards nothing is left of the lock."""
    refused: list[str] = []

    def second() -> None:
        try:
            run(tmp_path, resume=resume, anew=not resume)
        except ValueError as error:
            refused.append(str(error))

    def elsewhere() -> None:
        thread = threading.Thread(target=second)
        thread.start()
        thread.join()

    assert len(run(tmp_path, ALWAYS, reporter=AfterTwo(elsewhere))) == 3
    assert len(refused) == 1
    assert refused[0].startswith(f"{tmp_path}: another run writes there (process {os.getpid()} on ")
    assert not (tmp_path / LOCK).exists()


HOLDER = """
import sys
from collections.abc import Callable
from pathlib import Path
sys.path.append(sys.argv[1])
from npmobilenet.training.run import lock
with lock.locked(Path(sys.argv[2])):
    print("locked", flush=True)
    sys.stdin.read()
"""


def test_a_lock_is_free_once_its_process_has_ended(tmp_path: Path) -> None:
    """Who is locked out reads which process it is; its death, by kill, is the end of the lock."""
    words = [sys.executable, "-c", HOLDER, str(Path(lock.__file__).parents[3]), str(tmp_path)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline().strip() == b"locked"
        with pytest.raises(ValueError, match=f"process {other.pid} on "), locked(tmp_path):
            pass
        other.kill()
    assert (tmp_path / LOCK).exists()
    with locked(tmp_path), locked(tmp_path):  # whoever holds it may ask again
        assert (tmp_path / LOCK).exists()
    assert not (tmp_path / LOCK).exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows' file systems all have locks")
def test_file_systems_without_locks_are_a_remark(tmp_path: Path, monkeypatch: Any) -> None:
    import fcntl

    def flock(*given: Any) -> None:
        raise OSError(errno.ENOLCK, "no locks available")

    monkeypatch.setattr(fcntl, "flock", flock)
    who = Listening()
    assert len(run(tmp_path, reporter=who)) == 3
    assert who.remarks == [
        f"{tmp_path}: this file system has no locks; begin no second run in this folder"
    ]
