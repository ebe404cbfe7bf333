"""The benchmarks in their smallest configuration: they run, say what is missing, and catch what is wrong.

Nothing here looks at a time: a slow machine is not a defect.
"""

import json
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import npmobilenet as nm
from benchmarks import engine, inference, ladder, quiet, steps
from benchmarks.cases import Case, drawn_images, drawn_params, write
from benchmarks.measuring import Settings, measure
from benchmarks.peers import PEERS, Peer
from benchmarks.process import Worker
from benchmarks.starting import measure_starts
from npmobilenet.cost.machine import Machine
from npmobilenet.ops.rungs import RUNGS

TINY = Case(model="v1", width=0.25, resolution=32)
QUICK = Settings(threads=1, rounds=2, seconds=0.0, warm=0.0, patience=0.0)
NUMPY = [PEERS["numpy"]]
LINUX = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs Linux' /proc")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the files of TINY that our own executor needs."""
    write(TINY, tmp_path, ())
    return tmp_path


def test_inference(tmp_path: Path, monkeypatch, capsys) -> None:
    """One case from the command line to the JSON file; an engine that is not installed is named."""
    absent = Peer(name="absent", title="Absent Engine", load="", packages=("no-such-package",))
    monkeypatch.setitem(PEERS, "absent", absent)
    file = tmp_path / "found.json"
    words = (
        "--models v1:0.25:32 --batch 2 --rounds 2 --seconds 0 --patience 0 --starts 0 --threads 1"
    )
    asked = [*words.split(), "--peers", "onnxruntime", "absent", "--json", str(file)]
    inference.main(asked)
    printed = capsys.readouterr()
    assert "Absent Engine is not measured: the package no-such-package is not installed" in (
        printed.err
    )
    document = json.loads(file.read_text())
    assert document["missing"]["absent"] == "the package no-such-package is not installed"
    (case,) = document["cases"]
    assert (case["model"], case["width"], case["resolution"], case["batch"]) == ("v1", 0.25, 32, 2)
    assert case["macs"] == nm.cost(TINY.plan).macs
    peers = {peer["name"]: peer for peer in case["peers"]}
    assert "ours" in peers  # without being asked for
    assert ("onnxruntime" in peers) != ("onnxruntime" in document["missing"])
    for peer in peers.values():
        assert peer["failure"] is None
        assert peer["error"] < 1e-4
        assert 0 < peer["best"] <= peer["median"]
        assert len(peer["rounds"]) == 2
        assert peer["images_per_second"] == pytest.approx(2 / peer["median"])
        assert peer["title"] in printed.out
    assert peers["ours"]["ratio"] == 1
    assert "largest error of logits" in printed.out
    if "onnxruntime" in peers:
        assert case["fastest_engine"] == "onnxruntime"
        assert case["ratio_to_fastest"] == peers["onnxruntime"]["ratio"]


def test_wrong_logits_are_not_timed(folder: Path) -> None:
    """Nobody wins by computing something else."""
    np.save(folder / "logits.npy", 1.001 * np.load(folder / "logits.npy"))
    (found,) = measure(folder, NUMPY, QUICK, inference.prove)
    assert "its logits are wrong by 1.0e-03 of the largest" in str(found.failure)
    assert found.rounds == []


def test_a_failing_engine_says_why(folder: Path) -> None:
    """And does not take the others with it."""
    (folder / "network.safetensors").unlink()
    (found,) = measure(folder, NUMPY, QUICK, inference.prove)
    assert "network.safetensors" in str(found.failure)
    (started,) = measure_starts(folder, NUMPY, 1, 1, 0.0)
    assert "network.safetensors" in str(started.failure)


@LINUX
def test_starts_and_memory(folder: Path) -> None:
    """A cold and a warm start; memory with and without what is imported."""
    (found,) = measure(folder, NUMPY, QUICK, inference.prove)
    assert found.failure is None
    assert 0 < found.imported_memory < found.peak_memory
    (started,) = measure_starts(folder, NUMPY, 1, 1, 0.0)
    assert started.failure is None
    assert started.cold is not None
    assert len(started.warm) == 1


@LINUX
def test_idle_engines_stand_still(folder: Path) -> None:
    """Stopped, not waiting; and they go on where they were."""
    worker = Worker(PEERS["numpy"], folder, 1)

    def state() -> str:
        text = Path(f"/proc/{worker.process.pid}/stat").read_text()
        return text.rpartition(")")[2].split()[0]

    try:
        worker.ask("load")
        worker.pause()
        for _ in range(1000):
            if state() == "T":
                break
            time.sleep(0.001)
        assert state() == "T"
        worker.resume()
        assert len(worker.ask("burst", warm=0.0, seconds=1e-9)["calls"]) == 1
    finally:
        worker.close()


def test_others_work_is_noticed(monkeypatch) -> None:
    """What the measured process does is no disturbance; what anyone else does is."""
    used = {"all": 10.0, "measured": 3.0}
    monkeypatch.setattr(quiet, "_busy", lambda: used["all"])
    monkeypatch.setattr(quiet, "_used", lambda process: used["measured"] if process == -1 else 0.0)
    watch = quiet.Watch(-1)
    used["all"] += 1000.0
    used["measured"] += 1000.0
    assert watch.share == 0
    used["all"] += 1000.0
    assert watch.share > quiet.ALLOWED


