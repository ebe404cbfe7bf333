"""Starting from weights that were trained on something else.

All arrays are taken over but those of the classifier, which begins anew: its classes are others.  If
the classes are the same, names and order, it is taken over too.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..models.network_plan import Plan
from ..models.params import init
from ..names import same_names
from ..ops.checks import Array
from ..settings import nearest
from ..weights.native import Model, load, weight_file, written_by

if TYPE_CHECKING:
    from ..weights.importing import Imported


def read_weights(
    weights: str | Path, family: str = "", class_names: Sequence[str] | None = None
) -> Model:
    """The model in `find_weights`."""
    return find_weights(weights, family, class_names).model


def find_weights(
    weights: str | Path, family: str = "", class_names: Sequence[str] | None = None
) -> "Imported":
    """A model, and in sentences what its file leaves open, wherever weights are asked for.

    weights  a run's folder, one of our weight files or a shipped model's name; with `family` a file
             that framework wrote, whose classes may be given names; or the name of an official one,
             "keras/mobilenet_0.25_224", which is fetched if it is not here yet
    ValueError where there is no such thing; OSError where it cannot be fetched.
    """
    from ..weights.families import FAMILIES
    from ..weights.file_kinds import kind_of
    from ..weights.hub import in_folder
    from ..weights.importing import Imported, import_official, import_weights
    from ..weights.sources import SOURCES, source_named

    weights = str(weights)
    if family and family not in FAMILIES:
        raise ValueError(
            f"model.family must be one of {', '.join(FAMILIES)}, found {family!r}; "
            f"did you mean {nearest(family, FAMILIES)}?"
        )
    known = SOURCES[weights].family if weights in SOURCES else written_by(weights)
    if known and (class_names or family not in ("", known)):
        raise ValueError(
            f"{weights}: known to be of {known}, with the names of its classes; leave out --from "
            "(model.family) and --class-names"
        )
    if weights in SOURCES:
        return import_official(weights)
    if family:
        return import_weights(weights, family, class_names=class_names)
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
    return Imported(load(weights), ())


def transferred(
    plan: Plan, source: Model, classes: tuple[str, ...], seed: int
) -> tuple[dict[str, Array], str]:
    """Parameters of `plan` with the arrays of `source`, and what was taken over, in a line.

    ValueError if an array below the classifier is missing or has another shape.
    """
    params: dict[str, Any] = dict(init(plan, seed))
    same_classes = same_names(source.classes, classes)
    head = {name for name in params if name.startswith("classifier.")}
    taken = [
        name for name in params if name in source.params and (same_classes or name not in head)
    ]
    for name in taken:
        value = source.params[name]
        if value.shape != params[name].shape:
            raise ValueError(
                f"weights: {name} is {value.shape}, the network needs {params[name].shape}"
            )
        params[name] = value.astype(params[name].dtype)
    missing = [name for name in params if name not in taken and name not in head]
    if missing and source.plan.include_top:
        raise ValueError(f"weights: {len(missing)} arrays are missing, the first is {missing[0]}")
    kept = "kept" if same_classes else f"new for {len(classes)} classes"
    anew = f", {len(missing)} others new" if missing else ""
    return params, f"{len(taken)} of {len(params)} arrays taken over, the classifier {kept}{anew}"
