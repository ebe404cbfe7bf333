"""A model's compiled network, made when it is first asked for and kept with the model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Lock
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from ..ops.checks import Array

if TYPE_CHECKING:
    from ..weights.native import Model


class Ready:
    """What `Model` keeps its network in.  Copies and pickles of a model begin with an empty one."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._made: tuple[int, Callable[[Array], Array]] | None = None

    def logits(self, model: Model, engine: str = "compiled") -> Callable[[Array], Array]:
        """The function of `predictor` for a few images; compiled anew if the parameters have changed."""
        from .predictor import BATCH, predictor

        if engine != "compiled":
            return predictor(model, BATCH, engine)
        stamp = _checksum(model.params)
        with self._lock:
            if self._made is None or self._made[0] != stamp:
                self._made = stamp, predictor(model, BATCH)
            return self._made[1]

    def __reduce__(self) -> tuple[type[Ready], tuple[()]]:
        return Ready, ()


def _checksum(params: Mapping[str, Array]) -> int:
    """Of all bytes, so that one weight that is changed in place is not overlooked; about 1 ms a MB."""
    found = 0
    for value in params.values():
        found = crc32(np.ascontiguousarray(value).data, found)
    return found
