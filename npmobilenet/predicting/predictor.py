"""What a trained model says: of single images, and of a whole data set."""

from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from functools import partial

import numpy as np

from .. import ops
from ..datasets.dataset import Dataset
from ..datasets.loader import batches
from ..engine import compile
from ..images.augment import NONE, Augment
from ..models.network import infer
from ..ops.checks import Array
from ..ops.rungs import default_rung
from ..training.config import ENGINES
from ..weights.native import Model
from .metrics import Evaluation

BATCH = 8  # images at once where nobody says; the trunk runs image by image, so more gain nothing


class NotFinite(ValueError):
    """Logits of which some are NaN or infinite: nothing can be said by them."""


def predictor(model: Model, batch: int, engine: str = "compiled") -> Callable[[Array], Array]:
    """The function from prepared images x (N, H, W, C), N at most `batch`, to logits (N, classes).

    Every prediction and every evaluation of the project runs its network here.  engine: "compiled" is
    that of `npmobilenet.compile`, where Numba runs and the parameters are float32;
    "reference" is the plain executor.  The function raises NotFinite, a ValueError, where logits
    are.
    """
    _model(model)
    if not isinstance(engine, str) or engine not in ENGINES:
        raise ValueError(f"engine must be one of {', '.join(ENGINES)}, found {engine!r}")
    dtype = next(iter(model.params.values())).dtype
    run: Callable[[Array], Array] = partial(infer, model.plan, model.params)
    if engine == "compiled" and dtype == np.float32 and default_rung() != "numpy":
        run = compile(model.plan, model.params, batch)
    return partial(_finite, model.params, run)


def _model(model: Model) -> Model:
    if not isinstance(model, Model):
        raise TypeError(f"model must be a Model, found {type(model).__name__}")
    return model


def _finite(params: Mapping[str, Array], run: Callable[[Array], Array], x: Array) -> Array:
    """run(x), if all of it is finite; else NotFinite, which says how much of it is not, and why."""
    dtype = next(iter(params.values())).dtype
    with np.errstate(all="ignore"):  # NumPy's warnings on the way to it say less
        logits = run(x.astype(dtype, copy=False))
    wrong = logits.size - int(np.isfinite(logits).sum())
    if wrong:
        broken = [name for name, value in params.items() if not np.isfinite(value).all()]
        found = [f"{name} holds numbers that are not" for name in broken[:1]]
        if len(broken) > 1:
            found = [f"{len(broken)} arrays of the weights are not either, first {broken[0]}"]
        raise NotFinite("; ".join([f"{wrong} of {logits.size} logits are not finite", *found]))
    return logits


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
) -> Generator[tuple[Array, Array], None, None]:
    """Logits and labels of a data set, a batch at a time, in its own order."""
    drawn = batches(  # complains at once of arguments that cannot be
        dataset,
        batch_size=batch_size,
        preprocessing=_model(model).preprocessing,
        workers=workers,
        augmentation=augmentation,
    )
    logits = predictor(model, min(batch_size, max(len(dataset), 1)), engine)
    for batch in drawn:
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
    with closing(drawn):  # its threads end here, whatever `progress` raises
        for logits, labels in drawn:
            ranked = np.argsort(-logits, axis=1, kind="stable")
            correct5 += int((ranked[:, :5] == labels[:, None]).any(axis=1).sum())
            loss += ops.softmax_cross_entropy(logits, labels)[0] * len(labels)
            count += len(labels)
            parts.append((labels, ranked[:, 0], ops.softmax(logits).max(axis=1)))
            progress(count)
    if not parts:
        raise ValueError("evaluate: there are no images to score")
    labels, predicted, confidence = (np.concatenate(part) for part in zip(*parts, strict=True))
    correct = int((predicted == labels).sum())
    return Evaluation(
        count, correct, correct5, loss / count, model.classes, labels, predicted, confidence
    )
