"""Starting from weights that were trained on something else.

All arrays are taken over but those of the classifier, which begins anew: its classes are others.  If
the classes are the same, names and order, it is taken over too.
"""

from typing import Any

from ..models.network_plan import Plan
from ..models.params import init
from ..names import same_names
from ..ops.checks import Array
from ..predicting.model import Model


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
