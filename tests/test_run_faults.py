"""Runs in which something fails: nothing after a step costs the epoch, and no checkpoint is spoilt."""

import errno
import os
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from runs import CONFIG, VALIDATION, after, assert_same, run

from npmobilenet.training import checkpoint, loop, plots
from npmobilenet.training.checkpoint import load_checkpoint, save_checkpoint
from npmobilenet.training.conclusion import conclude
from npmobilenet.training.config import Config
from npmobilenet.training.folder import traces
from npmobilenet.training.history import Silent
from npmobilenet.training.optimizers import Adam, Optimizer, Sgd
from npmobilenet.training.run import Diverged
from npmobilenet.weights import load, save
from npmobilenet.weights.disk import write_whole

pytestmark = pytest.mark.usefixtures("one_thread")
ALWAYS = replace(CONFIG, train=replace(CONFIG.train, save_minutes=0))
FILES = ("last.safetensors", "previous.safetensors", "best.safetensors")
TIMES = ("seconds", "waited", "images_per_second")


class Fault(Exception):
    """What nobody foresaw."""


class Listening(Silent):
    """Remembers remarks."""

    def __init__(self) -> None:
        self.remarks: list[str] = []

    def remark(self, text: str) -> None:
        self.remarks.append(text)


def failing(
    patch: pytest.MonkeyPatch, owner: Any, name: str, call: int, error: BaseException
) -> None:
    """The so many-th call of a function raises; those before it do what they did."""
    done, before = 0, getattr(owner, name)

    def stand_in(*given: Any, **named: Any) -> Any:
        nonlocal done
        done += 1
        if done == call:
            raise error
        return before(*given, **named)

    patch.setattr(owner, name, stand_in)


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory, one_thread: None) -> Path:
    """30 steps that nothing disturbs."""
    folder = tmp_path_factory.mktemp("straight")
    run(folder)
    return folder


def figures(folder: Path) -> list[dict[str, Any]]:
    """The history without times."""
    history = load(folder / "last.safetensors").notes["history"]
    return [{k: v for k, v in epoch.items() if k not in TIMES} for epoch in history]


def require_the_same(folder: Path, straight: Path) -> None:
    for name in ("last.safetensors", "best.safetensors"):
        assert_same(load(folder / name), load(straight / name))
    assert figures(folder) == figures(straight)
    assert (folder / "log.csv").read_text().count("\n") == 4


# ---- what comes after a step ---------------------------------------------------------------------


class Clumsy(Silent):
    """A reporter that fails in one of its methods, the so many-th time."""

    def __init__(self, method: str, call: int) -> None:
        failing(pytest.MonkeyPatch(), self, method, call, Fault("the screen is broken"))


