"""Foreign weights in: a file of another framework becomes a Model, whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..data import imagenet_classes
from ..images.preprocessing import Preprocessing
from ..limits import at_most
from ..models.dialects import dialect_named
from ..models.network_plan import Plan, plan
from ..names import (
    read_class_names as read_class_names,
)  # its place before it had a file of its own
from ..ops.checks import Array, flag, shown
from ..predicting.model import Model
from ..text import names_visible
from .description import NOTHING, AnotherNetwork, Description, Known, Settled
from .detect import Asked, Attempt, detect, laid
from .download import Progress
from .families import family_named
from .family import Contents, Family
from .findings import about_description, about_integers, about_network, contradictions
from .hub import beside, foreign_file, in_folder
from .mismatch import WeightsMismatch, mismatch
from .native import distinct, file_path
from .plausible import implausible
from .preprocessing import known, prepared, recipe_of
from .running import require_room
from .sealing import check_file, digest_of
from .tflite_integers import taken
from .two_classes import of_two_classes

_MOST_TENSORS = 5000  # a MobileNet has a tenth; beside it may lie others


@dataclass(frozen=True)
class Imported:
    """A model of another framework's file, and what is known of it.

    model      the `Model`
    notes      sentences on what was detected and assumed; one that begins with "warning: " is about
               something assumed that may be wrong
    described  what the file says of itself
    """

    model: Model
    notes: tuple[str, ...]
    described: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """What came in, as a plain dict."""
        network = self.model.plan
        return {
            "model": network.model,
            "width": network.width,
            "resolution": list(network.resolution),
            "classes": network.classes,
            "channels": network.channels,
            "dialect": network.dialect.name,
            "activation": network.dialect.activation,
            "bn_eps": network.dialect.bn_eps,
            "padding": network.dialect.padding,
            "integers": self.model.quantized.dtype if self.model.quantized else None,
            "preprocessing": self.model.preprocessing.to_json(),
            "described": dict(self.described),
            "notes": list(self.notes),
        }


@names_visible
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
    mean: float | Sequence[float] | None = None,
    std: float | Sequence[float] | None = None,
    interpolation: str | None = None,
    crop: float | None = None,
    resize: int | str | None = None,
    entry: str | None = None,
    dequantize: bool = False,
    sha256: str | None = None,
    largest: int | None = None,
) -> Imported:
    """Read a weight file of another framework, and find out which network it is.

    path                 of the file
    family               who wrote it: one of npmobilenet.weights.FAMILIES, "keras", "torchvision",
                         "timm", "paddle", ...
    model, width, dialect, activation, resolution
                         of the network; None: detected from the tensors.  What they cannot tell
                         (dialect, activation, resolution in pixels) is as the file itself says, or
                         else the family's custom.  What is given wins, and the notes say where the
                         file has it otherwise
    divisor              what V2's and V3's channels were rounded to a multiple of
    classes              how many the caller expects; checked
    class_names          of the classes, in order; None: ImageNet's where they are 1000, else numbers
    preprocessing        a `Preprocessing`, or in its place parts of it:
    mean, std            one number or one a channel, in units of the range 0..1; pixels that were only
                         divided by 255: mean=0, std=1
    interpolation        Pillow's name of a filter
    crop                 the share of the shorter side that the central crop keeps
    resize               in place of crop: the shorter side in pixels before it, or "stretch"
    entry                which of several sets of weights in a file of PyTorch, "state_dict" or
                         "state_dict_ema"; None: the average over training where there is one, and says so
    dequantize           of a file of integers (TFLite): True: as floats, to go on training; else it stays
                         a network of integers, `model.quantized`
    sha256               of the whole file, where it was published, 64 hexadecimal digits: compared before
                         anything of the file is parsed
    largest              bytes that the file, and what it unpacks to, may have; None:
                         `npmobilenet.limits.largest()`, 1 GB unless NPMOBILENET_LARGEST says more

    Returns an `Imported`: the model, and notes on what was assumed.  WeightsMismatch, a ValueError with
    the mapped difference, where names or shapes do not fit; ValueError, one line with the file's name,
    for a file that cannot be read or describes what no plan computes.
    """
    for name, value, kind, what in (
        ("preprocessing", preprocessing, Preprocessing, "a Preprocessing"),
        ("entry", entry, str, "a name"),
        ("class_names", class_names, list | tuple, "a list of names"),
    ):
        if value is not None and not isinstance(value, kind):
            raise TypeError(f"{name} must be {what}, found {shown(value)}")
    dequantize = flag("import_weights", "dequantize", dequantize)
    given = known(mean, std, interpolation, crop, resize)
    if preprocessing and given.stated():
        raise ValueError(f"preprocessing is given, and so is {', '.join(given.stated())}")
    if preprocessing:
        given = Known(mean=preprocessing.mean, std=preprocessing.std)
    path, source = file_path(path), family_named(family)
    with at_most(largest):
        check_file(in_folder(path) or path, sha256)
        path = foreign_file(path)
        contents = _read(path, source, entry)
    asked = Asked(
        model=model,
        width=width,
        dialect=dialect_named(dialect) if dialect else None,
        divisor=divisor,
        resolution=preprocessing.resolution if preprocessing and resolution is None else resolution,
    )
    description = contents.description
    if source.name == "timm" and (config := beside(path)) is not NOTHING:
        description = config
    attempt, settled = _settled(path, source, contents.tensors, asked, description)
    with at_most(largest):
        require_room(path, settled.plan)
    params = _params(path, source, contents.tensors, attempt)
    if settled.sigmoid:
        settled, params = of_two_classes(settled, params)
    if classes is not None and classes != settled.plan.classes:
        raise ValueError(f"{path}: has {settled.plan.classes} classes, {classes} were expected")
    names = distinct(class_names or settled.class_names or _usual_names(settled.plan.classes))
    network = settled.plan
    if activation:
        network = plan(
            **{**network.asked, "dialect": replace(network.dialect, activation=activation)}
        )
    made = preprocessing or _prepared(path, network, settled, given)
    quantized = None
    if contents.integers is not None and not dequantize:
        quantized, params = taken(path, contents.integers, network, sigmoid=settled.sigmoid)
        network = quantized.plan
    origin = {"family": source.name, "file": path.name, "sha256": digest_of(path)}
    notes_of = {"imported from": origin}
    found = Model(network, params, names, made, notes=notes_of, quantized=quantized)
    decided = bool(description.dialect and settled.facts)
    notes = about_network(source, network, asked, len(attempt.pairing.pairs), made, decided)
    said = [
        *(implausible(settled.plan, params) if quantized is None else ()),
        *about_integers(quantized),
        *about_description(settled, description),
        *contradictions(settled, description, asked, given, activation),
    ]
    if settled.unreadable:  # and yet here: mean and std were given
        said.append(f"warning: {settled.unreadable}; only the scaling that is given is done")
    if source.scaling and given.over(settled.images).mean is None:
        said.append(f"warning: {source.scaling}")
    return Imported(found, (*notes, *contents.notes, *attempt.pairing.notes, *said), settled.facts)


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


def _settled(
    path: Path, source: Family, tensors: Mapping[str, Array], asked: Asked, description: Description
) -> tuple[Attempt, Settled]:
    """The plan that fits the arrays, and what the file's own description makes of it."""
    wished = asked
    if asked.resolution is None:
        wished = replace(asked, resolution=description.resolution)
    whole = _described(source, tensors, wished, description.plan)
    attempt = whole or detect(source, tensors, wished)
    if description.dialect and not asked.dialect and not whole:
        hinted = replace(wished, dialect=dialect_named(description.dialect))
        if not (with_hint := detect(source, tensors, hinted)).problems:
            attempt = with_hint
    if attempt.problems:
        raise WeightsMismatch(mismatch(path, source, tensors, asked, attempt))
    if not description.settle:
        return attempt, Settled(plan=attempt.plan)
    try:
        return attempt, description.settle(attempt.plan, attempt.pairing.pairs)
    except AnotherNetwork as error:
        attempt, settled = _settled(path, source, tensors, asked, NOTHING)
        return attempt, replace(settled, notes=(f"warning: {error}",))
    except ValueError as error:
        other = description.resolution not in (None, asked.resolution) and asked.resolution
        size = " x ".join(map(str, description.resolution or ()))
        hint = f"; the file says {size}" if other else ""
        raise ValueError(f"{path}: {error}{hint}") from None


