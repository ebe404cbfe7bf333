"""Batches: a dataset -> shuffled, augmented float32 arrays, the same ones however many threads help.

The order is a permutation drawn from (seed, epoch), the randomness of a sample comes from (seed,
epoch, index) alone. So no thread's speed can change a number, and step 8 of epoch 7 of a run that was
interrupted is that of a run that was not.
"""

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from npmobilenet.datasets.arrays import ArrayImages
from npmobilenet.datasets.dataset import Dataset, require_dataset
from npmobilenet.images.augment import NONE, Augment, augment, erase, varied
from npmobilenet.images.preprocessing import Preprocessing, normalize
from npmobilenet.ops import checks
from npmobilenet.text import printable

PREFETCH = 2  # batches in the making while the one before is being learnt from
ORDER, SAMPLE = 0, 1  # distinguish the streams of random numbers of one (seed, epoch)


@dataclass(frozen=True, eq=False)
class Batch:
    """Images of a batch, as a network takes them.

    x        (n, H, W, C) float32, contiguous
    labels   (n,) integers
    indices  (n,) of the samples in the data set
    """

    x: NDArray[np.float32]
    labels: NDArray[np.int64]
    indices: NDArray[np.int64]


@dataclass(frozen=True)
class Sampling:
    """All that decides the numbers of a sample, besides its index."""

    dataset: Dataset
    preprocessing: Preprocessing
    augmentation: Augment
    seed: int
    epoch: int

    def random(self, index: int) -> np.random.Generator:
        """The sample's own stream of random numbers."""
        return np.random.default_rng((self.seed, self.epoch, SAMPLE, index))

    def sample(self, index: int) -> NDArray[np.float32]:
        """(H, W, C). Raises ValueError that names the sample if it cannot be read."""
        try:
            image = self.dataset.image(index)
            if not isinstance(image, Image):
                raise TypeError(f"image must return a Pillow image, found {checks.shown(image)}")
            return augment(image, self.preprocessing, self.augmentation, self.random(index))
        except Exception as error:
            name = printable(self.dataset.names[index])
            said = str(error)
            if isinstance(error, ValueError) and said.startswith(name) and "\n" not in said:
                raise
            raise ValueError(f"{name}: {' '.join(said.split())}") from error


def count_batches(n: int, batch_size: int, drop_last: bool = False) -> int:
    """How many batches an epoch has.

    n           samples
    batch_size  samples of a batch
    drop_last   True: a shorter last one is not counted

    Returns an integer.
    """
    n = checks.integer("count_batches", "n", n, 0)
    size = checks.integer("count_batches", "batch_size", batch_size, 1)
    return n // size if checks.flag("count_batches", "drop_last", drop_last) else -(-n // size)


def batches(
    dataset: Dataset,
    *,
    batch_size: int,
    preprocessing: Preprocessing,
    seed: int = 0,
    epoch: int = 0,
    augmentation: Augment = NONE,
    shuffle: bool = False,
    workers: int = 0,
    drop_last: bool = False,
    first: int = 0,
    rows: Callable[[int, int], NDArray[np.int64]] | None = None,
) -> Generator[Batch, None, None]:
    """The batches of one epoch, in an order and with an augmentation that (seed, epoch) decide.

    dataset        n labelled images
    batch_size     images of a batch; the last may have fewer
    preprocessing  what is done to every image
    seed, epoch    integers: the same two give the same batches
    augmentation   how images are varied; the default varies nothing
    shuffle        True: in another order each epoch; False: in the data set's
    workers        threads that prepare samples, never more than a batch has; 0: the caller's own. The
                   batches are the same.
    drop_last      leave out a last batch of fewer than batch_size samples
    first          begin with this batch: those before it were learnt from already
    rows           of the number of a batch and its images: which of them to prepare, in which order;
                   None: all

    Yields `Batch`es.  The threads end with the iterator: when it is exhausted, closed (`.close()`) or
    raises.  ValueError at once for impossible arguments, later for a sample that cannot be read.
    """
    require_dataset("batches: dataset", dataset)
    checks.instance("batches", "preprocessing", preprocessing, Preprocessing)
    checks.instance("batches", "augmentation", augmentation, Augment)
    batch_size = checks.integer("batches", "batch_size", batch_size, 1)
    for name, value in (("workers", workers), ("epoch", epoch), ("first", first)):
        checks.integer("batches", name, value, 0)
    checks.integer("batches", "seed", seed, 0, most=None)
    shuffle = checks.flag("batches", "shuffle", shuffle)
    checks.function("batches", "rows", rows)
    order = np.arange(len(dataset))
    if shuffle:
        order = np.random.default_rng((seed, epoch, ORDER)).permutation(order)
    count = count_batches(len(dataset), batch_size, drop_last)
    chunks = (order[k * batch_size : (k + 1) * batch_size] for k in range(first, count))
    if rows is not None:
        chunks = (
            chunk[_chosen(rows(k, len(chunk)), len(chunk))] for k, chunk in enumerate(chunks, first)
        )
    sampling = Sampling(dataset, preprocessing, augmentation, seed, epoch)
    if isinstance(dataset, ArrayImages) and _only_normalized(dataset, sampling):
        made = (partial(_from_array, dataset, sampling, chunk) for chunk in chunks)
        return _ahead(made) if workers else (make() for make in made)
    if workers == 0:
        return (_one_by_one(sampling, chunk) for chunk in chunks)
    return _threaded(sampling, chunks, min(workers, batch_size))


