"""Weights out: the arrays under another family's names, in its layout and its file format."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..models.capabilities import require
from ..models.dialect import Dialect, differing_switches
from ..models.execute import WINDOWED
from ..models.layers import BatchNorm, Dropout, Layer
from ..models.network_plan import Plan, plan
from ..models.params import check_params
from ..ops.checks import Array, flag
from ..text import names_visible
from .families import family_named
from .family import Family
from .layout import WEIGHTS
from .native import file_path


@names_visible
def export_weights(
    network: Plan,
    params: Mapping[str, Array],
    path: str | Path,
    family: str,
    *,
    force: bool = False,
) -> tuple[str, ...]:
    """Write a network's arrays as another framework keeps them.

    network  its `Plan`
    params   name -> array, shaped as the plan's arrays
    path     of the file; the ending picks the format
    family   for whom, one of npmobilenet.weights.FAMILIES: "keras", "torchvision", "timm", "paddle", ...
    force    True: write too where the framework would compute something else with the same numbers

    Returns sentences on what differs, () where nothing does.  ValueError, and nothing written, where the
    family has no network of these shapes, or, without force, computes something else with the same
    numbers (padding, eps, ...), so that its outputs would not be ours.
    """
    target, path = family_named(family), file_path(path)
    force = flag("export_weights", "force", force)
    check_params(network, params)
    if target.whole is not None:
        target.whole(network, params, path)
        return ()
    assert target.write is not None  # one of the two is there
    require(WEIGHTS, network)
    theirs, differences = _nearest_plan(network, target)
    if differences and not force:
        raise ValueError(
            f"{path}: {target.title} would compute something else with these numbers: "
            f"{'; '.join(differences)}. Train for it with --dialect {theirs.dialect.name}, or write the "
            "file all the same with --force (force=True)"
        )
    target.write(path, target.outgoing(network, params))
    return differences


def edition(network: Plan, family: str) -> str:
    """The dialect of a family's network that takes this one's arrays; ValueError where there is none."""
    return _nearest_plan(network, family_named(family))[0].dialect.name


def _nearest_plan(network: Plan, target: Family) -> tuple[Plan, tuple[str, ...]]:
    """The family's own plan of equal shapes, and what it computes otherwise, of several the one
    that differs least; ValueError where there is none."""
    wanted, found = network.arrays, []
    hint = "it has none at all"
    for dialect in target.dialects:
        if network.family.version not in dialect.versions:
            continue
        dialect = replace(dialect, conv_bias=network.dialect.conv_bias)
        made = plan(**{**network.asked, "dialect": dialect})
        try:
            target.layers(made)
        except ValueError:  # a model that the family has no names for
            continue
        hint = "a network made in its own dialect can be exported"
        if made.arrays == wanted:
            found.append((made, tuple(_differences(network, made, target.title))))
    if found:
        own = network.dialect.name
        return min(found, key=lambda pair: (len(pair[1]), pair[0].dialect.name != own))
    raise ValueError(
        f"{target.title} has no {network.model} of these shapes (width {network.width:g}, dialect "
        f"{network.dialect.name}); {hint}"
    )


def _differences(network: Plan, theirs: Plan, title: str) -> Iterator[str]:
    """A sentence for every switch that makes one of the layers compute something else."""
    if computed(network) == computed(theirs):
        return
    pair = network.dialect, theirs.dialect
    for switch in differing_switches(network.family.version, pair):
        if _matters(switch, network, theirs):
            ours, settled = (_value(switch, dialect) for dialect in pair)
            yield f"{switch} is {ours} here, {settled} in {title}"


def _matters(switch: str, network: Plan, theirs: Plan) -> bool:
    """Whether a switch of one of the two, set as in the other, changes what a layer computes."""
    for one, other in ((network, theirs), (theirs, network)):
        value = getattr(other.dialect, switch)
        changed = plan(**{**one.asked, "dialect": replace(one.dialect, **{switch: value})})
        if computed(changed) != computed(one):
            return True
    return False


def _value(switch: str, dialect: Dialect) -> Any:
    value = getattr(dialect, switch)
    return f"{value:.4g}" if isinstance(value, float) else value


def computed(network: Plan) -> list[Any]:
    """What the layers of a plan compute in evaluation, in a form that compares: paddings as the
    zeros on each side, without dropout and momentum."""
    through: dict[str, str] = {}  # a layer without effect -> the one before it
    found = []
    for layer in network.layers:
        inputs = tuple(through.get(name, name) for name in layer.inputs)
        if isinstance(layer, Dropout):
            through[layer.name] = inputs[0]
        else:
            found.append(replace(_plain(layer), inputs=inputs))
    return found


def _plain(layer: Layer) -> Layer:
    if isinstance(layer, BatchNorm):
        return replace(layer, momentum=0.0)
    if isinstance(layer, WINDOWED):
        return replace(layer, padding=layer.window.sides)
    return layer