@pytest.mark.parametrize("model", ["v1", "v2", "v3-large", "v3-small"])
def test_drawn_params_keep_activations_alive(model: str) -> None:
    """No batch normalisation puts out a constant or an explosion, and the images are told apart."""
    plan = nm.plan(model, width=0.35, resolution=64, dialect=TINY.dialect)
    params, x = drawn_params(plan), drawn_images(plan, 2, seed=5)
    found = nm.intermediates(plan, params, x, rung="numpy")
    spreads = [found[layer.name].std() for layer in plan.layers if layer.kind == "batch_norm"]
    assert min(spreads) > 0.2
    assert max(spreads) < 5
    logits = found[plan.layers[-1].name]
    assert np.abs(logits[0] - logits[1]).max() > 0.05 * np.abs(logits).max()


def test_ladder(tmp_path: Path, monkeypatch, capsys) -> None:
    """Every operator once forwards and once backwards at the rungs that it has."""
    monkeypatch.setattr(ladder, "peak", lambda threads: 1e11)
    monkeypatch.setattr(ladder, "LOOPS_LIMIT", 3000)
    monkeypatch.setattr(ladder, "REST", 0.0)
    file = tmp_path / "ladder.json"
    words = "--width 0.25 --resolution 32 --rungs loops numpy --rounds 1 --json"
    ladder.main([*words.split(), str(file)])
    document, printed = json.loads(file.read_text()), capsys.readouterr().out
    assert document["peak_flops"] == 1e11
    speeds = document["speeds"]
    operators = {"conv2d", "depthwise_conv2d", "pointwise_conv2d", "batch_norm", "relu", "dense"}
    assert {x["operator"] for x in speeds} == operators | {"global_avg_pool"}
    by_loops = {x["layer"] for x in speeds if x["rung"] == "loops"}
    assert "stem" in document["loops_left_out"]
    assert not by_loops & set(document["loops_left_out"])
    assert "blocks.13.depthwise" in by_loops
    assert "blocks.13.depthwise_activation" not in by_loops  # ReLU has no loops
    assert "loops left out" in printed
    assert len([x for x in speeds if x["layer"] == "stem"]) == 2
    for x in speeds:
        if x["layer"] == "stem":
            assert x["flops"] == (2 if x["direction"] == "forward" else 4) * TINY.plan["stem"].macs
            assert x["flops_per_second"] == x["flops"] / x["seconds"]


def test_steps(monkeypatch, capsys) -> None:
    """A line for each rung but the loops, and one for the compiled step."""
    pytest.importorskip("numba")
    monkeypatch.setattr(ladder, "REST", 0.0)
    words = "--resolution 32 --batch 2 --rounds 1 --markdown"
    steps.main(words.split())
    printed = capsys.readouterr().out
    for name in ("rung numpy", "rung numba", "rung simd", "compiled step", "v1 0.25/32, batch 2"):
        assert name in printed


def test_ladder_has_every_layer_and_rung() -> None:
    """Shapes that occur several times are measured once and counted; rungs are the registry's."""
    found = ladder.distinct(nm.plan("v1"))
    assert sum(count for _, count in found) == len(nm.plan("v1").layers)
    counts = {layer.name: count for layer, count in found}
    assert counts["blocks.7.depthwise"] == 5  # 14 x 14 x 512
    assert ladder.options([]).rungs == list(RUNGS)


class Halves:
    """An engine of two stages."""

    stages = (
        SimpleNamespace(name="multiplies", macs=3_000_000, bytes=1000),
        SimpleNamespace(name="carries", macs=1000, bytes=4_000_000),
    )

    def __call__(self, x: Any) -> Any:
        return x

    def time_stages(self, x: Any, rounds: int) -> list[float]:
        return [1e-3, 2e-3]


@pytest.mark.usefixtures("one_thread")
def test_engine_stages(tmp_path: Path, monkeypatch, capsys) -> None:
    """Each stage has its bound; which of the two it is decides the machine."""
    machine = Machine(2, 16, 1e10, ((2**20, 4e9), (2**28, 2e9)))
    monkeypatch.setattr(engine, "measure", lambda: machine)
    monkeypatch.setattr(nm, "compile", lambda *_, **__: Halves(), raising=False)
    file = tmp_path / "engine.json"
    engine.main(["v1:0.25:32", "--layers", "--threads", "1", "--rounds", "1", "--json", str(file)])
    document, printed = json.loads(file.read_text()), capsys.readouterr().out
    multiplies, carries = document["stages"]
    assert multiplies["bound"] == multiplies["compute"] == pytest.approx(2 * 3e6 / 1e10)
    assert carries["bound"] == carries["memory"] == pytest.approx(4e6 / 2e9)
    assert [x["seconds"] for x in document["stages"]] == [1e-3, 2e-3]
    assert "60 %" in printed  # of 1 ms, 0.6 ms are its bound
    assert document["batch"] == 1


def test_models_by_name(capsys) -> None:
    """ "v1:0.25:128", and what it cannot be."""
    chosen = inference.options(["--models", "v2", "v1:0.25:128", "--batch", "1"])
    sizes = [(case.model, case.width, case.resolution) for case in inference.cases(chosen)]
    assert sizes == [("v2", 1.0, 224), ("v1", 0.25, 128)]
    assert replace(TINY, batch=3).name == "v1 0.25/32, batch 3"
    for text in ("v4", "v1:a", "v1:1:224:3"):
        with pytest.raises(SystemExit):
            inference.options(["--models", text])
    assert "expected MODEL[:WIDTH[:RESOLUTION]], found 'v4'" in capsys.readouterr().err
