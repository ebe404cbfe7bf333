"""Where a run may begin: its folder, its lock, and what is checked before the first step."""

import errno
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from commands import call, folders_of_noise
from runs import CONFIG, HOW, PLAN, TRAINING, VALIDATION, after, assert_same, pictures, run

from npmobilenet.cli.progress import ConsoleReporter
from npmobilenet.training import folder as folders
from npmobilenet.training import lock
from npmobilenet.training.checkpoint import load_checkpoint
from npmobilenet.training.folder import OTHERS, RUNS, erase, traces
from npmobilenet.training.history import Moment, Silent
from npmobilenet.training.lock import LOCK, locked
from npmobilenet.training.loop import train
from npmobilenet.training.prepare import prepare_run
from npmobilenet.training.subsets import part_of
from npmobilenet.weights import load

pytestmark = pytest.mark.usefixtures("one_thread")
SMALL = ["--model", "v1-shallow", "--width", "0.1", "--resolution", "8", "--dialect", "cifar"]
SMALL += ["--batch", "4", "--lr", "0.01", "--workers", "1"]


class At(Silent):
    """Does something after a step, and keeps remarks."""

    def __init__(self, act: Callable[[], Any] = lambda: None, step: int = 2) -> None:
        self.act, self.when, self.remarks = act, step, list[str]()

    def step(self, moment: Moment) -> None:
        if (moment.epoch, moment.step) == (1, self.when):
            self.act()

    def remark(self, text: str) -> None:
        self.remarks.append(text)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """train/ and val/ with two classes of noise."""
    return folders_of_noise(tmp_path_factory.mktemp("photos"), train=8, val=2)


# ---- a folder holds one run ----------------------------------------------------------------------


@pytest.mark.parametrize("name", RUNS)
def test_any_trace_of_a_run_is_respected(name: str, tmp_path: Path, capsys: Any) -> None:
    """Without --resume and --anew nothing begins there, in words that name both."""
    (tmp_path / name).write_bytes(b"precious")
    with pytest.raises(ValueError, match=rf"already holds a run \({name}\); .*--resume.*--anew"):
        run(tmp_path)
    code, _, err = call(capsys, "train", "fashion-mnist-sample", "--output", tmp_path)
    assert (code, "--resume" in err, "--anew" in err) == (2, True, True)
    assert (tmp_path / name).read_bytes() == b"precious"


