"""A folder with somebody else's results: which tensors of a manifest lie in it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..ops.checks import Array
from .files import read_hex, read_npy

READERS = {".npy": read_npy, ".hex": read_hex}


class Folder:
    """The tensors that a folder has; each is read when it is asked for, and checked then.

    A file is called LAYER/TENSOR.npy or .hex, or LAYER.TENSOR.npy or .hex where no folders can be made.
    """

    def __init__(self, path: Path, layers: list[dict[str, Any]]) -> None:
        self.path = path
        self._about = {(e["name"], key): t for e in layers for key, t in e["tensors"].items()}

    def has(self, layer: str, tensor: str) -> bool:
        """Whether there is a file of it."""
        return (layer, tensor) in self._about and bool(self._files(layer, tensor))

    def _files(self, layer: str, tensor: str) -> list[Path]:
        names = self._about[layer, tensor]["file"], f"{layer}.{tensor}"
        places = (self.path / f"{name}{ending}" for name in names for ending in READERS)
        return [place for place in places if place.is_file()]

    def read(self, layer: str, tensor: str) -> Array:
        """Its numbers, shaped as the manifest says; ValueError for a file that has others."""
        about = self._about[layer, tensor]
        shape = tuple(about["shape"])
        files = self._files(layer, tensor)
        if not files:
            file = f"{about['file']}.npy or .hex"
            raise ValueError(f"{self.path}: {file} is missing")
        first, *others = (READERS[f.suffix](f, about["dtype"], shape) for f in files)
        if any(not np.array_equal(first, other) for other in others):
            raise ValueError(f"{files[0]}: has other numbers than {files[1]}; leave one of them")
        return first

    def layer(self, entry: Mapping[str, Any]) -> dict[str, Array]:
        """All tensors of a layer."""
        return {key: self.read(entry["name"], key) for key in entry["tensors"]}

    def known(self) -> int:
        """How many tensors of the manifest are here."""
        return sum(self.has(*key) for key in self._about)

    def others(self) -> list[str]:
        """Files of these kinds that the manifest does not name."""
        named = {about["file"] for about in self._about.values()}
        named |= {f"{layer}.{tensor}" for layer, tensor in self._about}
        found = (file for file in sorted(self.path.rglob("*")) if file.suffix in READERS)
        places = (file.relative_to(self.path) for file in found)
        return [str(place) for place in places if place.with_suffix("").as_posix() not in named]
