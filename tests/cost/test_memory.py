"""Memory on paper against memory in fact: tracemalloc sees every array that NumPy makes."""

import json
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import pytest

import npmobilenet as nm
from npmobilenet.cli import main
from npmobilenet.cost.memory import MemoryCost, materialised, memory_cost
from npmobilenet.models.network_plan import Plan
from tests.cost.peaks import peak

pytestmark = pytest.mark.usefixtures("one_thread", "few_objects")

# large enough that Python's own objects, some 30 KB in a run, are far less than 2 %
CASES = [
    ("v1", "paper", 1.0, 96, 2, "float32"),
    ("v1", "timm", 0.5, (65, 97), 3, "float64"),
    ("v1", "tutorial-a", 0.25, 48, 2, "float32"),  # biases, no batch normalisation
    ("v1", "cifar", 0.5, 32, 8, "float32"),
    ("v2", "paper", 1.0, 96, 2, "float32"),
    ("v2", "paddle", 1.4, 64, 2, "float32"),
    ("v3-large", "paper", 1.0, 96, 3, "float32"),
    ("v3-small", "torchvision", 1.0, (97, 128), 2, "float64"),
    ("v3-small-minimalistic", "keras", 1.0, 96, 6, "float32"),
]


def measured(plan: Plan, batch: int, dtype: str) -> tuple[int, int, int]:
    """Peaks of `infer`, of a training `forward`, and of `forward` with `backward`."""
    params = nm.init(plan, 0, dtype)
    rng = np.random.default_rng(0)
    x = rng.standard_normal((batch, *plan.resolution, plan.channels)).astype(dtype)

    def forward() -> tuple[Any, ...]:
        return nm.forward(plan, params, x, train=True, rng=rng)

    def step() -> tuple[Any, ...]:
        logits, tape, statistics = forward()
        return logits, tape, statistics, nm.backward(plan, np.ones_like(logits), tape)

    return peak(lambda: nm.infer(plan, params, x)), peak(forward), peak(step)


def check(model: str, dialect: str, width: float, size: Any, batch: int, dtype: str) -> None:
    plan = nm.plan(model, dialect=dialect, width=width, resolution=size)
    found = memory_cost(plan, batch=batch, dtype=dtype)
    expected = found.inference_peak, found.forward_peak, found.step_peak
    for counted, seen in zip(expected, measured(plan, batch, dtype), strict=True):
        assert abs(counted - seen) <= 0.02 * seen, (counted, seen, counted / seen)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]}-{case[1]}")
def test_peaks_within_two_per_cent(case: tuple[Any, ...]) -> None:
    """Inference, a training forward pass and a whole step: on paper as measured."""
    check(*case)


@pytest.mark.long
@pytest.mark.parametrize("model", ["v1", "v2", "v3-large", "v3-small"])
def test_peaks_at_full_size(model: str) -> None:
    """The same at 224 x 224."""
    check(model, "paper", 1.0, 224, 2, "float32")


def arrays_in(value: Any) -> Iterator[np.ndarray]:
    """All arrays that a cache holds on to, each as the memory it belongs to."""
    if isinstance(value, np.ndarray):
        while isinstance(value.base, np.ndarray):
            value = value.base
        yield value
    elif isinstance(value, tuple | list):
        for part in value:
            yield from arrays_in(part)
    elif is_dataclass(value):
        for field in fields(value):
            yield from arrays_in(getattr(value, field.name))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]}-{case[1]}")
def test_the_tape_to_the_byte(case: tuple[Any, ...]) -> None:
    """Every layer's cache adds exactly the bytes that are counted for it."""
    model, dialect, width, size, batch, dtype = case
    plan = nm.plan(model, dialect=dialect, width=width, resolution=size, classes=7)
    params = nm.init(plan, 0, dtype)
    x = np.ones((batch, *plan.resolution, plan.channels), dtype)
    _, tape, _ = nm.forward(plan, params, x, train=True, rng=np.random.default_rng(0))
    seen = {id(value) for value in (x, *params.values())}
    counted = dict(memory_cost(plan, batch=batch, dtype=dtype).kept)
    for name, cache in tape.items():
        new = {id(array): array.nbytes for array in arrays_in(cache) if id(array) not in seen}
        seen |= set(new)
        assert sum(new.values()) == counted[name], name


