"""What stands beside a file of timm's: the hub's config.json, and files that are our own already."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from safetensors.numpy import load_file

import npmobilenet as nm
from npmobilenet.cli import main
from npmobilenet.images.preprocessing import Preprocessing
from npmobilenet.weights.hub import architecture_of
from npmobilenet.weights.native import Model, save
from npmobilenet.weights.published import SOURCES


def folder(where: Path, *, dialect: str = "timm", **changes: Any) -> Path:
    """A small V3 as the hub keeps it."""
    plan = nm.plan("v3-small", classes=3, resolution=32, dialect=dialect)
    nm.export_weights(plan, nm.init(plan, 0), where / "model.safetensors", "timm")
    facts = {
        "mean": [0.5, 0.5, 0.5],
        "std": [0.25, 0.25, 0.25],
        "interpolation": "bicubic",
        "crop_pct": 0.95,
        "crop_mode": "center",
        "input_size": [3, 64, 64],
        "label_names": ["cat", "dog", "owl"],
    }
    facts |= {k: v for k, v in changes.items() if k in facts or k.startswith("label")}
    document = {"architecture": "mobilenetv3_small_100", "num_classes": 3, "pretrained_cfg": facts}
    document |= {k: v for k, v in changes.items() if k in document}
    (where / "config.json").write_text(json.dumps(document))
    return where


def test_the_configuration_beside_the_weights_decides(tmp_path: Path) -> None:
    found = nm.import_weights(folder(tmp_path) / "model.safetensors", "timm")
    model = found.model
    assert model.plan.resolution == (64, 64)
    assert model.classes == ("cat", "dog", "owl")
    expected = Preprocessing(
        resolution=(64, 64),
        resize=67,
        channels=3,
        mean=(0.5,) * 3,
        std=(0.25,) * 3,
        interpolation="bicubic",
    )  # timm rounds 64 / 0.95 down
    assert model.preprocessing == expected
    assert found.described["architecture"] == "mobilenetv3_small_100"
    assert any(note.startswith("as config.json says: architecture") for note in found.notes)
    assert not any("tensors cannot tell" in note for note in found.notes)  # the name can
    given = nm.import_weights(tmp_path, "timm", preprocessing=replace(expected, mean=(0.0,) * 3))
    assert given.model.preprocessing.mean == (0.0,) * 3
    assert "warning: mean (0, 0, 0) as given, (0.5, 0.5, 0.5) in the file" in given.notes
    with pytest.raises(ValueError, match="preprocessing is given, and so is crop"):
        nm.import_weights(tmp_path, "timm", preprocessing=expected, crop=0.5)


def test_timms_words_for_filters_crops_and_names(tmp_path: Path) -> None:
    described = {"cat": "a cat", "dog": "a dog"}
    folder(
        tmp_path,
        interpolation="random",
        crop_mode="squash",
        crop_pct=1.0,
        label_descriptions=described,
    )
    found = nm.import_weights(tmp_path, "timm", std=0.25)
    assert found.model.preprocessing.interpolation == "bicubic"  # timm's custom, as none is named
    assert found.model.preprocessing.resize is None
    assert found.model.classes == ("a cat", "a dog", "owl")
    assert not any("as given" in note for note in found.notes)  # one number is that of all channels
    folder(tmp_path, crop_mode="squash", crop_pct=0.9)
    with pytest.raises(ValueError, match=r"crop_mode 'squash' with crop_pct 0\.9 is not possible"):
        nm.import_weights(tmp_path, "timm")


def test_a_checkpoint_names_its_architecture(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    folder(tmp_path, dialect="timm-tf")
    state = {k: torch.from_numpy(v) for k, v in load_file(tmp_path / "model.safetensors").items()}
    (tmp_path / "config.json").unlink()
    for name, dialect in (
        ("tf_mobilenetv3_small_100", "timm-tf"),
        ("mobilenetv3_small_100", "timm"),
        ("resnet50", "timm"),
    ):
        torch.save({"arch": name, "state_dict": state}, tmp_path / "last.pth.tar")
        found = nm.import_weights(
            tmp_path / "last.pth.tar", "timm", model="v3-small", width=1.0, resolution=(32, 32)
        )
        assert found.model.plan.dialect.name == dialect
        said = f"as the checkpoint's arch says: architecture {name}" in found.notes
        assert said == name.endswith("small_100")
        assert said != any("tensors cannot tell" in note for note in found.notes)


@pytest.mark.long
def test_that_is_what_timm_makes_of_it(tmp_path: Path) -> None:
    import numpy as np
    from PIL import Image

    from npmobilenet.images.preprocessing import prepare
    from tests.foreign import foreign

    timm = foreign("timm")
    foreign("timm.data")
    found = nm.import_weights(folder(tmp_path), "timm")
    facts = json.loads((tmp_path / "config.json").read_text())["pretrained_cfg"]
    config = timm.data.resolve_data_config({}, pretrained_cfg=facts)
    pixels = np.random.default_rng(0).integers(0, 256, (90, 120, 3), dtype=np.uint8)
    theirs = (
        timm.data.create_transform(**config)(Image.fromarray(pixels)).numpy().transpose(1, 2, 0)
    )
    np.testing.assert_array_equal(
        prepare(Image.fromarray(pixels), found.model.preprocessing), theirs
    )


def test_the_architectures_name_tells_padding_and_eps(tmp_path: Path) -> None:
    where = folder(tmp_path, dialect="timm-tf", architecture="tf_mobilenetv3_small_100")
    found = nm.import_weights(where, "timm")  # the folder stands for the file in it
    assert found.model.plan.dialect.name == "timm-tf"
    assert nm.import_weights(where, "timm", dialect="timm").model.plan.dialect.name == "timm"


def test_what_is_given_wins(tmp_path: Path) -> None:
    given = {"mean": 0, "std": 1, "crop": 1, "resolution": (32, 32), "class_names": ("a", "b", "c")}
    found = nm.import_weights(folder(tmp_path), "timm", **given)
    made = found.model.preprocessing
    assert (made.mean, made.std, made.resize, made.resolution) == ((0,) * 3, (1,) * 3, 32, (32, 32))
    assert found.model.classes == ("a", "b", "c")
    assert "warning: resolution (32, 32) as given, (64, 64) in the file" in found.notes


@pytest.mark.parametrize(
    "changes",
    [{"architecture": "resnet50"}, {"num_classes": 7}, {"architecture": "mobilenetv2_100"}],
    ids=str,
)
def test_a_configuration_of_another_network_is_not_used(
    changes: dict[str, Any], tmp_path: Path
) -> None:
    found = nm.import_weights(folder(tmp_path, **changes), "timm")
    assert found.model.plan.resolution == (224, 224)
    assert found.model.classes[0] == "class 0"
    assert any("is about another network" in note for note in found.notes)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"mean": [0.5, "x", 0.5]}, "mean must be one number or three"),
        ({"std": [0, 0, 0]}, "std must be above 0"),
        ({"crop_pct": -1}, "crop must be at least 0.01"),
        ({"crop_mode": "border"}, "crop_mode 'border'"),
        ({"interpolation": "cubic"}, "interpolation must be one of nearest"),
        ({"input_size": [3, 10**30, 1]}, "input_size must be"),
        ({"pretrained_cfg": 3}, "pretrained_cfg must be an object"),
    ],
)
def test_a_damaged_configuration_is_one_line(
    changes: dict[str, Any], words: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        nm.import_weights(folder(tmp_path, **changes), "timm")
    assert "config.json: " in str(caught.value)
    assert "\n" not in str(caught.value)


def test_squashing_is_stretching(tmp_path: Path) -> None:
    found = nm.import_weights(folder(tmp_path, crop_mode="squash", crop_pct=1.0), "timm")
    assert found.model.preprocessing.resize is None


def test_somebody_elses_configuration_is_left_alone(tmp_path: Path) -> None:
    folder(tmp_path)
    for text in ("[", "[" * 100_000, "3", '{"architectures": ["MobileNetV2Model"]}'):
        (tmp_path / "config.json").write_text(text)
        found = nm.import_weights(tmp_path / "model.safetensors", "timm")
        assert found.described == {}
        assert found.model.plan.resolution == (224, 224)


def test_what_is_our_own_needs_no_import(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = nm.plan("v1-shallow", width=0.1, resolution=32, classes=2)
    model = Model(plan, nm.init(plan, 0), ("a", "b"), Preprocessing.imagenet(32))
    save(model, tmp_path / "best.safetensors")
    for given in (tmp_path, tmp_path / "best.safetensors"):
        out = str(tmp_path / "out.safetensors")
        assert main(["weights", "import", str(given), "--from", "timm", "--output", out]) == 1
        told = capsys.readouterr().err
        assert "npmobilenet's own already" in told
        assert f"--weights {given}" in told
        assert len(told.splitlines()) == 1


def test_timms_names_are_those_of_its_published_files() -> None:
    there = [source for source in SOURCES.values() if source.family == "timm"]
    names = {x.name: architecture_of(x.plan, x.dialect) for x in there}
    assert all(name.startswith(f"timm/{found}.") for name, found in names.items()), names
