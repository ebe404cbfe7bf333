"""A weight file that does not fit says what does not, what comes nearest, and what to try."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import npmobilenet as nm
from npmobilenet.cli import main
from npmobilenet.weights.torch_files import read_npz

Tensors = dict[str, np.ndarray]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A V2 of width 0.35 with 7 classes, as torchvision keeps it."""
    path = tmp_path_factory.mktemp("weights") / "v2.safetensors"
    plan = nm.plan("v2", width=0.35, classes=7, resolution=32, dialect="torchvision")
    nm.export_weights(plan, nm.init(plan, 0), path, "torchvision")
    return path


def changed(small: Path, tmp_path: Path, **changes: str) -> Path:
    """The file with arrays under other names; "" leaves one out."""
    tensors: Tensors = load_file(small)
    for old, new in changes.items():
        value = tensors.pop(old)
        if new:
            tensors[new] = value
    path = tmp_path / "changed.safetensors"
    save_file(tensors, path)
    return path


def test_the_whole_file_comes_in(small: Path) -> None:
    found = nm.import_weights(small, "torchvision")
    assert (found.model.plan.width, found.model.plan.classes) == (0.35, 7)
    assert found.model.classes[:2] == ("class 0", "class 1")


def test_wrong_width(small: Path) -> None:
    with pytest.raises(nm.weights.WeightsMismatch) as caught:
        nm.import_weights(small, "torchvision", width=0.5)
    first, *lines, last = str(caught.value).splitlines()
    assert "does not fit v2 width 0.5, dialect torchvision, of torchvision" in first
    assert "nothing was loaded" in first
    line = "blocks.1.project.weight <- features.1.conv.1.weight: expected (16, 8), found (16, 8)"
    assert not any(line in text for text in lines)  # equal shapes are not in the diff
    assert any("wrong shape" in text and "expected" in text for text in lines)
    assert last == ("try: the file fits v2, width 0.35, dialect torchvision; leave out --width")


