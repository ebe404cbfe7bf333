"""A learner's file, and no process that is left of it."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from npmobilenet.exercises import parent
from tests.exercises.files import processes


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who does not end is not waited for as long as usual."""
    monkeypatch.setattr(parent, "FIRST", 0.1)
    monkeypatch.setattr(parent, "CALL", 0.1)
    monkeypatch.setattr(parent, "CLOSED", 0.1)


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Path]:
    """Where a file is written; afterwards no process speaks of it."""
    folder = tmp_path / "my földer"
    folder.mkdir()
    found = folder / "my_ops.py"
    yield found
    for _ in range(100):  # who was killed needs a moment
        if not processes(folder):
            break
        time.sleep(0.05)
    assert not processes(folder)
