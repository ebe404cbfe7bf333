"""Roofs and floors of layers on a machine that is made up, and one run on the real one."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import npmobilenet as nm
from npmobilenet.cli import main
from npmobilenet.cost.figures import roofline_picture
from npmobilenet.cost.machine import Machine, at_once, measure
from npmobilenet.cost.roofline import layer_bytes, layer_flops, roofline, timed_layers

# 100 GFLOP/s; 50 GB/s for a megabyte, 10 GB/s for more: below 2 or 10 flops a byte memory is slower
MADE_UP = Machine(threads=2, lanes=8, peak=100e9, bandwidths=((2**20, 50e9), (2**26, 10e9)))


def test_bandwidth_is_that_of_the_size() -> None:
    """Data of up to a megabyte move faster; more than was measured, as slowly as the most."""
    assert [MADE_UP.bandwidth(size) for size in (1, 2**20, 2**20 + 1, 2**40)] == [
        50e9,
        50e9,
        10e9,
        10e9,
    ]
    assert MADE_UP.ridge(1) == 2
    assert "100 GFLOP/s" in str(MADE_UP)


def test_flops_and_bytes() -> None:
    """A layer of each type, by hand."""
    plan = nm.plan("v3-small", resolution=32, classes=10)
    stem = plan["stem"]  # 32 x 32 x 3 to 16 x 16 x 16, 3 x 3
    assert layer_flops(stem, 2) == 2 * 2 * 16 * 16 * 16 * 27
    assert layer_bytes(stem, 2) == 4 * (2 * (32 * 32 * 3 + 16 * 16 * 16) + 27 * 16)
    norm = plan["stem_norm"]
    assert layer_flops(norm, 1) == 2 * 16 * 16 * 16
    assert layer_bytes(norm, 1) == 4 * (2 * 16 * 16 * 16 + 4 * 16)
    scale = plan["blocks.1.scale"]
    height, width, channels = scale.input
    assert layer_bytes(scale, 3) == 4 * 3 * (2 * height * width * channels + channels)
    add = next(layer for layer in plan.layers if layer.kind == "add")
    assert layer_bytes(add, 1) == 4 * 3 * np.prod(add.input)
    assert layer_flops(add, 1) == np.prod(add.input)


def test_floors_and_bounds() -> None:
    """The slower of multiplying and moving; pointwise multiplies, normalisation moves."""
    plan = nm.plan("v1")
    found = roofline(plan, MADE_UP)
    for layer in found.layers:
        bandwidth = 50e9 if layer.bytes <= 2**20 else 10e9
        assert layer.floor == max(layer.flops / 100e9, layer.bytes / bandwidth)
        ridge = 100e9 / bandwidth
        assert (layer.bound == "compute") == (layer.intensity >= ridge)
    bounds = {layer.name: layer.bound for layer in found.layers}
    assert bounds["blocks.7.pointwise"] == "compute"
    assert bounds["blocks.1.depthwise"] == bounds["blocks.1.depthwise_norm"] == "memory"
    assert bounds["classifier"] == "memory"  # every weight is used once
    assert sum(kind["macs"] for kind in found.kinds()) == pytest.approx(1)
    assert all(layer.seconds is None for layer in found.layers)
    assert "Measured" not in str(found)


def test_a_larger_batch_uses_weights_more_often() -> None:
    """The classifier's intensity grows with the batch until multiplying is what takes the time."""
    plan = nm.plan("v1")
    (one,) = (x for x in roofline(plan, MADE_UP, batch=1).layers if x.name == "classifier")
    (many,) = (x for x in roofline(plan, MADE_UP, batch=64).layers if x.name == "classifier")
    assert one.intensity < 1
    assert many.intensity > 20
    assert (one.bound, many.bound) == ("memory", "compute")


