"""The networks with which one graduates: their plans, arrays and images, all in float64."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from .. import ops
from ..datasets.splits import fashion_mnist_sample
from ..images.preprocessing import Preprocessing, prepare
from ..models.dialects import PAPER
from ..models.network import backward, forward
from ..models.network_plan import Plan, plan
from ..models.params import init
from ..ops.checks import Array
from ..pretrained import shipped
from ..training.optimizers import Sgd
from ..weights import load

NAME = "fashion-mnist"
TESTED = 3  # images
STEPS = 5
# Through many normalisations over few numbers an error can grow a thousandfold in each step, which has
# nothing to do with who computes: so networks have few layers here, V1 enough images, and small steps.
SGD = Sgd(lr=0.01, momentum=0.9)
SIDE = 32  # pixels: the images' 28, and two black ones around
Pass = Callable[[dict[str, Array], Array], tuple[Array, dict[str, Array]]]


@dataclass(frozen=True, eq=False)
class Trained:
    """The shipped network, and test images: x (N, H, W, C), a class for each."""

    plan: Plan
    params: dict[str, Array]
    classes: tuple[str, ...]
    x: Array
    labels: tuple[int, ...]

    @property
    def logits(self) -> Array:
        """Ours, of all layers from first to last."""
        return forward(self.plan, self.params, self.x, rung="numpy")[0]


@dataclass(frozen=True, eq=False)
class Untrained:
    """A small network before its first step, and the images of all its steps."""

    plan: Plan
    params: dict[str, Array]
    x: Array
    labels: Array


def trained() -> Trained:
    """fashion-mnist with the first test images of the shipped sample."""
    model = load(shipped()[NAME])
    _, test = fashion_mnist_sample()
    x = np.stack([prepare(test.image(i), model.preprocessing) for i in range(TESTED)])
    params = {name: array.astype(np.float64) for name, array in model.params.items()}
    labels = tuple(int(label) for label in test.labels[:TESTED])
    return Trained(model.plan, params, model.classes, x.astype(np.float64), labels)


def untrained(model: str, width: float, batch: int, last: str = "") -> Untrained:
    """A small network, with the first `batch` training images of the shipped sample.

    last: of its blocks; those behind it are left out.  ReLU6, as the authors' own programs have; no
    dropout, whose draws nobody could repeat.
    """
    images, _ = fashion_mnist_sample()
    how = Preprocessing(resolution=(SIDE, SIDE), resize=28, channels=1, mean=(0.286,), std=(0.353,))
    x = np.stack([prepare(images.image(i), how) for i in range(batch)])
    dialect = replace(PAPER, activation="relu6", dropout=0.0)
    made = plan(model, width=width, resolution=SIDE, channels=1, classes=10, dialect=dialect)
    if last:
        made = cut(made, last)
    params = init(made, seed=0, dtype=np.float64)
    return Untrained(made, params, x.astype(np.float64), np.asarray(images.labels[:batch]))


def cut(whole: Plan, last: str) -> Plan:
    """The plan up to the block `last`, whose mean over all pixels is classified."""
    blocks = [layer.block for layer in whole.layers]
    kept = whole.layers[: len(blocks) - blocks[::-1].index(last)]
    pool = replace(whole["pool"], inputs=(kept[-1].name,), input=kept[-1].output)
    classifier = replace(whole["classifier"], inputs=(pool.name,), input=pool.output)
    return replace(whole, layers=(*kept, pool, classifier))


def losses(
    network: Untrained,
    passes: Callable[[dict[str, Array], Array], tuple[Array, dict[str, Array]]],
    back: Callable[[Array], dict[str, Array]],
    begin: Callable[[int], None] = lambda step: None,
) -> list[float]:
    """The loss before each step of SGD on the same images, and what the next would begin with.

    passes: params, x -> logits, moved estimates; back: gradient of the logits -> gradients by name.
    The loss itself and the step are ours for both.
    """
    params, state = (
        dict(network.params),
        SGD.init({name: network.params[name] for name in network.plan.parameters}),
    )
    found: list[float] = []
    for step in range(1, STEPS + 1):
        begin(step)
        logits, moved = passes(params, network.x)
        loss, cache = ops.softmax_cross_entropy(logits, network.labels)
        found.append(float(loss))
        grads = back(ops.softmax_cross_entropy_backward(1.0, cache))
        params, state = SGD.step(params | moved, grads, state, SGD.lr)
    return found


def our_losses(network: Untrained) -> list[float]:
    """The same with our own passes, of all layers from first to last."""
    kept = {}

    def passes(params: dict[str, Array], x: Array) -> tuple[Array, dict[str, Array]]:
        logits, kept["tape"], moved = forward(network.plan, params, x, train=True, rung="numpy")
        return logits, moved

    return losses(network, passes, lambda dlogits: backward(network.plan, dlogits, kept["tape"]))
