"""From an image to named classes, in one line.

    model = nm.load("flowers")
    model("rose.jpg").name                      # "roses"
    nm.predict("flowers", ["rose.jpg", frame])  # a list for a list

A model chooses among its own classes and cannot say "none of them": asked about a cat, one that knows
flowers names a flower.  What it can show is doubt; `Prediction.uncertain` says when to heed it.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from os import PathLike
from typing import Any, NamedTuple

import numpy as np

from ..images.inputs import listed, opened
from ..images.preprocessing import Preprocessing, prepare
from ..ops import softmax
from ..ops.checks import Array, positive
from ..shown import Shown
from ..text import displayed, printable
from .metrics import DOUBT
from .model import Model
from .predictor import BATCH

AHEAD = 2  # batches that are prepared while one is being named


class Named(NamedTuple):
    """A class and how probable the model holds it to be, 0..1."""

    name: str
    probability: float


@dataclass(frozen=True)
class Prediction(Shown):
    """What a model says of one image.

    top            the most probable classes, (name, probability) each, the most probable first
    probabilities  (classes,) all of them, in the order of the model's classes
    """

    top: tuple[Named, ...]
    probabilities: Array = field(compare=False, repr=False)

    @property
    def name(self) -> str:
        """The most probable class."""
        return self.top[0].name

    @property
    def probability(self) -> float:
        """How probable the model holds that class to be."""
        return self.top[0].probability

    @property
    def second(self) -> float:
        """How probable the class after that one is; 0 where there is only one."""
        ranked = np.sort(self.probabilities)
        return float(ranked[-2]) if len(ranked) > 1 else 0.0

    @property
    def uncertain(self) -> bool:
        """Whether the most probable class has less than DOUBT."""
        return self.probability < DOUBT

    def __repr__(self) -> str:
        shown = ", ".join(
            f"{displayed(name)} {probability:.2%}" for name, probability in self.top[:5]
        )
        more = ", ..." * (len(self.top) > 5)
        return f"Prediction({shown}{more}{'; uncertain' * self.uncertain})"

    def __str__(self) -> str:
        """A line; only a notebook draws the table."""
        return repr(self)

    def to_json(self) -> dict[str, Any]:
        """As `npmobilenet predict --json` has it."""
        return {
            "predictions": [{"class": c, "probability": p} for c, p in self.top],
            "uncertain": self.uncertain,
        }


def ask(model: Model, images: Any, top: int = 5) -> Prediction | list[Prediction]:
    """`npmobilenet.predict` of a model, which says what images may be."""
    many = listed(images)
    if many is None:
        (found,) = predictions(model, [images], top)
        return _good(found, "")
    return [_good(found, f"images[{k}]: ") for k, found in enumerate(predictions(model, many, top))]


def predictions(
    model: Model,
    images: Iterable[Any],
    top: int = 5,
    *,
    engine: str = "compiled",
    workers: int = 2,
) -> Iterator[Prediction | ValueError]:
    """What `predict` says of each image, in order; a ValueError in the place of one that is bad.

    Any number of images: files are decoded by `workers` threads, a few batches ahead, no more.
    """
    top = positive("predict", "top", top)
    if not model.plan.include_top:
        raise ValueError("predict: the network has no classifier, and so no classes")
    return _predictions(model, iter(images), top, model.ready.logits(model, engine), workers)


def _predictions(
    model: Model,
    images: Iterator[Any],
    top: int,
    logits: Callable[[Array], Array],
    workers: int,
) -> Iterator[Prediction | ValueError]:
    pool = ThreadPoolExecutor(workers, thread_name_prefix="npmobilenet-images")
    pending: deque[list[Future[Array | ValueError]]] = deque()
    try:
        while chunk := list(islice(images, BATCH)):
            pending.append([_begun(pool, image, model.preprocessing) for image in chunk])
            if len(pending) > AHEAD:
                yield from _named(model, top, logits, pending.popleft())
        while pending:
            yield from _named(model, top, logits, pending.popleft())
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _begun(
    pool: ThreadPoolExecutor, image: Any, how: Preprocessing
) -> "Future[Array | ValueError]":
    """Files are opened by the pool; what the caller holds is looked at before he can change it."""
    if isinstance(image, str | PathLike):
        return pool.submit(_prepared, image, how)
    done: Future[Array | ValueError] = Future()
    done.set_result(_prepared(image, how))
    return done


def _prepared(image: Any, how: Preprocessing) -> Array | ValueError:
    try:
        return prepare(opened(image, how.channels), how)
    except (ValueError, OSError, MemoryError) as error:
        said = str(error) or "too large for the memory"
        name = printable(os.fsdecode(image)) if isinstance(image, str | PathLike) else ""
        return ValueError(said if name in said else f"{name}: {said}")


def _named(
    model: Model,
    top: int,
    logits: Callable[[Array], Array],
    begun: list["Future[Array | ValueError]"],
) -> Iterator[Prediction | ValueError]:
    """One batch: the network runs once, on those that could be read."""
    prepared = [future.result() for future in begun]
    good = [x for x in prepared if not isinstance(x, ValueError)]
    rows = iter(_probabilities(logits(np.stack(good))) if good else ())
    for one in prepared:
        yield one if isinstance(one, ValueError) else _ranked(model.classes, next(rows), top)


def _probabilities(logits: Array) -> Array:
    p = softmax(logits)
    p.setflags(write=False)  # predictions are records
    return p


def _ranked(classes: tuple[str, ...], p: Array, top: int) -> Prediction:
    order = np.argsort(-p, kind="stable")[:top]
    return Prediction(tuple(Named(classes[k], float(p[k])) for k in order), p)


def _good(found: Prediction | ValueError, where: str) -> Prediction:
    if isinstance(found, ValueError):
        raise ValueError(f"{where}{found}") from found
    return found
