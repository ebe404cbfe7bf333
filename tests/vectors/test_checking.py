"""A folder of vectors beside others: what is compared with what, and what is refused."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import npmobilenet as nm
from npmobilenet.vectors import check, write

from .block import network

PART = ["stem", "blocks.3", "blocks.4"]
Array = Any


@pytest.fixture(scope="module")
def vectors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("vectors")
    write(*network(), folder, layers=PART, formats=["npy"])
    return folder


def results(vectors: Path, folder: Path, *names: str) -> Path:
    """Outputs of layers as somebody would hand them in."""
    for name in names:
        (folder / name).mkdir(parents=True)
        shutil.copy(vectors / name / "output.npy", folder / name)
    return folder


def changed(file: Path, change: Any) -> Array:
    values = np.load(file)
    values = np.asarray(change(values), values.dtype)
    np.save(file, values)
    return values


def states(found: Any) -> list[tuple[str, str]]:
    return [(look.layer, look.state) for look in found.looked]


def test_vectors_are_equal_to_themselves(vectors: Path) -> None:
    found = check(vectors, vectors)
    assert found.equal
    assert len(found.looked) == len(list(vectors.rglob("*.npy")))


def test_all_arrays_of_the_manifest_are_there(vectors: Path) -> None:
    """And their shapes, dtypes and bits are those of the files."""
    document = json.loads((vectors / "manifest.json").read_text())
    for entry in document["layers"]:
        for about in entry["tensors"].values():
            values = np.load(vectors / f"{about['file']}.npy")
            assert list(values.shape) == about["shape"]
            assert values.dtype == about["dtype"]
            assert 8 * values.itemsize == about["bits"]
            assert len(about["axes"]) == values.ndim
    names = {entry["name"] for entry in document["layers"]}
    assert "blocks.3.add" in names
    assert not any(name.startswith("blocks.5") for name in names)


@pytest.mark.parametrize("rounding", ["double", pytest.param("single", marks=pytest.mark.long)])
def test_accumulators_never_need_more_bits(rounding: str, tmp_path: Path) -> None:
    """Whatever was seen lies within the bits that the manifest says are enough."""
    document = write(*network(rounding), tmp_path, formats=["npy"])
    kinds = set()
    for entry in document["layers"]:
        kinds.add(entry["operator"])
        sums = entry["accumulator"]
        half = 1 << (sums["bits"] - 1)
        assert -half <= sums["least"] <= sums["greatest"] < half, entry["name"]
        assert sums["bits"] <= 32
    assert {"add", "mean", "conv2d"} <= kinds


def test_outputs_are_those_of_the_network(vectors: Path) -> None:
    qplan, arrays, x = network()
    for name, values in nm.intermediates(qplan, arrays, x).items():
        if (vectors / name).is_dir():
            assert np.array_equal(np.load(vectors / name / "output.npy"), values)


def test_one_element_is_located(vectors: Path, tmp_path: Path) -> None:
    theirs = results(vectors, tmp_path, "blocks.3.expand")

    def one(values: Array) -> Array:
        values[0, 4, 1, 7] ^= 1
        values[0, 4, 2, 0] ^= 1
        return values

    values = changed(theirs / "blocks.3.expand/output.npy", one)
    (difference,) = check(vectors, theirs).differences
    assert difference.index == (0, 4, 1, 7)
    assert difference.axes == ("n", "y", "x", "c")
    assert difference.found == values[0, 4, 1, 7] == difference.expected ^ 1
    assert (difference.differing, difference.size) == (2, values.size)
    assert difference.explanations == ()


def test_a_mistake_is_found_once(vectors: Path, tmp_path: Path) -> None:
    """Layers behind it are computed from what they read, or were tried with what the vectors have."""
    theirs = results(vectors, tmp_path, "blocks.3.expand", "blocks.3.depthwise")
    changed(theirs / "blocks.3.expand/output.npy", lambda values: values[..., ::-1])
    found = check(vectors, theirs)
    assert states(found) == [("blocks.3.expand", "differs"), ("blocks.3.depthwise", "equal")]
    assert found.differences[0].explanations == ("its channels are last first",)
    qplan, arrays, _ = network()
    wrong = np.load(theirs / "blocks.3.expand/output.npy")
    depthwise = qplan.step("blocks.3.depthwise")
    weight, bias = (arrays[f"{depthwise.name}.{short}"] for short in ("weight", "bias"))
    numbers = (qplan["blocks.3.expand"], qplan[f"{depthwise.name}.weight"], qplan[depthwise.name])
    follows = nm.ops.integers.depthwise_conv2d(wrong, weight, bias, *numbers, activation="relu6")
    np.save(theirs / "blocks.3.depthwise/output.npy", follows)
    found = check(vectors, theirs)
    assert states(found) == [("blocks.3.expand", "differs"), ("blocks.3.depthwise", "follows")]


def test_their_accumulators_are_judged_alone(vectors: Path, tmp_path: Path) -> None:
    theirs = results(vectors, tmp_path, "stem")
    shutil.copy(vectors / "stem/accumulators.npy", theirs / "stem")
    right = np.load(vectors / "stem/accumulators.npy")
    assert abs(right).max() >= 2**15
    changed(theirs / "stem/accumulators.npy", lambda values: values.astype(np.int16))
    found = check(vectors, theirs)
    accumulators, output = found.looked
    assert accumulators.difference is not None
    text = "the accumulator keeps 16 bits and wraps"
    assert accumulators.difference.explanations == (text,)
    assert output.state == "differs"  # it was made of others
    (theirs / "stem/accumulators.npy").unlink()
    assert check(vectors, theirs).equal


def test_their_weights_are_what_they_computed_with(vectors: Path, tmp_path: Path) -> None:
    theirs = results(vectors, tmp_path, "stem")
    for name in ("weight", "input"):
        shutil.copy(vectors / f"stem/{name}.npy", theirs / "stem")

    def one(values: Array) -> Array:
        values[0, 0, 0, 3] ^= 64
        return values

    weight = changed(theirs / "stem/weight.npy", one)
    qplan, arrays, x = network()
    wrong = nm.intermediates(qplan, arrays | {"stem.weight": weight}, x, ["stem"])["stem"]
    np.save(theirs / "stem/output.npy", wrong)
    found = check(vectors, theirs)
    assert [(look.tensor, look.state) for look in found.looked] == [
        ("input", "equal"),
        ("weight", "differs"),
        ("output", "follows"),
    ]
    assert found.differences[0].index == (0, 0, 0, 3)


def test_a_fully_connected_layer_has_factors_of_64_bits(tmp_path: Path) -> None:
    qplan, arrays, x = network()
    connected = replace(qplan, connected=("classifier",))
    (entry,) = write(connected, arrays, x, tmp_path / "a", layers=["classifier"])["layers"]
    assert (entry["operator"], entry["requantise"]) == ("dense", "exact")
    assert entry["tensors"]["factor"]["dtype"] == "float64"
    words = shutil.ignore_patterns("*.npy")  # the other side has words alone
    shutil.copytree(tmp_path / "a", tmp_path / "b", ignore=words)
    assert check(tmp_path / "a", tmp_path / "b").equal


def test_another_rounding_is_named(vectors: Path, tmp_path: Path) -> None:
    """The whole folder of a network that rounds once, in float32."""
    qplan, arrays, x = network()
    write(qplan.with_rounding("single"), arrays, x, tmp_path / "b", layers=PART, formats=["npy"])
    for file in (tmp_path / "b").rglob("*.npy"):
        if file.stem not in ("output", "input"):
            file.unlink()
    found = check(vectors, tmp_path / "b")
    assert not found.equal
    assert ("blocks.3.expand", "given") in states(found)  # blocks.2 is not there
    products = [d for d in found.differences if not d.layer.endswith("add")]
    assert products
    for difference in products:
        once = "it is multiplied in float32 and rounded once, as the rule single"
        assert once in difference.explanations
    assert found.common[once] == len(products) == max(found.common.values())


def test_two_explanations_are_both_said(vectors: Path, tmp_path: Path) -> None:
    """Where nothing is above the bound, one with the lower bound missing has no bounds at all."""
    theirs = results(vectors, tmp_path, "stem")
    inverted = changed(
        theirs / "stem/output.npy", lambda values: (values.view(np.uint8) ^ 128).view(np.int8)
    )
    (difference,) = check(vectors, theirs).differences
    assert "its sign bit is inverted" in difference.explanations
    assert difference.found == inverted[difference.index]
    assert len(difference.explanations) == len(set(difference.explanations))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.zeros((1, 24, 16, 16), np.int8), r"expected shape \(1, 16, 16, 16\), found"),
        (np.zeros((1, 16, 16, 16), np.float32), "expected integers, int8, found float32"),
        (np.full((1, 16, 16, 16), 200), "expected int8, -128 to 127, found 200 to 200"),
    ],
)
def test_arrays_that_cannot_be(values: Array, message: str, vectors: Path, tmp_path: Path) -> None:
    (tmp_path / "stem").mkdir()
    np.save(tmp_path / "stem/output.npy", values)
    with pytest.raises(ValueError, match=rf"stem/output.npy: {message}"):
        check(vectors, tmp_path)


def test_files_that_cannot_be(vectors: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there is no such folder"):
        check(vectors, tmp_path / "none")
    with pytest.raises(
        ValueError, match=r"has no file that the manifest names, as stem/output\.hex"
    ):
        check(vectors, tmp_path)
    with pytest.raises(ValueError, match=r"has no manifest\.json"):
        check(tmp_path, vectors)
    (tmp_path / "stem").mkdir()
    for text in (b"", b"no array", (vectors / "stem/output.npy").read_bytes()[:200]):
        (tmp_path / "stem/output.npy").write_bytes(text)
        with pytest.raises(ValueError, match=r"stem/output\.npy: cannot be read"):
            check(vectors, tmp_path)
    shutil.copy(vectors / "stem/output.npy", tmp_path / "stem")
    (tmp_path / "stem.output.hex").write_text("00\n" * 4096)
    with pytest.raises(ValueError, match=r"other numbers than .*stem\.output\.hex; leave one"):
        check(vectors, tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is no JSON"),
        ("[]", "is no manifest of vectors"),
        ('{"format": 2, "layers": []}', "format must be 1, found 2"),
        ('{"format": 1, "layers": [{}]}', "its manifest lacks something"),
    ],
)
def test_manifests_that_cannot_be(text: str, message: str, vectors: Path, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(ValueError, match=message):
        check(tmp_path, vectors)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"file": "/etc/passwd"}, "file must be stem/input, found '/etc/passwd'"),
        ({"file": "../outside/input"}, "file must be stem/input, found"),
        ({"shape": [1, -1]}, "shape of stem/input must be a list of sizes"),
        ({"shape": [10**30]}, "shape of stem/input must be a list of sizes"),
        ({"shape": 3}, "shape of stem/input must be a list of sizes"),
    ],
)
def test_a_manifest_names_no_files_elsewhere(
    change: dict[str, Any], message: str, vectors: Path, tmp_path: Path
) -> None:
    document = json.loads((vectors / "manifest.json").read_text())
    document["layers"][0]["tensors"]["input"] |= change
    (tmp_path / "manifest.json").write_text(json.dumps(document))
    with pytest.raises(ValueError, match=rf"manifest\.json: {message}"):
        check(tmp_path, vectors)


@pytest.mark.parametrize("name", ["../stem", "/stem", ".", "a\\b", "a\0b", ""])
def test_nor_by_the_name_of_a_layer(name: str, vectors: Path, tmp_path: Path) -> None:
    document = json.loads((vectors / "manifest.json").read_text())
    document["layers"][0]["name"] = name
    (tmp_path / "manifest.json").write_text(json.dumps(document))
    with pytest.raises(ValueError, match="are no names of a layer and its tensor"):
        check(tmp_path, vectors)


def test_words_of_more_bytes_than_there_are_numbers_are_not_read(
    vectors: Path, tmp_path: Path
) -> None:
    (tmp_path / "stem").mkdir()
    with (tmp_path / "stem/input.hex").open("wb") as file:
        file.truncate(10**9)
    with pytest.raises(ValueError, match=r"input\.hex: only 0 bytes of its|larger than the"):
        check(vectors, tmp_path)


def test_files_that_have_no_place_are_listed(vectors: Path, tmp_path: Path) -> None:
    theirs = results(vectors, tmp_path, "stem", "blocks.3.add")
    (theirs / "stem/outputs.hex").write_text("00\n")
    assert check(vectors, theirs).others == (str(Path("stem/outputs.hex")),)


def test_only_new_folders_are_written(vectors: Path, tmp_path: Path) -> None:
    given = network()
    with pytest.raises(ValueError, match="is not empty"):
        write(*given, vectors)
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="is a file"):
        write(*given, tmp_path / "file")
    with pytest.raises(ValueError, match=r"no layer or block 'blocks\.33'"):
        write(*given, tmp_path / "new", layers=["blocks.33"])
    with pytest.raises(ValueError, match="formats must be of npy, hex, h"):
        write(*given, tmp_path / "new", formats=["h"])
    assert not (tmp_path / "new").exists()


NETWORKS = [
    ("v3-small", {"dtype": "uint8"}),
    ("v3-small", {"rounding": "single", "pooling": "average_pool"}),
    ("v4-conv-small", {"per_channel": False}),
]


@pytest.mark.long
@pytest.mark.parametrize(("model", "how"), NETWORKS)
def test_every_layer_of_other_networks(model: str, how: dict[str, Any], tmp_path: Path) -> None:
    """Squeeze-and-excite, hard-swish, other strides and dtypes: written, read back and equal."""
    plan = nm.plan(model, resolution=64, classes=5)
    x = np.random.default_rng(0).uniform(-1, 1, (2, 64, 64, 3)).astype(np.float32)
    qplan, arrays = nm.quantize(plan, nm.init(plan, seed=0), [x], **how)
    write(qplan, arrays, x, tmp_path / "a")
    for file in (tmp_path / "a").rglob("*.npy"):
        file.unlink()
    assert check(tmp_path / "a", tmp_path / "a").equal
