"""HDF5 as Keras wrote and writes it, and HDF5 that is no weight file or reaches outside of it."""

import re
import sys
import zipfile

import numpy as np
import pytest

import npmobilenet as nm
from npmobilenet.weights import keras_files, keras_hdf5
from npmobilenet.weights.families import family_named

h5py = pytest.importorskip("h5py")
KERNEL = np.arange(27, dtype=np.float32).reshape(3, 3, 3, 1)


def legacy(root, layers):
    """The layout of Keras 2: {layer: {weight's name: array}}."""
    root.attrs["layer_names"] = [name.encode() for name in layers]
    for layer, weights in layers.items():
        group = root.create_group(layer)
        group.attrs["weight_names"] = [name.encode() for name in weights]
        for name, value in weights.items():
            group[name] = value


@pytest.fixture
def path(tmp_path):
    return tmp_path / "x.h5"


def test_the_names_of_keras_2(path):
    """Counters behind names, depthwise_kernel, a name that differs from its layer's, empty layers."""
    with h5py.File(path, "w") as file:
        norm = {f"Conv/BatchNorm/{k}:0": np.full(2, i, "f") for i, k in enumerate(keras_hdf5.NORM)}
        layers = {
            "input_1": {},
            "conv_dw_1": {"conv_dw_1_1/depthwise_kernel:0": KERNEL},
            "Conv/BatchNorm": norm,
            "mix": {"mix/depthwise_kernel:0": KERNEL, "mix/pointwise_kernel:0": KERNEL},
            "base": {"conv1/kernel:0": KERNEL, "conv2/kernel:0": KERNEL + 1},
        }
        legacy(file.create_group("model_weights"), layers)
        file.create_group("optimizer_weights")["adam/conv1/kernel:0"] = KERNEL
    found = keras_files.read(path).tensors
    norms = [f"Conv/BatchNorm/{k}" for k in keras_hdf5.NORM]
    mix = ["mix/depthwise_kernel", "mix/pointwise_kernel"]
    assert list(found) == [
        "conv_dw_1/kernel",
        *norms,
        *mix,
        "base/conv1/kernel",
        "base/conv2/kernel",
    ]
    assert np.array_equal(found["base/conv2/kernel"], KERNEL + 1)
    assert found["Conv/BatchNorm/moving_variance"].tolist() == [3, 3]


def test_lists_of_names_that_were_cut_into_pieces(path):
    with h5py.File(path, "w") as file:
        legacy(file, {f"conv_{k}": {f"conv_{k}/kernel:0": KERNEL} for k in range(5)})
        names = file.attrs["layer_names"]
        del file.attrs["layer_names"]
        file.attrs["layer_names0"], file.attrs["layer_names1"] = names[:3], names[3:]
    assert list(keras_files.read(path).tensors) == [f"conv_{k}/kernel" for k in range(5)]


def test_keras_3_counts_naturally_and_keeps_what_it_does_not_know(path):
    with h5py.File(path, "w") as file:
        for k in (0, 2, 10, 9):
            file[f"_layer_checkpoint_dependencies/conv2d_{k}/vars/0"] = KERNEL
        file["layers/dense/vars/0"], file["layers/dense/vars/1"] = np.ones((3, 2)), np.ones(2)
        file["layers/thing/vars/0"] = np.ones(2)
        file["layers/random_flip/seed_generator/vars/0"] = np.ones(2, np.uint32)
        file["optimizer/vars/0"] = np.ones(2)
    convolutions = [f"conv2d_{k}/kernel" for k in (0, 2, 9, 10)]
    found = list(keras_files.read(path).tensors)
    assert found == [*convolutions, "dense/kernel", "dense/bias", "thing/0"]


def test_half_precision_becomes_float32(path):
    with h5py.File(path, "w") as file:
        upper = (np.array([1.5, -2.0, 0.15625], np.float32).view(np.uint32) >> 16).astype(np.uint16)
        data = file.create_dataset("layers/dense/vars/0", data=upper.view("V2").reshape(3, 1))
        data.attrs["dtype"] = "bfloat16"
    found = keras_files.read(path).tensors["dense/kernel"]
    assert found.dtype == np.float32
    assert found.ravel().tolist() == [1.5, -2.0, 0.15625]


def soft_link(file, elsewhere):
    del file["conv1/conv1/kernel:0"]
    file["conv1/conv1/kernel:0"] = h5py.SoftLink("/optimizer_weights")


def external_link(file, elsewhere):
    del file["conv1/conv1"]
    file["conv1/conv1"] = h5py.ExternalLink(str(elsewhere), "/conv1")


def external_storage(file, elsewhere):
    del file["conv1/conv1/kernel:0"]
    stored = [(str(elsewhere), 0, 12)]
    file.create_dataset("conv1/conv1/kernel:0", (3,), "f", external=stored)


