"""Starting from weights that were trained on something else.

All arrays are taken over but those of the classifier, which begins anew: its classes are others.  If
the classes are the same, names and order, it is taken over too.
"""

from pathlib import Path
from typing import Any

from ..models.params import init
from ..models.plan import Plan
from ..names import same_names
from ..ops.checks import Array
from ..weights.native import Model, load
from .records import nearest


def read_weights(weights: str, family: str = "") -> Model:
    """The model to start from.

    weights  a run's folder, one of our weight files or a shipped model's name; with `family` a file
             that framework wrote; or the name of an official one, "keras/mobilenet_0.25_224", which
             is fetched if it is not here yet
    ValueError where there is no such thing; OSError where it cannot be fetched.
    """
    from ..weights.families import FAMILIES
    from ..weights.importing import import_official, import_weights
    from ..weights.published import SOURCES

    if weights in SOURCES:
        return import_official(weights).model
    if family:
        if family not in FAMILIES:
            raise ValueError(
                f"model.family must be one of {', '.join(FAMILIES)}, found {family!r}; "
                f"did you mean {nearest(family, FAMILIES)}?"
            )
        return import_weights(weights, family).model
    if Path(weights).suffix not in ("", ".safetensors") and Path(weights).is_file():
        raise ValueError(
            f"{weights}: say whose file it is, model.family one of {', '.join(FAMILIES)}"
        )
    return load(weights)


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
