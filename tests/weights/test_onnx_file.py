"""The ONNX file itself: names a reader knows, shapes, metadata, refusals, and the verb `export`."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import npmobilenet as nm
from npmobilenet.cli import main
from npmobilenet.images.preprocessing import Preprocessing
from npmobilenet.weights import Model, save
from tests.commands import python

onnx = pytest.importorskip("onnx")

PLAN = nm.plan("v3-small", width=0.35, resolution=(33, 48), classes=3, dialect="paddle")
PARAMS = nm.init(PLAN, 0)


def exported(file: Path, **settings: Any) -> Any:
    nm.export_onnx(PLAN, PARAMS, file, **settings)
    return onnx.load(file)


def ends(values: Any) -> dict[str, list[Any]]:
    """Name and shape of tensors as the file declares them."""
    return {
        value.name: [axis.dim_param or axis.dim_value for axis in value.type.tensor_type.shape.dim]
        for value in values
    }


def test_names_are_the_plan_s(tmp_path: Path) -> None:
    """A node for each layer, in order; the few others belong to one and say to which."""
    graph = exported(tmp_path / "a.onnx").graph
    layers = [layer.name for layer in PLAN.layers]
    assert [node.name for node in graph.node if node.name in layers] == layers
    others = [node.name for node in graph.node if node.name not in layers]
    assert {name.rpartition(".")[0] for name in others} <= set(layers)
    held = {array.name for array in graph.initializer}
    assert held >= set(PLAN.arrays)
    assert held - set(PLAN.arrays) == {"dropout.keep", "scale.axes"}
    assert graph.name == "v3-small"


def test_shapes_are_the_plan_s(tmp_path: Path) -> None:
    """What ONNX's own inference finds, the plan has said before."""
    graph = exported(tmp_path / "a.onnx").graph
    assert ends(graph.input) == {"image": ["N", 3, 33, 48]}
    assert ends(graph.output) == {"logits": ["N", 3]}
    found = ends(graph.value_info) | ends(graph.output)
    for layer in PLAN.layers:
        *size, channels = layer.output
        name = "logits" if layer is PLAN.layers[-1] else layer.name
        assert found[name] == ["N", channels, *size], name


def test_channels_last_changes_the_input_alone(tmp_path: Path) -> None:
    plain, other = (exported(tmp_path / "a.onnx", layout=x).graph for x in ("nchw", "nhwc"))
    assert ends(other.input) == {"image": ["N", 33, 48, 3]}
    assert ends(other.output) == ends(plain.output)
    assert [node.name for node in other.node] == ["to_nchw", *(node.name for node in plain.node)]


def test_metadata(tmp_path: Path) -> None:
    """The plan can be made again from the file; further entries are kept beside it."""
    model = exported(tmp_path / "a.onnx", fold=True, metadata={"classes": '["é", "b"]'})
    assert (model.producer_name, model.producer_version) == ("npmobilenet", nm.__version__)
    held = {entry.key: entry.value for entry in model.metadata_props}
    assert set(held) == {"plan", "classes"}
    assert held["classes"] == '["é", "b"]'
    asked = json.loads(held["plan"])
    asked |= {
        "resolution": tuple(asked["resolution"]),
        "dialect": nm.Dialect.from_json(asked["dialect"]),
    }
    assert nm.plan(**asked) == PLAN


def spoilt(name: str, value: Any) -> dict[str, Any]:
    """PARAMS in float64 with one number in one array replaced."""
    params = {key: array.astype(np.float64) for key, array in PARAMS.items()}
    params[name].flat[0] = value
    return params


