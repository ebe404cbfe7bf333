"""The row of downloads finds a download that does it wrong."""

import os
from pathlib import Path
from typing import Any

import pytest

from benchmarks.reliability import downloads
from benchmarks.reliability.downloads.faults import FAULTS
from benchmarks.reliability.downloads.planted import PLANTED
from npmobilenet.weights import answers, download

pytest.importorskip("requests")


def opened(path: Path, flags: int) -> int:
    """As if nobody planted anything."""
    return os.open(path, flags | os.O_CREAT)


NAMED = {fault.name: fault for fault in (*FAULTS, *PLANTED)}


@pytest.mark.parametrize(
    ("fault", "owner", "name", "stand_in", "words"),
    [
        ("redirected to ftp", answers, "_elsewhere", lambda url, to: "http://127.0.0.1:1", "other words"),
        ("https, then http", answers, "_elsewhere", lambda url, to: to, "taken"),
        ("a page called a file", download, "strange", lambda path: None, "taken"),
        ("another file", download, "strange", lambda path: None, "taken"),
        ("a flipped bit", download, "fault", lambda *given: None, "taken"),
        ("a hard link as the part", download, "opened_apart", opened, "another file was overwritten"),
        ("a rest of another version", answers.Answer, "same", lambda *given: True, "other bytes"),
        ("a length of terabytes", answers, "_number", lambda text: None, "other words"),
    ],
)  # fmt: skip
def test_a_planted_fault_is_found(
    fault: str, owner: Any, name: str, stand_in: Any, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = (NAMED[fault],)
    monkeypatch.setattr(owner, name, stand_in)
    assert any(words in line for line in downloads.tried_on(one, ()).bad)


@pytest.mark.parametrize("scene", downloads.SCENES, ids=lambda scene: str(scene[0].__name__))
def test_what_takes_more_than_one_request(scene: Any) -> None:
    assert downloads.tried_on((), (scene,)).bad == ()
