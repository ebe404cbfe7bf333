"""Each row finds a fault that was planted: a judge that cannot fail would say nothing."""

from pathlib import Path

import pytest

from benchmarks.reliability import fuzzing, hostile_files
from npmobilenet.weights import native


def test_metadata_without_a_checksum_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    from benchmarks.reliability import weights

    monkeypatch.setattr(weights, "FEW", 40)
    monkeypatch.setattr(native, "_seal", lambda metadata: "")
    found = weights.prove("tiny")
    assert any("taken with another" in line for line in found.bad)


def test_a_hostile_file_that_is_taken_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hostile_files, "_reading", lambda reader, path: lambda: 0)
    found = hostile_files.prove("tiny")
    assert any(line.endswith(": taken") for line in found.bad)


def test_an_improper_complaint_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from benchmarks.reliability.fuzzing import targets

    def broken(path: Path) -> None:
        raise KeyError(path.name)

    monkeypatch.setitem(targets.TARGETS, "tables", (("x", broken),))
    monkeypatch.setattr(fuzzing, "TARGETS", ("tables",))
    found = fuzzing.replayed()
    assert len(found.bad) == found.tried > 0
    assert "KeyError" in found.bad[0]