HUGE = nm.plan("v1", width=16, resolution=32)
REFUSED: dict[str, tuple[Callable[[Path], object], str]] = {
    "layout": (lambda f: exported(f, layout="chwn"), "layout must be one of nchw, nhwc"),
    "opset too old": (lambda f: exported(f, opset=13), "opset must be an integer from 14 to"),
    "opset too new": (lambda f: exported(f, opset=999), "found 999"),
    "opset no integer": (lambda f: exported(f, opset=17.0), "found 17.0"),
    "metadata": (lambda f: exported(f, metadata={"a": 1}), "metadata must be text, found 'a': 1"),
    "metadata's plan": (lambda f: exported(f, metadata={"plan": "x"}), "written by the export"),
    "no folder": (lambda f: exported(f.parent / "no" / "a.onnx"), "there is no folder"),
    "a folder": (lambda f: exported(f.parent), "this is a folder"),
    "missing array": (lambda f: nm.export_onnx(PLAN, {}, f), "params do not fit v3-small: missing"),
    "integers": (
        lambda f: nm.export_onnx(PLAN, {k: v.astype(int) for k, v in PARAMS.items()}, f),
        "params must be float32 or float64, found int64",
    ),
    "beyond float32": (
        lambda f: nm.export_onnx(PLAN, spoilt("head.weight", -1e300), f),
        "head.weight holds 1e+300, which float32 cannot",
    ),
    "2 GiB": (  # arrays that take no memory
        lambda f: nm.export_onnx(
            HUGE, {k: np.broadcast_to(np.float32(0), v) for k, v in HUGE.arrays.items()}, f
        ),
        "an ONNX file ends at 2 GiB",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refusals_are_one_line_and_leave_nothing(case: str, tmp_path: Path) -> None:
    call, words = REFUSED[case]
    with pytest.raises(ValueError) as caught:  # noqa: PT011  (its words are compared below)
        call(tmp_path / "a.onnx")
    assert words in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_without_onnx_it_says_what_to_install(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ValueError, match=r'pip install "npmobilenet\[onnx\]"'):
        exported(tmp_path / "a.onnx")
    assert not list(tmp_path.iterdir())


def test_the_package_does_not_import_onnx() -> None:
    """Nor what reads weights, until the first export; and unknown names stay unknown."""
    code = (
        "import sys, npmobilenet as nm\n"
        "assert not {'onnx', 'safetensors', 'PIL'} & set(sys.modules)\n"
        "assert callable(nm.export_onnx) and 'onnx' not in sys.modules\n"
        "assert 'export_onnx' in nm.__all__ and not hasattr(nm, 'export_ONNX')\n"
    )
    python("-c", code)


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    how = Preprocessing(
        resolution=PLAN.resolution, resize=None, channels=3, mean=(0.5,) * 3, std=(0.5,) * 3
    )
    save(Model(PLAN, PARAMS, ("a", "b", "ç"), how), tmp_path / "best.safetensors")
    return tmp_path


def test_export_verb(weights: Path, capsys: Any) -> None:
    """The file is the library's with what the weights know; one line says what was written."""
    output = weights / "a.onnx"
    words = ["export", str(weights), "--to", "onnx", "--output", str(output)]
    assert main(words) == 0
    printed = capsys.readouterr().out
    size = output.stat().st_size
    assert printed == (
        f"{output}: onnx, {size / 1e6:.1f} MB, image (N, 3, 33, 48) -> logits (N, 3)\n"
    )
    held = {entry.key: entry.value for entry in onnx.load(output).metadata_props}
    assert json.loads(held["classes"]) == ["a", "b", "ç"]
    assert Preprocessing.from_json(json.loads(held["preprocessing"])).mean == (0.5,) * 3
    exported(weights / "b.onnx", metadata={k: v for k, v in held.items() if k != "plan"})
    assert output.read_bytes() == (weights / "b.onnx").read_bytes()

    assert main([*words, "--layout", "nhwc", "--fold", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "file": str(output),
        "format": "onnx",
        "inputs": {"image": ["N", 33, 48, 3]},
        "outputs": {"logits": ["N", 3]},
        "bytes": output.stat().st_size,
    }
    operators = [node.op_type for node in onnx.load(output).graph.node]
    assert operators[0] == "Transpose"
    assert "BatchNormalization" not in operators


@pytest.mark.parametrize(
    ("output", "reason"),
    [("best.safetensors", "the name of an ONNX file ends in .onnx"), ("no/a.onnx", "no folder")],
)
def test_export_verb_fails_in_one_line(
    weights: Path, output: str, reason: str, capsys: Any
) -> None:
    before = (weights / "best.safetensors").read_bytes()
    words = ["export", str(weights), "--to", "onnx", "--output", str(weights / output)]
    assert main(words) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("npmobilenet export: ")
    assert reason in err
    assert err.count("\n") == 1
    assert [path.name for path in weights.iterdir()] == ["best.safetensors"]
    assert (weights / "best.safetensors").read_bytes() == before
