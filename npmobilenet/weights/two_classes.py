"""One output and a sigmoid, as two outputs and a softmax: the same numbers.

sigmoid(z) = 1 / (1 + exp(-z)) = exp(z) / (exp(0) + exp(z)) = softmax(0, z)[1]
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ..models.network_plan import plan
from ..ops.checks import Array
from .description import Settled


def of_two_classes(
    settled: Settled, params: Mapping[str, Array]
) -> tuple[Settled, dict[str, Array]]:
    """A network of one logit z as one of two classes with logits 0 and z; the arrays are copied."""
    widened = dict(params)
    for name in ("classifier.weight", "classifier.bias"):
        if name in params:  # (M, 1) -> (M, 2), (1,) -> (2,)
            widened[name] = np.concatenate([np.zeros_like(params[name]), params[name]], axis=-1)
    note = (
        "its one output, the logit of a sigmoid, became two classes: the probability of class 1 is the "
        "sigmoid's"
    )
    network = plan(**{**settled.plan.asked, "classes": 2})
    return replace(settled, plan=network, notes=(*settled.notes, note)), widened
