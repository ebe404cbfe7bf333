"""Stopping at any step and going on; checkpoints that survive crashes."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import npmobilenet as nm
from npmobilenet import cli
from npmobilenet.images.augment import Augment
from npmobilenet.training import loop
from npmobilenet.training.config import Config, Data
from npmobilenet.training.loop import train
from npmobilenet.training.optimizers import RmsProp
from npmobilenet.training.run.checkpoint import load_checkpoint
from npmobilenet.training.schedules import Cosine
from npmobilenet.weights import Model, load, save
from tests.commands import folders_of_noise
from tests.training.runs import (
    ALWAYS,
    CONFIG,
    HOW,
    PLAN,
    TRAINING,
    VALIDATION,
    Listening,
    after,
    assert_same,
    run,
)

pytestmark = pytest.mark.usefixtures("one_thread")
FILES = ("last.safetensors", "best.safetensors")
# everything that is remembered or random at once
RICH = Config(
    data=Data(workers=2),
    train=replace(CONFIG.train, ema=0.9, clip=1.0, label_smoothing=0.1, freeze=("stem*",)),
    optimizer=RmsProp(lr=0.01, eps=0.01),
    augment=Augment(flip=0.5, shift=1, erase=0.5, mixup=0.3, cutmix=0.3),
)


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory, one_thread: None) -> Path:
    """RICH's 30 steps without a stop."""
    folder = tmp_path_factory.mktemp("straight")
    run(folder, RICH)
    return folder


def stopped_and_resumed(folder: Path, call: int) -> None:
    """Stop at the so many-th occasion (each step and each measuring is one) and go on."""
    with pytest.raises(KeyboardInterrupt):
        run(folder, RICH, stop=after(call))
    run(folder, RICH, resume=True)


@pytest.mark.parametrize("call", [1, 10, 11, 12, 17, 33])
def test_a_stopped_run_ends_with_the_same_bits(call: int, straight: Path, tmp_path: Path) -> None:
    """After the first step, the last of an epoch, while it is measured, within one, at the end."""
    stopped_and_resumed(tmp_path, call)
    for file in FILES:
        assert_same(load(tmp_path / file), load(straight / file))
    a, b = (load(folder / "last.safetensors").notes["history"] for folder in (tmp_path, straight))
    timed = ("seconds", "waited", "images_per_second")
    for one, other in zip(a, b, strict=True):
        assert {k: v for k, v in one.items() if k not in timed} == {
            k: v for k, v in other.items() if k not in timed
        }


def test_ctrl_c_in_python_loses_no_step(straight: Path, tmp_path: Path, monkeypatch: Any) -> None:
    """As in a notebook, where the handler is Python's own: in the middle of the fourth step."""
    take, steps = loop._take_step, iter(range(1, 31))

    def pressed(*given: Any) -> None:
        if next(steps) == 4:
            signal.raise_signal(signal.SIGINT)
        take(*given)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        monkeypatch.setattr(loop, "_take_step", pressed)
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path, RICH)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)
    assert load(tmp_path / "last.safetensors").notes["step"] == 4
    monkeypatch.setattr(loop, "_take_step", take)
    run(tmp_path, RICH, resume=True)
    assert_same(load(tmp_path / "last.safetensors"), load(straight / "last.safetensors"))


@pytest.mark.long
@pytest.mark.parametrize("call", range(1, 34))
def test_stopping_at_every_step(call: int, straight: Path, tmp_path: Path) -> None:
    """All of the 30 steps and the 3 measurings."""
    stopped_and_resumed(tmp_path, call)
    for file in FILES:
        assert_same(load(tmp_path / file), load(straight / file))


def test_a_run_may_stop_many_times(straight: Path, tmp_path: Path) -> None:
    """Every fourth step."""
    for turn in range(8):
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path, RICH, resume=turn > 0, stop=after(4))
    run(tmp_path, RICH, resume=True)
    assert_same(load(tmp_path / FILES[0]), load(straight / FILES[0]))


@pytest.mark.parametrize(("threads", "workers"), [(1, 0), (2, 1), (1, 4)])
def test_threads_and_workers_change_no_bit(
    threads: int, workers: int, straight: Path, tmp_path: Path
) -> None:
    numba = pytest.importorskip("numba")
    if threads > numba.config.NUMBA_NUM_THREADS:
        pytest.skip("this machine has one core")
    config = replace(RICH, data=Data(workers=workers), train=replace(RICH.train, threads=threads))
    run(tmp_path, config)
    for file in FILES:
        assert_same(load(tmp_path / file), load(straight / file))


