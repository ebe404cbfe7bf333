"""A run writes into its own folder alone, and goes on from nothing that it does not understand."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from npmobilenet.training.run.checkpoint import load_checkpoint
from npmobilenet.training.run.folder import in_use
from npmobilenet.training.run.lock import LOCK
from npmobilenet.weights import load, save
from tests.training.runs import ALWAYS, after, run
from tests.training.test_run_lock import AfterTwo

pytestmark = pytest.mark.usefixtures("one_thread")


def test_a_folder_that_took_the_place_of_the_runs_is_left_alone(tmp_path: Path) -> None:
    """It may hold another run, whose lock stays too."""
    here, other = tmp_path / "run", tmp_path / "other"
    other.mkdir()
    for name in ("last.safetensors", "best.safetensors", LOCK):
        (other / name).write_bytes(b"another run's")

    def exchange() -> None:
        here.rename(tmp_path / "away")
        other.rename(here)

    with pytest.raises(OSError, match="was removed, moved or replaced"):
        run(here, ALWAYS, reporter=AfterTwo(exchange))
    assert {path.read_bytes() for path in here.iterdir()} == {b"another run's"}
    assert len(list(here.iterdir())) == 3
    assert load_checkpoint(tmp_path / "away")[1].step == 1


@pytest.mark.skipif(os.name != "posix", reason="links of POSIX")
@pytest.mark.parametrize("plant", [os.symlink, os.link])
def test_a_lock_that_somebody_planted_is_refused(plant: Any, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    (tmp_path / "run").mkdir()
    plant(victim, tmp_path / "run" / LOCK)
    with pytest.raises(OSError, match=rf"{LOCK}: cannot be written"):
        run(tmp_path / "run")
    assert victim.read_bytes() == b"precious"


def test_halves_that_a_kill_left_go_when_the_run_goes_on(tmp_path: Path) -> None:
    left = tmp_path / "last.safetensors.new.0123456789ab.part"
    others = tmp_path / "thesis.0123456789ab.part"
    for path in (left, others):
        path.write_bytes(b"half")
    with in_use(tmp_path, print):
        assert not left.exists()
    assert others.exists()


@pytest.fixture(scope="module")
def two_steps(tmp_path_factory: pytest.TempPathFactory, one_thread: None) -> Path:
    folder = tmp_path_factory.mktemp("two")
    with pytest.raises(KeyboardInterrupt):
        run(folder, ALWAYS, stop=after(2))
    return folder


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("progress", "correct"), None, "correct is None"),
        (("progress", "epoch"), 2, "0 epochs are in its history, 2 are over"),
        (("progress", "loss"), "x", "loss is 'x'"),
        (("step",), -1, "step is -1"),
        (("data", "images"), 2**70, "data.images is"),
        (("data",), [], "another version"),
        (("other data",), 5, "other data is 5"),
        (("config", "train", "ema"), 0.5, "average's .* is not there"),
    ],
)
def test_strange_notes_are_named(
    path: tuple[str, ...], value: Any, words: str, two_steps: Path, tmp_path: Path
) -> None:
    """Under a right checksum, in both checkpoints."""
    for name in ("last.safetensors", "previous.safetensors"):
        model = load(two_steps / name)
        inner: Any = model.notes
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] = value
        save(replace(model), tmp_path / name)
    ema = value if path[-1] == "ema" else 0.0
    config = replace(ALWAYS, train=replace(ALWAYS.train, ema=ema))
    with pytest.raises(ValueError, match=words) as caught:
        run(tmp_path, config, resume=True)
    assert str(tmp_path) in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_arrays_of_a_checkpoint_may_be_written_to(two_steps: Path) -> None:
    assert all(v.flags.writeable for v in load(two_steps / "last.safetensors").params.values())
    assert np.isfinite(load_checkpoint(two_steps)[2].loss)
