"""TFLite out and in again: LiteRT computes what we do, and what comes back is what went out."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import npmobilenet as nm
from npmobilenet.cli import main
from npmobilenet.images.preprocessing import Preprocessing
from npmobilenet.models.dialects import DIALECTS
from npmobilenet.models.folding import fold_batch_norm
from npmobilenet.models.registry import MODELS
from npmobilenet.verify.checks import scaled_error
from npmobilenet.weights import Model, import_weights, load, save
from tests.foreign import foreign
from tests.weights.tflite_files import ROUNDINGS, differing, drawn, integers, litert, pictures

foreign("tflite")

QUICK = (
    ("v1", "keras"),
    ("v2", "torchvision"),
    ("v3-small", "paper"),
)
# every model in every dialect that has it, as LiteRT's files are of either
ALL = [
    (model, dialect.name)
    if (model, dialect.name) in QUICK
    else pytest.param(model, dialect.name, marks=pytest.mark.long)
    for model, entry in MODELS.items()
    for dialect in DIALECTS.values()
    if entry.family.version in dialect.versions
]
OTHERS: list[dict[str, Any]] = [{"per_channel": False}, {"dtype": "uint8"}]
KERNELS = ("reference", "xnnpack")


def small(model: str, dialect: str, **asked: Any) -> nm.Plan:
    settings: dict[str, Any] = {"width": 0.35, "resolution": (96, 64), "classes": 7} | asked
    return nm.plan(model, dialect=dialect, **settings)


@pytest.mark.parametrize(("model", "dialect"), ALL)
def test_floats(model: str, dialect: str, tmp_path: Path) -> None:
    """Logits in LiteRT, both kernels; and the network that comes back computes the same."""
    plan = small(model, dialect)
    params, x, path = drawn(plan), pictures(plan), tmp_path / "a.tflite"
    assert nm.export_tflite(plan, params, path) == "logits"
    expected = nm.infer(plan, params, x)
    for kernels in KERNELS:
        assert scaled_error(litert(path, kernels, x)["logits"], expected) < 1e-5, kernels
    found = import_weights(path, "tflite").model
    assert (found.plan.model, found.plan.width) == (model, 0.35)
    assert (found.plan.classes, found.plan.resolution) == (7, (96, 64))
    assert found.quantized is None
    assert scaled_error(nm.infer(found.plan, found.params, x), expected) < 1e-5


@pytest.mark.parametrize(
    "how",
    [{}, *(pytest.param(how, marks=pytest.mark.long) for how in OTHERS)],
    ids=["int8", "per tensor", "uint8"],
)
@pytest.mark.parametrize(("model", "dialect"), ALL)
def test_integers(model: str, dialect: str, how: dict[str, Any], tmp_path: Path) -> None:
    """Every tensor in LiteRT is ours to the bit; and what comes back is what was written."""
    plan = small(model, dialect)
    qplan, arrays = nm.quantize(plan, drawn(plan), pictures(plan, 4), **how)
    path = tmp_path / "a.tflite"
    nm.export_tflite(qplan, arrays, path)
    for kernels in KERNELS:
        assert differing(qplan, arrays, path, kernels) == [], kernels
    found = import_weights(path, "tflite").model
    assert found.quantized is not None
    assert found.plan.layers == qplan.plan.layers
    assert {name: found.quantized[name] for name in qplan.numbers} == qplan.numbers
    assert set(found.params) == set(arrays)
    for name, value in arrays.items():
        np.testing.assert_array_equal(found.params[name], value)
        assert found.params[name].dtype == value.dtype


@pytest.mark.long
@pytest.mark.parametrize("dtype", ["float", "int8", "uint8"])
@pytest.mark.parametrize("dialect", ["paper", "keras", "torchvision"])
@pytest.mark.parametrize("model", ["v1", "v2", "v3-small"])
def test_of_usual_size(model: str, dialect: str, dtype: str, tmp_path: Path) -> None:
    """Width 1 at 224 pixels: floats within 1e-5, integers equal."""
    if (model, dialect) == ("v1", "torchvision"):
        dialect = "timm"  # torchvision has no V1
    plan = nm.plan(model, dialect=dialect)
    params, x, path = drawn(plan), pictures(plan), tmp_path / "a.tflite"
    if dtype == "float":
        nm.export_tflite(plan, params, path)
        expected = nm.infer(plan, params, x)
        for kernels in KERNELS:
            assert scaled_error(litert(path, kernels, x)["logits"], expected) < 1e-5, kernels
        return
    qplan, arrays = nm.quantize(plan, params, pictures(plan, 2), dtype=dtype)
    nm.export_tflite(qplan, arrays, path)
    for kernels in KERNELS:
        assert differing(qplan, arrays, path, kernels) == [], kernels


TABLE = {
    "like": "v4",
    "dialect": "cifar",
    "resolution": 28,
    "stem": 16,
    "last": 128,
    "rows": [
        {"block": "separable", "out": 16, "multiplier": 2},
        {"block": "bneck", "k": 3, "exp": 48, "out": 24, "se": True, "nl": "RE", "s": 2},
        {"block": "uib", "k1": 3, "k2": 5, "t": 4, "out": 40, "n": 2, "s": 2},
    ],
}


def test_a_table_of_rows(tmp_path: Path) -> None:
    """A network of one's own goes out, and comes in where the file says which it is."""
    plan = nm.plan("own", rows=TABLE, classes=7, channels=1)
    params, path = drawn(plan), tmp_path / "a.tflite"
    qplan, arrays = nm.quantize(plan, params, pictures(plan, 4))
    nm.export_tflite(qplan, arrays, path, classes=NAMES)
    for kernels in KERNELS:
        assert differing(qplan, arrays, path, kernels) == [], kernels
    back = import_weights(path, "tflite").model
    assert back.quantized is not None
    assert back.plan.table == plan.table
    assert {name: back.quantized[name] for name in qplan.numbers} == qplan.numbers
    for name, value in arrays.items():
        np.testing.assert_array_equal(back.params[name], value)
    # without metadata it is no MobileNet that is known, and with others the file is gone by
    nm.export_tflite(qplan, arrays, path)
    with pytest.raises(ValueError, match="does not fit"):
        import_weights(path, "tflite")


