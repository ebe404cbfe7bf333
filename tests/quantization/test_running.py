"""Networks of integers run: every rung, the engine, integers in and out; and come back from files."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import npmobilenet as nm
from npmobilenet.ops import integers
from npmobilenet.ops.rungs import running
from npmobilenet.predicting.calibration import quantized_model
from npmobilenet.weights.native_quantized import PREFIX

from .networks import images, model_of, network, quantized

KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "v1 int8": ("v1", {}),
    "v1 uint8, average pool": ("v1", {"dtype": "uint8", "pooling": "average_pool"}),
    "v2 one rounding": ("v2", {"rounding": "single"}),
    "v3 softmax": ("v3-small", {"softmax": True}),
    "v3 uint8 one rounding": ("v3-small", {"dtype": "uint8", "rounding": "single"}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_rung_and_the_engine_give_the_same_integers(kind: str) -> None:
    model, how = KINDS[kind]
    made, arrays = quantized(model, **how)
    x = images(made.plan, count=2)
    wanted = nm.intermediates(made, arrays, x, rung="numpy")
    for rung in running():
        if rung in ("numpy", "loops"):  # loops take minutes here, and are held to numpy elsewhere
            continue
        for name, y in nm.intermediates(made, arrays, x, rung=rung).items():
            np.testing.assert_array_equal(y, wanted[name], f"{rung} {name}")
    if "numba" in running():
        engine = nm.compile(made, arrays, batch=2)
        np.testing.assert_array_equal(engine(wanted["image"]), wanted[made.output])


def test_floats_in_floats_out_integers_in_integers_out() -> None:
    made, arrays = quantized("v1")
    x = images(made.plan)
    stored = integers.quantize(x, made["image"])
    y = nm.infer(made, arrays, stored)
    assert y.dtype == np.int8
    logits = nm.infer(made, arrays, x)
    assert logits.dtype == np.float32
    np.testing.assert_array_equal(logits, integers.dequantize(y, made[made.output]))
    np.testing.assert_array_equal(nm.infer(made, arrays, x.astype(np.float64)), logits)
    assert nm.infer(made, arrays, x[:0]).shape == (0, 5)


def test_roundings_differ_in_few_places_by_one() -> None:
    made, arrays = quantized("v2")
    x = integers.quantize(images(made.plan), made["image"])
    first = nm.intermediates(made, arrays, x, ["stem"])["stem"]
    other = nm.intermediates(made.with_rounding("single"), arrays, x, ["stem"])["stem"]
    differ = np.abs(first.astype(int) - other)
    assert differ.max() <= 1
    assert differ.mean() < 0.01


def test_intermediates_by_name() -> None:
    made, arrays = quantized("v1")
    x = images(made.plan, count=1)
    found = nm.intermediates(made, arrays, x, ["classifier", "stem"])
    assert list(found) == ["classifier", "stem"]
    with pytest.raises(ValueError, match="names: the plan has none that is named stem_activation"):
        nm.intermediates(made, arrays, x, ["stem_activation"])
    with pytest.raises(TypeError, match="names must be a list of names"):
        nm.intermediates(made, arrays, x, "stem")


@pytest.mark.parametrize(
    ("x", "message"),
    [
        ([1], "x must be a NumPy array, found list"),
        (np.zeros((1, 9, 9, 3), np.int8), "x must have shape (N, 32, 32, 3), found (1, 9, 9, 3)"),
        (np.zeros((1, 32, 32, 3), np.uint8), "x must be int8, float32 or float64, found uint8"),
        (np.full((1, 32, 32, 3), np.nan), "NaN"),
    ],
)
def test_images_that_do_not_fit(x: Any, message: str) -> None:
    made, arrays = quantized("v1")
    with pytest.raises((ValueError, TypeError), match=re.escape(message)):
        nm.infer(made, arrays, x)


def test_arrays_that_do_not_fit() -> None:
    made, arrays = quantized("v1")
    x = images(made.plan, count=1)
    stem = arrays["stem.weight"]
    wrong: list[tuple[Any, str]] = [
        ({n: a for n, a in arrays.items() if n != "stem.bias"}, "missing stem.bias"),
        (arrays | {"leaf": stem}, "unexpected leaf"),
        (
            arrays | {"stem.weight": stem.astype(np.float32)},
            "stem.weight must be int8 (3, 3, 3, 8)",
        ),
        (arrays | {"stem.weight": stem[:2]}, "found int8 (2, 3, 3, 8)"),
        ([stem], "params must be a dict"),
    ]
    for given, message in wrong:
        with pytest.raises((ValueError, TypeError), match=re.escape(message)):
            nm.infer(made, given, x)


@pytest.mark.parametrize("kind", KINDS)
def test_files_hold_everything(kind: str, tmp_path: Path) -> None:
    model, how = KINDS[kind]
    kept = model_of(model, **how)
    nm.save(kept, tmp_path / "int.safetensors")
    found = nm.load(tmp_path / "int.safetensors")
    assert found.quantized == kept.quantized
    assert found.classes == kept.classes
    assert {n: a.dtype for n, a in found.params.items()} == {
        n: a.dtype for n, a in kept.params.items()
    }
    x = images(kept.plan, count=1)
    np.testing.assert_array_equal(
        nm.infer(found.network, found.params, x), nm.infer(kept.network, kept.params, x)
    )


def test_connected_layers_are_kept(tmp_path: Path) -> None:
    kept = model_of("v1")
    assert kept.quantized
    changed: Any = {"quantized": replace(kept.quantized, connected=("classifier",))}
    nm.save(replace(kept, **changed), tmp_path / "int.safetensors")
    found = nm.load(tmp_path / "int.safetensors").quantized
    assert found is not None
    assert found.connected == ("classifier",)


def resealed(file: Path, tensors: dict[str, Any], metadata: dict[str, str]) -> None:
    """Written again without a checksum that would say so before anything else does."""
    save_file(tensors, file, {k: v for k, v in metadata.items() if "sha" not in k.lower()})


def metadata_of(file: Path) -> dict[str, str]:
    size = int.from_bytes(file.read_bytes()[:8], "little")
    return dict(json.loads(file.read_bytes()[8 : 8 + size])["__metadata__"])


DAMAGE: dict[str, tuple[str, Any, str]] = {
    "no scale": ("stem.scale", None, "stem.zero_point has no scale"),
    "no zero point": ("stem.zero_point", None, "stem.zero_point must be integers"),
    "a scale of 0": (
        "stem.scale",
        np.zeros(1, np.float32),
        "scale must be a float32 number above 0",
    ),
    "NaN": ("stem.scale", np.full(1, np.nan, np.float32), "scale must be a float32 number above 0"),
    "doubles": ("stem.scale", np.ones(1), "stem.scale must be float32"),
    "too many": ("stem.scale", np.ones(3, np.float32), "stem must have one scale, found 3"),
    "zero points": ("stem.zero_point", np.zeros(7, np.int8), "stem.zero_point must be integers, 1"),
    "another dtype": ("stem.zero_point", np.zeros(1, np.uint8), "stem must be int8"),
}


@pytest.mark.parametrize("what", DAMAGE)
def test_damaged_files_are_refused_in_a_line(what: str, tmp_path: Path) -> None:
    file = tmp_path / "int.safetensors"
    nm.save(model_of("v1"), file)
    name, value, message = DAMAGE[what]
    tensors = load_file(file)
    assert tensors.pop(f"{PREFIX}{name}") is not None
    if value is not None:
        tensors[f"{PREFIX}{name}"] = value
    resealed(file, tensors, metadata_of(file))
    with pytest.raises(ValueError, match=re.escape(message)) as found:
        nm.load(file)
    assert "\n" not in str(found.value)


def test_settings_that_are_damaged(tmp_path: Path) -> None:
    file = tmp_path / "int.safetensors"
    nm.save(model_of("v1"), file)
    for settings in ("{", "[]", '{"rounding": 3}', '{"unknown": 1}', "null"):
        resealed(file, load_file(file), metadata_of(file) | {"quantization": settings})
        with pytest.raises(ValueError, match=r"int\.safetensors") as found:
            nm.load(file)
        assert "\n" not in str(found.value)


def test_integers_are_no_floats() -> None:
    """What wants floats says so in a line; half precision is not for bytes."""
    model = model_of("v1")
    with pytest.raises(ValueError, match="quantize: this network is of int8 integers"):
        quantized_model(model, images(model.plan))
    with pytest.raises(ValueError, match="quantized"):
        replace(model, quantized=quantized("v2")[0])
    _, params = network("v1")
    with pytest.raises((ValueError, TypeError)):
        nm.compile_training(model.network, params, batch=1)  # type: ignore[arg-type]
