"""What a plan is asked for, and what its passes promise: parts, sizes, gradients, the same bits."""

from typing import Any

import numpy as np
import pytest

import npmobilenet as nm
from npmobilenet.models import execute
from npmobilenet.models.assemble import assemble_v3
from npmobilenet.models.family import V3
from npmobilenet.models.layers import Activation, Dense, Scale
from npmobilenet.models.registry import MODELS, Entry
from npmobilenet.models.rows import Bneck, Table
from npmobilenet.verify.checks import on_one_thread


def drawn(plan: nm.Plan, count: int, dtype: type = np.float64) -> tuple[dict[str, Any], Any]:
    """Parameters, batch normalisation drawn as well, and images."""
    rng, params = np.random.default_rng(5), nm.init(plan, 5, dtype)
    for name, value in params.items():
        if name.endswith((".gamma", ".variance")):
            params[name] = rng.uniform(0.5, 1.5, value.shape).astype(dtype)
        elif not name.endswith(".weight"):
            params[name] = (0.3 * rng.standard_normal(value.shape)).astype(dtype)
    x = rng.standard_normal((count, *plan.resolution, plan.channels))
    return params, x.astype(dtype)


def test_every_layer_by_its_name() -> None:
    """All outputs of one pass fit together: each is its operator's, of the outputs it is fed with."""
    plan = nm.plan("v3-small", width=0.35, resolution=(35, 43), classes=3)
    params, x = drawn(plan, 2)
    found = nm.intermediates(plan, params, x)
    assert list(found) == [layer.name for layer in plan.layers]
    for layer in plan.layers:
        y, inputs = found[layer.name], [found.get(name, x) for name in layer.inputs]
        assert y.shape == (2, *layer.output), layer.name
        if layer.kind == "activation":
            settings = {} if layer.slope is None else {"slope": layer.slope}
            assert np.array_equal(y, getattr(nm, layer.function)(inputs[0], **settings)[0])
        elif layer.kind == "add":
            assert np.array_equal(y, inputs[0] + inputs[1])
        elif layer.kind == "scale":
            assert np.array_equal(y, inputs[0] * inputs[1][:, None, None])
        elif layer.kind == "pointwise":
            assert np.allclose(
                y, inputs[0] @ params[f"{layer.name}.weight"], rtol=1e-12, atol=1e-12
            )
    assert np.array_equal(found["classifier"], nm.infer(plan, params, x))


def test_blocks_by_their_names() -> None:
    """A block's name stands for its last layer; names come back in the order they were asked for."""
    plan = nm.plan("v2", width=0.35, resolution=33, classes=3)
    params, x = drawn(plan, 1)
    every = nm.intermediates(plan, params, x)
    ends = {
        "blocks.2": "blocks.2.project_norm",
        "blocks.3": "blocks.3.add",
    }
    names = [*reversed(ends), "blocks.3.expand", "stem", "stem_activation", "pool", "classifier"]
    found = nm.intermediates(plan, params, x, names)
    assert list(found) == names
    for name, value in found.items():
        assert np.array_equal(value, every[ends.get(name, name)]), name


def test_nothing_runs_after_the_last_layer_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Features of the middle cost only the way there."""
    plan = nm.plan("v2", width=0.35, resolution=33, classes=3)
    params, x = drawn(plan, 1)
    monkeypatch.delitem(execute.FORWARD, Dense)
    assert list(nm.intermediates(plan, params, x, ["stem", "blocks.4"])) == ["stem", "blocks.4"]
    with pytest.raises(ValueError, match="classifier is a layer of kind 'dense': no operator runs"):
        nm.intermediates(plan, params, x, ["classifier"])


@pytest.mark.parametrize("name", ["blocks.18", "block.1", "", "image"])
def test_an_unknown_layer_is_named(name: str) -> None:
    plan = nm.plan("v2", width=0.35, resolution=33, classes=3)
    params, x = drawn(plan, 1)
    with pytest.raises(ValueError, match=f"the plan has none that is named {name};"):
        nm.intermediates(plan, params, x, ["stem", name])


@pytest.mark.parametrize("model", MODELS)
def test_without_the_top(model: str) -> None:
    """The last convolution's map, the same bits as inside the whole network, and a way back from it."""
    asked = {"width": 0.35, "resolution": (35, 43)}
    plan, whole = nm.plan(model, include_top=False, **asked), nm.plan(model, classes=3, **asked)
    assert plan.classes == 0
    assert plan == nm.plan(model, include_top=False, classes=0, **asked) == nm.plan(**plan.asked)
    params, x = drawn(whole, 2)
    top = {name for name in whole.arrays if name.startswith(("head", "classifier"))}
    assert whole.arrays.keys() - plan.arrays.keys() == top
    own = {name: params[name] for name in plan.arrays}
    features, tape, _ = nm.forward(plan, own, x)
    assert features.shape == (2, *plan.layers[-1].output) == (2, 2, 2, plan.layers[-1].output[-1])
    inside = nm.intermediates(whole, params, x, [plan.layers[-1].name])
    assert np.array_equal(features, *inside.values())
    assert list(nm.backward(plan, features, tape)) == list(plan.parameters)


