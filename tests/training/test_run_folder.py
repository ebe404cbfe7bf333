"""A folder holds one run: what is there is respected, and erased when that is asked for."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from npmobilenet.training.run.checkpoint import load_checkpoint
from npmobilenet.training.run.folder import OTHERS, RUNS, erase, traces
from npmobilenet.weights import load
from tests.commands import call
from tests.training.runs import CONFIG, Listening, assert_same, run

pytestmark = pytest.mark.usefixtures("one_thread")


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
    first, who = load(tmp_path / "last.safetensors"), Listening()
    other = replace(CONFIG, train=replace(CONFIG.train, seed=6))
    run(tmp_path, other, anew=True, reporter=who)
    assert who.remarks[0].startswith(f"{tmp_path}: the run that was there is erased (last.safe")
    assert (tmp_path / "notes.txt").read_text() == "mine"
    again = Listening()
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
