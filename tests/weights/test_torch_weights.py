"""Networks made by torchvision and timm themselves: their files come in, and compute the same here."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import npmobilenet as nm
from npmobilenet.weights.families import FAMILIES
from tests.foreign import foreign

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.usefixtures("one_thread")

TIMM = {
    "mobilenetv1_100": ("v1", 1.0, "timm"),
    "mobilenetv1_100h": ("v1", 1.0, "timm-h"),
    "mobilenetv1_125": ("v1", 1.25, "timm"),
    "mobilenetv2_035": ("v2", 0.35, "timm"),
    "mobilenetv2_075": ("v2", 0.75, "timm"),
    "mobilenetv2_140": ("v2", 1.4, "timm"),
    "mobilenetv3_large_075": ("v3-large", 0.75, "timm"),
    "mobilenetv3_large_100": ("v3-large", 1.0, "timm"),
    "mobilenetv3_small_050": ("v3-small", 0.5, "timm"),
    "mobilenetv3_small_100": ("v3-small", 1.0, "timm"),
    "mobilenetv3_rw": ("v3-large", 1.0, "timm-rw"),
    "tf_mobilenetv3_small_075": ("v3-small", 0.75, "timm-tf"),
    "tf_mobilenetv3_large_minimal_100": ("v3-large-minimalistic", 1.0, "timm-tf"),
    "tf_mobilenetv3_small_minimal_100": ("v3-small-minimalistic", 1.0, "timm-tf"),
}
TORCHVISION = {
    "v2 0.35": ("v2", 0.35, False),
    "v2 1.4": ("v2", 1.4, False),
    "large 0.75": ("v3-large", 0.75, False),
    "small 0.35": ("v3-small", 0.35, False),
    "small 1.0": ("v3-small", 1.0, False),
    "large reduced": ("v3-large", 1.0, True),
}


class Gate(torch.nn.Module):
    """The hard sigmoid: PyTorch's own has a float64 gradient with a float32 sixth in it."""

    def forward(self, x: Any) -> Any:
        return torch.nn.functional.relu6(x + 3) / 6


def shaken(network: Any) -> Any:
    """The network in float64 and evaluation, nothing in it as fresh networks have it."""
    for parent in list(network.modules()):
        for name, child in parent.named_children():
            if type(child).__name__.lower() == "hardsigmoid":
                setattr(parent, name, Gate())
    source = torch.Generator().manual_seed(0)
    for name, value in network.state_dict().items():
        if name.endswith("running_var"):
            value.copy_(torch.rand(value.shape, generator=source) + 0.5)
        elif value.dtype.is_floating_point:
            value.add_(0.05 * torch.randn(value.shape, generator=source))
    return network.double().eval()


def made(family: str, name: str) -> tuple[Any, tuple[str, float, str, bool]]:
    """A family's own network with 13 classes, and what should be found out about it."""
    if family == "timm":
        model, width, dialect = TIMM[name]
        network = foreign("timm").create_model(name, num_classes=13)
        return shaken(network), (model, width, dialect, False)
    model, width, reduced = TORCHVISION[name]
    foreign("torchvision")
    models = foreign("torchvision.models")
    if model == "v2":
        return shaken(models.mobilenet_v2(width_mult=width, num_classes=13)), (
            model, width, "torchvision", False,
        )  # fmt: skip
    v3 = foreign("torchvision.models.mobilenetv3")
    arch = f"mobilenet_{model.replace('-', '_')}"
    rows, last = v3._mobilenet_v3_conf(arch, width_mult=width, reduced_tail=reduced)
    network = v3.MobileNetV3(rows, last, num_classes=13)
    return shaken(network), (model, width, "torchvision", reduced)


# another width of a network that is among the others
SECOND = ("mobilenetv1_125", "mobilenetv2_075", "mobilenetv2_140", "mobilenetv3_large_100")
SECOND += ("mobilenetv3_small_100", "v2 1.4", "small 1.0")
CASES = [
    pytest.param(family, name, marks=[pytest.mark.long] if name in SECOND else [])
    for family, names in (("timm", TIMM), ("torchvision", TORCHVISION))
    for name in names
]