@pytest.mark.parametrize("function", ["swish", "sigmoid"])
def test_no_integers_for_an_activation(function: str, tmp_path: Path) -> None:
    """Floats are written; integers are refused by the name of the layer."""
    dialect = replace(DIALECTS["keras"], activation=function)
    plan = nm.plan("v1", dialect=dialect, width=0.25, resolution=32, classes=7)
    params, x, path = drawn(plan), pictures(plan), tmp_path / "a.tflite"
    nm.export_tflite(plan, params, path)
    assert scaled_error(litert(path, "xnnpack", x)["logits"], nm.infer(plan, params, x)) < 1e-5
    assert import_weights(path, "tflite").model.plan.dialect.activation == function
    with pytest.raises(ValueError, match="stem_activation is a layer of function"):
        nm.quantize(plan, params, x)


def test_dense_layers_that_are_fully_connected(tmp_path: Path) -> None:
    """The other operator for a dense layer, which rounds otherwise, is written and read as such."""
    plan = small("v2", "keras")
    made, arrays = nm.quantize(plan, drawn(plan), pictures(plan, 4))
    settings = {"plan": made.plan, "numbers": made.numbers, "connected": ("classifier",)}
    qplan, path = nm.QuantizedPlan(**settings), tmp_path / "a.tflite"
    nm.export_tflite(qplan, arrays, path)
    for kernels in KERNELS:
        assert differing(qplan, arrays, path, kernels) == [], kernels
    back = import_weights(path, "tflite").model.quantized
    assert back is not None
    assert back.connected == ("classifier",)


