"""Foreign weights in: a file of another framework becomes a Model, whole or not at all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import file_digest
from pathlib import Path

import numpy as np

from ..data import imagenet_classes
from ..models.dialects import dialect_named
from ..models.plan import Plan
from ..names import read_class_names as read_class_names
from ..ops.checks import Array
from ..training.transforms import Preprocessing
from .detect import Asked, Attempt, detect
from .download import Progress
from .families import family_named
from .family import Contents, Family
from .mismatch import WeightsMismatch, mapped_diff
from .native import Model, file_path, told_apart
from .preprocessing import preprocessing_of

_MOST_TENSORS = 5000  # a MobileNet has a tenth; beside it may lie others


@dataclass(frozen=True)
class Imported:
    """A model, and in sentences what was read off its tensors and what no tensor can tell."""

    model: Model
    notes: tuple[str, ...]


def import_weights(
    path: str | Path,
    family: str,
    *,
    model: str | None = None,
    width: float | None = None,
    dialect: str | None = None,
    activation: str | None = None,
    divisor: int = 8,
    classes: int | None = None,
    resolution: tuple[int, int] | None = None,
    class_names: Sequence[str] | None = None,
    preprocessing: Preprocessing | None = None,
    entry: str | None = None,
) -> Imported:
    """Read a weight file of `family`, one of FAMILIES, and find out which network it is.

    What is None is detected from the tensors, or is the family's custom where they cannot tell
    (dialect, activation, resolution, preprocessing).  classes is what the caller expects, and is
    checked.  entry is which of several sets of weights in a file of PyTorch, "state_dict" or
    "state_dict_ema"; None takes the average over training where there is one, and says so.

    WeightsMismatch, a ValueError with the mapped diff, where names or shapes do not fit; ValueError,
    one line with the file's name, for a file that cannot be read.
    """
    path, source = file_path(path), family_named(family)
    contents = _read(path, source, entry)
    tensors = contents.tensors
    asked = Asked(
        model=model,
        width=width,
        dialect=dialect_named(dialect) if dialect else None,
        activation=activation,
        divisor=divisor,
        resolution=resolution,
    )
    attempt = detect(source, tensors, asked)
    if attempt.problems:
        raise WeightsMismatch(_mismatch(path, source, tensors, asked, attempt))
    network = attempt.plan
    if classes is not None and classes != network.classes:
        raise ValueError(f"{path}: has {network.classes} classes, {classes} were expected")
    params = _params(path, source, tensors, attempt)
    names = told_apart(class_names or _usual_names(network.classes))
    made = preprocessing or preprocessing_of(
        network.dialect.name, network.model[:2], network.resolution, network.channels
    )
    with path.open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()
    origin = {"family": source.name, "file": path.name, "sha256": digest}
    found = Model(network, params, names, made, notes={"imported from": origin})
    notes = _notes(source, network, asked, len(attempt.pairing.pairs), made)
    return Imported(found, (*notes, *contents.notes, *attempt.pairing.notes))


def _read(path: Path, source: Family, entry: str | None) -> Contents:
    if source.entries:
        contents = source.read(path, entry)
    elif entry is not None:
        raise ValueError(f"{path}: files of {source.title} hold one set of weights, no {entry!r}")
    else:
        contents = source.read(path)
    if len(contents.tensors) > _MOST_TENSORS:
        raise ValueError(f"{path}: holds {len(contents.tensors)} tensors, more than any MobileNet")
    for name in contents.tensors:
        if not name.isprintable():  # it will be printed
            raise ValueError(f"{path}: {name!r:.80} is no name for a tensor")
    return contents


def import_official(name: str, progress: Progress | None = None) -> Imported:
    """The official weights of that name (`weights list`), fetched if they are not here yet.

    progress is called with the bytes that are here and all of them, or None.  ValueError for an unknown
    name; DownloadError, an OSError, where they cannot be fetched.
    """
    from .sources import get, source_named

    source = source_named(name)
    return import_weights(
        get(name, progress=progress),
        source.family,
        model=source.model,
        width=source.width,
        dialect=source.dialect,
        resolution=(source.resolution, source.resolution),
        classes=source.classes,
        preprocessing=source.preprocessing,
    )


def _usual_names(count: int) -> tuple[str, ...]:
    """ImageNet's names where the number of classes is ImageNet's, else numbers."""
    if count in (1000, 1001):
        return imagenet_classes(background=count == 1001)
    return tuple(f"class {k}" for k in range(count))


def _params(
    path: Path, source: Family, tensors: Mapping[str, Array], attempt: Attempt
) -> dict[str, Array]:
    """The arrays in our names and layout: float64 if all are, else float32."""
    used = attempt.pairing.pairs.values()
    wide = all(tensors[name].dtype == np.float64 for name in used)
    params = {}
    for ours in attempt.plan.arrays:
        theirs = attempt.pairing.pairs[ours]
        value = source.incoming(attempt.plan, ours, tensors[theirs])
        if value.dtype.kind != "f" or not np.isfinite(value).all():
            raise ValueError(
                f"{path}: {theirs} must hold finite floating-point numbers, found {_told(value)}"
            )
        params[ours] = np.ascontiguousarray(value, np.float64 if wide else np.float32)
    return params


def _told(value: Array) -> str:
    return str(value.dtype) if value.dtype.kind != "f" else "infinity or NaN"


def _notes(
    source: Family, network: Plan, asked: Asked, tensors: int, made: Preprocessing
) -> tuple[str, ...]:
    height, width = network.resolution
    top = f"{network.classes} classes" if network.include_top else "no classifier"
    told = [f"{name} as given" for name in asked.stated()]
    notes = [
        f"{tensors} tensors of {source.title}: {network.model}, width {network.width:g}, {top}, "
        f"{network.channels} channels, dialect {network.dialect.name}"
        + (", convolutions with bias" if network.dialect.conv_bias else "")
        + (f" ({', '.join(told)})" if told else ""),
        f"images: {height} x {width}, "
        + (f"shorter side {made.resize}, centre crop, " if made.resize else "resized straight, ")
        + f"{made.interpolation}, mean {made.mean}, std {made.std}",
    ]
    if source.undecided and not asked.dialect:
        notes.append(f"tensors cannot tell {source.undecided}")
    return tuple(notes)


def _mismatch(
    path: Path, source: Family, tensors: Mapping[str, Array], asked: Asked, attempt: Attempt
) -> str:
    """The first line says what does not fit, the diff which arrays, the last line what to try."""
    network, pairing = attempt.plan, attempt.pairing
    hint = "try another --from, --model, --width or --dialect, or rename the arrays"
    free = replace(asked, model=None, width=None, dialect=None)
    if asked.stated() and not (found := detect(source, tensors, free)).problems:
        fitting = found.plan
        hint = (
            f"try: the file fits {fitting.model}, width {fitting.width:g}, dialect "
            f"{fitting.dialect.name}; leave out --{', --'.join(asked.stated())}"
        )
    elif not pairing.pairs:
        first = ", ".join(list(tensors)[:3]) or "no arrays at all"
        return f"{path}: no array here is named as in {source.title}; the file begins with {first}"
    return (
        f"{path}: does not fit {network.model} width {network.width:g}, dialect "
        f"{network.dialect.name}, of {source.title}: {len(pairing.missing)} arrays missing, "
        f"{len(pairing.unexpected)} unexpected, {len(attempt.wrong)} of another shape; nothing was "
        f"loaded\n{mapped_diff(pairing, attempt.wrong, tensors)}\n"
        + "\n".join([*pairing.notes, hint])
    )