def put_together(file, elsewhere):
    del file["conv1/conv1/kernel:0"]
    layout = h5py.VirtualLayout((3,), "f")
    layout[:] = h5py.VirtualSource(str(elsewhere), "data", (3,))
    file.create_virtual_dataset("conv1/conv1/kernel:0", layout)


def absent(file, elsewhere):
    del file["conv1/conv1/kernel:0"]


def words(file, elsewhere):
    del file["conv1/conv1/kernel:0"]
    file["conv1/conv1/kernel:0"] = ["no", "numbers"]


def huge(file, elsewhere):
    del file["conv1/conv1/kernel:0"]
    file.create_dataset("conv1/conv1/kernel:0", (2**20, 2**20), "f", chunks=(1024, 1024))


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (soft_link, "/conv1/conv1/kernel:0: a link to somewhere else"),
        (external_link, "/conv1/conv1: a link to somewhere else"),
        (external_storage, "/conv1/conv1/kernel:0: stored in another file"),
        (put_together, "/conv1/conv1/kernel:0: stored in another file"),
        (absent, "/conv1/conv1/kernel:0: is promised and not there"),
        (words, "/conv1/conv1/kernel:0: holds object, not numbers"),
        (huge, "/conv1/conv1/kernel:0: with shape .* the arrays are larger than"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_is_not_a_plain_array_is_refused(path, tmp_path, spoil, told):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(bytes(range(64)))
    with h5py.File(path, "w") as file:
        legacy(file, {"conv1": {"conv1/kernel:0": KERNEL}})
        file.create_group("optimizer_weights")
        spoil(file, elsewhere)
    with pytest.raises(ValueError, match=rf"^{re.escape(str(path))}: {told}.*$"):
        keras_files.read(path)


def test_texts_that_are_one_and_the_same_are_not_read(path):
    """Each of 2,000 names points at the same 100,000 bytes: a file of 0.2 MB, 200 MB of texts."""
    names = np.array(["a" * 100_000, *["b"] * 1999], object)
    with h5py.File(path, "w") as file:
        file.attrs.create("layer_names", names, dtype=h5py.string_dtype())
    content = bytearray(path.read_bytes())
    first = content.find((100_000).to_bytes(4, "little"))
    for k in range(1, 2000):
        content[first + 16 * k : first + 16 * (k + 1)] = content[first : first + 16]
    path.write_bytes(content)
    said = rf"^{path}: attribute layer_names of /: 2,000 texts, which may have 2..\.. MB$"
    with pytest.raises(ValueError, match=said):
        keras_files.read(path)
    path.write_bytes(content + keras_hdf5._HEAP * 100_002)
    with pytest.raises(ValueError, match=r"more than 100,000 blocks of texts$"):
        keras_files.read(path)


def test_texts_of_any_length_are_names_too(path):
    with h5py.File(path, "w") as file:
        file.attrs["training_config"] = " " * 300_000
        file.attrs["layer_names"] = ["a"]
        file.create_group("a").attrs["weight_names"] = ["a/kernel:0", "a/bias:0"]
        file["a/a/kernel:0"], file["a/a/bias:0"] = KERNEL, np.ones(1)
    assert [*keras_files.read(path).tensors] == ["a/kernel", "a/bias"]
    with h5py.File(path, "a") as file:
        file["a"].attrs["weight_names"] = ["n" * 2**20] * 5
    with pytest.raises(ValueError, match=r"attribute weight_names of /a: texts of 5\.2 MB"):
        keras_files.read(path)
    with h5py.File(path, "a") as file:
        kind = np.dtype([("a", h5py.string_dtype())])
        del file["a"].attrs["weight_names"]
        file["a"].attrs["weight_names"] = ["x"]
        file["a"].create_dataset("x", (3,), kind)
    with pytest.raises(ValueError, match=r"/a/x: holds .*, not numbers"):
        keras_files.read(path)


def test_names_in_a_message_are_one_line(path):
    for name, told in (
        ("ok\nnpmobilenet: fine", r"/ok\\nnpmobilenet: fine: is promised and not there"),
        ("\x1b[31m", r"/\\x1b\[31m: is promised"),
        ("n" * 5000, r"/n{79}\.\.\.\[5,001 characters, \w{8}\]\.\.\.n{80}: is promised"),
    ):
        with h5py.File(path, "w") as file:
            file.attrs["layer_names"] = np.array([name.encode()])
        with pytest.raises(ValueError, match=rf"^{path}: {told}"):
            keras_files.read(path)


def test_a_number_of_thousands_of_digits_is_a_name(path):
    with h5py.File(path, "w") as file:
        for name in ("9" * 5000, "x_10", "x_9", "x_09", "x_0"):
            file[f"{name}/vars/0"] = KERNEL
    found = [name.partition("/")[0] for name in keras_files.read(path).tensors]
    assert found == ["9" * 5000, "x_0", "x_09", "x_9", "x_10"]


def test_links_and_circles_in_the_layout_of_keras_3(path, tmp_path):
    with h5py.File(path, "w") as file:
        file["layers/conv2d/vars/0"] = KERNEL
        file["layers/conv2d/again"] = h5py.ExternalLink(str(tmp_path / "other.h5"), "/")
    with pytest.raises(ValueError, match=r"/layers/conv2d/again: a link"):
        keras_files.read(path)
    with h5py.File(path, "a") as file:
        del file["layers/conv2d/again"]
        file["layers/conv2d/again"] = file["layers"]
    with pytest.raises(ValueError, match=r"again: this group is there twice"):
        keras_files.read(path)


def zipped(path, name):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, b"nothing")
    return path.read_bytes()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(40), "an image"),
        (b"\xff\xd8\xff\xe0" + bytes(40), "an image"),
        (b"\x80\x02}q\x00" + bytes(40), "a pickle"),
        (b"\x08\0\0\0\0\0\0\0{}      ", "safetensors file; try --from torchvision or --from timm"),
        (b"some text", "neither HDF5 nor .keras"),
        (b"\x89HDF\r\n\x1a\n" + bytes(40), "not readable HDF5"),
        (b"PK\x03\x04" + bytes(40), "not a readable archive"),
        ("archive/data.pkl", "a PyTorch file; try --from"),
        ("fc.weight.npy", "an .npz file; try --from paddle"),
        ("config.json", "an archive without model.weights.h5"),
    ],
)
def test_what_is_not_of_keras_is_named(path, content, told):
    path.write_bytes(zipped(path, content) if isinstance(content, str) else content)
    with pytest.raises(ValueError, match=rf"^{re.escape(str(path))}: .*{re.escape(told)}.*$"):
        keras_files.read(path)