@pytest.mark.parametrize("dtype", ["int8", "uint8"])
def test_probabilities_and_pooling(dtype: str, tmp_path: Path) -> None:
    """A softmax behind the logits, an average pool in place of a mean."""
    plan, path = small("v1", "paper"), tmp_path / "a.tflite"
    how = {"dtype": dtype, "softmax": True, "pooling": "average_pool"}
    qplan, arrays = nm.quantize(plan, drawn(plan), pictures(plan, 4), **how)
    assert nm.export_tflite(qplan, arrays, path) == "probabilities"
    x = integers(qplan)
    numbers = qplan[qplan.output], qplan["softmax"]
    for kernels, rounding in ROUNDINGS.items():
        logits = nm.infer(qplan.with_rounding(rounding), arrays, x)
        ours = nm.ops.integers.softmax(logits, *numbers, rounding=rounding)
        np.testing.assert_array_equal(litert(path, kernels, x)["probabilities"], ours)
    back = import_weights(path, "tflite").model.quantized
    assert back is not None
    assert (back.pooling, back["softmax"]) == ("average_pool", qplan["softmax"])


def test_batches_and_features(tmp_path: Path) -> None:
    """Several images at once; a network without its top."""
    plan = nm.plan("v2", width=0.35, resolution=(64, 48), include_top=False)
    path = tmp_path / "a.tflite"
    params, x = drawn(plan), pictures(plan, 3)
    assert nm.export_tflite(plan, params, path, batch=3) == "features"
    (found,) = litert(path, "xnnpack", x).values()
    expected = nm.infer(plan, params, x)
    assert found.shape == expected.shape
    assert scaled_error(found, expected) < 2e-5  # of 400 times as many numbers
    back = import_weights(path, "tflite").model
    assert not back.plan.include_top


NAMES = ("rose", "a b", "百合", "daisy", "x y z", "tulip", "sunflower")
IMAGES = Preprocessing(
    resolution=(96, 64),
    resize=100,
    channels=3,
    mean=(0.4, 0.5, 0.6),
    std=(0.2, 0.25, 0.3),
    interpolation="bicubic",
)


def test_what_a_file_says_of_itself(tmp_path: Path) -> None:
    """Names, dialect and preprocessing come back as they were."""
    plan, path = small("v1", "timm"), tmp_path / "a.tflite"
    nm.export_tflite(plan, drawn(plan), path, classes=NAMES, preprocessing=IMAGES)
    found = import_weights(path, "tflite")
    assert found.model.classes == NAMES
    assert found.model.preprocessing == IMAGES
    assert found.model.plan.dialect.name == "timm"
    assert found.described["labels"] == 7
    assert found.described["normalisation"] == "mean 102 127.5 153, std 51 63.75 76.5"
    assert not [note for note in found.notes if note.startswith("warning")]


def test_metadata_of_anybody(tmp_path: Path) -> None:
    """Without our own words the standard metadata are gone by."""
    plan, path = small("v1", "keras"), tmp_path / "a.tflite"
    nm.export_tflite(plan, drawn(plan), path, classes=NAMES, preprocessing=IMAGES)
    content = path.read_bytes()
    assert content.count(b"npmobilenet\0") >= 1
    path.write_bytes(content.replace(b"npmobilenet\0", b"npmobilenex\0"))
    found = import_weights(path, "tflite").model
    assert found.classes == NAMES
    np.testing.assert_allclose(found.preprocessing.mean, IMAGES.mean, atol=1e-6)
    np.testing.assert_allclose(found.preprocessing.std, IMAGES.std, atol=1e-6)


def model_of(plan: nm.Plan) -> Model:
    return Model(plan, drawn(plan), NAMES, IMAGES)