@pytest.mark.parametrize(
    ("disturb", "steps"),
    [
        (lambda patch: failing(patch, loop, "evaluate", 2, Fault("")), 20),
        (lambda patch: failing(patch, loop, "save", 1, OSError("disk full")), 10),
        (lambda patch: failing(patch, loop, "write_logs", 1, Fault("")), 10),
        (lambda patch: Clumsy("step", 7), 7),
        (lambda patch: Clumsy("measure", 1), 10),
        (lambda patch: Clumsy("epoch", 3), 30),
    ],
)
def test_whatever_fails_after_a_step_costs_nothing(
    disturb: Callable[[Any], Any], steps: int, straight: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    """All steps are on disk, and the run goes on to the bits of one that nothing disturbed."""
    with monkeypatch.context() as patch:
        reporter = disturb(patch)
        with pytest.raises((Fault, OSError)):
            run(tmp_path, reporter=reporter)
    assert load_checkpoint(tmp_path)[1].step == steps
    run(tmp_path, resume=True)
    require_the_same(tmp_path, straight)


def test_a_damaged_image_costs_no_step(straight: Path, tmp_path: Path, monkeypatch: Any) -> None:
    """Met in the middle of an epoch it ends the run, with the steps before it on disk."""
    with monkeypatch.context() as patch:
        spoilt = loop.batches

        def batches(*given: Any, **named: Any) -> Any:
            for number, batch in enumerate(spoilt(*given, **named)):
                if number == 4:
                    raise ValueError("images[17]: damaged")
                yield batch

        patch.setattr(loop, "batches", batches)
        with pytest.raises(ValueError, match=r"^images\[17\]: damaged$"):
            run(tmp_path)
    assert load_checkpoint(tmp_path)[1].step == 4
    run(tmp_path, resume=True)
    require_the_same(tmp_path, straight)


def test_a_first_batch_that_fails_leaves_no_run(tmp_path: Path, monkeypatch: Any) -> None:
    """So that the same command can be given again."""
    with monkeypatch.context() as patch:
        patch.setattr(loop, "batches", lambda *given, **named: (k for k in [1 // 0]))
        with pytest.raises(ZeroDivisionError):
            run(tmp_path)
    assert len(run(tmp_path)) == 3


def test_logs_that_cannot_be_written_are_a_remark(tmp_path: Path, monkeypatch: Any) -> None:
    """A spreadsheet that holds log.csv open does not end a run."""
    who = Listening()
    failing(monkeypatch, loop, "write_logs", 1, OSError("log.csv: cannot be written (in use)"))
    assert len(run(tmp_path, reporter=who)) == 3
    assert who.remarks == ["log.csv: cannot be written (in use)"]
    assert (tmp_path / "log.csv").read_text().count("\n") == 4


# ---- disks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("owner", "number"),
    [("fsync", errno.ENOSPC), ("open", errno.EROFS), ("replace", errno.EDQUOT)],
)
def test_a_full_disk_leaves_the_last_checkpoint(
    owner: str, number: int, straight: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    """In one line, with the file's name; nothing half written stays."""
    with monkeypatch.context() as patch:
        place = os if owner == "fsync" else Path
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
        ("open", 1, PermissionError(errno.EACCES, "no"), True),
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


def test_damage_anywhere_is_noticed(tmp_path: Path) -> None:
    """A changed bit, in arrays or in what stands beside them, or a missing end: the one before."""
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, ALWAYS, stop=after(2))
    file = tmp_path / "last.safetensors"
    whole, rng = file.read_bytes(), np.random.default_rng(0)
    header = 8 + int.from_bytes(whole[:8], "little")
    right = load_checkpoint(tmp_path)[1]
    places = [*range(10), *rng.integers(0, header, 40), *rng.integers(header, len(whole), 20)]
    noticed = 0
    for place in map(int, places):
        spoilt = bytearray(whole)
        spoilt[place] ^= 1 << (place % 8)
        file.write_bytes(spoilt)
        _, state, _, remark = load_checkpoint(tmp_path)
        assert state.step == 2 - bool(remark)
        noticed += bool(remark)
        if not remark:  # a bit of the seal's own name
            assert all(np.array_equal(state.params[n], right.params[n]) for n in right.params)
    assert noticed > 0.95 * len(places)
    told = whole.index(b'seen\\": 16') + 8  # a digit of a sum that no array depends on
    file.write_bytes(whole[:told] + b"7" + whole[told + 1 :])
    assert "the metadata are not those that were saved" in load_checkpoint(tmp_path)[3]
    for length in (0, 7, 8, 100, header - 1, header, len(whole) - 1):
        file.write_bytes(whole[:length])
        assert load_checkpoint(tmp_path)[1].step == 1
    (tmp_path / "previous.safetensors").write_bytes(b"")
    with pytest.raises(
        ValueError, match=r"last.safetensors: .*; .*previous.safetensors: "
    ) as caught:
        load_checkpoint(tmp_path)
    assert len(str(caught.value).splitlines()) == 1


def test_a_damaged_last_never_becomes_the_previous(tmp_path: Path) -> None:
    """A crash in the first save after it was noticed must find a whole one."""
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, ALWAYS, stop=after(3))
    (tmp_path / "last.safetensors").write_bytes(b"damaged")
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, ALWAYS, resume=True, stop=after(1))
    assert [load(tmp_path / name).notes["step"] for name in FILES[:2]] == [3, 2]


def test_a_run_that_was_moved_goes_on(straight: Path, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "here", stop=after(7))
    (tmp_path / "here").rename(tmp_path / "there")
    run(tmp_path / "there", resume=True)
    require_the_same(tmp_path / "there", straight)


@pytest.mark.parametrize("part", ["config", "progress", "history", "data"])
def test_a_run_of_another_version_is_named(part: str, tmp_path: Path) -> None:
    """Its configuration has a key, its progress a field, that this one does not know."""
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, stop=after(12))
    model, state, progress, _ = load_checkpoint(tmp_path)
    notes, strange = model.notes | {"progress": vars(progress)}, {"colour": "red"}
    if part == "config":
        notes["config"] = {**notes["config"], "future": strange}
    elif part == "history":
        notes["history"] = [strange]
    elif part == "progress":
        notes["progress"] = {**vars(progress), **strange}
    else:
        del notes["data"]
    changed = replace(model, notes=notes | {"step": state.step})
    save(changed, tmp_path / "last.safetensors")
    (tmp_path / "previous.safetensors").unlink(missing_ok=True)
    with pytest.raises(ValueError, match=r"last.safetensors: a run of another version \("):
        run(tmp_path, resume=True)


# ---- numbers that are no longer numbers ----------------------------------------------------------


def diverging(optimizer: Optimizer, **train: Any) -> Config:
    return replace(
        CONFIG, optimizer=optimizer, train=replace(CONFIG.train, save_minutes=0, **train)
    )


@pytest.mark.parametrize(
    "config",
    [
        diverging(Sgd(lr=1e4)),
        diverging(Sgd(lr=1e4), engine="reference"),
        diverging(Sgd(lr=1e18), ema=0.9),
        diverging(Adam(lr=1e30)),
        diverging(Sgd(lr=1e4, weight_decay=10.0, no_decay=())),
    ],
)
def test_a_run_that_diverges_keeps_its_last_good_checkpoint(
    config: Config, tmp_path: Path, recwarn: Any
) -> None:
    """It ends in one line that says when, and what to do; nothing on disk is NaN or infinite."""
    with pytest.raises(Diverged, match=r"at epoch \d, step \d+: try a smaller lr than 1") as end:
        run(tmp_path, config)
    assert len(str(end.value).splitlines()) == 1
    for name in FILES:
        if (tmp_path / name).exists():
            model = load(tmp_path / name)
            assert all(np.isfinite(v).all() for v in (model.params | model.extra).values())
    assert not [str(w.message) for w in recwarn if "encountered" in str(w.message)]


