"""What is fuzzed: functions of bytes that read them as files are read, and take only proper complaints.

The first byte of an input says which reader it is for; the rest is the file.
"""

from __future__ import annotations

import contextlib
import io
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import npmobilenet as nm
from npmobilenet.datasets.idx import IMAGES, read
from npmobilenet.datasets.paddle_lists import ListImages
from npmobilenet.images.decode import open_image, probe
from npmobilenet.images.preprocessing import Preprocessing, prepare
from npmobilenet.models.table_file import read_file
from npmobilenet.names import read_class_names
from npmobilenet.training.config import Config
from npmobilenet.training.documents import read_document
from npmobilenet.vectors.document import read_manifest

FOLDER = Path(
    tempfile.mkdtemp(prefix="fuzzed-", dir="/dev/shm" if os.path.isdir("/dev/shm") else None)
)
PROPER = (ValueError, OSError)  # what may be said of any file
SMALL = Preprocessing.imagenet(32)
Reader = Callable[[Path], object]
HEAVY = "x.pth"  # PyTorch takes a second to be there


def _foreign(family: str) -> Reader:
    # a network that is named spares the search for it, which is the same for every file
    return lambda path: nm.import_weights(path, family, model="v1", width=0.25, dialect=family)


def _table(path: Path) -> None:
    written = read_file(path)
    nm.plan(str(path))
    del written


def _image(channels: int) -> Reader:
    def read_image(path: Path) -> None:
        probe(path)
        prepare(open_image(path, channels), SMALL if channels == 3 else GREY)

    return read_image


GREY = Preprocessing(resolution=(32, 32), resize=None, channels=1, mean=(0.5,), std=(0.5,))
TARGETS: dict[str, tuple[tuple[str, Reader], ...]] = {
    "weights": (
        ("x.safetensors", nm.load),
        ("x.safetensors", _foreign("timm")),
        ("x.npz", _foreign("paddle")),
        ("x.h5", _foreign("keras")),
        ("x.pth", _foreign("torchvision")),
        ("x.tflite", lambda path: nm.import_weights(path, "tflite")),
        ("x.keras", _foreign("keras")),
    ),
    "tables": (
        ("x.toml", _table),
        ("x.toml", lambda path: Config.from_document(read_document(path))),
        ("x.txt", read_class_names),
        ("x.json", read_class_names),
        ("list.txt", ListImages),
        ("manifest.json", lambda path: read_manifest(path.parent)),
        ("x-idx3-ubyte", lambda path: read(path, IMAGES[1])),
    ),
    "images": (("x.png", _image(3)), ("x.png", _image(1))),
}


def one_input(target: str, content: bytes) -> bool:
    """Read it as a file; whether it was taken.  Anything raised but a proper complaint is a finding."""
    readers = TARGETS[target]
    if not content:
        return False
    name, reader = readers[content[0] % len(readers)]
    path = FOLDER / name
    path.write_bytes(content[1:])
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            reader(path)
    except PROPER as error:
        said = str(error)
        if not said or len(said) > 4000:
            raise AssertionError(f"{len(said):,} characters are said: {said[:200]!r}") from error
        return False
    return True
