"""A step with fake quantisation: PyTorch's gradients of it, what moves when, what cannot be."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import npmobilenet as nm
from benchmarks.quantized_training import whole_numbers
from npmobilenet.images.preprocessing import Preprocessing
from npmobilenet.models.layers import GlobalAveragePool
from npmobilenet.ops.checks import Array
from npmobilenet.quantization.execute import IntegerRun, execute
from npmobilenet.training.compiled_step import taker
from npmobilenet.training.config import Config, Train
from npmobilenet.training.optimizers import Sgd
from npmobilenet.training.quantized.folding import Folding
from npmobilenet.training.quantized.leaving import integers
from npmobilenet.training.quantized.passes import Passes
from npmobilenet.training.quantized.points import points
from npmobilenet.training.quantized.settings import Quantize
from npmobilenet.training.quantized.step import QuantizedStep, quantized_step
from npmobilenet.weights import Model

pytestmark = pytest.mark.usefixtures("one_thread")
NAMES = tuple("abcde")
EIGHT = Quantize(weights=8)
RNG = np.random.default_rng(0)
SIDE = 17  # every map has an odd side, so that no mean of integers is a half


def prepared_as(side: int) -> Preprocessing:
    """Images from -2 to 2."""
    return Preprocessing(
        resolution=(side, side), resize=None, channels=3, mean=(0.5,) * 3, std=(0.25,) * 3
    )


def network(name: str, dtype: Any = np.float64) -> tuple[nm.Plan, dict[str, Array], Preprocessing]:
    """A narrow one whose normalisations are as if it had been trained."""
    dialect = replace(nm.CIFAR, dropout=0.0)
    plan = nm.plan(name, width=0.25, resolution=SIDE, classes=5, dialect=dialect)
    params, rng = dict(nm.init(plan, 3, dtype)), np.random.default_rng(1)
    for key, value in params.items():
        short = key.rpartition(".")[2]
        if short in ("gamma", "variance"):
            params[key] = rng.uniform(0.5, 2, value.shape).astype(dtype)
        if short in ("beta", "mean"):
            params[key] = (rng.standard_normal(value.shape) / 3).astype(dtype)
    how = prepared_as(SIDE)
    return plan, params, how


def ranges(passes: Passes, dtype: Any, reach: float = 3.0) -> dict[str, Array]:
    """Narrow enough that something is clipped."""
    found: dict[str, Array] = {}
    for name in passes.points.free:
        if passes.learns:
            found[f"{name}.scale"] = np.array([2 * reach / 255], dtype)
            found[f"{name}.zero"] = np.array([-20], dtype)
        else:
            found[f"{name}.range"] = np.array([-reach, reach], dtype)
    if passes.learns:
        for name, weight in passes.points.weights.items():
            count = weight.channels if passes.how.per_channel else 1
            found[f"{name}.weight.scale"] = np.full(count, 1.2 / passes.how.greatest, dtype)
    return found


def stepping(
    name: str, how: Quantize, dtype: Any = np.float64, reach: float = 3.0, **train: Any
) -> Any:
    """A step and its first state."""
    plan, params, preprocessing = network(name, dtype)
    config = Config(quantize=how, train=Train(**train), optimizer=Sgd(lr=0.01))
    step = quantized_step(Model(plan, params, NAMES, preprocessing), config, 64)
    return step, step.start(params | ranges(step.ways, dtype, reach))


def batch(count: int, dtype: Any = np.float64) -> tuple[Array, Array]:
    x = np.random.default_rng(5).uniform(-2, 2, (count, SIDE, SIDE, 3)).astype(dtype)
    return x, np.arange(count) % 5


def off_the_kinks(passes: Passes, params: Any, name: str) -> dict[str, Array]:
    """What `rounded_shift` gives, and a third of a unit."""
    scale = passes.grid(params, passes.points.reads[name]).scale[0]
    third = scale * passes.weight_grid(params, name).scale / 3
    found = Folding.rounded_shift(passes, params, name)
    return {key: value + third for key, value in found.items()}


@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize("kind", ["averaged", "learnt"])
@pytest.mark.parametrize("name", ["v1-shallow", "v3-small"])
def test_gradients_are_pytorchs(
    name: str, kind: str, frozen: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole network with the same rule, differentiated by torch, in float64.

    Whole biases make sums that are exactly 0, where a ReLU has its kink and float64 only nearly 0: here
    they are a third of a unit more.
    """
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(Passes, "rounded_shift", off_the_kinks)
    from tests.witnesses.quantized_torch import QuantizedTorchPlan

    how = replace(EIGHT, weights=5, ranges=kind, per_channel=name != "v1-shallow")
    step, state = stepping(name, how, batch=4)
    passes, (x, _) = step.ways, batch(4)
    norms = {w.norm for w in passes.points.weights.values() if w.norm} if frozen else set()
    y, tape, _ = passes.forward(state.params, x, train=True, frozen=norms)
    dy = np.random.default_rng(2).standard_normal(y.shape)
    found = passes.backward(dy, tape, step.trained)

    theirs = QuantizedTorchPlan(passes, state.params, norms)
    answer = theirs(torch.tensor(x))
    answer.backward(torch.tensor(dy))
    np.testing.assert_allclose(y, answer.detach().numpy(), rtol=0, atol=1e-12)
    wanted = theirs.gradients()
    assert set(found) == set(wanted) == step.trained
    assert any(name.endswith(".scale") for name in found) == (kind == "learnt")
    for key, value in wanted.items():
        size = max(np.abs(value).max(), 1e-3)
        np.testing.assert_allclose(found[key] / size, value / size, rtol=0, atol=1e-12, err_msg=key)


