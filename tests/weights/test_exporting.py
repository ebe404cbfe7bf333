"""Weights that go to a family: refused where its networks compute something else with them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import npmobilenet as nm
from npmobilenet.cli import main
from npmobilenet.images.preprocessing import Preprocessing
from npmobilenet.models.dialects import DIALECTS
from npmobilenet.weights.exporting import computed
from tests.foreign import foreign


def small(model: str, **settings: Any) -> tuple[nm.Plan, dict[str, np.ndarray]]:
    """A narrow network with statistics that show a wrong eps."""
    plan = nm.plan(model, **{"width": 0.35, "classes": 3, "resolution": 32, **settings})
    rng, params = np.random.default_rng(0), nm.init(plan, 0)
    for name, value in params.items():
        if not name.endswith("weight"):
            params[name] = rng.uniform(0.5, 1.5, value.shape).astype(np.float32)
    return plan, params


def test_what_the_family_does_differently_is_refused(tmp_path: Path) -> None:
    plan, params = small("v2")
    path = tmp_path / "x.pth"
    with pytest.raises(
        ValueError, match=r"x\.pth: torchvision would compute something else"
    ) as caught:
        nm.export_weights(plan, params, path, "torchvision")
    told = str(caught.value)
    assert "padding is same here, symmetric in torchvision; bn_eps is 0.001 here, 1e-05" in told
    assert "--dialect torchvision" in told
    assert "--force" in told
    assert "\n" not in told
    assert not list(tmp_path.iterdir())


def test_force_writes_it_and_says_what_differs(tmp_path: Path) -> None:
    plan, params = small("v2")
    notes = nm.export_weights(plan, params, tmp_path / "x.pth", "torchvision", force=True)
    assert notes == (
        "padding is same here, symmetric in torchvision",
        "bn_eps is 0.001 here, 1e-05 in torchvision",
    )
    assert (tmp_path / "x.pth").is_file()


def test_what_has_no_say_in_a_version_is_not(tmp_path: Path) -> None:
    """PaddleClas scales V3's dropout its own way; its V1 has none."""
    plan, params = small("v1", width=0.25)
    notes = nm.export_weights(plan, params, tmp_path / "x.npz", "paddle", force=True)
    assert [note.split()[0] for note in notes] == ["padding", "bn_eps"]


def test_a_family_without_such_a_network(tmp_path: Path) -> None:
    plan = nm.plan("v3-small", width=0.75, classes=3, resolution=32, dialect="keras")
    for family in ("torchvision", "tutorial-d"):
        with pytest.raises(ValueError, match=r"has no v3-small of these shapes \(width 0\.75"):
            nm.export_weights(plan, nm.init(plan, 0), tmp_path / "x.pth", family, force=True)
    for family, dialect, model, words in (
        ("torchvision", "torchvision", "v3-small-minimalistic", "none at all"),
        ("timm", "timm-rw", "v3-small", "in its own dialect"),
    ):
        plan = nm.plan(model, classes=3, resolution=32, dialect=dialect)
        with pytest.raises(ValueError, match=f"{family} has no {model} .*{words}"):
            nm.export_weights(plan, nm.init(plan, 0), tmp_path / "x.pth", family, force=True)
    # timm has it with tf_ before its name alone
    plan, params = small("v3-small-minimalistic", width=1.0, dialect="timm")
    with pytest.raises(ValueError, match="padding is symmetric here, same in timm"):
        nm.export_weights(plan, params, tmp_path / "x.pth", "timm")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("family", "dialect", "model", "switch", "refused"),
    [
        # (0, 1, 0, 1) is what "same" comes to at even sizes, and not at odd ones
        ("keras", "keras", "v1", {"strided_padding": None}, ""),
        (
            "keras",
            "keras",
            "v1",
            {"strided_padding": None, "resolution": 33},
            "strided_padding is None",
        ),
        ("keras", "keras", "v1", {"activation": "relu"}, "activation is relu here, relu6"),
        ("keras", "keras", "v1", {"dropout": 0.5, "bn_momentum": 0.1}, ""),
        ("keras", "keras", "v2", {"bn_eps": 1e-5}, "bn_eps is 1e-05 here, 0.001"),
        ("timm", "timm", "v3-small", {"gate_slope": 0.2}, "gate_slope is 0.2 here, 0.1667"),
        ("timm", "timm-tf", "v3-small-minimalistic", {"gate_slope": 0.2}, ""),  # has no gates
        ("timm", "timm-tf", "v3-small", {}, ""),  # timm's own models whose names begin with tf_
        ("timm", "timm-tf", "v3-small", {"bn_eps": 1e-5}, "bn_eps is 1e-05 here, 0.001"),
        ("paddle", "paddle", "v3-small", {"dropout_mode": "inverted"}, ""),
        ("tutorial-d", "tutorial-d", "v1", {"stem_stride": 2}, "stem_stride is 2 here, 1"),
    ],
)
def test_what_matters_is_what_changes_a_layer(
    tmp_path: Path, family: str, dialect: str, model: str, switch: dict[str, Any], refused: str
) -> None:
    made = replace(DIALECTS[dialect].at(model[:2]), **switch)
    width, size = 1.0 if "v3" in model else 0.35, switch.get("resolution", 32)
    plan, params = small(model, width=width, dialect=made, resolution=size)
    path = tmp_path / {"keras": "x.h5", "paddle": "x.npz"}.get(family, "x.safetensors")
    if refused:
        with pytest.raises(ValueError, match=refused):
            nm.export_weights(plan, params, path, family)
        assert not path.exists()
    else:
        assert nm.export_weights(plan, params, path, family) == ()