@pytest.mark.parametrize("part", ["params", "optimizer", "average"])
def test_a_checkpoint_that_is_not_finite_is_passed_over(part: str, tmp_path: Path) -> None:
    """One that an older version wrote, say."""
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, diverging(Sgd(lr=0.02), ema=0.9), stop=after(2))
    model, state, progress, _ = load_checkpoint(tmp_path)
    name, value = next(iter(getattr(state, part).items()))
    getattr(state, part)[name] = np.full_like(value, np.inf)
    save_checkpoint(tmp_path, model, state, progress, model.notes)
    _, found, _, remark = load_checkpoint(tmp_path)
    assert found.step == 2
    assert f"{name} is not finite; going on from previous.safetensors" in remark
    save_checkpoint(tmp_path, model, state, progress, model.notes)
    with pytest.raises(ValueError, match=r"last.safetensors: .* is not finite; .*previous"):
        load_checkpoint(tmp_path)


def test_a_validation_loss_that_is_not_finite_ends_the_run(
    tmp_path: Path, monkeypatch: Any
) -> None:
    real = loop.evaluate
    monkeypatch.setattr(
        loop, "evaluate", lambda *given, **named: replace(real(*given, **named), loss=float("nan"))
    )
    with pytest.raises(Diverged, match="the validation loss is nan at epoch 1, step 10"):
        run(tmp_path)
    assert not (tmp_path / "best.safetensors").exists()


# ---- what a finished run leaves ------------------------------------------------------------------


def test_pictures_and_cards_cost_no_run(straight: Path, tmp_path: Path, monkeypatch: Any) -> None:
    """What cannot be drawn or written is a remark, in one line each."""
    pytest.importorskip("matplotlib")
    for name in ("last.safetensors", "best.safetensors"):
        (tmp_path / name).write_bytes((straight / name).read_bytes())
    (tmp_path / "card.md").mkdir()
    failing(monkeypatch, plots, "curves", 1, Fault("a font\n is missing"))
    failing(monkeypatch, plots, "confusion", 1, MemoryError())
    scores, remarks = conclude(tmp_path, VALIDATION, CONFIG, "npmobilenet train \udcc3")
    assert scores is not None
    assert remarks[0] == f"{tmp_path / 'curves.png'} could not be drawn: a font is missing"
    assert remarks[1] == f"{tmp_path / 'confusion.png'} could not be drawn: MemoryError"
    assert remarks[2].startswith(f"{tmp_path / 'card.md'} could not be written: ")
    assert all(len(remark.splitlines()) == 1 for remark in remarks)


def test_a_matplotlib_that_cannot_be_used_is_a_remark(monkeypatch: Any) -> None:
    import sys

    pytest.importorskip("matplotlib")
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert plots.trouble().startswith("no pictures of curves: matplotlib cannot be used (")


@pytest.mark.parametrize(
    "names",
    [
        ("$x^{$", "a$b$c", "\\alpha_", "two\nlines", "x" * 400),
        pytest.param(tuple(str(k) * 40 for k in range(40)), marks=pytest.mark.long),
        pytest.param(tuple(map(str, range(1000))), marks=pytest.mark.long),
    ],
)
def test_classes_of_any_name_can_be_drawn(
    names: tuple[str, ...], tmp_path: Path, recwarn: Any
) -> None:
    """A dollar begins no mathematics, a long name leaves room for the matrix."""
    pytest.importorskip("matplotlib")
    from npmobilenet.training.metrics import Evaluation

    labels = np.arange(len(names))
    scores = Evaluation(len(names), 1, 1, 0.0, names, labels, labels, np.ones(len(names)))
    plots.confusion(scores, tmp_path / "drawn.png")
    assert (tmp_path / "drawn.png").stat().st_size > 5000
    assert not recwarn


@pytest.mark.parametrize("content", [None, b"cut off"])
def test_best_weights_that_are_gone_are_missed_before_the_first_step(
    content: bytes | None, tmp_path: Path
) -> None:
    """The epochs from there on are compared with one another, not with weights that nobody has."""
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, stop=after(14))
    best = tmp_path / "best.safetensors"
    best.unlink() if content is None else best.write_bytes(content)
    who = Listening()
    history = run(tmp_path, resume=True, reporter=who)
    assert "best.safetensors: no" in who.remarks[0]
    assert "the last checkpoint takes its place" in who.remarks[0]
    assert history[1].best
    assert load(best).notes["history"][-1]["best"]


def test_where_no_run_is_none_goes_on(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"last\.safetensors: no such weight file, so no run that"):
        run(tmp_path, resume=True)
