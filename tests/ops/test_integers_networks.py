"""Real quantised networks, operator by operator, beside LiteRT: every tensor, to the last bit."""

from pathlib import Path

import numpy as np
import pytest

from ..integer_networks import Network

NETWORKS = {
    "mobilenet_v1_0.25_128_quant.tflite": 31,
    "mobilenet_v2_1.0_224_quant.tflite": 66,
    "tf2_mobilenet_v2_1.0_224_ptq.tflite": 68,
}
KERNELS = {"reference": "double", "xnnpack": "single"}


@pytest.mark.filterwarnings("ignore:Warning. Enabling `experimental_preserve_all_tensors`")
@pytest.mark.parametrize("kernels", KERNELS)
@pytest.mark.parametrize("name", NETWORKS)
def test_every_tensor(name: str, kernels: str, extra_data: Path) -> None:
    file = extra_data / "weights" / name
    if not file.exists():
        pytest.skip(f"{file} is not there")
    network = Network(file)
    image = network.graph.Inputs(0)
    q = network.quantization(image)
    rng = np.random.default_rng(7)
    x = rng.integers(0, 256, network.shape(image)).astype(np.uint8)
    x = x if q.dtype == "uint8" else (x.astype(int) - 128).astype(np.int8)
    ours, theirs = network.ours(x, rounding=KERNELS[kernels]), network.theirs(x, kernels)
    assert len(theirs) == NETWORKS[name] == len(list(network.operators()))
    differ = {t: int((ours[t] != y).sum()) for t, y in theirs.items() if (ours[t] != y).any()}
    assert not differ
    assert sum(len(np.unique(y)) > 20 for y in theirs.values()) > len(theirs) / 2