def test_more_epochs_may_be_asked_for(tmp_path: Path) -> None:
    """The schedule is then the longer run's from there on; fewer than were taken cannot be."""
    run(tmp_path, CONFIG)
    longer = replace(CONFIG, train=replace(CONFIG.train, epochs=4))
    who = Listening()
    history = run(tmp_path, longer, resume=True, reporter=who)
    assert who.remarks == ["the run began with 3 epochs; from here on its schedule is that of 4"]
    assert [epoch.epoch for epoch in history] == [1, 2, 3, 4]
    last = [
        0.02 * Cosine().factor_of(9 + 10 * k, 30 if k < 3 else 40, 3 + k // 3) for k in range(4)
    ]
    assert [epoch.lr for epoch in history] == pytest.approx(last)
    assert "epochs = 4" in (tmp_path / "config.toml").read_text()


# ---- crashes -------------------------------------------------------------------------------------


def test_the_last_two_checkpoints_are_kept(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, ALWAYS, stop=after(7))
    steps = [load(tmp_path / name).notes["step"] for name in ("previous.safetensors", FILES[0])]
    assert steps == [6, 7]


@pytest.mark.parametrize("damage", ["cut off", "missing"])
def test_a_damaged_checkpoint_leaves_the_one_before(
    damage: str, straight: Path, tmp_path: Path
) -> None:
    """It is said, and the run ends with the same bits."""
    always = replace(RICH, train=replace(RICH.train, save_minutes=0))
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, always, stop=after(7))
    last = tmp_path / FILES[0]
    if damage == "missing":
        last.unlink()
    else:
        last.write_bytes(last.read_bytes()[:-100])
    _, state, progress, remark = load_checkpoint(tmp_path)
    assert (state.step, progress.step) == (6, 6)
    assert remark.endswith("going on from previous.safetensors")
    assert str(last) in remark
    run(tmp_path, RICH, resume=True)
    assert_same(load(last), load(straight / FILES[0]))


@pytest.mark.parametrize("moment", range(1, 12))
def test_a_crash_while_saving_leaves_a_whole_checkpoint(
    moment: int, tmp_path: Path, monkeypatch: Any
) -> None:
    """Whichever of the calls that touch the disk is the last that happens."""
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, ALWAYS, stop=after(5))

    class Crash(BaseException):
        pass

    left = moment

    def dying(function: Any) -> Any:
        def call(*given: Any, **named: Any) -> Any:
            nonlocal left
            left -= 1
            if left <= 0:
                raise Crash
            return function(*given, **named)

        return call

    with monkeypatch.context() as patch:
        for owner, name in ((os, "fsync"), (Path, "replace"), (Path, "open")):
            patch.setattr(owner, name, dying(getattr(owner, name)))
        with pytest.raises((Crash, KeyboardInterrupt)):
            run(tmp_path, ALWAYS, resume=True, stop=after(3))
    _, state, _, _ = load_checkpoint(tmp_path)
    assert state.step >= 5
    run(tmp_path, CONFIG, resume=True)
    assert load_checkpoint(tmp_path)[1].step == 30


def test_weights_alone_cannot_go_on(tmp_path: Path) -> None:
    model = Model(PLAN, nm.init(PLAN, 0), TRAINING.classes, HOW)
    save(model, tmp_path / "last.safetensors")
    with pytest.raises(ValueError, match="weights, but not a run that could go on"):
        train(PLAN, TRAINING, VALIDATION, HOW, CONFIG, tmp_path, resume=True)


# ---- the program itself --------------------------------------------------------------------------


def begin(folder: Path, data: Path, *words: str) -> subprocess.Popen[str]:
    """`npmobilenet train` in a process of its own, a checkpoint after each step."""
    command = [sys.executable, "-m", "npmobilenet", "train", str(data), "--output", str(folder)]
    command += ["--width", "0.1", "--model", "v1-shallow", "--dialect", "cifar", "--resolution"]
    command += ["8", "--batch", "4", "--lr", "0.01", "-o", "train.save_minutes=0", *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """train/ and val/ with two classes of noise."""
    return folders_of_noise(tmp_path_factory.mktemp("photos"), train=20, val=2)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_ctrl_c_and_kill(how: signal.Signals, photos: Path, tmp_path: Path) -> None:
    """Ctrl-C saves, says how to go on and exits with 130; kill -9 leaves the last step's checkpoint."""
    with begin(tmp_path / "run", photos, "--epochs", "2000") as process:
        deadline = time.monotonic() + 120
        while not (tmp_path / "run/previous.safetensors").exists():
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.send_signal(how)
        out, err = process.communicate(timeout=60)
    assert process.returncode == (130 if how == signal.SIGINT else -9)
    if how == signal.SIGINT:
        assert f"go on with: npmobilenet train --resume --output {tmp_path / 'run'}" in out
        assert "finishing this step" in err
        assert "Traceback" not in err
    _, state, progress, _ = load_checkpoint(tmp_path / "run")
    assert state.step == 10 * progress.epoch + progress.step > 0
    epochs = progress.epoch + 1
    words = ["train", "--resume", "--output", str(tmp_path / "run"), "--epochs", str(epochs)]
    assert cli.main(words) == 0
    assert load(tmp_path / "run/last.safetensors").notes["step"] == 10 * epochs