@pytest.mark.parametrize(("family", "name"), CASES)
def test_a_file_of_the_family_computes_the_same(family: str, name: str, tmp_path: Path) -> None:
    network, (model, width, dialect, reduced) = made(family, name)
    path = tmp_path / "theirs.pth"
    torch.save(network.state_dict(), path)
    size = (51, 64) if width < 1 else (33, 33)
    given = {"dialect": dialect} if dialect == "timm-tf" else {}
    found = nm.import_weights(path, family, resolution=size, **given).model
    plan = found.plan
    assert (plan.model, plan.width, plan.dialect.name, plan.dialect.reduced_tail) == (
        model, width, dialect, reduced,
    )  # fmt: skip
    assert plan.classes == 13
    rng = np.random.default_rng(0)
    x, dy = rng.standard_normal((2, *size, 3)), rng.standard_normal((2, 13))
    logits, tape, _ = nm.forward(plan, found.params, x)
    grads = nm.backward(plan, dy, tape)
    theirs = network(torch.tensor(x.transpose(0, 3, 1, 2).copy()))
    theirs.backward(torch.tensor(dy))
    wanted = theirs.detach().numpy()
    assert np.abs(logits - wanted).max() <= 1e-9 * np.abs(wanted).max()
    pairs = FAMILIES[family].names(plan)
    parameters = dict(network.named_parameters())
    assert sorted(parameters) == sorted(pairs[ours] for ours in grads)
    for ours, grad in grads.items():
        expected = FAMILIES[family].incoming(plan, ours, parameters[pairs[ours]].grad.numpy())
        assert np.abs(grad - expected).max() <= 1e-9 * np.abs(expected).max(), ours


@pytest.mark.parametrize(
    ("family", "name"), [("timm", "mobilenetv3_small_050"), ("torchvision", "v2 0.35")]
)
@pytest.mark.parametrize("ending", [".pth", ".safetensors"])
def test_out_and_back_is_bit_exact(family: str, name: str, ending: str, tmp_path: Path) -> None:
    network, _ = made(family, name)
    first, second = tmp_path / "theirs.pth", tmp_path / f"ours{ending}"
    torch.save(network.float().state_dict(), first)
    model = nm.import_weights(first, family, resolution=(32, 32)).model
    assert nm.export_weights(model.plan, model.params, second, family) == ()
    again = nm.import_weights(second, family, resolution=(32, 32)).model
    assert list(again.params) == list(model.plan.arrays)
    for key, value in model.params.items():
        assert np.array_equal(again.params[key], value)
    if ending == ".pth":
        written = torch.load(second, weights_only=True)
    else:
        written = foreign("safetensors.torch").load_file(second)
    theirs = network.state_dict()
    network.load_state_dict(written)  # strict: every name and every shape
    names = [name for name in theirs if not name.endswith("num_batches_tracked")]
    assert list(written) == (names if ending == ".pth" else sorted(names))
    assert all(torch.equal(written[key], theirs[key]) for key in written)


@pytest.mark.parametrize("wrapper", ["state_dict", "model", None])
def test_training_scripts_wrap_their_weights(wrapper: str | None, tmp_path: Path) -> None:
    network, _ = made("timm", "mobilenetv3_small_050")
    state = {f"module.{name}": value for name, value in network.float().state_dict().items()}
    path = tmp_path / "checkpoint.pth"
    torch.save({wrapper: state, "epoch": 3} if wrapper else state, path)
    assert nm.import_weights(path, "timm").model.plan.model == "v3-small"


def test_what_tensors_cannot_tell_is_said(tmp_path: Path) -> None:
    network, _ = made("timm", "mobilenetv3_small_050")
    path = tmp_path / "small.pth"
    torch.save(network.float().state_dict(), path)
    first, second, third = nm.import_weights(path, "timm").notes
    assert "v3-small, width 0.5, 13 classes, 3 channels, dialect timm" in first
    assert "bicubic" in second
    assert "--dialect timm-tf" in third
    given = nm.import_weights(path, "timm", dialect="timm-tf")
    assert given.model.plan.dialect == nm.TIMM_TF.at("v3")
    assert len(given.notes) == 2


def test_half_precision_becomes_single(tmp_path: Path) -> None:
    network, _ = made("timm", "mobilenetv3_small_050")
    for kind in (torch.float16, torch.bfloat16):
        path = tmp_path / "half.pth"
        torch.save(network.to(kind).state_dict(), path)
        params = nm.import_weights(path, "timm").model.params
        assert {value.dtype for value in params.values()} == {np.dtype(np.float32)}


def test_options_override_what_tensors_say(tmp_path: Path) -> None:
    network, _ = made("timm", "mobilenetv1_100")
    path = tmp_path / "v1.pth"
    torch.save(network.float().state_dict(), path)
    plan = nm.import_weights(path, "timm", activation="relu", resolution=(96, 128)).model.plan
    assert plan.dialect.activation == "relu"
    assert plan.resolution == (96, 128)
