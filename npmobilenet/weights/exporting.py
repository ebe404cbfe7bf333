"""Weights out: the arrays under another family's names, in its layout and its file format."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from ..models.dialect import differing_switches
from ..models.params import check_params
from ..models.plan import Plan, plan
from ..ops.checks import Array
from .families import family_named
from .family import Family
from .native import file_path

# switches that change neither a shape nor what `infer` computes
_IDLE = ("classes", "resolution", "bn_momentum", "dropout")


def export_weights(
    network: Plan, params: Mapping[str, Array], path: str | Path, family: str
) -> tuple[str, ...]:
    """Write a network's arrays as `family`, one of FAMILIES, keeps them; the ending picks the format.

    Returns sentences on what the family does differently with the same numbers (padding, eps, ...):
    there its outputs differ from ours, unless the reader is told.  ValueError where the family has
    no such network.
    """
    target, path = family_named(family), file_path(path)
    check_params(network, params)
    theirs = _nearest_plan(network, target)
    target.write(path, target.outgoing(network, params))
    ours, settled = network.dialect, theirs.dialect
    return tuple(
        f"{switch} is {getattr(ours, switch)} here, {getattr(settled, switch)} in {target.title}"
        for switch in differing_switches(network.model[:2], (ours, settled))
        if switch not in _IDLE
    )


def _nearest_plan(network: Plan, target: Family) -> Plan:
    """The family's own plan of equal shapes; ValueError where it has none."""
    wanted = network.arrays
    for dialect in target.dialects:
        if network.model[:2] in dialect.versions:
            dialect = replace(dialect, conv_bias=network.dialect.conv_bias)
            made = plan(**{**network.asked, "dialect": dialect})
            if made.arrays == wanted:
                return made
    raise ValueError(
        f"{target.title} has no {network.model} of these shapes (width {network.width:g}, dialect "
        f"{network.dialect.name}); a network made in its own dialect can be exported"
    )
