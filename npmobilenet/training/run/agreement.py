"""Before the first step: do all ranks mean the same run?

Each has read its own files with its own packages.  What is not the same on all is named, with the rank.
"""

import platform
import zlib
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from ... import __version__
from ...datasets.arrays import ArrayImages
from ...datasets.dataset import Dataset
from ...kernels.keeping import fingerprint
from ...ops.checks import Array
from ...predicting.model import Model
from ...ranks.world import Ranks
from ..config import Config
from ..step import State
from .checkpoint import data_fingerprint
from .listing import Listing
from .resuming import FREE, flat


def require_agreement(
    ranks: Ranks,
    model: Model,
    training: Dataset,
    validation: Dataset | None,
    config: Config,
    targets: Array | None,
    seen: Listing,
) -> None:
    """ValueError, the same on all ranks, that names what differs, and on which rank."""
    if ranks.size == 1:
        return
    ranks.require_same(versions())
    settings = {k: v for k, v in flat(config.to_document()).items() if k not in FREE}
    settings["train.epochs"] = config.train.epochs
    settings["train.accumulate"] = config.train.accumulate
    ranks.require_same(settings)
    ranks.require_same({"the network": model.plan, "the preprocessing": model.preprocessing})
    ranks.require_same(_files("training", training, seen) | _files("validation", validation, seen))
    arrays = dict(model.params) if targets is None else {**model.params, "the teachers": targets}
    ranks.require_same({f"the checksum of {name}": crc(a) for name, a in arrays.items()})


def require_alike(ranks: Ranks, state: State) -> None:
    """ValueError where ranks that took the same steps have come to other weights: nothing sends them."""
    if ranks.size > 1:
        ranks.require_same({f"the checksum of {n}": crc(a) for n, a in state.params.items()})


def versions() -> dict[str, str]:
    """Of whatever decides a number."""
    found = {"npmobilenet": __version__, "Python": platform.python_version()}
    for name in ("numpy", "numba", "pillow"):
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return {f"the version of {name}": value for name, value in found.items()} | {
        "the checksum of the kernels": fingerprint()
    }


def crc(array: Array) -> int:
    """A checksum of an array's numbers."""
    return zlib.crc32(np.ascontiguousarray(array).tobytes())


def _files(part: str, dataset: Dataset | None, seen: Listing) -> dict[str, Any]:
    """What tells images apart: how many, their labels, their names, and what is in them."""
    if dataset is None:
        return {f"the number of {part} images": 0}
    facts: dict[str, Any] = {f"the number of {part} images": len(dataset)}
    inner = dataset
    while not isinstance(inner, ArrayImages) and hasattr(inner, "dataset"):
        inner = inner.dataset
    facts["the classes"] = tuple(dataset.classes)
    facts[f"the labels of the {part} images"] = data_fingerprint(dataset)["labels"]
    if isinstance(inner, ArrayImages):
        facts[f"the checksum of the {part} images"] = crc(inner.images)
        return facts
    for number, image in enumerate(one for where, one in seen.images if where == part):
        facts[f"image {number}"] = image.name
        facts[f"the size of {image.name}"] = image.size
        facts[f"the checksum of {image.name}"] = image.crc
    return facts