def test_a_truncated_file_a_folder_none_and_hdf5_of_others(path, tmp_path):
    keras_files.write(path, {"conv1/kernel": np.ones((3, 3, 3, 64), np.float32)})
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(ValueError, match=r"x\.h5: not readable HDF5 \(.*truncated.*\)$"):
        keras_files.read(path)
    with pytest.raises(ValueError, match="a folder"):
        keras_files.read(tmp_path)
    with pytest.raises(ValueError, match="no such weight file"):
        keras_files.read(tmp_path / "y.h5")
    with h5py.File(path, "w") as file:
        file.create_group("somebody else's")
    with pytest.raises(ValueError, match="without layers as Keras writes them"):
        keras_files.read(path)


def test_without_h5py_one_line_says_what_to_install(path, monkeypatch):
    path.write_bytes(b"\x89HDF\r\n\x1a\n")
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(ValueError, match=re.escape('pip install "npmobilenet[keras]"')):
        keras_files.read(path)
    with pytest.raises(ValueError, match=re.escape('pip install "npmobilenet[keras]"')):
        keras_files.write(path, {})


@pytest.mark.parametrize("family", ["keras", "tutorial-c"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_is_written_is_read_to_the_bit(path, family, dtype):
    source = family_named(family)
    for model in ("v1", "v2", "v3-small"):
        if model[:2] not in source.dialects[0].versions:
            continue
        plan = nm.plan(model, width=0.35, classes=3, dialect=source.dialects[0])
        params = nm.init(plan, seed=0, dtype=dtype)
        source.write(path, source.outgoing(plan, params))
        tensors = source.read(path).tensors
        pairing = source.paired(plan, tensors)
        assert pairing.unmatched == 0
        for ours, theirs in pairing.pairs.items():
            back = source.incoming(plan, ours, tensors[theirs])
            assert back.dtype == dtype
            assert np.array_equal(back, params[ours])


@pytest.mark.parametrize("name", ["x.weights.h5", "x.keras", "x", "x.npz"])
def test_names_that_keras_would_read_otherwise_are_refused(tmp_path, name):
    with pytest.raises(ValueError, match=r"the name must end in \.h5"):
        keras_files.write(tmp_path / name, {"conv1/kernel": KERNEL})
    assert not list(tmp_path.iterdir())


def test_a_failing_write_leaves_the_file_as_it_was(path):
    keras_files.write(path, {"conv1/kernel": KERNEL})
    before = path.read_bytes()
    with pytest.raises(TypeError):
        keras_files.write(path, {"conv1/kernel": KERNEL, "conv2/kernel": np.array([object()])})
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    keras_files.write(path, {"conv1/kernel": KERNEL})
    assert path.read_bytes() == before  # the same arrays, the same bytes
