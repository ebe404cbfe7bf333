"""A plan laid beside the graph of a TFLite file, from the end to the image.

Names play no part: each of our layers is looked for where the graph has it, and its geometry, activation
and inputs must be the graph's.  What comes back is which operator each layer is and where its result
lies; Differs, a ValueError, says which operator is something else.
"""

from __future__ import annotations

from ..models.layers import Activation, Dropout
from ..models.network_plan import Plan
from .tflite_file import File
from .tflite_place import SHAPING, Differs, Place, Step, Walk, shaped
from .tflite_steps import STEPS

_ENDING = (*SHAPING, "QUANTIZE", "DEQUANTIZE")


def walk(plan: Plan, file: File) -> Walk:
    """Lay a plan without batch normalisations beside a graph; Differs where they do not agree."""
    found = Walk()
    by_kind = {x: k for k, x in enumerate(layer.name for layer in plan.layers)} | {"image": -1}
    _put(found, plan.layers[-1].name, Place(_end(file, found)))
    laid = 0
    try:
        for layer in reversed(plan.layers):
            step = Step(file, layer, found)
            place = found.places.get(layer.name)
            if place is None:
                raise Differs(f"no operator reads what a MobileNet's {layer.name} makes")
            if len(layer.output) == 1:
                place = shaped(file, place)
            if not isinstance(layer, Dropout | Activation):
                step.fits(place)
            inputs = STEPS[type(layer)](step, place)
            # of two inputs the later layer of ours is what the graph writes later
            ordered = sorted(inputs, key=lambda x: file.maker[x].index if x in file.maker else -1)
            names = sorted(layer.inputs, key=by_kind.__getitem__)
            if inputs and isinstance(inputs[0], Place):
                ordered = inputs
            for name, tensor in zip(names, ordered, strict=True):
                _put(found, name, tensor if isinstance(tensor, Place) else Place(tensor))
            laid += 1
    except Differs as error:
        error.laid = laid
        raise
    return found


def _put(found: Walk, name: str, place: Place) -> None:
    if found.places.setdefault(name, place) != place:
        raise Differs(f"two operators read different tensors where a MobileNet has one {name}")


def _end(file: File, found: Walk) -> int:
    """The logits, or the last features: what probabilities are made of."""
    tensor = file.result
    while (operator := file.maker.get(tensor)) is not None:
        if operator.kind in ("SOFTMAX", "LOGISTIC") and not found.outcome:
            if operator.options.get("Beta", 1.0) != 1.0:
                raise Differs(f"{operator}: a softmax of beta {operator.options['Beta']}")
            found.outcome, found.softmax = operator.kind, operator.output
        elif operator.kind not in _ENDING:
            break
        tensor = operator.inputs[0]
    return tensor
