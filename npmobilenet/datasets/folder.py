"""Images in files, decoded when they are asked for: a folder of them for each class."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..images.converting import require_channels
from ..images.decode import open_image
from ..names import canonical, require_same_classes
from ..ops.checks import path
from . import idx
from .dataset import in_a_line
from .file_tree import above, class_folders, contents, real, remarks


class ImageFiles:
    """Images in files, opened with `channels` (3: RGB, 1: grey) when they are asked for.

    `notes` says in lines what was passed over or deserves a word before the images are used; `place` is
    the folder or the list that has named them.
    """

    place = Path("images")

    def __init__(
        self,
        names: Sequence[str],
        labels: NDArray[np.int64],
        classes: Sequence[str],
        channels: int,
        notes: Sequence[str] = (),
    ) -> None:
        require_channels(type(self).__name__, channels)
        self.names, self.labels, self.classes = tuple(names), labels, tuple(classes)
        self.channels, self.notes = channels, tuple(notes)

    def __len__(self) -> int:
        return len(self.names)

    def __repr__(self) -> str:
        return in_a_line(self, f"the first {self.names[0]}")

    def image(self, index: int) -> Image.Image:
        """Image `index`, upright, in mode "RGB" or "L". Raises ValueError naming a damaged file."""
        return open_image(self.names[index], self.channels)

    def keep(self, indices: NDArray[np.int64], note: str) -> None:
        """Go on without the images that `indices` leave out, and say so in a note."""
        self.names = tuple(self.names[int(k)] for k in indices)
        self.labels, self.notes = self.labels[indices], (*self.notes, note)


class ImageFolder(ImageFiles):
    """One subfolder a class, the class's images anywhere below it: torchvision's layout and order.

    folder    whose subfolders are the classes.  They and their files are sorted by name; hidden ones
              (".name") are passed over
    channels  3 (RGB) or 1 (grey)
    classes   from the training part or a checkpoint: labels count in their order, and the subfolders
              must be exactly these
    some      True: at least one of these

    ValueError, one line with the folder's name, where there are no images or other classes.
    """

    def __init__(
        self,
        folder: str | Path,
        channels: int = 3,
        classes: Sequence[str] | None = None,
        *,
        some: bool = False,
    ) -> None:
        folder = path("ImageFolder: folder", folder, "folder")
        found = class_folders(folder)
        if not found:
            raise ValueError(
                f"{folder}: expected one subfolder of images for each class, "
                f"found {idx.listing(folder)}"
            )
        if classes is not None:
            require_same_classes(folder, tuple(found), classes, some=some)
        names = tuple(found) if classes is None else tuple(classes)
        apart = {real(folder), *above(folder), *map(real, found.values())}
        inside = {name: contents(place, apart) for name, place in found.items()}
        empty = [name for name, there in inside.items() if not there.images]
        if empty and not (some and len(empty) < len(found)):
            raise ValueError(
                f"{found[empty[0]]}: expected images (.jpg, .png, .webp and others), found "
                f"{idx.listing(found[empty[0]])}; {len(empty)} of {len(found)} classes are empty"
            )
        files = [
            inside[canonical(name)].images if canonical(name) in inside else () for name in names
        ]
        passed_over = {name: there.others for name, there in inside.items() if there.others}
        super().__init__(
            [file for there in files for file in there],
            np.repeat(np.arange(len(files), dtype=np.int64), [len(there) for there in files]),
            names,
            channels,
            tuple(remarks(folder, found, passed_over)),
        )
        self.folder = self.place = folder