def test_verbs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """export --to tflite, of floats and integers and back; weights import --from tflite, both ways."""
    source, pictures_of = tmp_path / "a.safetensors", tmp_path / "images"
    save(model_of(small("v1", "timm")), source)
    pictures_of.mkdir()
    rng = np.random.default_rng(0)
    from PIL import Image

    for k in range(3):
        Image.fromarray(rng.integers(0, 256, (70, 80, 3), np.uint8)).save(pictures_of / f"{k}.png")
    to = ["export", str(source), "--to", "tflite", "--output"]
    calibrate = ["--int8", "--calibrate", str(pictures_of)]
    assert main([*to, str(tmp_path / "f.tflite"), "--json"]) == 0
    about = json.loads(capsys.readouterr().out)
    assert about["inputs"] == {"image": [1, 96, 64, 3]}
    assert about["outputs"] == {"logits": [1, 7]}
    assert main([*to, str(tmp_path / "q.tflite"), *calibrate]) == 0
    assert "note: calibrated on 3 images of" in capsys.readouterr().err
    bring = ["weights", "import", str(tmp_path / "q.tflite"), "--from", "tflite", "--output"]
    assert main([*bring, str(tmp_path / "q.safetensors")]) == 0
    assert "computes as int8 integers, a scale each channel" in capsys.readouterr().out
    assert main([*bring, str(tmp_path / "d.safetensors"), "--float"]) == 0
    quantized, floats = load(tmp_path / "q.safetensors"), load(tmp_path / "d.safetensors")
    assert quantized.quantized is not None
    assert floats.quantized is None
    assert quantized.classes == floats.classes == NAMES
    x = pictures(floats.plan)
    near = nm.infer(floats.plan, floats.params, x)
    assert scaled_error(nm.infer(quantized.network, quantized.params, x), near) < 0.1
    # the dequantised network is the float network of the export
    back = ["export", str(tmp_path / "q.safetensors"), "--to", "tflite", "--output"]
    assert main([*back, str(tmp_path / "d.tflite"), "--float"]) == 0
    assert scaled_error(litert(tmp_path / "d.tflite", "reference", x)["logits"], near) < 1e-5
    assert main([*back, str(tmp_path / "again.tflite")]) == 0
    first, again = (
        import_weights(tmp_path / f"{n}.tflite", "tflite").model for n in ("q", "again")
    )
    assert first.quantized == again.quantized


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--int8"], "--int8: the ranges of integers are found by looking at images"),
        (["--calibrate", "x"], "--calibrate is for --int8 or --uint8"),
        (["--int8", "--calibrate", "nowhere"], "nowhere"),
    ],
)
def test_refused_by_the_verb(
    options: list[str], why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line, and no file."""
    save(model_of(small("v1", "paper")), tmp_path / "a.safetensors")
    target = tmp_path / "a.tflite"
    verb = ["export", str(tmp_path / "a.safetensors"), "--to", "tflite", "--output", str(target)]
    assert main([*verb, *options]) == 1
    said = capsys.readouterr().err
    assert why in said
    assert said.count("\n") == 1
    assert not target.exists()


def test_refused_arguments(tmp_path: Path) -> None:
    """What cannot be written is said before anything is."""
    plan, path = small("v1", "paper"), tmp_path / "a.tflite"
    params = drawn(plan)
    cases: list[tuple[dict[str, Any], type[Exception], str]] = [
        ({"batch": 0}, ValueError, "batch must be from 1 to 65535, found 0"),
        ({"classes": ["one"]}, ValueError, "has 7 classes, 1 names are given"),
        ({"classes": "names"}, TypeError, "classes must be a list of names"),
        ({"preprocessing": 1}, TypeError, "must be a Preprocessing, found int"),
        ({"softmax": 1}, ValueError, "softmax must be True or False"),
    ]
    for settings, error, why in cases:
        with pytest.raises(error, match=why):
            nm.export_tflite(plan, params, path, **settings)
    huge = params | {"stem.weight": params["stem.weight"].astype(np.float64) + 1e300}
    huge = {name: value.astype(np.float64) for name, value in huge.items()}
    with pytest.raises(ValueError, match=r"stem.weight holds .*, which float32 cannot"):
        nm.export_tflite(plan, huge, path)
    assert not path.exists()


def test_folded_plans_are_written_too(tmp_path: Path) -> None:
    """A plan without batch normalisation is the same file."""
    plan, paths = small("v2", "torchvision"), [tmp_path / name for name in ("a.tflite", "b.tflite")]
    nm.export_tflite(plan, drawn(plan), paths[0])
    nm.export_tflite(*fold_batch_norm(plan, drawn(plan)), paths[1])
    assert paths[0].read_bytes() == paths[1].read_bytes()
