"""Dialects as TFLite files have them: batch normalisation is folded when such a file is made."""

from dataclasses import replace
from typing import Any

from ..models.dialect import Dialect
from ..models.dialects import DIALECTS, KERAS


def without_norm(dialect: Dialect) -> Dialect:
    """A dialect with batch normalisation folded, and the factors of gates and of dropout."""
    changed: Any = {"batch_norm": False, "conv_bias": True}
    changed |= {"gate_slope": 1 / 6, "dropout_mode": "inverted"}
    return replace(dialect, **changed)


_TWIN = ("tutorial-b", "tutorial-e")  # which are others by another name
# the most frequent first: of several that compute the same, the first is taken
OF_FILES = tuple(
    without_norm(dialect)
    for dialect in (
        KERAS,
        *(d for d in DIALECTS.values() if d is not KERAS and d.name not in _TWIN),
    )
)
