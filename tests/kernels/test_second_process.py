"""The second process that compiles: what is started, and what becomes of it."""

import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from npmobilenet.kernels import keeping, sharing
from tests.commands import ROOT, python


@pytest.fixture
def hostile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder of files named as modules, which come first in sys.path, as at a prompt."""
    monkeypatch.chdir(tmp_path)
    for name in ("json", "subprocess", "random", "hashlib", "numba", "numpy", "argparse", "rich"):
        (tmp_path / f"{name}.py").write_text(
            "raise SystemExit('a file of the current folder runs')"
        )
    (tmp_path / "link").symlink_to(tmp_path)
    others: list[Any] = ["", str(tmp_path), str(tmp_path / "link"), tmp_path]
    monkeypatch.setattr(sys, "path", others + sys.path)
    return tmp_path


def test_no_file_of_the_current_folder_is_run(hostile: Path) -> None:
    command = sharing._python()
    assert "npmobilenet.kernels.sharing" in command[-1]
    done = subprocess.run([*command, str(hostile)], capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    before_us = ("numpy", "hashlib", "subprocess", "random")  # imported by `-m`
    for name in before_us:
        (hostile / f"{name}.py").unlink()
    assert "MACs" in python("-m", "npmobilenet", "cost", "v1", folder=hostile)


def units(*titles: str) -> list[SimpleNamespace]:
    return [SimpleNamespace(title=t, function=print, address=1) for t in titles]


@pytest.fixture
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "cores", lambda: 2)
    monkeypatch.setattr(sharing.keeping, "place", lambda: keeping.Place(ROOT, True, ""))


@pytest.mark.usefixtures("two_cores")
def test_only_python_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not the application in which it is frozen or embedded; and nothing where nothing is kept."""
    names = ("python", "python3.13t", "/usr/bin/python3-dbg", "pythonw.exe", "Python", "pypy3.11")
    for name in names:
        monkeypatch.setattr(sys, "executable", name)
        assert sharing._worth_it(units(*"abcd")), name
    for other in ("", None, "myapp", "python-editor", "uwsgi", "blender.exe", "/opt/python/app"):
        monkeypatch.setattr(sys, "executable", other)
        assert not sharing._worth_it(units(*"abcd")), other
    monkeypatch.setattr(sys, "executable", "python")
    monkeypatch.setattr(sharing.keeping, "place", lambda: keeping.Place(ROOT, False, "read-only"))
    assert not sharing._worth_it(units(*"abcd"))
    monkeypatch.setattr(sharing.keeping, "place", lambda: keeping.Place(ROOT, True, ""))
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert not sharing._worth_it(units(*"abcd"))


@pytest.mark.usefixtures("two_cores")
@pytest.mark.parametrize("error", [PermissionError, BlockingIOError, RuntimeError])
def test_where_no_process_may_be_started_one_compiles_all(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise error("no processes here")

    asked: list[str] = []

    class Unit(SimpleNamespace):
        @property
        def address(self) -> int:
            asked.append(self.title)
            return 1

    monkeypatch.setattr(sharing.subprocess, "Popen", refused)
    sharing.share([Unit(title=t, function=print) for t in "abcd"])
    assert asked == list("abcd")


@pytest.mark.usefixtures("two_cores")
def test_a_second_process_that_hangs_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It has claimed a unit, and sleeps."""
    hangs = (
        "import sys, time, pathlib; (pathlib.Path(sys.argv[1]) / 'd').touch(); "
        f"time.sleep(30); pathlib.Path({str(tmp_path)!r}, 'ended').touch()"
    )
    claims: list[Path] = []
    take = sharing._claimed

    def late(folder: str, title: str) -> bool:
        claims.append(Path(folder) / "d")
        while not claims[-1].exists():
            time.sleep(0.01)
        return take(folder, title)

    monkeypatch.setattr(sharing, "_python", lambda: [sys.executable, "-I", "-c", hangs])
    monkeypatch.setattr(sharing, "_claimed", late)
    monkeypatch.setattr(sharing, "PATIENCE", 0.0)
    sharing.share(units(*"abcd"))
    assert claims
    assert not (tmp_path / "ended").exists()
