"""Saves that are cut off, by a full disk, Ctrl-C or a kill: at every moment a checkpoint is whole."""

import errno
import os
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from npmobilenet.disk import write_whole
from npmobilenet.training.run import checkpoint
from npmobilenet.training.run.checkpoint import load_checkpoint
from npmobilenet.training.run.folder import traces
from npmobilenet.weights import load
from tests.training.runs import ALWAYS, FILES, after, assert_same, failing, require_the_same, run

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.mark.parametrize(
    ("owner", "number"),
    [("fsync", errno.ENOSPC), ("open", errno.EROFS), ("replace", errno.EDQUOT)],
)
def test_a_full_disk_leaves_the_last_checkpoint(
    owner: str, number: int, straight: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    """In one line, with the file's name; nothing half written stays."""
    with monkeypatch.context() as patch:
        place = Path if owner == "replace" else os
        failing(patch, place, owner, 20, OSError(number, os.strerror(number)))
        with pytest.raises(OSError, match=os.strerror(number)) as caught:
            run(tmp_path, ALWAYS)
    assert len(str(caught.value).splitlines()) == 1
    assert str(tmp_path) in str(caught.value)
    assert load_checkpoint(tmp_path)[3] == ""
    assert not list(tmp_path.glob("*.part"))
    run(tmp_path, resume=True)
    require_the_same(tmp_path, straight)


def test_ctrl_c_while_writing_leaves_no_half(tmp_path: Path, monkeypatch: Any) -> None:
    failing(monkeypatch, os, "fsync", 1, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        write_whole(tmp_path / "file", b"content")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="elsewhere folders cannot be opened")
@pytest.mark.parametrize(
    ("name", "call", "error", "passes"),
    [
        ("open", 2, PermissionError(errno.EACCES, "no"), True),
        ("fsync", 2, OSError(errno.EINVAL, "no"), True),
        ("fsync", 2, OSError(errno.EIO, "no"), False),
    ],
)
def test_a_folder_that_cannot_be_flushed_loses_nothing(
    name: str, call: int, error: OSError, passes: bool, tmp_path: Path, monkeypatch: Any
) -> None:
    """Some may be written and not read, some disks have no such thing; any other error is one."""
    failing(monkeypatch, os, name, call, error)
    with nullcontext() if passes else pytest.raises(OSError, match="cannot be written"):
        write_whole(tmp_path / "file", b"content")
    assert (tmp_path / "file").read_bytes() == b"content"


def test_at_every_moment_there_is_a_last_checkpoint(tmp_path: Path, monkeypatch: Any) -> None:
    """Before and after whatever a save does with names."""
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, ALWAYS, stop=after(3))
    steps: list[int] = []

    def looking(function: Any) -> Any:
        def call(*given: Any, **named: Any) -> Any:
            for act in (lambda: None, lambda: function(*given, **named)):
                found = act()
                steps.append(load(tmp_path / "last.safetensors").notes["step"])
            return found

        return call

    for owner, name in ((Path, "replace"), (Path, "unlink"), (os, "link")):
        monkeypatch.setattr(owner, name, looking(getattr(owner, name)))
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, ALWAYS, resume=True, stop=after(2))
    assert steps == sorted(steps)
    assert {3, 4, 5} == set(steps)


class Kill(BaseException):
    """The end of the process, as far as the run can see."""


@pytest.mark.long
def test_a_kill_at_every_moment(tmp_path: Path, monkeypatch: Any) -> None:
    """Before and after each call that changes the disk, of a whole run that saves after each step.

    What is left is refused to a new run, as soon as anything was learnt, and goes on to the same bits.
    """
    short = replace(ALWAYS, train=replace(ALWAYS.train, epochs=1, batch=27))  # three steps
    run(tmp_path / "straight", short)
    names = ((Path, "replace"), (Path, "unlink"), (os, "link"), (os, "fsync"))
    for moment in range(1, 1000):
        folder, left = tmp_path / str(moment), moment

        def dying(function: Any) -> Any:
            def call(*given: Any, **named: Any) -> Any:
                nonlocal left
                for act in (lambda: None, lambda: function(*given, **named)):
                    found = act()
                    left -= 1
                    if left <= 0:  # and nothing more happens on the way out
                        raise Kill
                return found

            return call

        with monkeypatch.context() as patch:
            for owner, name in names:
                patch.setattr(owner, name, dying(getattr(owner, name)))
            try:
                run(folder, short)
            except Kill:
                pass
            else:
                break
        if learnt := traces(folder):
            with pytest.raises(ValueError, match="already holds a run"):
                run(folder, short)
        run(folder, short, resume=bool(learnt))
        assert not [*folder.glob("*.part"), *folder.glob("*.new")], moment
        for name in ("last.safetensors", "best.safetensors"):
            assert_same(load(folder / name), load(tmp_path / "straight" / name))
    assert moment > 100


def test_file_systems_without_second_names_keep_a_copy(tmp_path: Path, monkeypatch: Any) -> None:
    failing(monkeypatch, checkpoint.os, "link", 1, OSError(errno.EPERM, "no links"))
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, ALWAYS, stop=after(2))
    assert [load(tmp_path / name).notes["step"] for name in FILES[:2]] == [2, 1]


def test_a_kill_before_the_last_renaming_loses_no_step(straight: Path, tmp_path: Path) -> None:
    """last.safetensors.new is whole, and newer."""
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, ALWAYS, stop=after(7))
    (tmp_path / "last.safetensors").rename(tmp_path / "last.safetensors.new")
    (tmp_path / "previous.safetensors").rename(tmp_path / "last.safetensors")
    _, state, _, remark = load_checkpoint(tmp_path)
    assert (state.step, remark) == (7, "")
    run(tmp_path, resume=True)
    require_the_same(tmp_path, straight)
    assert not (tmp_path / "last.safetensors.new").exists()