def _described(
    source: Family, tensors: Mapping[str, Array], asked: Asked, network: Plan | None
) -> Attempt | None:
    """The network that the file says it holds, if nobody asks for another and its arrays fit."""
    if network is None or asked.stated():
        return None
    attempt = laid(source, tensors, Attempt(network, source.paired(network, tensors)))
    return None if attempt.problems else attempt


def _prepared(path: Path, network: Plan, settled: Settled, given: Known) -> Preprocessing:
    """The family's usual preprocessing, but for what the file says and the caller gives."""
    if settled.unreadable and not (given.mean and given.std):
        raise ValueError(
            f"{path}: {settled.unreadable}; say how pixels are scaled: --mean and --std"
        )
    images = given.over(settled.images)
    try:
        usual = recipe_of(network.dialect.name, network.family.version)
        return prepared(usual, images, network.resolution, network.channels)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def import_official(
    name: str, progress: Progress | None = None, *, sha256: str | None = None
) -> Imported:
    """The official weights of that name (`weights list`), fetched if they are not here yet.

    progress is called with the bytes that are here and all of them, or None.  sha256: of the whole file,
    where none is known here.  ValueError for an unknown name; DownloadError, an OSError, where they
    cannot be fetched.
    """
    from .sources import forget, get, place_of, source_named

    source = source_named(name)
    new = not place_of(source).is_file()
    path = get(name, progress=progress, sha256=sha256)
    try:
        return import_weights(
            path,
            source.family,
            model=source.model,
            width=source.width,
            dialect=source.dialect,
            resolution=(source.resolution, source.resolution),
            classes=source.classes,
            preprocessing=source.preprocessing,
        )
    except ValueError:
        if new and source.sha256 is None and sha256 is None:
            forget(path)  # whatever came, it was not that; the next attempt fetches it again
        raise


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
                f"{path}: {theirs} must hold finite floating-point numbers, found {_what(value)}"
            )
        if ours.endswith(".variance") and value.size and value.min() < 0:
            raise ValueError(
                f"{path}: {theirs}, variances, must not be below 0, found {value.min()}"
            )
        params[ours] = np.ascontiguousarray(value, np.float64 if wide else np.float32)
    return params


def _what(value: Array) -> str:
    return str(value.dtype) if value.dtype.kind != "f" else "infinity or NaN"
