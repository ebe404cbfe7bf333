"""PaddleClas' weights: its names, its dense layer, and the dialect that goes with them."""

from pathlib import Path

import numpy as np
import pytest

import npmobilenet as nm

# some of the names that PaddleClas' three models have, and the shapes they have there
NAMES = {
    "v1": {
        "conv.conv.weight": (32, 3, 3, 3),
        "conv.bn._mean": (32,),
        "blocks.0.depthwise_conv.conv.weight": (32, 1, 3, 3),
        "blocks.12.pointwise_conv.bn._variance": (1024,),
        "fc.weight": (1024, 7),
    },
    "v2": {
        "conv1._conv.weight": (32, 3, 3, 3),
        "conv2._first_block._expand_conv._conv.weight": (32, 32, 1, 1),
        "conv3._first_block._bottleneck_conv._batch_norm._mean": (96,),
        "conv5.conv5_4._linear_conv._conv.weight": (64, 384, 1, 1),
        "conv9._conv.weight": (1280, 320, 1, 1),
        "out.weight": (1280, 7),
    },
    "v3-large": {
        "conv.conv.weight": (16, 3, 3, 3),
        "blocks.0.expand_conv.conv.weight": (16, 16, 1, 1),
        "blocks.3.mid_se.conv1.weight": (18, 72, 1, 1),
        "blocks.3.bottleneck_conv.bn.weight": (72,),
        "last_second_conv.conv.weight": (960, 160, 1, 1),
        "last_conv.weight": (1280, 960, 1, 1),
        "fc.weight": (1280, 7),
    },
    "v3-small": {
        "blocks.0.mid_se.conv2.bias": (16,),
        "blocks.10.linear_conv.conv.weight": (96, 576, 1, 1),
        "last_conv.weight": (1280, 576, 1, 1),
    },
}


@pytest.mark.parametrize("model", NAMES)
def test_out_and_back(model: str, tmp_path: Path) -> None:
    plan = nm.plan(model, classes=7, resolution=64, dialect="paddle")
    rng = np.random.default_rng(0)
    params = {
        name: rng.uniform(0.5, 1.5, shape).astype(np.float32) for name, shape in plan.arrays.items()
    }
    path = tmp_path / "theirs.npz"
    assert nm.export_weights(plan, params, path, "paddle") == ()
    with np.load(path) as file:
        shapes = {name: file[name].shape for name in file.files}
    assert len(shapes) == len(plan.arrays)
    for name, shape in NAMES[model].items():
        assert shapes[name] == shape
    found = nm.import_weights(path, "paddle", resolution=(64, 64)).model
    assert found.plan == plan
    assert all(np.array_equal(found.params[name], params[name]) for name in params)


@pytest.mark.parametrize(("model", "width"), [("v2", 0.25), ("v3-small", 1.25), ("v1", 0.75)])
def test_widths_are_found(model: str, width: float, tmp_path: Path) -> None:
    plan = nm.plan(model, width=width, classes=3, dialect="paddle")
    nm.export_weights(plan, nm.init(plan, 0), tmp_path / "theirs.npz", "paddle")
    assert nm.import_weights(tmp_path / "theirs.npz", "paddle").model.plan == plan
