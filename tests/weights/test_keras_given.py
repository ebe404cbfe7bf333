"""What is given beside a Keras file wins and is said; what nobody said is assumed with a warning."""

import json

import pytest

import npmobilenet as nm
from npmobilenet.cli import main
from tests.weights.keras_pixels import v1

h5py = pytest.importorskip("h5py")
pytestmark = [
    pytest.mark.usefixtures("keras_in_float32"),
    # Keras on PyTorch asks NumPy 2 for what only later PyTorch can
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]


def test_what_is_given_wins_and_is_said(keras, tmp_path):
    model = v1(keras, pre=(keras.layers.Rescaling(1 / 255),))
    model.save(tmp_path / "x.h5")
    given = {"resolution": (64, 64), "activation": "relu6", "mean": 0.5, "std": 0.25, "crop": 0.8}
    found = nm.import_weights(tmp_path / "x.h5", "keras", **given)
    assert found.model.plan.resolution == (64, 64)
    assert found.model.plan.dialect.activation == "relu6"
    made = found.model.preprocessing
    assert (made.mean, made.std, made.resize) == ((0.5,) * 3, (0.25,) * 3, 80)
    warned = [note for note in found.notes if note.startswith("warning: ")]
    assert warned == [
        "warning: mean (0.5) as given, (0) in the file",
        "warning: std (0.25) as given, (1) in the file",
        "warning: resolution (64, 64) as given, (32, 32) in the file",
        "warning: activation relu6 as given, relu in the file",
    ]


def test_one_number_is_both_sides(keras, tmp_path):
    v1(keras).save(tmp_path / "x.h5")
    notes = nm.import_weights(tmp_path / "x.h5", "keras", resolution=32).notes
    assert not any("resolution 32" in note for note in notes)


def test_weights_alone_warn_of_what_is_assumed(keras, tmp_path):
    model = v1(keras)
    path = tmp_path / "x.weights.h5"
    model.save_weights(path)
    found = nm.import_weights(path, "keras", resolution=(32, 32))
    assert found.described == {}
    assert found.notes[-1].startswith("warning: the file does not say how its pixels were scaled")
    assert "--mean 0 --std 1" in found.notes[-1]
    stated = nm.import_weights(path, "keras", resolution=(32, 32), mean=0, std=1)
    assert not any("warning" in note for note in stated.notes)


def test_the_command_line_says_it_too(keras, tmp_path, capsys):
    v1(keras, size=(48, 32), channels=1).save(tmp_path / "x.h5")
    output = tmp_path / "out.safetensors"
    words = [
        "weights",
        "import",
        str(tmp_path / "x.h5"),
        "--from",
        "keras",
        "--output",
        str(output),
    ]
    assert main(words) == 0
    told = capsys.readouterr()
    assert "as model_config says: resolution (48, 32), activation relu" in told.out
    assert told.err.startswith("warning: the file does not say how its pixels were scaled")
    stated = ["--mean", "0", "--std", "1", "--interpolation", "bicubic", "--resize", "64"]
    assert main([*words, *stated, "--json"]) == 0
    told = capsys.readouterr()
    assert told.err == ""
    document = json.loads(told.out)
    assert document["resolution"] == [48, 32]
    assert (document["activation"], document["described"]["activation"]) == ("relu", "relu")
    made = document["preprocessing"]
    assert (made["mean"], made["std"], made["resize"]) == ([0], [1], 64)
    assert nm.load(output).preprocessing.to_json() == made
    assert main([*words, "--resize", "32"]) == 1
    assert "resize must be at least 48" in capsys.readouterr().err
    impossible = ["--crop 0.5 --resize 64", "--resize x", "--crop x", "--crop 2"]
    for wrong in map(str.split, [*impossible, "--mean 1 2", "--std 0", "--mean nan"]):
        with pytest.raises(SystemExit, match="2"):
            main([*words, *wrong])
