"""What the page is told: the very plan, weights, pixels and figures that everybody else has."""

import re
from base64 import b64decode
from typing import Any

import numpy as np
import pytest

import npmobilenet as nm
from npmobilenet.cost.machine import Machine
from npmobilenet.evidence.claims import check
from npmobilenet.explorer import joining, layers, papers, payload, storing
from npmobilenet.explorer.looking import seen
from npmobilenet.images import prepare
from npmobilenet.images.inputs import opened
from npmobilenet.models.layers import KINDS
from npmobilenet.ops.window import window

from .networks import unpacked
from .test_page import tiny

PLANS = [
    nm.plan("v1", width=0.25, classes=5),
    nm.plan("v2", width=0.35, resolution=(33, 47), dialect="torchvision"),
    nm.plan("v3-large", width=0.45, resolution=48, channels=1, dialect="cifar"),
    nm.plan("v3-small", resolution=96, dialect="paddle", include_top=False),
]


def told(model: nm.Model, image: Any = None, **options: Any) -> payload.Told:
    return payload.told(model, image, title="t", **{"time": False} | options)


def decoded(found: dict[str, Any]) -> np.ndarray:
    return np.frombuffer(b64decode(found["data"]), "<f8").reshape(found["shape"])


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.model)
def test_layers_are_the_plans(plan: nm.Plan) -> None:
    records, counted = layers.described(plan, None), nm.cost(plan)
    assert [r["name"] for r in records] == [layer.name for layer in plan]
    assert sum(r["macs"] for r in records) == counted.macs
    assert sum(r["parameters"] for r in records) == counted.params.trainable
    for record, layer in zip(records, plan, strict=True):
        assert (record["kind"], record["operator"]) == (layer.kind, layer.operator)
        assert (record["input"], record["output"]) == ([*layer.input], [*layer.output])
        assert record["inputs"] == [*layer.inputs]
        shapes = record["arrays"] | record["statistics"]
        assert shapes == {k: [*v] for k, v in (layer.arrays | layer.statistics).items()}
        assert record["seconds"] is None
        if "kernel" in record:
            size, kernel, stride = (tuple(record[k]) for k in ("input", "kernel", "stride"))
            padding = record["padding"]
            padding = tuple(padding) if isinstance(padding, list) else padding
            again = window("x", size[:2], kernel, stride, padding)
            assert [*again.sides] == record["sides"]
            assert [*again.output] == record["output"][:2]


def test_gates_and_epsilon() -> None:
    found = {r["name"]: r for r in layers.described(PLANS[3], None)}
    assert {r["slope"] for r in found.values() if r.get("function") == "hard_sigmoid"} == {0.2}
    assert {r["eps"] for r in found.values() if r["kind"] == "batch_norm"} == {1e-5}


def test_the_page_has_a_formula_for_every_kind() -> None:
    code = joining.read("arithmetic/network.js")
    for table in ("FORWARD", "BACKWARD"):
        (body,) = re.findall(rf"const {table} = \{{(.*?)^\}};", code, re.DOTALL | re.MULTILINE)
        have = set(re.findall(r"^  (?:\*\s*)?(\w+)", body, re.MULTILINE))
        assert have >= {kind.kind for kind in KINDS}, table