def _chosen(rows: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """What `rows` has returned; ValueError where it does not choose among so many images."""
    if not checks.plain(rows) or rows.ndim != 1 or rows.dtype.kind not in "iu":
        raise ValueError(
            f"batches: rows must return a vector of integers, found {checks.shown(rows)}"
        )
    if len(rows) and not 0 <= rows.min() <= rows.max() < count:
        found = f"{rows.min()}..{rows.max()}"
        raise ValueError(f"batches: rows must return integers below {count}, found {found}")
    return rows


def _only_normalized(dataset: ArrayImages, sampling: Sampling) -> bool:
    """Whether no image is cropped, resized or converted, so that whole arrays can be worked on."""
    height, width, channels = dataset.images.shape[1:]
    wanted = sampling.preprocessing
    unchanged = wanted.keeps(height, width) and channels == wanted.channels
    return unchanged and not sampling.augmentation.crop and not sampling.augmentation.jitters


def _from_array(dataset: ArrayImages, sampling: Sampling, chunk: NDArray[np.int64]) -> Batch:
    """What `_one_by_one` gives, without a Pillow image for each: 28 x 28 pixels are not worth one."""
    pixels = dataset.images[chunk]
    if sampling.augmentation == NONE:
        return Batch(normalize(pixels, sampling.preprocessing), dataset.labels[chunk], chunk)
    boxes = []
    for k, index in enumerate(chunk):
        pixels[k], box = varied(
            pixels[k].copy(), sampling.augmentation, sampling.random(int(index))
        )
        boxes.append(box)
    x = normalize(pixels, sampling.preprocessing)
    for y, box in zip(x, boxes, strict=True):
        erase(y, box)
    return Batch(x, dataset.labels[chunk], chunk)


def _one_by_one(sampling: Sampling, chunk: NDArray[np.int64]) -> Batch:
    batch = _empty(sampling, chunk)
    _fill(batch, sampling, 0, 1, threading.Event())
    return batch


def _threaded(
    sampling: Sampling, chunks: Iterator[NDArray[np.int64]], workers: int
) -> Generator[Batch, None, None]:
    """Batches in order, each divided among the threads, at most PREFETCH of them ahead."""
    stop = threading.Event()
    pool = ThreadPoolExecutor(workers, thread_name_prefix="npmobilenet-loader")
    pending: deque[tuple[Batch, list[Future[None]]]] = deque()
    try:
        for chunk in chunks:
            batch = _empty(sampling, chunk)
            shares = [pool.submit(_fill, batch, sampling, k, workers, stop) for k in range(workers)]
            pending.append((batch, shares))
            if len(pending) > PREFETCH:
                yield _finished(*pending.popleft())
        while pending:
            yield _finished(*pending.popleft())
    finally:
        stop.set()
        pool.shutdown(wait=True, cancel_futures=True)


def _ahead(made: Iterator[Callable[[], Batch]]) -> Generator[Batch, None, None]:
    """Whole batches made by one thread, at most PREFETCH of them ahead."""
    pool = ThreadPoolExecutor(1, thread_name_prefix="npmobilenet-loader")
    pending: deque[Future[Batch]] = deque()
    try:
        for make in made:
            pending.append(pool.submit(make))
            if len(pending) > PREFETCH:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _empty(sampling: Sampling, chunk: NDArray[np.int64]) -> Batch:
    shape = (len(chunk), *sampling.preprocessing.resolution, sampling.preprocessing.channels)
    return Batch(np.empty(shape, np.float32), sampling.dataset.labels[chunk], chunk)


def _fill(batch: Batch, sampling: Sampling, first: int, step: int, stop: threading.Event) -> None:
    """Write samples first, first + step, ... into batch.x, until done or told to stop."""
    for k in range(first, len(batch.indices), step):
        if stop.is_set():
            return
        batch.x[k] = sampling.sample(int(batch.indices[k]))


def _finished(batch: Batch, shares: list[Future[None]]) -> Batch:
    for share in shares:
        share.result()  # raises here what was raised there
    return batch
