"""Every model in every family's dialect against the same network in plain torch.nn.

Logits, the gradients of all parameters and of the image, and the moved statistics: within 1e-9 in
float64.  float32 may be no further from float64 than twice PyTorch's own float32.
"""

from dataclasses import replace
from itertools import chain
from typing import Any

import numpy as np
import pytest

import npmobilenet as nm

torch = pytest.importorskip("torch")
from tests.witnesses import torch_v1, torch_v2, torch_v3  # noqa: E402  (they need torch)
from tests.witnesses.torch_parts import (  # noqa: E402
    drawn_arrays,
    drawn_params,
    errors,
    our_results,
    torch_results,
)

pytestmark = pytest.mark.usefixtures("one_thread")

NETWORKS = {"v1": torch_v1.TorchV1, "v2": torch_v2.TorchV2, "v3": torch_v3.TorchV3}
FAMILIES = {"v1": torch_v1.FAMILIES, "v2": torch_v2.FAMILIES, "v3": torch_v3.FAMILIES}
OWN = {"torchvision, reduced tail": replace(nm.TORCHVISION, reduced_tail=True)}


def twin_of(plan: nm.Plan, family: str) -> Any:
    """The witness of a plan: it is told what the plan was asked for, not what is in it."""
    return NETWORKS[plan.model[:2]](plan.model, family, plan.width, plan.classes)


def compare(family: str, count: int, train: bool, **asked: Any) -> dict[str, float]:
    """What is further than 1e-9 from PyTorch, and how far; the plan is asked for with `asked`."""
    plan = nm.plan(classes=5, dialect=OWN.get(family, family), **asked)
    x, dy = drawn_arrays(plan, count, 1)
    params = drawn_params(plan)
    exact = torch_results(twin_of(plan, family), params, x, dy, train, torch.float64)
    ours = our_results(plan, params, x, dy, train)
    return {name: error for name, error in errors(ours, exact).items() if not error <= 1e-9}


WIDTHS = {  # width -> image, one dialect with each kind of padding for each version, images, train
    0.35: [((64, 64), "paper", 2, True), ((57, 75), "torchvision", 1, False)],
    0.75: [((57, 75), "keras", 2, True), ((64, 49), "timm", 2, True)],
    1.0: [((57, 44), "tf-slim", 1, False), ((64, 64), "paddle", 2, True)],
    1.4: [((33, 64), "keras", 1, False), ((49, 57), "torchvision", 2, True)],
}
MODELS = ("v2", "v3-large", "v3-small", "v3-large-minimalistic", "v3-small-minimalistic")


GRID = [(model, width, given) for model in MODELS for width in WIDTHS for given in WIDTHS[width]]
# wide networks take longest: of those each model has one at 1 and one at 1.4, the paddings in turn
QUICK = [(model, width, given) for model, width, given in GRID if width < 1]
QUICK += [
    (model, width, WIDTHS[width][(number + (width > 1)) % 2])
    for number, model in enumerate(("v2", "v3-large", "v3-small"))
    for width in (1.0, 1.4)
]


def test_widths_and_sizes_are_all_there() -> None:
    """The quick ones are of the grid, and leave out no width, padding or model."""
    assert all(case in GRID for case in QUICK)
    for number in range(3):
        assert {str(case[number]) for case in QUICK} == {str(case[number]) for case in GRID}


@pytest.mark.parametrize(
    ("model", "width", "given"),
    [*QUICK, *(pytest.param(*x, marks=pytest.mark.long) for x in GRID if x not in QUICK)],
)
def test_widths_and_sizes(model: str, width: float, given: Any) -> None:
    """V2 and V3 below, at and above width 1, images even, odd and not square, both paddings."""
    resolution, family, count, train = given
    assert compare(family, count, train, model=model, width=width, resolution=resolution) == {}


PAIRS = [
    (model, family)
    for model in ("v1", "v2", "v3-large", "v3-small")
    for family in FAMILIES[model[:2]]
]
PAIRS += [(model, family) for model in ("v1-full", "v1-shallow") for family in ("keras", "cifar")]
PAIRS += [
    (f"v3-{size}-minimalistic", family)
    for size in ("large", "small")
    for family in ("keras", "timm-rw", "paddle")
]


@pytest.mark.parametrize(("model", "family"), PAIRS)
def test_every_dialect(model: str, family: str) -> None:
    """Thin and on an odd image; batch normalisation of the batch, and dropout with shared survivors.

    0.28 is a width at which every way of rounding channels gives another network.
    """
    assert compare(family, 2, True, model=model, width=0.28, resolution=(35, 43)) == {}


EVALUATED = [
    ("v3-small", "paddle", 0.5),  # dropout that scales here
    ("v3-small", "torchvision", 0.5),
    ("v3-large", "timm-rw", 1.0),  # no residual add where the first block could have one
    ("v2", "tutorial-c", 0.5),
    ("v1", "tutorial-a", 0.5),  # no normalisation
]


@pytest.mark.parametrize(("model", "family", "width"), EVALUATED)
def test_evaluation(model: str, family: str, width: float) -> None:
    """Where evaluation differs by more than its statistics, or shows what thin networks do not have."""
    assert compare(family, 2, False, model=model, width=width, resolution=(40, 35)) == {}


def test_no_dialect_is_without_a_witness() -> None:
    """Each family that the package knows is written down again here, for each version it has."""
    for version, families in FAMILIES.items():
        having = {name for name, dialect in nm.DIALECTS.items() if version in dialect.versions}
        assert having == families.keys() - OWN.keys(), version


FLOAT32 = [(model, train) for model in MODELS[:3] for train in (True, False)]
FLOAT32 += [("v3-large-minimalistic", True), ("v3-small-minimalistic", False)]


@pytest.mark.parametrize("seeds", [4, pytest.param(12, marks=pytest.mark.long)])
@pytest.mark.parametrize(("model", "train"), FLOAT32)
def test_float32_is_as_good_as_pytorchs(model: str, train: bool, seeds: int) -> None:
    """The distance from float64 is at most twice that of PyTorch's own float32.

    Both are the second smallest of several networks: in any of them, on either side, a ReLU whose
    input is almost 0 may flip, and its gradients then differ by far more than rounding.
    """
    family = "tf-slim" if train else "paddle"
    plan = nm.plan(model, width=0.35, resolution=(33, 49), classes=20, dialect=family)
    parts = {"logits": ["logits"], "gradients": list(plan.parameters)}
    parts |= {"statistics": list(plan.statistics)} if train else {}
    distances: dict[tuple[str, str], list[float]] = {}
    twin = twin_of(plan, family)
    for seed in range(seeds):
        x, dy = drawn_arrays(plan, 4, seed)
        params = drawn_params(plan, seed)
        exact = torch_results(twin, params, x, dy, train, torch.float64)
        single = {name: value.astype(np.float32) for name, value in params.items()}
        given = (single, x.astype(np.float32), dy, train)
        sides = {
            "torch": torch_results(twin, *given, torch.float32),
            "ours": our_results(plan, *given),
        }
        assert all(value.dtype == np.float32 for value in chain(*map(dict.values, sides.values())))
        for side, results in sides.items():
            found = errors(results, exact)
            for part, names in parts.items():
                distances.setdefault((side, part), []).append(max(map(found.__getitem__, names)))
    usual = {key: sorted(values)[1] for key, values in distances.items()}
    assert [part for part in parts if usual["ours", part] > 2 * usual["torch", part]] == []