def test_times_and_floors_are_the_rooflines(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(2, 8, 1e11, ((1 << 18, 1e10), (1 << 28, 5e9)))
    monkeypatch.setattr(layers, "measure", lambda seconds: machine)
    found = told(tiny(), time=True).document
    assert found["machine"]["peak"] == 1e11
    assert found["machine"]["text"] == str(machine)
    expected = nm.cost.roofline.roofline(tiny().plan, machine).layers
    for record, layer in zip(found["layers"], expected, strict=True):
        assert (record["floor"], record["bound"]) == (layer.floor, layer.bound)
        assert record["seconds"] > 0


def test_where_nothing_can_be_measured_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def no(*_: Any) -> None:
        raise ValueError("measuring the machine: Numba is not installed")

    monkeypatch.setattr(layers, "timed", no)
    found = told(tiny(("cat", "dog")), time=True)
    assert found.document["machine"] is None
    assert [en for en, _ in found.remarks] == [
        "No times were measured: measuring the machine: Numba is not installed."
    ]


@pytest.mark.parametrize(("precision", "kind"), [("float16", "<f2"), ("float32", "<f4")])
def test_weights_are_the_very_numbers(precision: str, kind: str) -> None:
    model = tiny(("cat", "dog"))
    found = told(model, precision=precision).document["weights"]
    flat = np.frombuffer(b64decode(found["data"]), kind)
    assert found["precision"] == precision
    assert [name for name, _ in found["arrays"]] == [*model.plan.arrays]
    start = 0
    for name, shape in found["arrays"]:
        size = int(np.prod(shape))
        expected = model.params[name].astype(kind)
        assert np.array_equal(flat[start : start + size].reshape(shape), expected)
        start += size
    assert start == len(flat)


@pytest.mark.parametrize("name", ["fashion-mnist", "flowers"])
def test_pixels_are_what_the_network_reads(name: str) -> None:
    how = nm.load(name).preprocessing
    found = seen(None, how)
    image = {1: "ankle-boot", 3: "chelsea"}[how.channels]
    record = found.to_json()
    assert np.array_equal(unpacked(record), found.pixels)
    expected = prepare(opened(image, how.channels), how)
    assert np.abs(found.prepared(how)[0] - expected).max() < 1e-6


def test_shipped_weights_travel_as_their_file_holds_them() -> None:
    found = told(nm.load("fashion-mnist"))
    assert (found.precision, found.moved, found.remarks) == ("float16", None, ())
    assert found.prediction is not None
    assert found.prediction[0] == "Ankle boot"
    usual = nm.predict("fashion-mnist", "ankle-boot")
    assert isinstance(usual, nm.Prediction)
    assert found.prediction[1] == pytest.approx(usual.probability, abs=1e-5)
    assert found.document["rounded"] is None


def test_auto_rounds_only_what_is_too_large() -> None:
    params = tiny().params
    numbers = sum(value.size for value in params.values())
    room = storing.LIMIT - storing.in_base64(4 * numbers)
    assert storing.chosen(params, "auto", room - 1) == ("float32", False)
    assert storing.chosen(params, "auto", room) == ("float16", False)
    assert storing.chosen(params, "float32", room) == ("float32", False)
    half = storing.computed_on(storing.rounded_to(params, "float16"))
    assert storing.chosen(half, "auto", 0) == ("float16", False)


def test_too_large_for_half_precision_stays_finite() -> None:
    params = dict(tiny().params)
    params["stem.weight"] = params["stem.weight"].copy()
    params["stem.weight"][0, 0, 0, 0] = 1e5
    assert storing.chosen(params, "float16", 0) == ("float32", True)
    assert storing.chosen(params, "auto", storing.LIMIT) == ("float32", True)
    assert storing.chosen(params, "auto", 0) == ("float32", False)
    params["stem.weight"][0, 0, 0, 0] = np.inf  # which half precision has
    assert storing.chosen(params, "float16", 0) == ("float16", False)


def test_how_far_rounding_moved_the_logits() -> None:
    model = tiny(("cat", "dog"))
    found = told(model, precision="float16")
    x = seen(None, model.preprocessing).prepared(model.preprocessing)
    exact = {name: value.astype(np.float64) for name, value in model.params.items()}
    half = {name: value.astype(np.float16).astype(np.float64) for name, value in exact.items()}
    expected = np.abs(nm.infer(model.plan, half, x) - nm.infer(model.plan, exact, x)).max()
    assert found.moved == pytest.approx(expected, rel=1e-6)
    assert found.document["rounded"] == {"moved": found.moved, "from": "float32"}
    assert told(model, precision="float32").document["rounded"] is None


def test_v1s_blocks_and_its_misprint() -> None:
    found = papers.figures()
    assert len(found["blocks"]) == 13
    first = {"name": "blocks.1", "m": 32, "n": 64, "k": 3, "df": 112, "stride": 1}
    assert found["blocks"][0].items() >= (first | {"ratio": [73, 576]}).items()
    for block in found["blocks"]:
        area = block["df"] ** 2
        assert block["standard"] == 9 * block["m"] * block["n"] * area
        assert block["separable"] == 9 * block["m"] * area + block["m"] * block["n"] * area
    wrong = {(cell["table"], cell["printed"]): cell for cell in found["cells"] if not cell["right"]}
    assert set(wrong) == {("2", "1.19%"), ("4", "4866")}
    assert wrong["2", "1.19%"]["counted"] == "1.91"
    assert all(re.search("[一-鿿]", cell["why"][1]) for cell in wrong.values())
    assert all(0 < mark["at"] < 1 and len(mark["said"]) == 2 for mark in found["marks"])
    assert [mark["right"] for mark in found["marks"]] == [True, True, False, True, False]


def test_the_spiral_is_the_claims() -> None:
    found = papers.spiral_as_json()
    (claim,) = (x for x in check("v2") if x.claim.name == "v2.relu-and-dimensions")
    lost = [f"{100 * one['lost']:.0f}" for one in found["embeddings"]]
    assert lost == str(claim.finding.numbers["lost"].__format__("")).split(", ")
    assert lost == ["74", "50", "19", "0", "0"]
    for one in found["embeddings"]:
        matrix = decoded(one["matrix"])
        assert matrix.shape == (2, one["n"])
        alive = (decoded(found["points"]) @ matrix > 0).sum(axis=1)
        assert one["here"] == np.mean(alive < 2)
    x, y = decoded(found["points"]).T
    assert np.allclose(np.hypot(x, y), np.linspace(0, 6 * np.pi, 500))  # three turns
