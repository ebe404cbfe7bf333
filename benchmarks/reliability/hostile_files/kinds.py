"""What a hostile file is: how it is made, who reads it, and what it may do."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

GB = 10**9
MADE: list[Kind] = []
CANARY = "canary"  # a file that code in a hostile file would write, in the folder where it is read
OUTSIDE = "outside"  # a pipe: who opens it to read it waits for ever


@dataclass(frozen=True)
class Kind:
    """One of them.

    make    of a folder and what it is called, writes it; may return another path to be read
    reader  "keras", "torchvision", ... as `weights import --from`; or one of READERS
    inert   whether it may be taken: then it must do no harm
    """

    name: str
    reader: str
    ending: str
    make: Callable[[Path], Path | None]
    inert: bool = False

    def written(self, folder: Path) -> Path:
        """The file in a folder of its own."""
        folder.mkdir()
        os.mkfifo(folder / OUTSIDE)
        path = folder / f"x{self.ending}"
        return self.make(path) or path


def kind(
    name: str, reader: str, ending: str, *, inert: bool = False
) -> Callable[[Callable[[Path], Path | None]], Callable[[Path], Path | None]]:
    """Lists a function as the maker of a kind."""

    def listed(make: Callable[[Path], Path | None]) -> Callable[[Path], Path | None]:
        MADE.append(Kind(name, reader, ending, make, inert))
        return make

    return listed


def sparse(path: Path, size: int) -> None:
    """A file of that many zeros which takes no place."""
    path.touch()
    os.truncate(path, size)