def test_computed_forgets_training_and_spellings() -> None:
    one = nm.plan("v2", width=0.35, resolution=32, dialect="keras")
    other = replace(one.dialect, dropout=0.5, bn_momentum=0.5, strided_padding=(0, 1, 0, 1))
    changed = nm.plan("v2", width=0.35, resolution=32, dialect=other)
    assert computed(one) != computed(nm.plan("v2", width=0.35, resolution=32, dialect="timm"))
    # 32 px end at 1 x 1, where "same" of stride 1 has the same zeros as ever
    assert computed(one)[:4] == computed(changed)[:4]
    assert [layer.name for layer in computed(changed)] == [layer.name for layer in computed(one)]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_what_passes_predicts_alike_there(tmp_path: Path) -> None:
    """A network trained for torchvision, with other dropout and momentum, in torchvision's class."""
    torch, models = foreign("torch"), foreign("torchvision.models")
    dialect = replace(DIALECTS["torchvision"].at("v2"), dropout=0.6, bn_momentum=0.3)
    plan, params = small("v2", dialect=dialect)
    assert nm.export_weights(plan, params, tmp_path / "x.safetensors", "torchvision") == ()
    from safetensors.torch import load_file

    theirs = models.mobilenet_v2(width_mult=0.35, num_classes=3).eval()
    theirs.load_state_dict(load_file(tmp_path / "x.safetensors"), strict=False)
    x = np.random.default_rng(1).standard_normal((1, 32, 32, 3)).astype(np.float32)
    with torch.no_grad():
        expected = theirs(torch.from_numpy(x.transpose(0, 3, 1, 2).copy())).numpy()
    found = nm.infer(plan, params, x, rung="numpy")
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())


def test_the_command_line_refuses_and_forces(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan, params = small("v1", width=0.1)
    made = Preprocessing.imagenet(32)
    nm.save(nm.Model(plan, params, ("a", "b", "c"), made), tmp_path / "ours.safetensors")
    words = ["export", str(tmp_path / "ours.safetensors"), "--to", "keras"]
    words += ["--output", str(tmp_path / "x.h5")]
    assert main(words) == 1
    told = capsys.readouterr().err
    assert told.startswith("npmobilenet export: ")
    assert "activation is relu here, relu6 in Keras" in told
    assert len(told.splitlines()) == 1
    assert not (tmp_path / "x.h5").exists()
    itself = str(tmp_path / "ours.safetensors")
    assert main(["export", itself, "--to", "timm", "--output", itself, "--force"]) == 1
    assert "is the file that is read" in capsys.readouterr().err
    assert main([*words, "--force"]) == 0
    told = capsys.readouterr().err
    assert "note: activation is relu here, relu6 in Keras" in told
    assert (
        "feed it images of 32 x 32, shorter side 37 and centre crop, bilinear, mean (0.485" in told
    )
