"""Weights by whatever they are called: a run's folder, a file, a shipped model, an official name.

model = read_weights("keras/mobilenet_0.25_224")
nm.predict("flowers", "rose.jpg")               # reads them, and asks
"""

import os
from collections.abc import Sequence
from functools import lru_cache
from os import PathLike
from pathlib import Path
from typing import Any

from ..ops.checks import nearest, shown
from ..predicting.model import Model
from ..predicting.prediction import Prediction
from ..text import names_visible
from .families import FAMILIES
from .file_kinds import kind_of
from .hub import in_folder
from .importing import Imported, import_official, import_weights
from .native import load, remarks, weight_file, written_by
from .sealing import check_file
from .sources import SOURCES, source_named


def read_weights(
    weights: str | Path,
    family: str = "",
    class_names: Sequence[str] | None = None,
    *,
    dequantize: bool = False,
    sha256: str | None = None,
) -> Model:
    """The model in `find_weights`."""
    found = find_weights(weights, family, class_names, dequantize=dequantize, sha256=sha256)
    return found.model


def find_weights(
    weights: str | Path,
    family: str = "",
    class_names: Sequence[str] | None = None,
    *,
    dequantize: bool = False,
    sha256: str | None = None,
) -> Imported:
    """A model, and in sentences what its file leaves open, wherever weights are asked for.

    weights  a run's folder, one of our weight files or a shipped model's name; with `family` a file
             that framework wrote, whose classes may be given names; or the name of an official one,
             "keras/mobilenet_0.25_224", which is fetched if it is not here yet
    dequantize: a framework's file of integers as floats, to go on training.
    sha256: of the whole file, where it was published: compared before anything of it is parsed; official
    weights are held to their own.

    ValueError where there is no such thing; OSError where it cannot be fetched.
    """
    weights = str(weights)
    if family and family not in FAMILIES:
        raise ValueError(
            f"model.family must be one of {', '.join(FAMILIES)}, found {shown(family)}; "
            f"did you mean {nearest(family, FAMILIES)}?"
        )
    check_weights(weights, sha256)
    known = SOURCES[weights].family if weights in SOURCES else written_by(weights)
    if known and (class_names or family not in ("", known)):
        raise ValueError(
            f"{weights}: known to be of {known}, with the names of its classes; leave out --from "
            "(model.family) and --class-names"
        )
    if weights in SOURCES:
        return import_official(weights, sha256=sha256)
    if family:
        return import_weights(
            weights, family, class_names=class_names, dequantize=dequantize, sha256=sha256
        )
    hub = in_folder(Path(weights))
    path = hub or weight_file(weights)
    foreign = known == "" or hub or path.suffix not in ("", ".safetensors")
    if foreign and known != "npmobilenet" and path.is_file():
        raise ValueError(
            f"{weights}: not written by npmobilenet; say whose file it is, --from (model.family) one "
            f"of {', '.join(FAMILIES)}: this is {kind_of(path)}"
        )
    if weights.partition("/")[0] in FAMILIES and not Path(weights).exists():
        source_named(weights)  # none is called so: the message has the nearest names
    return Imported(load(weights), remarks(weights))


def check_weights(weights: str, sha256: str | None) -> None:
    """ValueError unless the file that `find_weights` would read has this SHA-256; None: any.

    Official weights are held to their own when they are fetched.
    """
    if sha256 is not None and weights not in SOURCES:
        check_file(in_folder(Path(weights)) or weight_file(weights), sha256)


@names_visible
def predict(
    model: Model | str | PathLike[str], images: Any, top: int = 5
) -> Prediction | list[Prediction]:
    """Name what is in an image: a `Prediction`; for a list, a tuple or an array (N, H, W, C) a list.

    model   a model, or what `load` takes: a run's folder, a file, the name of a shipped model; or an
            official name.  The network is compiled once, for a name or a file too
    images  each a path; a Pillow image; or an array, (H, W, 3) RGB, (H, W, 4) RGBA, (H, W) or
            (H, W, 1) grey: uint8, uint16 with 65535 white, or real numbers from 0 to 1.  Frames of
            OpenCV are BGR: give frame[:, :, ::-1]
    top     how many classes `Prediction.top` has, at most; more than there are: all

    May be called from several threads.  ValueError, one line, for what is no image; of several, the
    line begins with "images[3]: ".
    """
    return (model if isinstance(model, Model) else _read(model))(images, top)


def _read(weights: str | PathLike[str]) -> Model:
    """A model by its name or file, read anew only if the file is another than last time."""
    if not isinstance(weights, str | PathLike):
        raise ValueError(
            f"predict: model must be a Model, a name or a file, found {type(weights).__name__}"
        )
    weights = os.fspath(weights)
    file = weight_file(weights)
    if not file.is_file():
        return _kept(weights, ())
    about = file.stat()
    return _kept(weights, (about.st_ino, about.st_mtime_ns, about.st_size))


@lru_cache(maxsize=2)
def _kept(weights: str, stamp: tuple[int, ...]) -> Model:
    return read_weights(weights)