def test_what_is_no_run_is_in_nobodys_way(tmp_path: Path) -> None:
    """A run that was killed before its first checkpoint leaves descriptions and halves of files."""
    for name in (*OTHERS, "last.safetensors.new.part", "log.csv.part", "run.lock"):
        (tmp_path / name).write_text("left")
    (tmp_path / "notes.txt").write_text("mine")
    run(tmp_path)
    assert not list(tmp_path.glob("*.part"))
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_anew_erases_the_run_and_says_so(tmp_path: Path) -> None:
    """And nothing but the run; the new one is as if there had been none."""
    run(tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    first, who = load(tmp_path / "last.safetensors"), At()
    other = replace(CONFIG, train=replace(CONFIG.train, seed=6))
    run(tmp_path, other, anew=True, reporter=who)
    assert who.remarks[0].startswith(f"{tmp_path}: the run that was there is erased (last.safe")
    assert (tmp_path / "notes.txt").read_text() == "mine"
    again = At()
    run(tmp_path, CONFIG, anew=True, reporter=again)
    assert_same(load(tmp_path / "last.safetensors"), first)
    assert set(erase(tmp_path)) >= {"best.safetensors", "log.csv", "config.toml"}
    assert (traces(tmp_path), [p.name for p in tmp_path.iterdir()]) == ([], ["notes.txt"])


def test_what_cannot_begin_erases_nothing(tmp_path: Path) -> None:
    run(tmp_path)
    wrong = replace(CONFIG, train=replace(CONFIG.train, freeze=("nix*",)))
    with pytest.raises(ValueError, match=r"'nix\*' fits no array"):
        run(tmp_path, wrong, anew=True)
    single = replace(CONFIG, train=replace(CONFIG.train, batch=1))
    with pytest.raises(ValueError, match="cannot normalise one image of 1 x 1 pixels"):
        run(tmp_path, single, anew=True)
    assert load_checkpoint(tmp_path)[1].step == 30


def test_anew_and_resume_exclude_each_other(capsys: Any) -> None:
    code, _, err = call(capsys, "train", "x", "--resume", "--anew")
    assert (code, "not allowed with" in err) == (2, True)


# ---- one run at a time ---------------------------------------------------------------------------


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

    always = replace(CONFIG, train=replace(CONFIG.train, save_minutes=0))
    assert len(run(tmp_path, always, reporter=At(elsewhere))) == 3
    assert len(refused) == 1
    assert refused[0].startswith(f"{tmp_path}: another run writes there (process {os.getpid()} on ")
    assert not (tmp_path / LOCK).exists()


HOLDER = """
import sys
from pathlib import Path
sys.path.append(sys.argv[1])
import lock
with lock.locked(Path(sys.argv[2])):
    print("locked", flush=True)
    sys.stdin.read()
"""


def test_a_lock_is_free_once_its_process_has_ended(tmp_path: Path) -> None:
    """Who is locked out reads which process it is; its death, by kill, is the end of the lock."""
    words = [sys.executable, "-c", HOLDER, str(Path(lock.__file__).parent), str(tmp_path)]
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
    who = At()
    assert len(run(tmp_path, reporter=who)) == 3
    assert who.remarks == [
        f"{tmp_path}: this file system has no locks; begin no second run in this folder"
    ]


# ---- before the first step -----------------------------------------------------------------------


def test_a_full_disk_is_noticed_before_the_first_step(tmp_path: Path, monkeypatch: Any) -> None:
    """Three checkpoints and the best weights must fit; what the run has already counts as room."""
    short = replace(CONFIG, train=replace(CONFIG.train, epochs=1))
    run(tmp_path / "whole", short)
    sizes = {p.name: p.stat().st_size for p in (tmp_path / "whole").glob("*.safetensors")}
    longest = 3 * sizes["last.safetensors"] + sizes["best.safetensors"]
    free = 0
    monkeypatch.setattr(
        folders.shutil, "disk_usage", lambda path: SimpleNamespace(total=free + 1, free=free)
    )
    with pytest.raises(OSError, match=r"MB are needed for the run's checkpoints, 0.0 MB are free"):
        run(tmp_path / "run", short)
    assert not (tmp_path / "run").exists()
    free = longest
    run(tmp_path / "run", short)
    free = sizes["last.safetensors"]
    run(tmp_path / "run", short, resume=True)


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("file", r"file: cannot be the folder of a run \(it is a file\)"),
        ("file/run", r"cannot be the folder of a run \(Not a directory\)"),
        ("x" * 300, r"cannot be the folder of a run \(File name too long\)"),
        ("taken", r"taken/config.toml: is a folder"),
    ],
)
def test_folders_that_cannot_be(place: str, reason: str, tmp_path: Path) -> None:
    """In one line, before anything is learnt."""
    (tmp_path / "file").write_text("")
    (tmp_path / "taken/config.toml").mkdir(parents=True)
    with pytest.raises(OSError, match=reason) as caught:
        run(tmp_path / place)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    "name", ["rose\nfake", "bell\x07", "\udcc3\udcb5", "next\u2028line", "\x9bcsi"]
)
def test_class_names_that_cannot_be_written(name: str, tmp_path: Path) -> None:
    images = pictures(9, 0)
    images.classes = ("ash", name, "oak")
    with pytest.raises(ValueError, match=r"1 of 3 classes have bytes that .*; rename them$") as e:
        train(PLAN, images, None, HOW, CONFIG, tmp_path / "run")
    assert str(e.value).isprintable()
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("place", ["train/run", "val/a/run", "train"])
def test_a_run_does_not_lie_among_its_images(place: str, photos: Path, capsys: Any) -> None:
    """Its folder would be a class, its pictures images: no such run could be resumed."""
    code, _, err = call(capsys, "train", photos, *SMALL, "--output", photos / place)
    assert code == 1
    assert f"{place}: lies in {photos / place.split('/')[0]}, among the images" in err
    assert not (photos / "val/a/run").exists()


def test_a_path_that_is_not_utf_8_is_named(tmp_path: Path, capsys: Any) -> None:
    """Weights and config.toml keep it: said before anything is read."""
    strange = os.fsdecode(os.fsencode(tmp_path) + b"/\xb5\xb9")
    code, _, err = call(capsys, "train", strange, "--output", tmp_path / "run", *SMALL)
    assert (code, "data.path: '" in err, "is not UTF-8; rename it" in err) == (1, True, True)
    assert not (tmp_path / "run").exists()


def test_files_that_are_missing_and_batches_that_are_large(
    photos: Path, tmp_path: Path, capsys: Any
) -> None:
    (tmp_path / "set").mkdir()
    names = sorted((photos / "train").rglob("*.png"))
    lines = [f"{path} {k % 2}\n" for k, path in enumerate(names)]
    (tmp_path / "set/train_list.txt").write_text("".join(lines))
    (tmp_path / "set/val_list.txt").write_text("".join(lines[:2]) + "absent.png 1\n")
    words = ["train", tmp_path / "set", *SMALL, "--output", tmp_path / "run"]
    code, _, err = call(capsys, *words)
    assert (code, "absent.png" in err) == (1, True)
    assert not (tmp_path / "run").exists()
    (tmp_path / "set/val_list.txt").unlink()
    data = {"path": str(tmp_path / "set"), "validation": "none"}
    said = prepare_run({"data": data, "train": {"batch": 17}}).remarks
    assert "a batch of 17 is more than the 16 training images: each epoch is one step" in said
    (tmp_path / "set/train_list.txt").write_text(f"{names[0]} 0\n")
    assert "there is one class, 0: nothing to choose from" in prepare_run({"data": data}).remarks
    with pytest.raises(ValueError, match=r"family is 'keras', but there are no model\.weights"):
        prepare_run({"data": data, "model": {"family": "keras"}})


