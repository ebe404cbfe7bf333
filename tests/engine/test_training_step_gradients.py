"""The compiled step's float32 against float64, with PyTorch's own float32 as the yardstick.

For every tensor (output, moved statistics, all gradients): its error, scaled by its largest entry, is
at most 1e-5 or twice PyTorch's.  Both programs' errors are chance: which roundings happen to add up.
One of two equally good programs is often more than twice as far off as the other in some of some 260
tensors.  So the distance of a tensor is the geometric mean over SEEDS networks and batches, all of
which count; no single error may be gross, and the median of all tensors is held closer.

Networks come from `kinks.py`: a float64 pass alone sees to it that no entry lies within a rounding of
an activation's kink.  A seed that leaves one nearer than CLEAR is passed over before anything else runs.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import count, islice
from typing import Any

import numpy as np
import pytest

import npmobilenet as nm
from npmobilenet.models.dialects import DIALECTS, dialect_at

torch = pytest.importorskip("torch")
pytest.importorskip("numba")

from npmobilenet.engine import tiling  # noqa: E402
from npmobilenet.engine.training import TrainingStep, compile_training  # noqa: E402
from tests.engine.kinks import moved_off  # noqa: E402  (this folder)
from tests.witnesses.torch_plan import torch_results  # noqa: E402

pytestmark = pytest.mark.usefixtures("one_thread")

SEEDS, BATCH = 9, 8
CLEAR = 5e-6  # of a layer's largest entry: some eighty roundings
GROSS = 1e-3
SAME = 1e-9  # float64 against float64

QUICK = [
    ("v1", "cifar", {"width": 0.25, "resolution": 32}),
    ("v2", "torchvision", {"width": 0.25, "resolution": 64}),
    ("v3-small", "paper", {"width": 0.5, "resolution": 64}),
    ("v1-full", "cifar", {"width": 0.25, "resolution": 32}),  # standard convolutions of small maps
]
PAIRS = [
    (model, name)
    for model in nm.MODELS
    for name, dialect in DIALECTS.items()
    if model[:2] in dialect.versions
]
UNEVEN = [
    ("v1", "keras", {"width": 0.5, "resolution": (65, 70)}),
    ("v2", "keras", {"width": 0.5, "resolution": (70, 97)}),
    ("v2", "paper", {"width": 0.35, "resolution": (75, 49), "include_top": False}),
    ("v3-large", "timm-rw", {"width": 0.5, "resolution": (57, 75)}),
    ("v3-small", "timm-tf", {"width": 0.75, "resolution": (71, 62)}),
]


def planned(model: str, dialect: Any, asked: Any) -> nm.Plan:
    top = {} if asked.get("include_top") is False else {"classes": 10}
    return nm.plan(model, dialect=dialect, **(top | asked))


def cases(plan: nm.Plan, frozen: list[str]) -> Iterator[tuple[Any, Any, Any]]:
    """Parameters, images and the gradient from above, of the seeds that leave kinks alone."""
    for seed in count():
        rng = np.random.default_rng(seed)
        params = nm.init(plan, seed)
        for name, value in params.items():
            kind = name.rpartition(".")[2]
            low, high = {"gamma": (0.5, 1.5), "variance": (0.5, 2)}.get(kind, (-0.5, 0.5))
            if kind != "weight":  # 0 and 1 would hide a bias that is never added
                value[...] = rng.uniform(low, high, value.shape)
        x = rng.standard_normal((BATCH, *plan.resolution, plan.channels)).astype(np.float32)
        dy = rng.standard_normal((BATCH, *plan.layers[-1].output)).astype(np.float32)
        params, nearest = moved_off(plan, params, x, frozen)
        if nearest > CLEAR:
            yield params, x, dy


def reference(plan: nm.Plan, given: Any, frozen: list[str]) -> dict[str, Any]:
    """In float64, by forward and backward."""
    params, x, dy = given
    params = {name: value.astype(np.float64) for name, value in params.items()}
    rng = np.random.default_rng(0)
    logits, tape, statistics = nm.forward(
        plan, params, x.astype(np.float64), train=True, rng=rng, frozen=frozen
    )
    return {"logits": logits} | statistics | nm.backward(plan, dy.astype(np.float64), tape)


def compiled(step: TrainingStep, given: Any) -> dict[str, Any]:
    params, x, dy = given
    step.load(params)
    logits, statistics = step.forward(x, rng=np.random.default_rng(0))
    return {"logits": logits} | statistics | step.backward(dy)


def errors(found: dict[str, Any], exact: dict[str, Any]) -> Any:
    """The largest error of each tensor as a share of its largest entry.

    What a beta or a bias adds, the next normalisation may take away: its gradient is then 0 but for
    rounding, and measured by that of the gamma or the weight beside it.
    """
    assert found.keys() == exact.keys()
    result = []
    for name, value in exact.items():
        size = np.abs(value).max()
        layer, _, kind = name.rpartition(".")
        if kind in ("beta", "bias"):
            beside = f"{layer}.{'gamma' if kind == 'beta' else 'weight'}"
            beside_size = np.abs(exact[beside]).max()
            size = size if size > 1e-9 * beside_size else beside_size
        assert found[name].shape == value.shape, name
        result.append(np.abs(found[name] - value).max() / (size or 1.0))
    return np.array(result)


def prove(plan: nm.Plan, frozen: list[str] | None = None) -> None:
    frozen = frozen or []
    step = compile_training(plan, nm.init(plan, 0), BATCH, threads=1, frozen=frozen)
    ours, theirs = [], []
    for given in islice(cases(plan, frozen), SEEDS):
        exact = reference(plan, given, frozen)
        if not ours:  # PyTorch's is the same function
            double = torch_results(plan, *given, torch.float64, frozen)
            assert errors(double, exact).max() < SAME
        ours.append(errors(compiled(step, given), exact))
        theirs.append(errors(torch_results(plan, *given, torch.float32, frozen), exact))
    assert np.max(ours) < GROSS
    own, allowed = (np.exp(np.log(np.array(e) + 1e-12).mean(0)) for e in (ours, theirs))
    assert np.median(own / allowed) < 1.5
    wrong = [
        f"{name}: {error:.1e}, PyTorch's {near:.1e}"
        for name, error, near in zip(exact, own, allowed, strict=True)
        if not error <= max(1e-5, 2 * near)
    ]
    assert wrong == []


@pytest.mark.parametrize(("model", "dialect", "asked"), QUICK)
def test_gradients_are_as_good_as_pytorchs(model: str, dialect: str, asked: Any) -> None:
    prove(planned(model, dialect, asked))


def test_frozen_normalisations_use_and_keep_their_estimates() -> None:
    """The lower half of them, as where a trained network learns something new."""
    plan = planned("v1", "cifar", {"width": 0.25, "resolution": 32})
    norms = [layer.name for layer in plan.layers if layer.kind == "batch_norm"]
    prove(plan, norms[: len(norms) // 2])


@pytest.mark.long
@pytest.mark.parametrize(("model", "dialect"), PAIRS)
def test_every_model_in_every_dialect(model: str, dialect: str) -> None:
    """Last maps of 2 x 2: of fewer values normalisation would magnify every rounding."""
    chosen = dialect_at(dialect, model[:2])
    size = 64 if chosen.stem_stride == 2 else 32
    asked = {"width": 0.25, "resolution": size if chosen.block_strides else 16}
    prove(planned(model, dialect, asked))


@pytest.mark.long
@pytest.mark.parametrize(("model", "dialect", "asked"), UNEVEN)
def test_uneven_sizes(model: str, dialect: str, asked: Any) -> None:
    prove(planned(model, dialect, asked))


@pytest.mark.long
@pytest.mark.parametrize("model", ["v1", "v2"])
def test_exponential_activations(model: str) -> None:
    dialect = replace(dialect_at("paper", model), activation="swish")
    prove(planned(model, dialect, {"width": 0.35, "resolution": 64}))


def test_an_exponential_activation() -> None:
    dialect = replace(dialect_at("cifar", "v1"), activation="swish")
    prove(planned("v1", dialect, {"width": 0.1, "resolution": 16}))


def test_maps_that_are_done_band_by_band(monkeypatch: pytest.MonkeyPatch) -> None:
    """As large ones are: a few rows of a depthwise convolution at a time, forwards and backwards."""
    monkeypatch.setattr(tiling, "TRAIN_SCRATCH", 3000)
    prove(planned("v1", "cifar", {"width": 0.25, "resolution": (30, 27)}))
