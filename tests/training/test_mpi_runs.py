"""Whole runs on several ranks: the same run, whatever ends one of them, and going on with other ranks."""

import json
import os
import random
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from npmobilenet.training.run.checkpoint import load_checkpoint
from npmobilenet.weights import load
from tests.commands import SMALL, call, folders_of_noise
from tests.training.mpi import ended, needs_mpi, run, start
from tests.training.runs import assert_same

pytestmark = needs_mpi
TRAIN = ["-m", "npmobilenet", "train"]
SAVING = ["-o", "train.save_minutes=0"]  # a checkpoint after each step
FAULTS = ["-m", "tests.training.mpi_faults"]
JOINED = ["--engine", "reference", "-o", "train.sync_bn=true", "-o", "data.cache_mb=0"]


@pytest.fixture(scope="module")
def noise(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folders_of_noise(tmp_path_factory.mktemp("noise"), train=9, val=5)


def losses(folder: Path) -> np.ndarray:
    lines = (folder / "log.jsonl").read_text().splitlines()
    keys = ("loss", "accuracy", "validation_loss", "images")
    return np.array([[json.loads(line)[key] for key in keys] for line in lines])


def small(noise: Path, folder: Path, *more: object) -> list[object]:
    return [*TRAIN, noise, *SMALL, "--epochs", 2, "--output", folder, *more]


@pytest.mark.long
def test_ranks_say_one_thing(noise: Path, tmp_path: Path) -> None:
    """Two ranks write one run and one text; the figures are those of one rank by rounding."""
    how = [
        *JOINED,
        "-o",
        "augment.mixup=0.2",
        "-o",
        "augment.cutmix=1.0",
        "-o",
        "switches.dropout=0.2",
    ]
    code, out, err = run(2, *small(noise, tmp_path / "two", *how, "--lr", 1e-6))
    assert (code, err) == (0, "")
    assert out.count("2 ranks on 1 host, a batch of 4 shared out") == 1
    assert out.count("epoch   2") == out.count("best validation top-1") == 1
    code, _, err = run(1, *small(noise, tmp_path / "one", *how, "--lr", 1e-6))
    assert code == 0, err
    np.testing.assert_allclose(losses(tmp_path / "two"), losses(tmp_path / "one"), rtol=1e-4)


@pytest.mark.long
@pytest.mark.parametrize("engine", ["compiled", "reference"])
def test_the_same_bits_in_each_run(engine: str, noise: Path, tmp_path: Path) -> None:
    """For one number of ranks; the compiled step says what it does not do with sync_bn."""
    more = ["--engine", engine, "-o", "train.sync_bn=true", "-o", "train.accumulate=2"]
    for name in ("a", "b"):
        code, out, err = run(4, *small(noise, tmp_path / name, *more))
        assert code == 0, err
        assert ("normalises by each rank's own part" in out) == (engine == "compiled")
    assert_same(
        load(tmp_path / "a" / "last.safetensors"), load(tmp_path / "b" / "last.safetensors")
    )


@pytest.mark.long
def test_going_on_with_other_ranks(noise: Path, tmp_path: Path) -> None:
    """Two epochs on two ranks, the third on four, the fourth on one: as four on one, by rounding."""
    larger = ["--resolution", 32, "--batch", 9, "--lr", 1e-4]
    for folder, plan in (("many", [(2, 2), (4, 3), (1, 4)]), ("one", [(1, 4)])):
        for place, (ranks, epochs) in enumerate(plan):
            more = ["--resume"] * (place > 0)
            words = small(
                noise, tmp_path / folder, *JOINED, *larger, "--schedule", "constant", *more
            )
            code, _, err = run(ranks, *words, "--epochs", epochs)
            assert code == 0, err
    np.testing.assert_allclose(losses(tmp_path / "many"), losses(tmp_path / "one"), rtol=1e-3)


@pytest.mark.long
def test_evaluate_and_predict_share_their_files(noise: Path, tmp_path: Path) -> None:
    """The same answers, in the same order, once; bad files are named."""
    run(1, *small(noise, tmp_path / "run"))
    (noise / "val" / "a" / "zz.png").write_bytes(b"no image")
    try:
        for verb in ("evaluate", "predict"):
            words = [
                "-m",
                "npmobilenet",
                verb,
                noise / "val",
                "--weights",
                tmp_path / "run",
                "--json",
            ]
            one, two, three = (run(ranks, *words) for ranks in (1, 2, 3))
            assert one[0] == two[0] == three[0] == (1 if verb == "predict" else one[0])
            assert one[2] == two[2] == three[2]
            if verb == "predict":
                assert one[1] == two[1] == three[1]
            else:
                a, b = (json.loads(each[1]) for each in (one, three))
                assert {**a, "loss": 0} == {**b, "loss": 0}
                assert a["loss"] == pytest.approx(b["loss"], rel=1e-6)
    finally:
        (noise / "val" / "a" / "zz.png").unlink()


def test_what_differs_is_named(tmp_path: Path) -> None:
    code, out, err = run(2, *FAULTS, "configuration", tmp_path / "run")
    assert code == 0, err
    for rank in range(2):
        assert f"rank {rank}: optimizer.lr is 0.25 on rank 1 (" in out
    assert not (tmp_path / "run").exists()


@pytest.mark.long
@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("files", "the checksum of the training images is "),
        ("version", "the version of npmobilenet is '0.0.1' on rank 1 ("),
        ("unreadable", "the disk is gone"),
    ],
)
def test_what_one_rank_has_ends_all(kind: str, said: str, tmp_path: Path) -> None:
    code, out, err = run(2, *FAULTS, kind, tmp_path / "run")
    assert code == 0, err
    assert out.count(said) == 2
    assert "on rank 1 (" in out or "rank 0: rank 1 on " in out


