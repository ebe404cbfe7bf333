"""The training benchmark in its smallest configuration, and that all peers take the same step."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import npmobilenet as nm
from benchmarks import phases, training, training_cases
from benchmarks.cases import Case
from benchmarks.measuring import Settings, measure
from benchmarks.peers import Peer
from benchmarks.peers.trainers import TRAINERS
from npmobilenet.cost.machine import Machine

TINY = Case(model="v3-small", width=0.35, resolution=32, batch=8, classes=7)
QUICK = Settings(threads=1, rounds=1, seconds=0.0, warm=0.0, patience=0.0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """The files of TINY."""
    found: Path = tmp_path_factory.mktemp("case")
    training_cases.write(TINY, found, ["layers"])
    return found


@pytest.mark.usefixtures("one_thread")
def test_training(tmp_path: Path, monkeypatch, capsys) -> None:
    """One case from the command line to the JSON file; an engine that is not installed is named."""
    absent = Peer(name="absent", title="Absent Engine", load="", packages=("no-such-package",))
    monkeypatch.setitem(TRAINERS, "absent", absent)
    monkeypatch.setattr(training, "CONTEST", replace(training.CONTEST, rivals=("ours-1",)))
    monkeypatch.setitem(training_cases.CASES, "v1-224", TINY)
    file = tmp_path / "found.json"
    words = (
        "v1-224 --rounds 1 --seconds 0 --patience 0 --starts 0 --threads 1 --peers absent ours-1"
    )
    training.main([*words.split(), "--json", str(file)])
    printed, document = capsys.readouterr(), json.loads(file.read_text())
    assert "Absent Engine is not measured: the package no-such-package is not installed" in (
        printed.err
    )
    (case,) = document["cases"]
    assert (case["batch"], case["classes"]) == (8, 7)
    peers = {peer["name"]: peer for peer in case["peers"]}
    assert list(peers) == ["ours", "ours-1"]  # ours without being asked for
    for peer in peers.values():
        assert peer["failure"] is None
        assert 0 < peer["error"] < training_cases.TOLERANCE
        assert peer["images_per_second"] == pytest.approx(8 / peer["median"])
    assert "largest error of gradients" in printed.out
    assert case["fastest_engine"] == "ours-1"
    ratio = f"{peers['ours-1']['ratio']:.2f}"
    assert f"fastest PyTorch setting: npmobilenet, one thread; ours is {ratio}" in printed.out


@pytest.mark.long
def test_wrong_gradients_are_not_timed(folder: Path, tmp_path: Path) -> None:
    """Nor a wrong loss."""
    expected = dict(np.load(folder / "gradients.npz"))
    for name in ("network.safetensors", "images.npy", "labels.npy"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    wrong = {name: value if name == "loss" else 1.2 * value for name, value in expected.items()}
    for changed, words in (
        (wrong, "its gradients are wrong by 1.7e-01"),
        (expected | {"loss": 1.001 * expected["loss"]}, "its loss is wrong by 1.0e-03"),
        (
            expected | {"stem_norm.gamma": 3 * expected["stem_norm.gamma"]},
            "its gradient of stem_norm.gamma is wrong by 6.7e-01",
        ),
        (expected | {"more.weight": np.ones(3)}, "it gives no gradient of more.weight"),
    ):
        np.savez(tmp_path / "gradients.npz", **changed)
        (found,) = measure(tmp_path, [TRAINERS["ours-1"]], QUICK, training_cases.prove)
        assert found.failure == words
        assert found.rounds == []


@pytest.mark.parametrize("name", [pytest.param("eager", marks=pytest.mark.long), "channels_last"])
def test_same_steps(folder: Path, monkeypatch, name: str) -> None:
    """Ours and PyTorch's, at a rate at which steps show: the losses fall alike."""
    pytest.importorskip("torch")
    from benchmarks.peers import training_ours, training_pytorch

    for module in (training_ours, training_pytorch):
        monkeypatch.setattr(module, "RATE", 0.01)
    ours, theirs = training_ours.load(folder, 1), getattr(training_pytorch, name)(folder, 1)
    losses = [(ours(), theirs()) for _ in range(4)]
    assert losses[3][0] < losses[0][0] - 0.05
    np.testing.assert_allclose(*zip(*losses, strict=True), rtol=1e-3)