def test_a_validation_that_could_not_be_measured(tmp_path: Path) -> None:
    nobody = part_of(VALIDATION, np.array([0]))
    nobody.labels, nobody.images = nobody.labels[:0], nobody.images[:0]
    other = pictures(9, 0)
    other.classes = ("ash", "birch", "oak")
    for images, words in ((nobody, "no validation images"), (other, "are of 3 classes, which are")):
        with pytest.raises(ValueError, match=words):
            train(PLAN, TRAINING, images, HOW, CONFIG, tmp_path / "run")
    with pytest.raises(ValueError, match="no training images"):
        train(PLAN, nobody, VALIDATION, HOW, CONFIG, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_the_usual_folder_has_the_name_of_the_data(
    photos: Path, tmp_path: Path, capsys: Any, monkeypatch: Any
) -> None:
    """Also where the data is called `.`"""
    (photos / "runs" / photos.name).mkdir(parents=True)
    (photos / "runs" / photos.name / "best.safetensors").touch()
    monkeypatch.chdir(photos)
    code, _, err = call(capsys, "train", ".", *SMALL)
    assert (code, f"runs/{photos.name}: already holds a run" in err) == (2, True)


# ---- signals -------------------------------------------------------------------------------------


def sent(monkeypatch: pytest.MonkeyPatch, method: str, *numbers: int) -> None:
    """Let the reporter's method send signals to this process at the second step, the first measuring."""
    real, calls = getattr(ConsoleReporter, method), [0]

    def sending(self: ConsoleReporter, *given: Any) -> None:
        calls[0] += 1
        real(self, *given)
        if calls[0] == (1 if method == "measure" else 2):
            for number in numbers:
                signal.raise_signal(number)

    monkeypatch.setattr(ConsoleReporter, method, sending)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGHUP")
@pytest.mark.parametrize(
    ("number", "code", "method", "step"),
    [
        (signal.SIGTERM, 143, "step", 2),
        (signal.SIGHUP, 129, "measure", 4),
    ],
)
def test_signals_save_the_run(
    number: int, code: int, method: str, step: int, photos: Path, tmp_path: Path, capsys: Any,
    monkeypatch: Any,
) -> None:  # fmt: skip
    """Exit codes are the shell's; what was learnt is saved; how to go on is said."""
    before = signal.getsignal(number)
    words = ["train", photos, *SMALL, "--epochs", 2, "--output", tmp_path / "run"]
    with monkeypatch.context() as patch:
        sent(patch, method, number)
        found, out, err = call(capsys, *words)
    assert (found, "Traceback" in err) == (code, False)
    assert f"note: stopped; go on with: npmobilenet train --resume --output {tmp_path}/run" in out
    assert load_checkpoint(tmp_path / "run")[1].step == step
    assert signal.getsignal(number) == before
    assert not [t for t in threading.enumerate() if t.name.startswith("npmobilenet-loader")]
    assert call(capsys, "train", "--resume", "--output", tmp_path / "run")[0] == 0
    assert load_checkpoint(tmp_path / "run")[1].step == 8


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGHUP")
def test_a_second_signal_does_not_wait_and_an_ignored_one_stays_so(
    photos: Path, tmp_path: Path, capsys: Any, monkeypatch: Any
) -> None:
    """`nohup` ignores SIGHUP: so does the run; SIGTERM twice ends it at once, with nothing spoilt."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        sent(monkeypatch, "step", signal.SIGHUP, signal.SIGTERM, signal.SIGTERM)
        words = ["train", photos, *SMALL, "--epochs", 1, "--output", tmp_path / "run"]
        assert call(capsys, *words)[0] == 143
    finally:
        signal.signal(signal.SIGHUP, before)
    assert traces(tmp_path / "run") == []


@pytest.mark.parametrize("phase", ["compile_kernels", "_ask", "_introduce"])
def test_before_the_first_step_a_signal_ends_it(
    phase: str, photos: Path, tmp_path: Path, capsys: Any, monkeypatch: Any
) -> None:
    """While data is read, teachers are asked or kernels compiled: at once, and no folder is left."""
    from npmobilenet.cli import train as verb

    monkeypatch.setattr(verb, phase, lambda *given: signal.raise_signal(signal.SIGTERM))
    words = ["train", photos, *SMALL, "--epochs", 1, "--output", tmp_path / "run"]
    code, _, err = call(capsys, *words)
    assert (code, "Traceback" in err) == (143, False)
    assert not (tmp_path / "run").exists()


def test_a_run_outlives_its_terminal(photos: Path, tmp_path: Path, monkeypatch: Any) -> None:
    """Where progress cannot be shown any more, training goes on."""
    from rich.console import Console

    def broken(*given: Any, **named: Any) -> None:
        raise OSError(errno.EIO, "input/output error")

    out = Console(file=open(os.devnull, "w"), width=100)  # noqa: SIM115
    monkeypatch.setattr(out, "print", broken)
    with ConsoleReporter(out, tmp_path) as reporter:
        assert len(run(tmp_path, reporter=reporter)) == 3
    out.file.close()
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "other", stop=after(1), reporter=reporter)
