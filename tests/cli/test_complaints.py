"""What went wrong is a line and a code, but for mistakes of this program, which keep their traceback."""

import os
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from npmobilenet import cli
from npmobilenet.cli import complaints


class BadFile(Exception):
    """An error of a library."""

    __module__ = "PIL.Image"


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("two\nlines"), "two\nlines"),
        (ValueError("no \x1b[31mx.png\udce9"), r"no \x1b[31mx.png\xe9"),  # would turn all red
        (FileNotFoundError(2, "No such file", "a.png"), "a.png: No such file"),
        (OSError(18, "Cross-device link", "a", None, "b"), "a -> b: Cross-device link"),
        (OSError("a sentence"), "a sentence"),
        (MemoryError(), "not enough memory"),
        (MemoryError("Unable to allocate 9 GiB"), "not enough memory: Unable to allocate 9 GiB"),
        (RecursionError("depth"), "nested too deeply (depth)"),
        (EOFError(), "EOFError"),
        (NotImplementedError("engine: no step for x"), "engine: no step for x"),
        (
            ModuleNotFoundError("No module named 'h5py'", name="h5py"),
            "No module named 'h5py'; it comes with: pip install \"npmobilenet[keras]\"",
        ),
        (
            ImportError("libx.so: cannot open", name="numba.core"),
            "libx.so: cannot open; it comes with: pip install numba",
        ),
        (ImportError('needs it: pip install "a"', name="torch"), 'needs it: pip install "a"'),
        (BadFile("not\n  whole"), "not whole"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_what_is_no_mistake_of_ours_is_a_line(
    error: Exception, line: str, capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    monkeypatch.setattr("npmobilenet.cli.cost.run", Mock(side_effect=error))
    assert cli.main(["cost", "v1"]) == 1
    assert capsys.readouterr() == ("", f"npmobilenet cost: {line}\n")


@pytest.mark.parametrize(
    "error",
    [
        TypeError("mistake"),
        AttributeError("mistake"),
        AssertionError("mistake"),
        ImportError("cannot import name", name="npmobilenet.tables"),
    ],
)
def test_mistakes_keep_their_traceback(error: Exception, monkeypatch: Any) -> None:
    monkeypatch.setattr("npmobilenet.cli.cost.run", Mock(side_effect=error))
    with pytest.raises(type(error)):
        cli.main(["cost", "v1"])
    assert complaints.complaint(error) is None


def test_interrupted_while_a_verb_is_imported(
    capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    """As anywhere else; what is imported before that takes no time."""
    monkeypatch.setattr(cli, "import_module", Mock(side_effect=KeyboardInterrupt))
    assert cli.main(["cost", "v1"]) == 130
    assert capsys.readouterr().err == "\nnpmobilenet: interrupted\n"


def test_a_folder_that_is_gone_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system gives an error without a name for the folder that a command stands in."""
    assert complaints.complaint(OSError(28, "No space left on device")) == "No space left on device"
    (tmp_path / "a").mkdir()
    monkeypatch.chdir(tmp_path / "a")
    (tmp_path / "a").rmdir()
    with pytest.raises(FileNotFoundError) as error:
        os.getcwd()
    assert complaints.complaint(error.value) == "the current folder: No such file or directory"
