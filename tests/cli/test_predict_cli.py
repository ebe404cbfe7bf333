"""`npmobilenet predict`: many images of which some are bad, doubt, files of other frameworks, numbers."""

import json
import os
from dataclasses import replace
from pathlib import Path
from shutil import copyfile
from typing import Any

import numpy as np
import pytest
from PIL import Image
from rich.cells import cell_len

import npmobilenet as nm
from npmobilenet import cli
from npmobilenet.cli import predict, train
from npmobilenet.training.prepare import prepare_run
from npmobilenet.weights import Model
from tests.commands import call

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def five(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five images, the second cut off."""
    folder = tmp_path_factory.mktemp("five")
    for k in range(5):
        pixels = np.random.default_rng(k).integers(0, 256, (48, 48), np.uint8)
        Image.fromarray(pixels).save(folder / f"{k}.png")
    (folder / "1.png").write_bytes((folder / "1.png").read_bytes()[:900])
    return folder


def test_one_bad_image_does_not_silence_the_others(five: Path, capsys: Any) -> None:
    """Cut off, missing, a folder without images: each is named, the rest is, and the exit code is 1."""
    (five / "none").mkdir(exist_ok=True)
    long = "x" * 300 + ".png"
    given = [five, five / "gone.png", five / "none", five / long, five / "0.png"]
    words = ["predict", *given, "--weights", "fashion-mnist", "--top", 1]
    code, out, err = call(capsys, *words)
    assert (code, out.count("%")) == (1, 5)
    bad = {
        "1.png": "cannot be decoded",
        "gone.png": "no such file",
        "none": "no image files in",
        long: "name too long",
    }
    for line, (name, why) in zip(err.splitlines(), bad.items(), strict=True):
        assert line.startswith("npmobilenet predict: ")
        assert str(five / name) in line
        assert why in line
    code, out, said = call(capsys, *words, "--json")
    found = json.loads(out)
    assert (code, said) == (1, err)
    assert [Path(one["file"]).name for one in found] == [
        "0.png", "1.png", "2.png", "3.png", "4.png", "gone.png", "none", long, "0.png",
    ]  # fmt: skip
    for one in found:
        why = bad.get(Path(one["file"]).name)
        assert set(one) == {"file", "error"} if why else {"file", "predictions", "uncertain"}
        assert not why or why in one["error"]
    assert found[0]["predictions"] == found[-1]["predictions"]
    only = call(capsys, "predict", five / "1.png", "--weights", "fashion-mnist", "--json")
    assert (only[0], list(json.loads(only[1])[0])) == (1, ["file", "error"])


def test_a_picture_has_the_images_that_could_be_read(
    five: Path, tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "out.png"
    words = ["predict", five, "--weights", "fashion-mnist", "--picture", file]
    code, _, err = call(capsys, *words)
    assert (code, err.splitlines()[-1]) == (1, f"note: {file} has 4 of 5 images")
    with Image.open(file) as drawn:
        four = drawn.width
    monkeypatch.setattr(predict, "PAGES", 1)  # a folder may have a hundred thousand
    assert "has 1 of 5 images" in call(capsys, *words)[2]
    with Image.open(file) as drawn:
        assert drawn.width == four // 4
    none = tmp_path / "none.png"
    words = ["predict", five / "1.png", "--weights", "fashion-mnist", "--picture", none]
    assert call(capsys, *words)[0] == 1
    assert not none.exists()


def test_names_that_are_no_files(five: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pattern that no shell has filled in, an empty variable, an address."""
    monkeypatch.chdir(five)
    weights = ("--weights", "fashion-mnist")
    two, pattern = (
        call(capsys, "predict", *x, *weights) for x in (["0.png", "2.png"], ["[02].png"])
    )
    assert two == pattern
    assert "predict: *.gif: no such file\n" in call(capsys, "predict", "*.gif", *weights)[2]
    for verb in ("predict", "evaluate"):
        code, out, err = call(capsys, verb, "", *weights)
        assert (code, out) == (1, "")
        assert "must be the name of a f" in err
    assert "an address, not a file" in call(capsys, "predict", "https://a.b/c.jpg", *weights)[2]
    with pytest.raises(ValueError, match="must be the name of a file, found ''"):
        nm.predict("fashion-mnist", "")


def test_bars_begin_in_one_column(tmp_path: Path, capsys: Any) -> None:
    """Whatever the names are written in: a Chinese character is two columns wide."""
    file = tmp_path / "named.safetensors"
    names = ("雏菊", "dandelion", "玫瑰", "向日葵", "tulips")
    nm.save(replace(nm.load("flowers"), classes=names), file)
    out = call(capsys, "predict", "chelsea", "--weights", file)[1]
    assert all(name in out for name in names)
    columns = {cell_len(line[: line.index("█")]) for line in out.splitlines() if "█" in line}
    assert columns == {32}


def test_doubt_is_said(capsys: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its figures, and what a model cannot say; in words and as a field."""
    monkeypatch.chdir(tmp_path)
    code, out, err = call(capsys, "predict", "chelsea", "--weights", "flowers", "--top", 1)
    entry = json.loads(call(capsys, "predict", "chelsea", "--weights", "flowers", "--json")[1])[0]
    first, second = entry["predictions"][:2]
    assert (code, err, entry["uncertain"]) == (0, "", True)
    said = f"  uncertain: {first['class']} {first['probability']:.2f}, "
    assert f"{said}next {second['probability']:.2f}\n" in out
    assert "choose among the 5 classes it knows: daisy, dandelion, roses" in out
    code, out, _ = call(capsys, "predict", "ankle-boot", "--weights", "fashion-mnist")
    assert (code, "uncertain" in out) == (0, False)
    assert out.splitlines()[1].split("%")[1].split("  ")[1] == "Ankle boot"


def test_json_is_whole_wherever_it_ends(
    five: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Interrupted after two images: what was said until then can be read."""
    said = 0

    def named(self: Any, path: Path, found: Any) -> None:
        nonlocal said
        said += 1
        if said == 3:
            raise KeyboardInterrupt
        self._entry({"file": path.name})

    monkeypatch.setattr(predict._Json, "named", named)
    code, out, _ = call(capsys, "predict", five, "--weights", "fashion-mnist", "--json")
    assert code == 130
    assert [Path(one["file"]).name for one in json.loads(out)] == ["0.png", "1.png", "2.png"]


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Model]:
    """A network as torchvision keeps it, and as we know it."""
    folder = tmp_path_factory.mktemp("theirs")
    plan = nm.plan("v2", width=0.1, classes=3, resolution=224, dialect="torchvision")
    params = nm.init(plan, seed=1)
    nm.export_weights(plan, params, folder / "v2.safetensors", "torchvision")
    (folder / "names.txt").write_text("blue\ngreen\nred\n")
    return folder, nm.import_weights(folder / "v2.safetensors", "torchvision").model


def test_files_of_others(theirs: tuple[Path, Model], tmp_path: Path, capsys: Any) -> None:
    """predict and evaluate take what `weights import` takes; what is left open is said aside."""
    folder, model = theirs
    words = ["--weights", folder / "v2.safetensors", "--from", "torchvision"]
    code, out, err = call(capsys, "predict", "chelsea", *words, "--json")
    (entry,) = json.loads(out)
    assert code == 0
    assert all(line.startswith("note: ") for line in err.splitlines())
    right = model("chelsea")
    assert [one["class"] for one in entry["predictions"]] == [name for name, _ in right.top]
    assert entry["predictions"][0]["probability"] == pytest.approx(right.probability, abs=1e-6)
    for name in ("blue", "green", "red"):
        (tmp_path / name).mkdir()
        Image.new("RGB", (30, 30), name).save(tmp_path / name / "x.png")
    named = [*words, "--class-names", folder / "names.txt", "--json"]
    code, out, _ = call(capsys, "evaluate", tmp_path, *named)
    assert (code, [one["class"] for one in json.loads(out)["classes"]]) == (
        0,
        ["blue", "green", "red"],
    )
    assert "are not the 3 expected" in call(capsys, "evaluate", tmp_path, *words)[2]


@pytest.mark.parametrize("verb", ["predict", "evaluate", "train"])
def test_whose_file_it_is_must_be_known(
    verb: str, theirs: tuple[Path, Model], tmp_path: Path, capsys: Any
) -> None:
    """Asked for where it is not said, and refused where it is known."""
    file = theirs[0] / "v2.safetensors"
    copyfile(file, tmp_path / "best.safetensors")
    (tmp_path / "hub").mkdir()
    (tmp_path / "hub" / "model.safetensors").write_bytes(file.read_bytes())
    (tmp_path / "hub" / "config.json").write_text("{}")
    words = [verb, "fashion-mnist-sample", "--weights"]
    words += ["--output", tmp_path / "run"] if verb == "train" else []
    place = words.index("--weights") + 1
    for given, reason in (
        ([file], f"{file}: not written by npmobilenet; say whose file it is, --from"),
        ([file, "--from", "keras"], f"{file}: "),
        (["fashion-mnist", "--from", "keras"], "fashion-mnist: known to be of npmobilenet"),
        (["keras/mobilenet_0.25_224", "--from", "timm"], "known to be of keras"),
        (["keras/mobilenet_0.25_225"], "the nearest names are keras/mobilenet_0.25_224"),
        ([theirs[0] / "names.txt"], "say whose file it is"),
        ([theirs[0] / "names.txt"], ": this is text"),
        ([tmp_path / "hub"], "say whose file it is"),
        ([tmp_path], ": this is a safetensors file"),  # a folder, as a run's
    ):
        code, out, err = call(capsys, *words[:place], *given, *words[place:])
        assert (code, out) == (1, ""), given
        assert err.startswith(f"npmobilenet {verb}: ")
        assert reason in err
    assert not (tmp_path / "run").exists()


def test_train_begins_with_another_frameworks_file(
    theirs: tuple[Path, Model], tmp_path: Path
) -> None:
    """--from is the configuration's model.family; what that does is tests/cli/test_training_cli.py's."""
    for part in ("train", "val"):
        for name in ("blue", "red"):
            (tmp_path / part / name).mkdir(parents=True)
            Image.new("RGB", (32, 32), name).save(tmp_path / part / name / "x.png")
    words = ["train", str(tmp_path), "--weights", str(theirs[0] / "v2.safetensors")]
    document = train._flags(cli._parser([*words, "--from", "torchvision"]))
    prepared = prepare_run(document)
    assert document["model"]["family"] == "torchvision"
    assert any("the classifier new for 2 classes" in remark for remark in prepared.remarks)
    assert prepared.params is not None
    assert np.array_equal(prepared.params["stem.weight"], theirs[1].params["stem.weight"])


REAL = ("nan", "inf", "-inf", "1e400", "x", "")
NUMBERS = {
    "predict x --weights flowers --top": ("0", "-1", "1.5", "1e3", *REAL),
    "evaluate x --weights flowers --batch": ("0", "-1"),
    "evaluate x --weights flowers --workers": ("-1",),
    "evaluate x --weights flowers --count": ("0", "-1"),
    "train x --epochs": ("0", "-1", "2.5"),
    "train x --batch": ("0", "9" * 30),
    "train x --divisor": ("0",),
    "train x --seed": ("-1", "9" * 30),
    "train x --workers": ("-1",),
    "train x --threads": ("-1",),
    "train x --lr": ("0", "-1", *REAL),
    "train x --momentum": ("1", "-0.1", *REAL),
    "train x --weight-decay": ("-1", *REAL),
    "train x --label-smoothing": ("1", "-0.1", *REAL),
    "train x --ema": ("1", "-0.1", *REAL),
    "tour --epochs": ("0", "-1"),
    "ratio --k 3 --n 8 --df 7 --m": ("0", "-1"),
    "ratio --k 3 --m 8 --df 7 --n": ("0", "-1"),
    "roofline v1 --batch": ("0", "-1"),
    "roofline v1 --repeats": ("0", "-1"),
    "verify --seed": ("-1",),
    "weights import x --from keras --output y --classes": ("0", "-1"),
    "weights import x --from keras --output y --divisor": ("0", "-1"),
    "cost v1 --resolution": ("0", "-1", "nan", "9" * 30, "8x0"),
}


@pytest.mark.parametrize("words", NUMBERS)
def test_numbers_that_cannot_be_are_wrong_usage(
    words: str, capsys: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is read: exit code 2, the option's name, what was expected and what was found."""
    monkeypatch.chdir(tmp_path)
    *before, option = words.split()
    for value in NUMBERS[words]:
        code, out, err = call(capsys, *before, f"{option}={value}")
        assert (code, out) == (2, ""), value
        last = err.splitlines()[-1]
        assert f"argument {option}: expected " in last
        assert repr(value) in last
    assert not list(tmp_path.iterdir())


def test_more_classes_than_there_are_is_all(capsys: Any) -> None:
    words = ["predict", "ankle-boot", "--weights", "fashion-mnist", "--json", "--top", 2**62]
    assert len(json.loads(call(capsys, *words)[1])[0]["predictions"]) == 10


@pytest.mark.parametrize(
    ("option", "file", "reason"),
    [
        ("--picture", "out.xyz", "expected the name of a picture as out.png, found 'out.xyz'"),
        ("--picture", "out", "expected the name of a picture"),
        ("--picture", os.path.join("no", "out.png"), "there is no folder 'no'"),
        ("--picture", "", "expected something, found ''"),
        ("--mistakes", "out.xyz", "expected the name of a picture"),
        ("--mistakes", "out.h5", "expected the name of a picture"),
        ("--confusion", "out.xyz", "expected the name of a picture"),
        ("--confusion", os.path.join("no", "out.png"), "there is no folder 'no'"),
    ],
)
def test_where_a_picture_cannot_go_is_said_before_the_work(
    option: str, file: str, reason: str, tmp_path: Path, capsys: Any, monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    verb = "predict" if option == "--picture" else "evaluate"
    code, out, err = call(capsys, verb, "x", "--weights", "flowers", f"{option}={file}")
    assert (code, out) == (2, "")
    assert reason in err.splitlines()[-1]


@pytest.mark.parametrize("value", ["1e400", "16.1", "1e999999999", "99/1"])
def test_multipliers_are_of_this_world(value: str, capsys: Any) -> None:
    """They were a traceback, or hours."""
    words = ["ratio", "--k", 3, "--m", 8, "--n", 8, "--df", 7]
    for option in ("alpha", "rho"):
        code, out, err = call(capsys, *words, f"--{option}", value)
        assert (code, out) == (1, "")
        assert f"{option} must be at most 16, found '{value}'" in err
