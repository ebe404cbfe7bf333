"""The command line from outside: exit codes, output that programs can read, one-line complaints."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest
from PIL import Image

import npmobilenet as nm
from npmobilenet import cli
from npmobilenet.weights import load

pytestmark = pytest.mark.usefixtures("one_thread")
SETUP = ["--width", "0.25", "--resolution", "32", "--epochs", "1", "--batch", "4", "--lr", "0.01"]


def call(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of `npmobilenet WORDS`, run in this process."""
    try:
        code = cli.main([str(word) for word in words])
    except SystemExit as end:  # argparse's way out
        code = int(end.code or 0)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def program(*words: object, **settings: Any) -> subprocess.CompletedProcess[str]:
    """`python -m npmobilenet WORDS` in a process of its own, its output in a pipe."""
    command = [sys.executable, "-W", "error", "-m", "npmobilenet", *map(str, words)]
    given = {"capture_output": True, "text": True, "timeout": 120} | settings
    return subprocess.run(command, **given)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """train/ and val/ with two classes of coloured noise, one of them named like rich's markup."""
    folder = tmp_path_factory.mktemp("data") / "pictures"
    rng = np.random.default_rng(0)
    for part, count in (("train", 5), ("val", 3)):
        for label, name in enumerate(("[b]lue", "red")):
            (folder / part / name).mkdir(parents=True)
            for number in range(count):
                pixels = rng.integers(0, 100, (40, 48, 3), np.uint8)
                pixels[..., 2 * (1 - label)] += 120
                Image.fromarray(pixels).save(folder / part / name / f"{number}.png")
    return folder


@pytest.fixture(scope="module")
def trained(photos: Path, one_thread: None) -> Path:
    """A run's folder, made by the verb itself."""
    output = photos.parent / "run"
    assert cli.main(["train", str(photos), *SETUP, "--output", str(output)]) == 0
    return output


@pytest.mark.parametrize("verb", cli.VERBS)
def test_help_has_an_example(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, verb, "--help")
    assert code == 0
    assert f"example: npmobilenet {verb}" in out


def test_help_names_every_verb(capsys: pytest.CaptureFixture[str]) -> None:
    assert all(verb in call(capsys, "--help")[1] for verb in cli.VERBS)
    assert call(capsys, "--version") == (0, f"npmobilenet {nm.__version__}\n", "")


