"""What timm says of its weights: in the config.json beside them, or by an architecture's name."""

import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from ..models.network_plan import Plan
from ..ops.checks import shown
from ..text import displayed, of_json, read_text
from .description import NOTHING, STRETCH, AnotherNetwork, Description, Known, Settled
from .native import written_by
from .preprocessing import known

_FILES = ("model.safetensors", "pytorch_model.bin")  # a model's folder on the hub
_LARGEST = 2**22  # bytes of a config.json
# timm's names begin so -> dialect; the first that fits
_DIALECTS = {
    "tf_mobilenetv3": "timm-tf",
    "mobilenetv3_rw": "timm-rw",
    "mobilenetv1_100h": "timm-h",
    "mobilenet": "timm",
}
_MODELS = {
    r"(tf_)?mobilenetv1_": "v1",
    r"mobilenetv2_": "v2",
    r"tf_mobilenetv3_large_minimal": "v3-large-minimalistic",
    r"tf_mobilenetv3_small_minimal": "v3-small-minimalistic",
    r"(tf_)?mobilenetv3_(large|rw)": "v3-large",
    r"(tf_)?mobilenetv3_small": "v3-small",
}


def foreign_file(path: Path) -> Path:
    """The weights in a folder of the hub; a file stays as it is.

    ValueError for weights of our own, which need no import.
    """
    if path.is_dir():
        if (path / "best.safetensors").is_file() or (path / "last.safetensors").is_file():
            raise ValueError(_own(path, "a run"))
        return in_folder(path) or path
    elif written_by(path) == "npmobilenet":
        raise ValueError(_own(path, "a file"))
    return path


def in_folder(path: Path) -> Path | None:
    """The weights in a folder as the hub keeps a model, None for anything else."""
    there = [path / name for name in _FILES if (path / name).is_file()]
    return there[0] if there and (path / "config.json").is_file() else None


def _own(path: Path, what: str) -> str:
    return (
        f"{path}: {what} of npmobilenet's own already, nothing to import; "
        f"use it as it is: npmobilenet predict IMAGE --weights {path}"
    )


def beside(path: Path) -> Description:
    """What the config.json next to a file says, if it is one of timm's; else nothing.

    ValueError, one line with its name, where it is timm's and damaged.
    """
    config = path.parent / "config.json"
    if not config.is_file() or config.stat().st_size > _LARGEST:
        return NOTHING
    try:
        document = of_json(read_text(config))
    except (ValueError, RecursionError):  # somebody's, not timm's
        return NOTHING
    if not isinstance(document, Mapping) or not isinstance(document.get("architecture"), str):
        return NOTHING
    name = document["architecture"]
    facts = document.get("pretrained_cfg") or {}
    try:
        if not isinstance(facts, Mapping):
            raise ValueError(f"pretrained_cfg must be an object, found {facts!r:.40}")
        images, size = _images(facts), _size(facts)
    except ValueError as error:
        raise ValueError(f"{config}: {error}") from None
    return Description(
        source="config.json",
        dialect=_dialect(name),
        resolution=size,
        settle=partial(_settle, config, document, facts, images),
    )


def of_architecture(content: Any) -> Description:
    """What the "arch" of a checkpoint of timm's training says; nothing for any other name."""
    name = content.get("arch") if isinstance(content, Mapping) else None
    if not isinstance(name, str) or not _model(name):
        return NOTHING
    source = "the checkpoint's arch"
    return Description(
        source=source,
        dialect=_dialect(name),
        settle=partial(_settle, source, {"architecture": name}, {}, Known()),
    )


def architecture_of(network: Plan, dialect: str) -> str:
    """timm's name of a network in one of its dialects; at odd widths timm has none of that name."""
    size = network.model.removeprefix(network.family.name).lstrip("-")
    if dialect == "timm-rw":
        return "mobilenetv3_rw"
    size = f"_{size.replace('-minimalistic', '_minimal')}" if size else ""
    edition = ("tf_" * (dialect == "timm-tf"), "h" * (dialect == "timm-h"))
    name = f"mobilenet{network.family.name}{size}_{round(100 * network.width):03d}"
    return f"{edition[0]}{name}{edition[1]}"


def _model(name: str) -> str | None:
    return next((x for start, x in _MODELS.items() if re.match(start, name)), None)


def _dialect(name: str) -> str | None:
    return next((x for start, x in _DIALECTS.items() if name.startswith(start)), None)


def _settle(
    config: Path | str,
    document: Mapping[str, Any],
    facts: Mapping[str, Any],
    images: Known,
    network: Plan,
    _: Mapping[str, str],
) -> Settled:
    """What it says; AnotherNetwork if it is not about this network."""
    name, classes = document["architecture"], document.get("num_classes")
    if _model(name) != network.model or (
        network.include_top and classes not in (None, network.classes)
    ):
        raise AnotherNetwork(
            f"{config} is about another network ({displayed(name)}, {shown(classes)} classes): not used"
        )
    stated = {"architecture": name, **images.stated(), "input_size": facts.get("input_size")}
    return Settled(
        plan=network,
        images=images,
        facts={
            k: list(v) if isinstance(v, tuple) else v for k, v in stated.items() if v is not None
        },
        class_names=_names(facts, document, network.classes),
    )


def _images(facts: Mapping[str, Any]) -> Known:
    """timm's words in ours."""
    crop, mode = facts.get("crop_pct"), facts.get("crop_mode") or "center"
    resize = None
    if mode == "squash" and crop in (None, 1):
        crop, resize = None, STRETCH
    elif mode != "center":
        raise ValueError(
            f"crop_mode {shown(mode)} with crop_pct {shown(crop)} is not possible here"
        )
    interpolation = facts.get("interpolation")
    return known(
        mean=facts.get("mean"),
        std=facts.get("std"),
        interpolation=None if interpolation == "random" else interpolation,
        crop=crop,
        resize=resize,
    )


def _size(facts: Mapping[str, Any]) -> tuple[int, int] | None:
    size = facts.get("input_size")
    if size is None:
        return None
    if (
        not isinstance(size, list)
        or len(size) != 3
        or not all(isinstance(x, int) and 0 < x < 2**15 for x in size)
    ):
        raise ValueError(f"input_size must be [channels, height, width], found {size!r:.40}")
    return size[1], size[2]


def _names(
    facts: Mapping[str, Any], document: Mapping[str, Any], classes: int
) -> tuple[str, ...] | None:
    """The classes' names, if there is one for each."""
    names = facts.get("label_names") or document.get("label_names")
    described = facts.get("label_descriptions") or document.get("label_descriptions")
    if not isinstance(names, list) or len(names) != classes:
        return None
    if isinstance(described, Mapping):
        names = [described.get(name, name) for name in names]
    return tuple(map(str, names))