def test_sums() -> None:
    """Parameters, gradients and state are numbers times their bytes."""
    plan = nm.plan("v1", width=0.25, resolution=64)
    params = nm.cost(plan).params
    adam = memory_cost(plan, batch=4, optimizer="adam")
    assert adam.parameters == 4 * params.total
    assert adam.gradients == 4 * params.trainable
    assert adam.optimizer_state == 2 * adam.gradients
    assert memory_cost(plan, optimizer="plain").optimizer_state == 0
    assert memory_cost(plan, dtype="float64").parameters == 8 * params.total
    assert adam.tape == sum(size for _, size in adam.kept) == adam.to_json()["tape"]
    assert adam.inference_peak < adam.tape < adam.forward_peak < adam.step_peak
    assert adam.training == adam.parameters + adam.optimizer_state + adam.step_peak
    assert f"{adam.step_peak:,}" in str(adam)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"batch": 0}, "batch must be a positive integer, found 0"),
        ({"dtype": "float16"}, "dtype must be float32 or float64, found 'float16'"),
        ({"optimizer": "lion"}, "optimizer must be one of plain, sgd, adam, found 'lion'"),
    ],
)
def test_messages(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        memory_cost(nm.plan("v1", resolution=32), **arguments)


def test_verb(capsys: Any) -> None:
    """The sums as a table, as CSV and in JSON, which also has the layers."""
    words = ["memory", "v2", "--batch", "3", "--optimizer", "adam"]
    found = memory_cost(nm.plan("v2"), batch=3, optimizer="adam")
    assert main(words) == 0
    text = capsys.readouterr().out
    assert f"{found.tape:,}" in text
    assert "blocks.17" in text
    assert "16 / 401.4" in text  # the largest map between blocks, KB
    assert main([*words, "--csv"]) == 0
    assert f"peak of inference,{found.inference_peak}," in capsys.readouterr().out
    assert main([*words, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["tape"] == sum(x["bytes"] for x in document["kept"])
    assert main(["memory", "v2", "--batch", "0"]) == 1
    assert "batch must be a positive integer, found 0" in capsys.readouterr().err


# MobileNetV2's Table 3, fourth version: channels and KB of 16-bit numbers at each resolution
TABLE_3_V1 = {112: (64, 1600), 56: (128, 800), 28: (256, 400), 14: (512, 200), 7: (1024, 199)}
TABLE_3_V2 = {
    112: (16, 400),
    56: (32, 200),
    28: (64, 100),
    14: (160, 62),
    7: (320, 32),
    1: (1280, 2),
}


def kilobytes(channels: int, size: int) -> float:
    return 2 * channels * size * size / 1000


def test_table_3_of_v2_for_v1() -> None:
    """Channels as printed; 1024 of 7 x 7 take 100 KB, not 199."""
    found = materialised(nm.plan("v1"), between_blocks=True)
    assert {size: found[size, size] for size in TABLE_3_V1} == {
        size: channels for size, (channels, _) in TABLE_3_V1.items()
    }
    for size, (channels, printed) in TABLE_3_V1.items():
        counted = kilobytes(channels, size)
        assert (abs(counted - printed) < 6) == (size != 7), (size, counted)
    assert round(kilobytes(1024, 7)) == 100


def test_table_3_of_v2_for_v2() -> None:
    """At 56, 28 and 14 it prints the channels of the row below, whose map is half as large."""
    plan = nm.plan("v2")
    found = materialised(plan, between_blocks=True)
    assert found == {
        (112, 112): 16,
        (56, 56): 24,
        (28, 28): 32,
        (14, 14): 96,
        (7, 7): 320,
        (1, 1): 1280,
    }
    for size, (channels, printed) in TABLE_3_V2.items():
        assert abs(kilobytes(channels, size) - printed) < 2
    wrong = [size for size, (channels, _) in TABLE_3_V2.items() if found[size, size] != channels]
    assert wrong == [56, 28, 14]
    strided = {
        layer.input[0]: plan[layer.name.replace("depthwise", "project")].output[-1]
        for layer in plan.layers
        if layer.kind == "depthwise" and layer.stride == (2, 2)
    }
    assert all(strided[size] == TABLE_3_V2[size][0] for size in wrong)  # whose input is that large


def test_inside_an_inverted_residual_maps_are_wider() -> None:
    """The expanded 96 x 112 x 112 is what V2 need not store whole."""
    plan = nm.plan("v2")
    assert materialised(plan, between_blocks=False)[112, 112] == 96
    found: MemoryCost = memory_cost(plan)
    assert found.inference_peak > 2 * 4 * 96 * 112 * 112