def test_divisor() -> None:
    """What V2's and V3's scaled channels are multiples of; V1's are rounded down to whole ones."""
    for divisor in (1, 2, 4, 8, 16):
        for model in ("v2", "v3-large", "v3-small"):
            plan = nm.plan(model, width=0.3, divisor=divisor)
            scaled = [x.output[-1] for x in plan.layers if x.name.endswith((".project", ".expand"))]
            assert all(channels % divisor == 0 for channels in scaled), (model, divisor)
            assert divisor == 1 or any(channels % (2 * divisor) for channels in scaled)
    # 0.3 of 16 (4.8, and 4 would be less than nine tenths of it), 24, 32, 64 and 320
    plan = nm.plan("v2", width=0.3, divisor=2)
    assert [plan[f"blocks.{n}.project"].output[-1] for n in (1, 2, 4, 7, 17)] == [6, 8, 10, 20, 96]
    assert plan["stem"].output[-1] == 10
    # a block that does not widen leaves its input as it is, whatever the divisor
    assert "blocks.1.expand.weight" not in nm.plan("v3-large", dialect="keras", divisor=12).arrays
    v1 = [nm.plan("v1", width=0.3, divisor=divisor).arrays for divisor in (1, 8)]
    assert v1[0] == v1[1]
    assert nm.plan("v1", width=0.1, dialect="tf-slim", divisor=4)["stem"].output[-1] == 4


@pytest.mark.parametrize("channels", [1, 4])
@pytest.mark.parametrize("model", ["v1", "v2", "v3-small"])
def test_channels(model: str, channels: int) -> None:
    """Grey images, or four bands: the stem's filters alone are others."""
    plan = nm.plan(model, width=0.35, resolution=32, classes=2, channels=channels)
    colour = nm.plan(model, width=0.35, resolution=32, classes=2)
    differing = {name for name in plan.arrays if plan.arrays[name] != colour.arrays[name]}
    assert differing == {"stem.weight"}
    assert plan.arrays["stem.weight"][2] == channels
    params, x = drawn(plan, 2)
    logits, tape, _ = nm.forward(plan, params, x)
    grads = nm.backward(plan, logits, tape, image_gradient=True)
    assert grads["image"].shape == (2, 32, 32, channels)


# all that V3 has: both filters, both activations, gates, a stride, a residual add and blocks without
TINY = Table(
    stem=16,
    rows=(
        Bneck(k=3, exp=16, out=16, se=True, nl="RE", s=1),
        Bneck(k=5, exp=40, out=24, se=True, nl="HS", s=2),
        Bneck(k=3, exp=48, out=24, se=False, nl="RE", s=1),
    ),
    last=40,
    head=48,
    nl="HS",
)


@pytest.mark.parametrize("train", [True, False])
@pytest.mark.parametrize("rung", ["numpy", "numba"])
def test_gradients_of_a_tiny_v3(rung: str, train: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each gradient against a central difference along a random direction of that array alone."""
    monkeypatch.setitem(MODELS, "v3-tiny", Entry(V3, TINY, assemble_v3))
    plan = nm.plan("v3-tiny", width=0.5, divisor=2, resolution=(11, 14), classes=3)
    assert sum(isinstance(layer, Scale) for layer in plan.layers) == 2
    params, x = drawn(plan, 3)
    rng, h = np.random.default_rng(1), 1e-5
    dlogits = rng.standard_normal((3, 3))

    def run(changed: dict[str, Any]) -> tuple[Any, Any]:
        given = params | changed
        image = given.pop("image", x)
        settings = {"train": train, "rung": rung, "rng": np.random.default_rng(2)}
        return nm.forward(plan, given, image, **settings)[:2]

    tape = run({})[1]
    grads = nm.backward(plan, dlogits, tape, image_gradient=True)
    values = params | {"image": x}
    for name, gradient in grads.items():
        direction = rng.standard_normal(gradient.shape)
        ahead, behind = (run({name: values[name] + s * h * direction}) for s in (1, -1))
        pieces = [regions(plan, found) for found in (ahead[1], tape, behind[1])]
        assert pieces[0] == pieces[1] == pieces[2], f"{name}: across a kink"
        difference = np.vdot(dlogits, ahead[0] - behind[0]) / (2 * h)
        scale = np.linalg.norm(gradient) * np.linalg.norm(direction)
        if train and name.endswith("project_norm.beta"):  # 0: the next normalisation takes it out
            scale = np.linalg.norm(grads[name.replace("beta", "gamma")])
        assert abs(difference - np.vdot(gradient, direction)) <= 1e-6 * scale, name


KINKS = {"relu": (1e-300,), "hard_swish": (-3, 3), "hard_sigmoid": (-3, 3)}


def regions(plan: nm.Plan, tape: dict[str, Any]) -> list[bytes]:
    """Which piece of its activation every number lies in."""
    layers = [layer for layer in plan.layers if isinstance(layer, Activation)]
    return [np.digitize(tape[x.name].kept, KINKS[x.function]).tobytes() for x in layers]


@pytest.mark.parametrize("model", ["v2", "v3-large", "v3-small-minimalistic"])
def test_one_thread_two_threads_and_a_second_backward_give_the_same_bits(model: str) -> None:
    """Logits, statistics and gradients of a training step in float32."""
    numba = pytest.importorskip("numba")
    if numba.get_num_threads() < 2:
        pytest.skip("one thread only")
    plan = nm.plan(model, width=0.35, resolution=(49, 65), classes=7)
    params, x = drawn(plan, 3, np.float32)
    dlogits = np.random.default_rng(4).standard_normal((3, 7)).astype(np.float32)

    def step() -> tuple[dict[str, Any], dict[str, Any]]:
        rng = np.random.default_rng(0)
        logits, tape, statistics = nm.forward(plan, params, x, train=True, rng=rng)
        first = nm.backward(plan, dlogits, tape, image_gradient=True)
        kept = {name: value.copy() for name, value in first.items()}
        second = nm.backward(plan, dlogits, tape, image_gradient=True)
        assert all(np.array_equal(kept[name], second[name]) for name in kept)
        return {"logits": logits} | statistics, kept

    together, alone = step(), on_one_thread(step)
    for some, others in zip(together, alone, strict=True):
        assert [name for name in some if not np.array_equal(some[name], others[name])] == []
