"""The row of writers finds a writer that does it wrong."""

import os
from typing import Any

import pytest

from benchmarks.reliability import writers
from benchmarks.reliability.writers.watched import Watched
from npmobilenet import disk

ONE = writers.WRITERS[:1]


@pytest.mark.parametrize(
    ("name", "stand_in", "words"),
    [
        ("_NO_LINK", 0, "may be a link"),
        ("flush_folder", lambda folder: None, "its folder is not flushed"),
        ("spare_name", lambda path: path.with_name(path.name + ".part"), "with planted links"),
        ("sweep", lambda folder, names: None, "leftovers stay"),
        ("_mode", lambda path: None, "a pipe was replaced"),
    ],
)
def test_a_planted_fault_is_found(
    name: str, stand_in: Any, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk, name, stand_in)
    assert any(words in fault for fault in writers.tried_on(ONE).bad)


def test_a_file_renamed_before_it_is_on_disk_is_found(tmp_path: Any) -> None:
    seen = Watched(tmp_path)
    seen.note("open", tmp_path / "a", os.O_EXCL | os.O_NOFOLLOW)
    seen.note("os.rename", tmp_path / "a", str(tmp_path / "b"))
    assert list(seen.faults()) == [
        "a: named b before it was on disk",
        "b: renamed, and its folder is not flushed",
    ]