@pytest.mark.long
@pytest.mark.parametrize("name", ["torch-compile", "jax", "keras"])
def test_gradients_of_slow_starters(folder: Path, name: str) -> None:
    """In a process of their own, as the benchmark runs them."""
    peer = TRAINERS[name]
    if why := peer.missing():
        pytest.skip(why)
    (found,) = measure(folder, [peer], QUICK, training_cases.prove)
    assert found.failure is None


def test_macs_of_a_step() -> None:
    """Three times those of a forward pass, but for the image's gradient, which nobody wants."""
    plan = nm.plan("v1")
    stem = 112 * 112 * 27 * 32
    assert training_cases.step_macs(plan) == 3 * nm.cost(plan).macs - stem


def test_phases_cover_the_step(tmp_path: Path, monkeypatch, capsys) -> None:
    """Their times add up to the step's, their flops to what a step needs."""
    machine = Machine(1, 16, 1e10, ((2**20, 4e9), (2**28, 2e9)))
    monkeypatch.setattr(phases, "measure", lambda: machine)
    monkeypatch.setitem(training_cases.CASES, "v1-224", TINY)
    files = [tmp_path / name for name in ("a.json", "b.json")]
    for file in files:
        words = "--phases v1-224 --threads 1 --rounds 2 --json"
        training.main([*words.split(), str(file)])
    assert "depthwise, backward" in capsys.readouterr().out
    document = json.loads(files[0].read_text())
    found = {x["phase"]: x for x in document["phases"]}
    whole = found[phases.WHOLE]
    assert sum(found[name]["seconds"] for name in phases.PHASES) == pytest.approx(whole["seconds"])
    multiplied = sum(found[name]["flops"] for name in phases.PHASES[:4])
    assert multiplied == 2 * TINY.batch * training_cases.step_macs(TINY.plan)
    training.main(["--phases", "--runs", *map(str, files), "--markdown"])
    printed = capsys.readouterr().out
    assert "| depthwise, forward |" in printed
    assert "Medians of 2 runs" in printed


def test_every_stage_has_a_phase() -> None:
    """By its layer and the word after its name."""
    plan = nm.plan("v3-small")
    expected = {
        ("stem", ""): "products, forward",
        ("blocks.2.depthwise", "backward"): "depthwise, backward",
        ("classifier", "backward"): "products, backward",
        ("stem_norm", "moments"): "normalisation, coefficients",
        ("blocks.2.expand", "transpose"): "packing and gathering",
        ("blocks.3.add", ""): "elementwise",
        ("last", "complete"): "elementwise",
    }
    for (name, word), phase in expected.items():
        assert phases.phase_of(plan[name], word) == phase
    assert phases.phase_of(None, "") == "elementwise"


def test_work_of_a_stage() -> None:
    """By hand: the depthwise convolution of 8 channels on 16 x 16, both ways."""
    plan = replace(TINY, model="v1", width=0.25).plan
    layer = plan["blocks.1.depthwise"]
    assert layer.input == (16, 16, 8)
    number, macs = 16 * 16 * 8, 9 * 16 * 16 * 8
    assert phases.work_of(plan, 2, layer, "") == (2 * 2 * macs, 4 * (2 * 2 * number + 72))
    backward = phases.work_of(plan, 2, layer, "backward")
    assert backward == (4 * 2 * macs, 4 * (2 * 4 * number + 2 * 72))


def test_unknown_case(capsys) -> None:
    """One line that names the cases."""
    with pytest.raises(SystemExit):
        training.options(["v1-225"])
    assert "expected one of v1-cifar, v1-224," in capsys.readouterr().err