@pytest.mark.long
def test_a_rank_that_hangs_is_named(tmp_path: Path) -> None:
    code, _, err = run(2, *FAULTS, "hang", tmp_path / "run")
    assert code == 1
    assert err.count("\n") == 1
    assert "rank 1 on " in err
    assert " hangs: rank 0 has waited for it for " in err


@pytest.mark.long
def test_usage_and_errors_are_said_once(noise: Path, tmp_path: Path) -> None:
    code, _, err = run(2, *TRAIN, noise, "--epochz", 3)
    assert (code, err.count("did you mean --epochs?")) == (2, 1)
    code, _, err = run(2, *TRAIN, tmp_path / "nowhere")
    assert (code, err.count("\n")) == (1, 1)
    code, _, err = run(
        2, "-m", "npmobilenet", "evaluate", noise / "val", "--weights", tmp_path / "no"
    )
    assert (code, err.count("\n")) == (1, 1)


def children(process: subprocess.Popen[str]) -> list[int]:
    """The ranks' processes, which are the grandchildren of mpiexec."""
    found: dict[int, list[int]] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = status.read_text()
        except OSError:
            continue
        parent = int(text.rpartition(")")[2].split()[1])
        found.setdefault(parent, []).append(int(status.parent.name))
    return [own for proxy in found.get(process.pid, []) for own in found.get(proxy, [])]


def lost(noise: Path, folder: Path, how: signal.Signals, seed: int) -> None:
    """A rank is lost at a random moment: the run ends within 30 s, and its checkpoint is whole."""
    rng = random.Random(seed)
    process = start(2, *small(noise, folder, *SAVING, "--epochs", 100_000))
    deadline = time.monotonic() + 120
    while not (folder / "last.safetensors").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(rng.random())
    ranks = children(process)
    assert len(ranks) == 2
    os.kill(rng.choice(ranks), how)
    code, out, err = ended(process, 30)
    assert code != 0
    said = "signal 9" if how == signal.SIGKILL else "has been silent for "
    assert said in (out + err).lower()
    assert not [pid for pid in ranks if Path(f"/proc/{pid}").exists()]
    *_, remark = load_checkpoint(folder)
    assert remark == ""


reads_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")


@reads_proc
def test_a_run_goes_on_on_one_rank_where_one_of_two_was_killed(
    noise: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lost(noise, tmp_path, signal.SIGKILL, 0)
    done = len(load(tmp_path / "last.safetensors").notes["history"])
    again = small(noise, tmp_path, "--resume", "--epochs", done + 1)[2:]
    code, _, err = call(capsys, *again)
    assert code == 0, err
    assert len(losses(tmp_path)) == done + 1


@pytest.mark.long
@reads_proc
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "stopped"])
def test_a_lost_rank_ends_the_run(how: signal.Signals, noise: Path, tmp_path: Path) -> None:
    """Twenty times out of twenty; runs that wait for silence wait side by side."""
    with ThreadPoolExecutor(4 if how == signal.SIGSTOP else 1) as pool:
        list(pool.map(lambda k: lost(noise, tmp_path / str(k), how, k), range(20)))
