"""`npmobilenet explore`: a page on disk, one line about it, and one line where there is none."""

import json
import webbrowser
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest
from PIL import Image

import npmobilenet as nm
from tests.cli.test_cli import call
from tests.explorer.test_page import Read, tiny


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with weights and an image in it."""
    monkeypatch.chdir(tmp_path)
    nm.save(tiny(("cat", "dog")), "pets.safetensors")
    pixels = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)
    Image.fromarray(pixels).save("rex.png")
    return tmp_path


def data(file: str) -> Any:
    return Read(Path(file).read_text(encoding="utf-8")).data


def test_without_a_word_a_network_that_is_right(folder: Path, capsys: Any) -> None:
    code, out, err = call(capsys, "explore", "--no-time")
    assert (code, err) == (0, "")
    size = Path("explorer.html").stat().st_size
    assert (
        out == f"explorer.html: {size / 1e6:.1f} MB, weights in half precision; Ankle boot 99.3%\n"
    )
    found = data("explorer.html")
    assert (found["model"]["title"], found["image"]["name"]) == ("fashion-mnist", "ankle-boot")
    assert (found["label"], found["machine"], found["remarks"]) == (None, None, [])
    assert sorted(path.name for path in folder.iterdir()) == [
        "explorer.html", "pets.safetensors", "rex.png",
    ]  # fmt: skip


def test_flowers_says_why_a_cat_is_a_flower(folder: Path, capsys: Any) -> None:
    code, out, err = call(capsys, "explore", "--weights", "flowers", "--no-time")
    assert (code, out.count("\n"), err.count("\n")) == (0, 1, 1)
    assert "; dandelion 57.5%" in out
    assert err.startswith(
        "note: The photograph that comes with the package is a cat, and this network"
    )
    assert data("explorer.html")["remarks"][0][0] == err.removeprefix("note: ").strip()


def test_json_of_your_own(folder: Path, capsys: Any) -> None:
    words = "explore rex.png --weights pets.safetensors --label dog --precision float16 --no-time"
    code, out, err = call(capsys, *words.split(), "-o", "rex.html", "--json")
    found = json.loads(out)
    assert code == 0
    page = data("rex.html")
    assert found["path"] == "rex.html"
    assert found["bytes"] == Path("rex.html").stat().st_size
    assert found["precision"] == page["weights"]["precision"] == "float16"
    assert found["moved"] == page["rounded"]["moved"] > 0
    assert found["prediction"]["class"] in ("cat", "dog")
    assert found["remarks"] == [english for english, _ in page["remarks"]]
    assert err == "".join(f"note: {remark}\n" for remark in found["remarks"])
    assert (page["label"], page["model"]["title"], page["image"]["name"]) == (1, "pets", "rex")


def test_fresh_weights_mean_nothing(folder: Path, capsys: Any) -> None:
    words = "explore --model v2 --width 0.35 --resolution 33x47 --classes 7 --no-time"
    code, out, err = call(capsys, *words.split())
    assert code == 0
    assert "its answers mean nothing" in err
    assert ";" not in out  # and none is printed
    found = data("explorer.html")
    assert found["model"]["fresh"] is True
    assert (found["model"]["title"], found["model"]["classes"]) == ("v2", [])
    assert found["model"]["resolution"] == [33, 47]
    plan = nm.plan("v2", width=0.35, resolution=(33, 47), classes=7)
    assert [layer["name"] for layer in found["layers"]] == [layer.name for layer in plan]


def test_a_tour_leads_into_the_explorer(quick_tour: tuple[Path, str], capsys: Any) -> None:
    """Of its last lines one is a command that works."""
    folder, text = quick_tour
    words = next(
        x.split() for x in text.splitlines() if x.strip().startswith("npmobilenet explore")
    )
    assert words == [
        "npmobilenet", "explore", "tour/example.png", "--weights", "tour/fashion.safetensors",
    ]  # fmt: skip
    arguments = [str(folder / word) if "/" in word else word for word in words[1:]]
    page = folder / "tour.html"
    assert call(capsys, *arguments, "--no-time", "--output", str(page))[0] == 0
    assert data(str(page))["model"]["name"] == "v1-shallow"


def test_opened_where_it_is(folder: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webbrowser, "open", opened := Mock())
    call(capsys, "explore", "rex.png", "--weights", "pets.safetensors", "--no-time", "--open")
    opened.assert_called_once_with((folder / "explorer.html").as_uri())


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("--weights nothing", "nothing: no such weight file"),
        ("--weights rex.png", "rex.png: not"),
        ("--weights torn.safetensors", "torn.safetensors: not a readable safetensors file"),
        ("--weights empty", "best.safetensors: no such weight file"),
        ("nowhere.png --weights pets.safetensors", "nowhere.png: "),
        ("torn.safetensors --weights pets.safetensors", "torn.safetensors: "),
        ("empty --weights pets.safetensors", "empty: a folder, not an image file"),
        ("rex.png --weights pets.safetensors --label bird", "label must be a class of the model"),
        (
            "rex.png --weights pets.safetensors -o empty",
            "'empty' cannot be written: it is a folder",
        ),
        ("rex.png --weights pets.safetensors -o no/x.html", "there is no folder 'no'"),
        ("rex.png --weights pets.safetensors -o rex.png", "rex.png: is the file that is read"),
        ("rex.png --weights pets.safetensors -o pets.safetensors", "is the file that is read"),
        ("--model v1 --width 0", "width must be"),
        ("--model v1 --no-top --label 3", "label: v1 has no classifier"),
    ],
)
def test_failure_is_1_and_one_line(folder: Path, words: str, reason: str, capsys: Any) -> None:
    Path("torn.safetensors").write_bytes(Path("pets.safetensors").read_bytes()[:5000])
    Path("empty").mkdir()
    before = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    code, out, err = call(capsys, "explore", *words.split(), "--no-time")
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert err.startswith("npmobilenet explore: ")
    assert reason in err
    assert {path: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before


def test_a_full_disk_leaves_what_was_there(
    folder: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("explorer.html").write_text("yesterday's")
    monkeypatch.setattr("os.fsync", Mock(side_effect=OSError(28, "No space left on device")))
    code, out, err = call(capsys, "explore", "--no-time")
    assert (code, out) == (1, "")
    assert err == (
        "npmobilenet explore: explorer.html: cannot be written (No space left on device)\n"
    )
    assert Path("explorer.html").read_text() == "yesterday's"
    assert not list(folder.glob("*.part"))


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("--weights pets.safetensors --model v1", "not allowed with argument"),
        ("--model v9", "found 'v9'; did you mean v2?"),
        ("--precision half", "invalid choice: 'half'"),
        ("--width 0.5", "--width is of a network with fresh weights"),
        ("--no-top", "--no-top is of a network with fresh weights"),
        ("a.png b.png", "unrecognized arguments: b.png"),
        ("--wieghts flowers", "did you mean --weights?"),
    ],
)
def test_wrong_usage_is_2(folder: Path, words: str, reason: str, capsys: Any) -> None:
    code, out, err = call(capsys, "explore", *words.split())
    assert (code, out) == (2, "")
    assert err.startswith("usage: npmobilenet explore")
    assert reason in err
    assert not list(folder.glob("*.html"))


def test_interrupted_is_130(folder: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.fsync", Mock(side_effect=KeyboardInterrupt))
    assert call(capsys, "explore", "--no-time") == (130, "", "\nnpmobilenet: interrupted\n")
    assert not list(folder.glob("explorer*"))
