"""Everything that the page is told, as one JSON object; the page itself computes all the rest.

Numbers in bulk are base64 of little-endian bytes, so that the page holds the very numbers; a page has no
picture of a map and no result: those are its own arithmetic's, which the tests hold against NumPy's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from .. import __version__, ops
from ..cost.roofline import RooflineLayer
from ..models.capabilities import require
from ..models.network import infer
from ..models.network_plan import Plan
from ..models.params import dtype_of
from ..ops.checks import Array, nearest, shown, whole
from ..predicting.model import Model
from ..text import displayed
from . import layers, papers, remarks, storing
from .looking import seen


@dataclass(frozen=True)
class Told:
    """The payload, and what of it whoever made the page wants to know.

    moved: by how much rounding the weights moved the outputs at most; None where they are as they
    were, or where the outputs are no numbers.  prediction: the most probable class and its
    probability, by the page's own arithmetic; None where there is none.
    """

    document: dict[str, Any]
    precision: str
    moved: float | None
    prediction: tuple[str, float] | None
    remarks: tuple[remarks.Remark, ...]


def told(
    model: Model,
    image: Any,
    *,
    title: str,
    fresh: bool = False,
    label: int | str | None = None,
    precision: str = "auto",
    time: bool = True,
    size: Callable[[Mapping[str, Any]], int] = lambda document: 0,
) -> Told:
    """The payload of a model and an image, None for a shipped one.

    size: bytes of the page of a payload, by which `precision` "auto" decides.  ValueError, one line,
    for an image, a label or a precision that cannot be.
    """
    storing.check(precision)
    require(layers.EXPLORER, model.plan)
    chosen_label = label_of(model, label)
    picture = seen(image, model.preprocessing)
    x = picture.prepared(model.preprocessing)
    machine, times, why = _timed(model, x) if time else (None, None, "")
    document: dict[str, Any] = {
        "version": __version__,
        "model": _model(model, title, fresh),
        "remarks": [],
        "image": picture.to_json(),
        "preprocessing": _normalised(model),
        "label": chosen_label,
        "layers": layers.described(model.plan, times),
        "weights": {},
        "rounded": None,
        "machine": machine,
        "papers": papers.figures(),
        "spiral": papers.spiral_as_json(),
    }
    kept, overflow = storing.chosen(model.params, precision, size(document))
    stored = storing.rounded_to(model.params, kept)
    logits, moved, source = _rounded(model, stored, x)
    said = (
        *remarks.of_model(model.plan, model.params, bool(_names(model)), fresh),
        *remarks.of_answer(model.plan, model.params, logits),
        *remarks.of_image(picture, model.preprocessing, () if fresh else model.classes),
        *remarks.of_rounding(kept, moved, source, overflow),
        *remarks.of_size(storing.in_base64(sum(value.nbytes for value in stored.values()))),
        *([remarks.without_times(why)] if why else []),
    )
    document["remarks"] = [list(pair) for pair in said]
    document["weights"] = storing.encoded(stored, kept)
    document["rounded"] = {"moved": moved, "from": source} if source else None
    return Told(document, kept, moved, _prediction(model, logits), said)


def label_of(model: Model, label: int | str | None) -> int | None:
    """Index of the class that the loss is of: by name, or by number; None for the predicted one.

    ValueError for a class that the model does not have.
    """
    if label is None:
        return None
    if not model.classes:
        raise ValueError(f"label: {model.plan.model} has no classifier, so no class {label!r}")
    if isinstance(label, str) and label in model.classes:
        return model.classes.index(label)
    index = int(label) if isinstance(label, str) and label.isdecimal() else label
    if whole(index) and 0 <= int(index) < len(model.classes):
        return int(index)
    meant = nearest(str(label), model.classes)
    raise ValueError(
        f"label must be a class of the model or its number, 0 to {len(model.classes) - 1}, found "
        f"{shown(label)}; did you mean {meant!r}?"
    )


def outputs(plan: Plan, params: Mapping[str, Array], x: Array) -> Array:
    """What the network puts out for x, all in float64 and by the plainest formula: as the page does."""
    with np.errstate(all="ignore"):  # weights may be anything
        return infer(plan, params, x, rung="numpy")


def _rounded(
    model: Model, stored: Mapping[str, Array], x: Array
) -> tuple[Array, float | None, str]:
    """The outputs on the stored weights; how far that moved them at most; from which type, if any."""
    logits = outputs(model.plan, storing.computed_on(stored), x)
    if storing.same(model.params, stored):
        return logits, None, ""
    distance = np.abs(logits - outputs(model.plan, storing.computed_on(model.params), x))
    finite = distance[np.isfinite(distance)]
    source = str(dtype_of(model.params))
    return logits, float(finite.max()) if finite.size else None, source


def _timed(
    model: Model, x: Array
) -> tuple[dict[str, Any] | None, tuple[RooflineLayer, ...] | None, str]:
    """The machine and the layers' times on it, or why there are none."""
    dtype = dtype_of(model.params)
    try:
        machine, times = layers.timed(model.plan, model.params, x.astype(dtype))
    except ValueError as error:
        return None, None, str(error)
    return layers.machine_as_json(machine), times, ""


def _model(model: Model, title: str, fresh: bool) -> dict[str, Any]:
    plan = model.plan
    return {
        "name": plan.model,
        "title": title,
        "family": plan.family.version,
        "width": plan.width,
        "resolution": list(plan.resolution),
        "classes": _names(model),
        "fresh": fresh,
        "dialect": asdict(plan.dialect),
        "top": plan.include_top,
    }


def _names(model: Model) -> list[str]:
    """Names of the classes; none where they are only numbered, as files without names are."""
    numbered = tuple(f"class {k}" for k in range(model.plan.classes))
    return [] if model.classes == numbered else list(map(displayed, model.classes))


def _normalised(model: Model) -> dict[str, Any]:
    how = model.preprocessing
    return {"mean": list(how.mean), "std": list(how.std)}


def _prediction(model: Model, logits: Array) -> tuple[str, float] | None:
    """The most probable class, where there are classes and all of it is finite."""
    if not model.classes or not np.isfinite(logits).all():
        return None
    p = ops.softmax(logits)[0]
    best = int(p.argmax())
    return model.classes[best], float(p[best])
