"""Which tensor of a state dict is which array of a plan, whatever stands around the network.

A network inside another module has that module's name before all of its own: model., backbone., 0.;
beside it may lie a teacher, an average or a loss with weights.  And who trains on other classes
gives the last layer a name of their own.
"""

from collections.abc import Iterator, Mapping
from itertools import islice

from ..models.network_plan import Plan, plan
from ..ops.checks import Array
from .family import Family, Pairing
from .torch_sets import is_average

_DENSE = ("head", "classifier")  # our layers that may have any name, in their order
_MOST_PREFIXES = 50  # that are tried
_TEACHERS = ("teacher", "target")

Tensors = Mapping[str, Array]


def pair(family: Family, network: Plan, tensors: Tensors) -> Pairing:
    """Partners by name behind the prefix that finds most; dense layers may have any name.

    What lies outside the prefix is passed over, and a note says so, unless it could be the top that
    the network lacks.
    """
    usual = family.names(network)
    spelt = list(islice(_spellings(usual, tensors), _MOST_PREFIXES))
    spelt.sort(key=lambda one: _rank(one[0], one[1], tensors))
    prefix, names = spelt[0] if spelt else ("", usual)
    others = [x for x, theirs in spelt if x != prefix and 2 * _found(theirs, tensors) > len(theirs)]
    within = tuple(x for x in others if x.startswith(prefix))  # a teacher that the network holds
    inside = {x for x in tensors if x.startswith(prefix) and not x.startswith(within)}
    outside = tensors.keys() - inside
    renamed, notes = _renamed(family, network, names, tensors, inside)
    if not renamed and not notes:
        renamed, notes = _renamed(family, network, names, tensors, outside)
    names |= renamed
    taken = set(names.values())
    left = [name for name in tensors if name in outside - taken]
    if not network.include_top and (top := _unnamed_top(family, network, names, tensors)):
        inside, left, notes = set(tensors), [], (top,)
    if left:
        notes += (_passed_over(prefix, left, others),)
    return Pairing(
        pairs={ours: theirs for ours, theirs in names.items() if theirs in tensors},
        missing={ours: theirs for ours, theirs in names.items() if theirs not in tensors},
        unexpected=tuple(name for name in tensors if name in inside - taken),
        notes=notes,
    )


def _spellings(names: Mapping[str, str], tensors: Tensors) -> Iterator[tuple[str, dict[str, str]]]:
    """A prefix, and our array -> the name behind it, for every tensor that may be the stem's.

    Of torchvision's networks the part "features" may stand alone, under any name or none:
    Sequential(net.features, ...) calls it 0.
    """
    stem = names["stem.weight"]
    root = "features." if stem.startswith("features.") else ""
    for name in tensors:
        for part in ("", root):
            end = stem.removeprefix(part)
            if name == end or name.endswith(f".{end}"):
                prefix = name.removesuffix(end)
                yield prefix, {k: prefix + theirs.removeprefix(part) for k, theirs in names.items()}
                break


def _rank(prefix: str, names: Mapping[str, str], tensors: Tensors) -> tuple[int, int, int]:
    """The smallest is taken: most names found; then an average before the weights that were averaged,
    as timm has it, and a student before a teacher; then the outermost."""
    teacher = any(word in prefix for word in _TEACHERS)
    return -_found(names, tensors), 0 if is_average(prefix) else 1 + teacher, len(prefix)


def _found(names: Mapping[str, str], tensors: Tensors) -> int:
    return sum(name in tensors for name in names.values())


def _renamed(
    family: Family, network: Plan, names: Mapping[str, str], tensors: Tensors, pool: set[str]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Our arrays of dense layers -> other names in `pool`, if all else is there; and a note.

    For each layer exactly one tensor must have the number of inputs; where several have, the note says
    which.
    """
    missing = [x for x in _DENSE if f"{x}.weight" in names and names[f"{x}.weight"] not in tensors]
    others = (theirs for ours, theirs in names.items() if ours.partition(".")[0] not in missing)
    if not missing or not all(name in tensors for name in others):
        return {}, ()
    found, taken = dict(names), []
    owners = [layer.name for layer in network.layers if layer.arrays]
    for layer in missing:
        free = [name for name in tensors if name in pool - set(found.values())]
        could_be = _dense(
            free, tensors, _channels(network, owners.index(layer) - 1, found, tensors)
        )
        usual = f"{family.layers(network)[layer]}.weight"
        if len(could_be) > 1:
            return {}, (f"{' or '.join(could_be)} may be {usual}: give the right one that name",)
        if not could_be:
            return {}, ()
        theirs = could_be[0].removesuffix(".weight")
        found |= {f"{layer}.{array}": f"{theirs}.{array}" for array in network[layer].arrays}
        taken.append(
            f"{layer}: {theirs}.weight {tensors[could_be[0]].shape} of the file, for {usual}"
        )
    return {ours: found[ours] for ours in names if found[ours] != names[ours]}, tuple(taken)


def _unnamed_top(family: Family, network: Plan, names: Mapping[str, str], tensors: Tensors) -> str:
    """Which dense layers of a file could be the top that a network is without; "" if none could."""
    free = [name for name in tensors if name not in names.values()]
    could_be = _dense(free, tensors, _channels(network, -1, names, tensors))
    if not could_be or _found(names, tensors) < len(names):
        return ""
    whole = family.names(plan(**{**network.asked, "include_top": True, "classes": 1}))
    top = [whole[f"{layer}.weight"] for layer in _DENSE if f"{layer}.weight" in whole]
    return (
        f"the top is {' and '.join(top)}; of the file {' or '.join(could_be)} may be the first of it: "
        "give the right ones these names"
    )


def _channels(network: Plan, place: int, names: Mapping[str, str], tensors: Tensors) -> int:
    """What the layer with arrays at `place` puts out, by the file; 0 where the file has it not."""
    layer = [layer for layer in network.layers if layer.arrays][place]
    value = tensors.get(names[f"{layer.name}.{next(iter(layer.arrays))}"])
    return value.shape[0] if value is not None and value.ndim else 0


def _dense(names: list[str], tensors: Tensors, inputs: int) -> list[str]:
    """Of these tensors the weights of dense layers with that number of inputs."""
    return [
        name
        for name in names
        if name.endswith(".weight") and tensors[name].shape[1:] in ((inputs,), (inputs, 1, 1))
    ]


def _passed_over(prefix: str, left: list[str], others: list[str]) -> str:
    starts = list(dict.fromkeys(name.partition(".")[0] for name in left))
    more = f", ... ({len(starts)} names)" if len(starts) > 4 else ""
    other = f"; another network: --entry {others[0].rstrip('.')}" if others else ""
    return (
        f"taken: the network under {prefix.rstrip('.') or 'no name'}; {len(left)} tensors beside it "
        f"were left ({', '.join(starts[:4])}{more}){other}"
    )
