"""Families are records, models are entries: what a registered one can be, and what is refused."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

import npmobilenet as nm
from npmobilenet.models import Entry, Family, register, rows
from npmobilenet.models.assemble import BLOCKS, assemble_v3
from npmobilenet.models.family import OWN, V1, V2, V3
from npmobilenet.models.layers import Add, Conv, Layer
from npmobilenet.models.registry import MODELS
from npmobilenet.weights.torch_names import paddle_layers


@pytest.fixture(autouse=True)
def own_models() -> Iterator[None]:
    """What a test registers is gone after it."""
    before = dict(MODELS)
    yield
    MODELS.clear()
    MODELS.update(before)


TINY = rows.Table(stem=8, rows=(rows.Separable(out=16, s=2), rows.Bottleneck(t=2, c=24, n=2, s=1)))


def test_the_family_is_the_plans_not_the_names() -> None:
    assert [nm.plan(name).family for name in ("v1-full", "v2", "v3-small")] == [V1, V2, V3]
    register("nameless", Entry(V3, MODELS["v3-small"].table, assemble_v3))
    plan = nm.plan("nameless", dialect="timm")
    assert plan.family == V3
    assert plan.layers == nm.plan("v3-small", dialect="timm").layers
    assert nm.plan(**plan.asked) == plan


def test_rows_of_several_kinds_make_one_network() -> None:
    register("mixed", Entry(V1, TINY))
    plan = nm.plan("mixed", resolution=32, classes=3)
    assert [n for n in plan.parameters if n.endswith("weight")] == [
        "stem.weight",
        "blocks.1.depthwise.weight",
        "blocks.1.pointwise.weight",
        "blocks.2.expand.weight",
        "blocks.2.depthwise.weight",
        "blocks.2.project.weight",
        "blocks.3.expand.weight",
        "blocks.3.depthwise.weight",
        "blocks.3.project.weight",
        "classifier.weight",
    ]
    assert "blocks.3.add" in plan
    params, x = nm.init(plan, 0), np.ones((1, 32, 32, 3), np.float32)
    found = nm.compile(plan, params)(x)
    np.testing.assert_allclose(found, nm.infer(plan, params, x), rtol=1e-4, atol=1e-5)


def test_a_family_that_is_like_another() -> None:
    """Dialects settle it as that one; the weight families have no names for it, and say so."""
    register("v9", Entry(Family("v9", like="v2"), replace(MODELS["v2"].table, last=640)))
    plan = nm.plan("v9", dialect="keras")
    assert plan.dialect == nm.KERAS.at("v2")
    params = nm.init(plan, 0)
    with pytest.raises(ValueError, match=r"Keras has no v9 of these shapes"):
        nm.export_weights(plan, params, "x.h5", "keras")


def test_rows_that_an_assembler_or_a_weight_family_does_not_know() -> None:
    register("mixed-v2", Entry(V2, TINY))
    with pytest.raises(ValueError, match="Paddle has no names for mixed-v2"):
        paddle_layers(nm.plan("mixed-v2"))
    register("mixed-v3", Entry(V3, TINY, assemble_v3))
    with pytest.raises(ValueError, match="rows of Bneck alone, found Separable"):
        nm.plan("mixed-v3", dialect=replace(nm.TORCHVISION, reduced_tail=True))


def test_a_plan_made_by_hand_is_of_no_family() -> None:
    plan = nm.plan("v1")
    assert nm.Plan(**plan.asked, layers=plan.layers).family == OWN


@dataclass(frozen=True)
class Unknown:
    out: int = 8


@pytest.mark.parametrize(
    ("name", "entry", "message"),
    [
        ("v1", Entry(V1, TINY), "name must be new"),
        ("", Entry(V1, TINY), "name must be new"),
        (1, Entry(V1, TINY), "name must be new"),
        ("x", TINY, "entry must be an Entry, found Table"),
        ("x", Entry(Family("v9"), TINY), "family v9 must be like one of v1, v2, v3, v4, found ''"),
    ],
)
def test_refused(name: Any, entry: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        register(name, entry)


def test_a_row_without_a_block() -> None:
    odd: Any = (Unknown(),)
    register("odd", Entry(V1, replace(TINY, rows=odd)))
    with pytest.raises(ValueError, match=r"rows must be of Separable, Full, .* found Unknown"):
        nm.plan("odd")
    assert Unknown not in BLOCKS


def by_hand(*layers: Layer) -> nm.Plan:
    return replace(nm.plan("v1", resolution=9, classes=3), layers=layers)


STEM = Conv(name="stem", inputs=("image",), input=(9, 9, 3), filters=32)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (
            Conv(name="x", inputs=("stem",), input=(9, 9, 16), filters=8),
            r"x expects \(9, 9, 16\) from stem, which is \(9, 9, 32\); 2 groups of them are what",
        ),
        (
            Conv(name="x", inputs=("stem",), input=(5, 5, 32), filters=8),
            r"x expects \(5, 5, 32\) from stem, which is \(9, 9, 32\)$",
        ),
        (Conv(name="x", inputs=("y",), input=(9, 9, 32), filters=8), "x reads 'y', not before it"),
        (Add(name="x", inputs=("stem",), input=(9, 9, 32)), "x has 1 inputs, expected 2"),
        (STEM, "two layers are named 'stem'"),
    ],
)
def test_layers_that_do_not_fit_each_other(layer: Layer, message: str) -> None:
    """The engine fills channels up with zeros: it would compute, and something else."""
    with pytest.raises(ValueError, match=message):
        by_hand(STEM, layer)