def test_a_grouped_convolution(small: Path, tmp_path: Path) -> None:
    """Filters that see half of the channels, of a standard and of a pointwise convolution."""
    tensors: Tensors = load_file(small)
    for name in ("features.18.0.weight", "features.2.conv.0.0.weight"):
        tensors[name] = tensors[name][:, : tensors[name].shape[1] // 2].copy()
    save_file(tensors, tmp_path / "grouped.safetensors")
    with pytest.raises(nm.weights.WeightsMismatch) as caught:
        nm.import_weights(tmp_path / "grouped.safetensors", "torchvision")
    lines = [line for line in str(caught.value).splitlines() if "grouped convolution of 2" in line]
    assert [line.split()[2] for line in lines] == ["blocks.2.expand.weight", "last.weight"]


def test_wrong_model(small: Path) -> None:
    with pytest.raises(ValueError, match="leave out --model") as caught:
        nm.import_weights(small, "torchvision", model="v3-small")
    assert "missing" in str(caught.value)
    assert "unexpected" in str(caught.value)


def test_wrong_dialect(small: Path) -> None:
    """Where the dialect has no such model no name fits, and yet the file is a good one."""
    with pytest.raises(ValueError, match=r"the file fits v2, .* leave out --dialect"):
        nm.import_weights(small, "torchvision", dialect="timm-tf")


def test_wrong_class_count(small: Path) -> None:
    with pytest.raises(ValueError, match="has 7 classes, 10 were expected"):
        nm.import_weights(small, "torchvision", classes=10)
    with pytest.raises(ValueError, match="7 classes, 2 names are given"):
        nm.import_weights(small, "torchvision", class_names=("cat", "dog"))


def test_renamed_tensor(small: Path, tmp_path: Path) -> None:
    path = changed(small, tmp_path, **{"features.3.conv.1.0.weight": "features.3.conv.1.0.wait"})
    with pytest.raises(ValueError, match="1 arrays missing, 1 unexpected, 0 of another") as caught:
        nm.import_weights(path, "torchvision")
    assert (
        "blocks.3.depthwise.weight <- features.3.conv.1.0.weight "
        "(nearest in the file: features.3.conv.1.0.wait)"
    ) in str(caught.value)
    assert "unexpected  features.3.conv.1.0.wait (48, 1, 3, 3)" in str(caught.value)


def test_missing_tensor(small: Path, tmp_path: Path) -> None:
    path = changed(small, tmp_path, **{"features.0.1.running_mean": ""})
    with pytest.raises(ValueError, match=r"stem_norm\.mean <- features\.0\.1\.running_mean"):
        nm.import_weights(path, "torchvision")


def test_long_diffs_are_cut(small: Path) -> None:
    with pytest.raises(ValueError, match=r"\.\.\. and \d+ more"):
        nm.import_weights(small, "torchvision", width=1.0)


def test_another_networks_file(tmp_path: Path) -> None:
    path = tmp_path / "resnet.safetensors"
    save_file({"layer1.0.conv1.weight": np.zeros((4, 4, 3, 3), np.float32)}, path)
    with pytest.raises(ValueError, match=r"no array here is named as in timm; .* layer1\.0\.conv1"):
        nm.import_weights(path, "timm")
    with pytest.raises(ValueError, match=r"conv1\.weight; no MobileNet of a family that is known"):
        nm.import_weights(path, "timm")


def test_a_file_that_another_family_wrote_says_which(tmp_path: Path) -> None:
    path = tmp_path / "v3.safetensors"
    plan = nm.plan("v3-small", width=0.35, classes=3, resolution=32, dialect="torchvision")
    nm.export_weights(plan, nm.init(plan, 0), path, "torchvision")
    with pytest.raises(
        ValueError, match=r"not as timm names arrays, but it fits --from torchvision$"
    ):
        nm.import_weights(path, "timm")


def test_empty_file(tmp_path: Path) -> None:
    save_file({}, tmp_path / "empty.safetensors")
    with pytest.raises(ValueError, match="no arrays at all"):
        nm.import_weights(tmp_path / "empty.safetensors", "timm")


def test_truncated_file(small: Path, tmp_path: Path) -> None:
    path = tmp_path / "cut.safetensors"
    path.write_bytes(small.read_bytes()[:-1000])
    with pytest.raises(ValueError, match=r"cut\.safetensors: not a readable safetensors file"):
        nm.import_weights(path, "torchvision")


def test_numbers_that_are_none(small: Path, tmp_path: Path) -> None:
    tensors = load_file(small)
    tensors["features.0.0.weight"][0, 0, 0, 0] = np.nan
    save_file(tensors, tmp_path / "nan.safetensors")
    with pytest.raises(ValueError, match=r"features\.0\.0\.weight must hold finite"):
        nm.import_weights(tmp_path / "nan.safetensors", "torchvision")


def test_no_such_file_and_no_such_family(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no such weight file"):
        nm.import_weights(tmp_path / "none.pth", "timm")
    with pytest.raises(ValueError, match="family must be one of keras, torchvision"):
        nm.import_weights(tmp_path / "none.pth", "mxnet")


class Malicious:
    """A pickle that would run code if it were opened carelessly."""

    def __reduce__(self) -> tuple:
        return (Path("/nowhere").exists, ())


def test_pickles_of_more_than_weights_are_refused(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    path = tmp_path / "theirs.pth"
    torch.save({"weight": Malicious()}, path)
    with pytest.raises(ValueError, match="cannot load it as weights alone"):
        nm.import_weights(path, "timm")
    path.write_bytes(pickle.dumps(Malicious(), protocol=2))
    with pytest.raises(ValueError, match="cannot load it as weights alone"):
        nm.import_weights(path, "timm")
    torch.save(torch.nn.Linear(2, 2), path)
    with pytest.raises(ValueError, match="cannot load it as weights alone"):
        nm.import_weights(path, "timm")
    torch.save([1, 2], path)
    with pytest.raises(ValueError, match="holds a list, not a state dict"):
        nm.import_weights(path, "timm")


def test_truncated_pth(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    path = tmp_path / "cut.pth"
    torch.save({"weight": torch.zeros(1000)}, path)
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(ValueError, match=r"cut\.pth: torch cannot load it"):
        nm.import_weights(path, "timm")


def test_pdparams_come_with_a_recipe(tmp_path: Path) -> None:
    path = tmp_path / "MobileNetV3_pretrained.pdparams"
    path.write_bytes(b"\x80\x04")
    with pytest.raises(ValueError, match=r"a pickle.*numpy\.savez\('weights\.npz'.*paddle\.load"):
        nm.import_weights(path, "paddle")


@pytest.mark.parametrize(
    "content", [b"", b"not a zip", b"PK\x03\x04 cut"], ids=["empty", "text", "cut"]
)
def test_damaged_npz(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.npz").write_bytes(content)
    with pytest.raises(ValueError, match=r"x\.npz: not "):
        read_npz(tmp_path / "x.npz")


def test_npz_with_objects_inside_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", a=np.array([Malicious()], dtype=object))
    with pytest.raises(ValueError, match=r"x\.npz: not a readable \.npz of arrays"):
        read_npz(tmp_path / "x.npz")


def test_the_command_line_says_it_too(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "out.safetensors"
    words = ["weights", "import", str(small), "--from", "torchvision", "--output", str(output)]
    assert main([*words, "--width", "0.5"]) == 1
    told = capsys.readouterr().err
    assert told.startswith("npmobilenet weights: ")
    assert "leave out --width" in told
    assert not output.exists()
    assert main(words) == 0
    assert "v2, width 0.35, 7 classes" in capsys.readouterr().out
    assert nm.load(output).plan.dialect.name == "torchvision"


def test_a_saved_file_whose_numbers_changed_is_refused(small: Path, tmp_path: Path) -> None:
    path = tmp_path / "ours.safetensors"
    nm.save(nm.import_weights(small, "torchvision").model, path)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match="not those that were saved: SHA-256"):
        nm.load(path)


def test_the_file_of_another_family_names_it(small: Path) -> None:
    with pytest.raises(
        ValueError, match=r"not as timm names arrays, but it fits --from torchvision$"
    ):
        nm.import_weights(small, "timm", resolution=(32, 32))


@pytest.mark.parametrize(
    ("name", "value", "error", "words"),
    [
        ("width", 0, ValueError, "width must be a number above 0"),
        ("resolution", 0, ValueError, "resolution must be a positive integer"),
        ("model", "mobilenet", ValueError, "model must be one of v1, "),
        ("class_names", 3, TypeError, "class_names must be a list of names, found 3"),
        ("class_names", "abcde", TypeError, "class_names must be a list of names, found 'abcde'"),
        ("preprocessing", "x", TypeError, "preprocessing must be a Preprocessing, found 'x'"),
        ("entry", 3, TypeError, "entry must be a name, found 3"),
    ],
)
def test_arguments_that_cannot_be(
    small: Path, name: str, value: Any, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        nm.import_weights(small, "torchvision", **{name: value})


def test_variances_below_nought_are_no_variances(small: Path, tmp_path: Path) -> None:
    arrays = load_file(small)
    arrays["features.0.1.running_var"] = -arrays["features.0.1.running_var"]
    save_file(arrays, tmp_path / "x.safetensors")
    with pytest.raises(
        ValueError, match=r"features\.0\.1\.running_var, variances, must not be below"
    ):
        nm.import_weights(tmp_path / "x.safetensors", "torchvision", model="v2", width=0.35)