@pytest.mark.parametrize(
    "words",
    [
        "",
        "fly",
        "cost",
        "cost v9",
        "cost v1 --width wide",
        "cost v1 --resolution 1x2x3",
        "cost v1 --resolution 0",
        "cost v1 --dialect latin",
        "predict a.jpg",
        "train",
        "train x --optimizer lion",
    ],
)
def test_wrong_usage_is_2(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing on standard output; usage and the reason on standard error."""
    code, out, err = call(capsys, *words.split())
    assert (code, out) == (2, "")
    assert err.startswith("usage: npmobilenet")
    assert words or all(verb in err for verb in cli.VERBS)


def test_a_misspelt_option_says_which_is_meant(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = call(capsys, "cost", "v1", "--widht=0.5")
    assert (code, out) == (2, "")
    assert err.startswith("usage: npmobilenet cost ")
    assert err.endswith("unrecognized arguments: --widht=0.5; did you mean --width?\n")
    assert call(capsys, "cost", "v1", "--zzz")[2].endswith("unrecognized arguments: --zzz\n")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("cost v1 --width 0", "width must be"),
        ("summary v1 --classes 0", "classes must be"),
        ("train nowhere", "nowhere: expected train/ and val/"),
        ("evaluate nowhere --weights nothing", "nothing: no such weight file"),
        ("predict a.jpg --weights nothing", "nothing: no such weight file"),
        ("verify --operator conv9d", "operator must be one of conv2d"),
        ("verify --cases 0", "cases must be at least 1"),
    ],
)
def test_failure_is_1_and_one_line(
    words: str, reason: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = call(capsys, *words.split())
    assert (code, out) == (1, "")
    assert err.startswith(f"npmobilenet {words.split()[0]}: ")
    assert reason in err
    assert err.count("\n") == 1
    assert not list(tmp_path.iterdir())  # nothing was begun


def test_interrupted_is_130(capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    monkeypatch.setattr("npmobilenet.cli.cost.run", Mock(side_effect=KeyboardInterrupt))
    assert call(capsys, "cost", "v1") == (130, "", "\nnpmobilenet: interrupted\n")


def test_cost_json_is_the_librarys(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--width", "0.5", "--resolution", "160x96", "--classes", "7", "--dialect", "cifar"]
    plan = nm.plan("v1", width=0.5, resolution=(160, 96), classes=7, dialect="cifar")
    code, out, err = call(capsys, "cost", "v1", *options, "--json")
    assert (code, json.loads(out), err) == (0, nm.cost(plan).to_json(), "")


def test_cost_shows_the_paper_and_its_misprint(capsys: pytest.CaptureFixture[str]) -> None:
    """The paper's tables stand beside V1 itself, and beside nothing else."""
    code, out, _ = call(capsys, "cost", "v1")
    assert code == 0
    for text in ("568,740,352 MACs", "1.91 %", "1.19 %", "misprint", "4,867,293,184", "73/576"):
        assert text in out
    assert "misprint" not in call(capsys, "cost", "v1", "--width", "0.5")[1]


@pytest.mark.parametrize("form", ["--json", "--csv", "--markdown", "--toml"])
def test_a_diagram_takes_no_format_away(
    form: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    alone = call(capsys, "summary", "v1-shallow", form)
    both = call(capsys, "summary", "v1-shallow", form, "--graph", tmp_path / "g.mmd")
    assert both == alone
    assert alone[1]
    assert (tmp_path / "g.mmd").read_text().startswith("flowchart")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("summary v1 --json --toml", "argument --toml: not allowed with argument --json"),
        ("recipes flowers-finetune --json", "--json is of the list; a NAME prints its TOML file"),
        ("models flowers --json", "--json is of the list; a NAME prints its model card"),
    ],
)
def test_formats_that_would_be_passed_over_are_wrong_usage(
    words: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = call(capsys, *words.split())
    assert (code, out) == (2, "")
    assert err.endswith(f"error: {reason}\n")


def test_summary_totals(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, "summary", "v1")
    assert code == 0
    assert all(text in out for text in ("params: 4,253,864", "params: 4,231,976", "112 x 112 x 32"))


def test_train_evaluate_predict(
    photos: Path, trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What one verb leaves the next ones use; a weight file's folder stands for the file."""
    capsys.readouterr()
    assert load(trained).classes == ("[b]lue", "red")
    assert json.loads((trained / "class_indices.json").read_text()) == {"0": "[b]lue", "1": "red"}
    code, out, _ = call(capsys, "evaluate", photos, "--weights", trained, "--json")
    scores = json.loads(out)
    assert code == 0
    assert list(scores)[:4] == ["images", "top1", "top5", "loss"]
    assert (scores["images"], scores["top5"]) == (6, 1.0)
    assert "6 images: top-1" in call(capsys, "evaluate", photos, "--weights", trained)[1]

    image = photos / "val" / "red" / "0.png"
    weights = trained / "best.safetensors"
    given = image, photos / "val" / "[b]lue"
    code, out, _ = call(capsys, "predict", *given, "--weights", weights, "--json")
    found = json.loads(out)
    assert code == 0
    assert [Path(entry["file"]).name for entry in found] == ["0.png", "0.png", "1.png", "2.png"]
    for entry in found:
        chances = [line["probability"] for line in entry["predictions"]]
        assert {line["class"] for line in entry["predictions"]} == {"[b]lue", "red"}
        assert chances == sorted(chances, reverse=True)
        assert sum(chances) == pytest.approx(1, abs=1e-6)
    code, out, _ = call(capsys, "predict", image, "--weights", weights, "--top", 1)
    assert code == 0
    best = found[0]["predictions"][0]
    assert best["class"] in out
    assert f"{best['probability']:.2%}" in out


def test_resume_of_a_finished_run_and_of_another(
    photos: Path, trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is left to do, or the difference is named; without --resume the folder is safe."""
    words = ["train", photos, *SETUP, "--output", trained]
    assert call(capsys, *words, "--resume")[0] == 0
    code, _, err = call(capsys, *words)
    assert (code, "already holds a run" in err, "--anew" in err) == (2, True, True)
    code, _, err = call(capsys, *words, "--resume", "--seed", 4)
    assert (code, "seed 0, not 4" in err) == (1, True)


def test_a_broken_image_is_named(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken [i].png"
    broken.write_bytes(b"no picture")
    code, out, err = call(capsys, "predict", broken, "--weights", trained)
    assert (code, out) == (1, "")
    assert err == f"npmobilenet predict: {broken}: not an image that Pillow can read\n"
    (tmp_path / "empty").mkdir()
    code, _, err = call(capsys, "predict", tmp_path / "empty", "--weights", trained)
    assert (code, "no image files in this folder" in err) == (1, True)


def test_verify_json(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, "verify", "--cases", 2, "--json")
    document = json.loads(out)
    assert code == 0
    assert document["failures"] == 0
    assert {check["operator"] for check in document["checks"]} >= {"conv2d", "batch_norm train"}
    reals = [c for c in document["checks"] if not c["operator"].startswith("integers.")]
    assert all(check["cases"] == 2 for check in reals)
    assert len(reals) < len(document["checks"])  # a case of integers is of int8 or of uint8


def test_verify_fails_when_an_operator_does(
    capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    """Exit code 1, so that a build stops."""
    from npmobilenet.kernels import pool

    forward, backward, _, global_backward = pool.RUNGS["numpy"]
    wrong = forward, backward, lambda x, y: y.fill(1), global_backward
    monkeypatch.setitem(pool.RUNGS, "numpy", wrong)
    words = ["verify", "--operator", "global_avg_pool", "--cases", "2"]
    code, out, _ = call(capsys, *words)
    assert code == 1
    assert "failed" in out
    assert json.loads(call(capsys, *words, "--json")[1])["failures"] > 0


def test_output_in_a_pipe_is_plain() -> None:
    """No escape sequences, even where colour is the terminal's wish; the same text every time."""
    found = program("cost", "v1", env=os.environ | {"TERM": "xterm-256color"})
    assert found.returncode == 0
    assert found.stderr == ""
    assert not re.search(r"\x1b|\r", found.stdout)
    narrow = program("cost", "v1", env=os.environ | {"COLUMNS": "40"})
    assert narrow.stdout == found.stdout


def test_a_reader_who_has_seen_enough() -> None:
    """`| head -1`: no traceback when the pipe is closed before anything is written to it."""
    command = [sys.executable, "-m", "npmobilenet", "cost", "v1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        err = process.stderr.read()
    assert err == b""
    assert process.returncode == 0
