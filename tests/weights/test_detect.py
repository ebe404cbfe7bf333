"""Which network tensors belong to is found also at widths that nobody published."""

import numpy as np
import pytest

import npmobilenet as nm
from npmobilenet.weights.detect import Asked, detect
from npmobilenet.weights.families import FAMILIES


def tensors_of(family: str, model: str, width: float, **asked: object) -> dict[str, np.ndarray]:
    """A network's arrays, under the family's names and in its layout, all zero."""
    plan = nm.plan(model, width=width, dialect=FAMILIES[family].dialects[0], **asked)
    params = {name: np.zeros(shape, np.float32) for name, shape in plan.arrays.items()}
    return FAMILIES[family].outgoing(plan, params)


@pytest.mark.parametrize(
    ("family", "model", "width"),
    [
        # very narrow ones of torchvision's V3 have fewer layers: their names must not stay in the way
        ("torchvision", "v3-large", 0.6),
        ("torchvision", "v3-small", 1.65),
        ("timm", "v2", 0.9),
        ("keras", "v1", 0.37),
        ("paddle", "v2", 0.63),
    ],
)
def test_unpublished_widths(family: str, model: str, width: float) -> None:
    found = detect(FAMILIES[family], tensors_of(family, model, width), Asked())
    assert found.problems == 0
    assert found.plan.model == model
    there = nm.plan(model, width=width, dialect=FAMILIES[family].dialects[0])
    assert found.plan.arrays == there.arrays  # neighbouring widths may round to the same channels


def test_one_image_channel_and_no_top() -> None:
    tensors = tensors_of("timm", "v3-small", 0.75, channels=1, include_top=False)
    plan = detect(FAMILIES["timm"], tensors, Asked()).plan
    assert (plan.channels, plan.include_top, plan.width) == (1, False, 0.75)


def test_a_narrow_network_is_found_if_its_width_is_named() -> None:
    tensors = tensors_of("torchvision", "v3-large", 0.1)
    assert detect(FAMILIES["torchvision"], tensors, Asked()).problems
    assert detect(FAMILIES["torchvision"], tensors, Asked(width=0.1)).problems == 0


def test_a_model_that_the_family_has_not() -> None:
    tensors = tensors_of("torchvision", "v2", 0.35)
    with pytest.raises(ValueError, match=r"^torchvision has no v1$"):
        detect(FAMILIES["torchvision"], tensors, Asked(model="v1"))
    asked = Asked(model="v1", dialect=nm.TIMM_TF)
    with pytest.raises(ValueError, match=r"^torchvision has no v1 in dialect timm-tf$"):
        detect(FAMILIES["torchvision"], tensors, asked)