def test_what_moves_until_it_is_still() -> None:
    """Estimates and averaged ranges move in the first half of the steps, and then no more."""
    step, state = stepping("v1-shallow", EIGHT, np.float32, batch=8, epochs=1)
    assert step.still_from == 4
    x, labels = batch(8, np.float32)
    watched = ("stem.range", "stem_norm.mean", "stem_norm.variance")
    for number in range(8):
        before = dict(state.params)
        step(state, x, labels, lr=0.01, rng=RNG)
        for name in watched:
            assert np.array_equal(before[name], state.params[name]) == (number >= 4), name
        assert not np.array_equal(before["stem.weight"], state.params["stem.weight"])
        assert not np.array_equal(before["stem_norm.gamma"], state.params["stem_norm.gamma"])


def test_a_learnt_scale_is_bounded_and_spared_by_decay() -> None:
    """However long the step: above 0, within a tenth; weight decay leaves it."""
    step, state = stepping("v1-shallow", replace(EIGHT, ranges="learnt"), np.float32, batch=8)
    assert not replace(step.optimizer, weight_decay=1e-5).decays("stem.scale")
    assert replace(step.optimizer, weight_decay=1e-5).decays("stem.weight")
    x, labels = batch(8, np.float32)
    before = dict(state.params)
    step(state, x, labels, lr=1e6, rng=RNG)
    for name in (n for n in step.trained if n.endswith(".scale")):
        turn = state.params[name] / before[name]
        assert turn.min() > 0.899
        assert turn.max() < 1.101


def test_the_compiled_step_is_refused_in_a_line() -> None:
    """And the plain one stands in."""
    step, _ = stepping("v1-shallow", EIGHT, np.float32, batch=8)
    take, remark = taker(step, 8, 0)
    assert isinstance(take, QuantizedStep)
    assert remark.startswith("quantize: the compiled step has no fake quantisation: training with")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"weights": 9}, "weights must be 2 to 8 bits, or 0, found 9"),
        ({"activations": 4}, "activations must be 8 bits, as integer operators have them, found 4"),
        ({"ranges": "guessed"}, "ranges must be one of averaged, learnt, found 'guessed'"),
        ({"rounding": "up"}, "rounding must be one of double, single, found 'up'"),
        ({"rate": 0.0}, "rate must be above 0"),
        ({"images": 0}, "images must be above 0"),
        ({"still": 1.5}, "still must be from 0 to 1"),
        ({"bits": 8}, "unknown key quantize.bits"),
    ],
)
def test_settings_that_cannot_be(given: dict[str, Any], message: str) -> None:
    """Named with the section, the key and what was found."""
    with pytest.raises(ValueError, match=message) as error:
        Config.from_document({"quantize": {"weights": 8, **given}})
    assert "quantize" in str(error.value)
    assert "\n" not in str(error.value)


def test_networks_that_cannot_become_integers() -> None:
    """A slope that integers do not have, an activation that no operator computes."""
    how = prepared_as(32)
    paddle = nm.plan("v3-small", resolution=32, classes=5, dialect="paddle")
    with pytest.raises(ValueError, match=r"is a hard sigmoid of slope 0\.2"):
        points(paddle, how)
    swish = nm.plan("v1", resolution=32, dialect=replace(nm.CIFAR, activation="swish"))
    with pytest.raises(
        ValueError, match="quantize: stem_activation is a layer of function 'swish'"
    ):
        points(swish, how)


@pytest.mark.parametrize("kind", ["averaged", "learnt"])
@pytest.mark.parametrize("name", ["v1-shallow", "v2", "v3-small"])
def test_every_integer_step_is_the_rounded_one(name: str, kind: str) -> None:
    """Of the same integers in, all integers out: gates, residuals, pools, whatever the network has.

    Sums are whole numbers of the same units, so only a number that lies on the edge between two
    integers, but for its last digits, may go to the other one.  The mean of an even number of integers
    often lies there: one of both rounds it up, the other to even.
    """
    step, state = stepping(name, replace(EIGHT, ranges=kind, per_channel=name != "v2"), reach=2.9)
    passes, (x, _) = step.ways, batch(4)
    whole = whole_numbers(passes, state.params, x)
    qplan, arrays = integers(passes, state.params)
    run, off, seen = IntegerRun(qplan, arrays, None), 0, 0
    for each in qplan.steps:
        read = [whole[source].astype(np.int8) for source in each.inputs]
        away = np.abs(execute(run, each, read).astype(int) - whole[each.name])
        assert away.max() <= 1, each.name
        if not isinstance(each.layer, GlobalAveragePool):
            off, seen = off + int((away > 0).sum()), seen + away.size
    assert (
        off <= (1e-3 if name == "v3-small" else 1e-4) * seen
    )  # gates multiply few integers: more ties
