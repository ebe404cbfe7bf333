"""Bytes of a network of integers, beside its arrays and beside hand counts."""

import pytest

import npmobilenet as nm
from npmobilenet.cost.integers import SCALE, integer_cost

from ..quantization.networks import quantized


@pytest.mark.parametrize(
    ("model", "dtype"), [("v1", "int8"), ("v3-small", "int8"), ("v2", "uint8")]
)
def test_bytes_are_those_of_the_arrays(model: str, dtype: str) -> None:
    made, arrays = quantized(model, dtype=dtype)
    found = integer_cost(made)
    assert found.weights == sum(a.nbytes for n, a in arrays.items() if n.endswith(".weight"))
    assert found.biases == sum(a.nbytes for n, a in arrays.items() if n.endswith(".bias"))
    records = {n: q for n, q in made.numbers.items() if not n.endswith(".bias")}
    biases = [q for n, q in made.numbers.items() if n.endswith(".bias")]
    pools = [s.name for s in made if s.layer.kind in ("average_pool", "max_pool")]
    assert not pools
    assert found.scales == SCALE * sum(len(q.scale) for q in [*records.values(), *biases])
    assert found.macs == nm.cost(made).macs


def test_the_plan_alone_says_the_same() -> None:
    made, _ = quantized("v2")
    plan = nm.plan(**made.plan.asked)
    alone = integer_cost(plan, batch=3)
    known = integer_cost(made, batch=3)
    assert alone.to_json() == known.to_json()
    assert alone.arena == 3 * integer_cost(plan).arena
    fewer = integer_cost(plan, per_channel=False)
    assert fewer.scales < alone.scales
    assert fewer.weights == alone.weights


def test_the_arena_by_hand() -> None:
    """V1's first depthwise layer at 32 x 32: the widest two maps that exist at once."""
    plan = nm.plan("v1", width=1, resolution=32, classes=2)
    found = integer_cost(plan)
    first = 16 * 16 * 32
    steps = {step.name: step for step in found.steps}
    assert steps["stem"].live == 32 * 32 * 3 + first
    assert steps["blocks.1.depthwise"].live == 2 * first
    assert steps["blocks.1.pointwise"].live == 3 * first  # 64 channels of 16 x 16 beside 32
    assert found.arena == 3 * first
    assert found.widest.name == "blocks.1.pointwise"
    assert steps["stem"].weights == 3 * 3 * 3 * 32
    assert steps["stem"].biases == 4 * 32
    assert steps["stem"].clamp == "relu"


@pytest.mark.parametrize(
    ("how", "message"),
    [({"batch": 0}, "batch must be"), ({"dtype": "int4"}, "dtype must be int8 or uint8")],
)
def test_refused(how: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        integer_cost(nm.plan("v1"), **how)  # type: ignore[arg-type]