def test_measured_times_stand_beside_the_floor() -> None:
    """Times of one run: every layer has one, and the shares of time are of their sum."""
    plan = nm.plan("v3-small", width=0.35, resolution=32, classes=5)
    x = np.ones((2, 32, 32, 3), np.float32)
    times = timed_layers(plan, nm.init(plan, 0), x, repeats=2)
    assert list(times) == [layer.name for layer in plan.layers]
    assert all(seconds > 0 for seconds in times.values())
    found = roofline(plan, MADE_UP, batch=2, seconds=times)
    total = sum(times.values())
    for kind in found.kinds():
        own = [times[x.name] for x in found.layers if x.type == kind["type"]]
        assert kind["time"] == pytest.approx(sum(own) / total)
    assert "Measured" in found.verdict()
    assert "of the time" in str(found)


def test_the_machine_is_measured() -> None:
    """Whatever it is, it computes more than it moves, and is no faster than light."""
    pytest.importorskip("numba")
    found = measure(0.3)
    assert 1e8 < found.peak < 1e15
    assert [size for size, _ in found.bandwidths] == sorted(size for size, _ in found.bandwidths)
    assert all(1e7 < speed < 1e14 for _, speed in found.bandwidths)
    assert found.lanes in (4, 8, 16)
    assert found.to_json()["threads"] == found.threads >= 1


def test_the_fma_loop_computes_what_it_says() -> None:
    """acc * 1/2 + 1, many times over, settles at 2 in every lane of every accumulator."""
    pytest.importorskip("numba")
    from npmobilenet.kernels import peak

    total = peak.LANES * peak.ACCUMULATORS
    assert peak.numba_fma(100, np.float32(5)) == 2 * total
    starts = sum(5 + 1 + k / 16 for k in range(peak.ACCUMULATORS)) * peak.LANES
    assert peak.numba_fma(1, np.float32(5)) == starts / 2 + total
    a, b, c = (np.full(7, value, np.float32) for value in (0, 2, 5))
    peak.numba_triad(a, b, c, np.float32(3), 2)
    assert (a == 17).all()


def test_threads_take_turns_together() -> None:
    """Each thread's calls are timed apart; all of them get their turns."""
    called = [[0, 0], [0, 0]]

    def call(thread: int, number: int) -> Any:
        def count() -> None:
            called[thread][number] += 1

        return count

    least = at_once([[call(t, n) for n in range(2)] for t in range(2)], 0.0)
    assert all(seconds > 0 for row in least for seconds in row)
    assert all(count > 3 for row in called for count in row)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The verb with the made-up machine."""
    monkeypatch.setattr("npmobilenet.cli.roofline.measure", lambda: MADE_UP)


WORDS = ["roofline", "v1", "--width", "0.25", "--resolution", "32", "--repeats", "1"]


@pytest.mark.usefixtures("quick", "one_thread")
def test_verb(capsys: Any, tmp_path: Path) -> None:
    """Machine, layers, shares and the answer; a picture if asked for."""
    path = tmp_path / "roof.png"
    assert main([*WORDS, "--picture", str(path)]) == 0
    text = capsys.readouterr().out
    for expected in (
        "100 GFLOP/s",
        "blocks.13.pointwise",
        "of all MACs",
        "The MACs alone",
        "Measured",
    ):
        assert expected in text
    with Image.open(path) as picture:
        assert picture.size[0] > 1000


@pytest.mark.usefixtures("quick", "one_thread")
def test_verb_formats(capsys: Any) -> None:
    """JSON and CSV; --fold leaves no batch normalisation."""
    assert main([*WORDS, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["machine"]["peak"] == 100e9
    assert {"name", "bound", "intensity", "floor_seconds", "seconds"} <= set(document["layers"][0])
    assert any(layer["type"] == "batch_norm" for layer in document["layers"])
    assert main([*WORDS, "--fold", "--csv"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("layer,type,MACs,bytes")
    assert not any("batch_norm" in line for line in lines)


def test_picture_without_times(tmp_path: Path) -> None:
    """The floor alone can be drawn too."""
    pytest.importorskip("matplotlib")
    path = tmp_path / "floor.png"
    roofline_picture(roofline(nm.plan("v2"), MADE_UP), path)
    with Image.open(path) as picture:
        assert picture.size[0] > 1000
