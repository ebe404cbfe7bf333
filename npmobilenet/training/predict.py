"""What a trained model says: of single images, and of a whole data set."""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from .. import ops
from ..engine import compile
from ..models.network import infer
from ..ops.checks import Array
from ..ops.rungs import default_rung
from ..weights.native import Model
from .augment import NONE, Augment
from .config import ENGINES
from .datasets import Dataset
from .loader import batches
from .metrics import Evaluation

BATCH = 8  # images at once where nobody says; the trunk runs image by image, so more gain nothing


def predictor(model: Model, batch: int, engine: str = "compiled") -> Callable[[Array], Array]:
    """The function from prepared images x (N, H, W, C), N at most `batch`, to logits (N, classes).

    Every prediction and every evaluation of the project runs its network here.  engine: "compiled" is
    that of `npmobilenet.compile`, where Numba is installed and the parameters are float32;
    "reference" is the plain executor.
    """
    if engine not in ENGINES:
        raise ValueError(f"engine must be one of {', '.join(ENGINES)}, found {engine!r}")
    dtype = next(iter(model.params.values())).dtype
    if engine == "compiled" and dtype == np.float32 and default_rung() != "numpy":
        return compile(model.plan, model.params, batch)
    if dtype == np.float32:
        return partial(infer, model.plan, model.params)
    return lambda x: infer(model.plan, model.params, x.astype(dtype))


def probabilities(model: Model, x: Array, *, engine: str = "compiled") -> Array:
    """Probability of every class, (N, classes), for prepared images x (N, H, W, C)."""
    return ops.softmax(predictor(model, len(x), engine)(x))


def logits_of(
    model: Model,
    dataset: Dataset,
    *,
    batch_size: int,
    workers: int,
    engine: str = "compiled",
    augmentation: Augment = NONE,
) -> Iterator[tuple[Array, Array]]:
    """Logits and labels of a data set, a batch at a time, in its own order."""
    logits = predictor(model, min(batch_size, len(dataset)), engine)
    for batch in batches(
        dataset,
        batch_size=batch_size,
        preprocessing=model.preprocessing,
        workers=workers,
        augmentation=augmentation,
    ):
        yield logits(batch.x), batch.labels


def evaluate(
    model: Model,
    dataset: Dataset,
    *,
    batch_size: int = 64,
    workers: int = 2,
    engine: str = "compiled",
    progress: Callable[[int], None] = lambda done: None,
) -> Evaluation:
    """Score a model on a data set, without augmentation.

    engine as in `predictor`.  progress is called with the number of images seen, after each batch;
    what it raises ends the evaluation.
    """
    parts: list[tuple[Array, Array, Array]] = []
    correct5 = count = 0
    loss = 0.0
    drawn = logits_of(model, dataset, batch_size=batch_size, workers=workers, engine=engine)
    for logits, labels in drawn:
        ranked = np.argsort(-logits, axis=1, kind="stable")
        correct5 += int((ranked[:, :5] == labels[:, None]).any(axis=1).sum())
        loss += ops.softmax_cross_entropy(logits, labels)[0] * len(labels)
        count += len(labels)
        parts.append((labels, ranked[:, 0], ops.softmax(logits).max(axis=1)))
        progress(count)
    labels, predicted, confidence = (np.concatenate(part) for part in zip(*parts, strict=True))
    correct = int((predicted == labels).sum())
    return Evaluation(
        count, correct, correct5, loss / count, model.classes, labels, predicted, confidence
    )
