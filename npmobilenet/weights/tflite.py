"""Writing TFLite, the format that LiteRT, phones and microcontrollers run.

The graph is the plan, layer by layer, with batch normalisation folded into the convolutions and ReLUs
fused into the operator before them.  Tensors carry the names of layers, constants those of params.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..disk import write_whole
from ..images.preprocessing import Preprocessing
from ..models.capabilities import require
from ..models.layers import Activation
from ..models.network_plan import Plan
from ..models.params import check_params
from ..ops.checks import Array, flag, shown, whole
from ..quantization.fitting import check_arrays
from ..quantization.plan import FUSED, FUSES, QuantizedPlan
from ..quantization.preparing import prepared
from ..quantization.quantizing import SOFTMAX
from ..text import names_visible
from .native import file_path
from .tflite_build import Graph
from .tflite_layers import TFLITE, WRITERS, Job
from .tflite_metadata import About, with_metadata
from .tflite_schema import packages


@names_visible
def export_tflite(
    plan: Plan | QuantizedPlan,
    params: Mapping[str, Array],
    path: str | Path,
    *,
    batch: int = 1,
    softmax: bool = False,
    classes: Sequence[str] | None = None,
    preprocessing: Preprocessing | None = None,
) -> str:
    """Write a network, as it is in evaluation, as a TFLite file: whole or not at all.

    plan           what `npmobilenet.plan` returned, for float32; or a QuantizedPlan, for integers
    params         name -> array, shaped as plan.arrays says; float64 is rounded to float32.  A quantised
                   plan's integers
    path           of the file
    batch          how many images it takes: TFLite's shapes are fixed
    softmax        True: it ends with probabilities, not with logits
    classes        their names, for the file's metadata
    preprocessing  how images become the network's input, for the metadata too

    The input "image" is (batch, H, W, C), as `infer` takes it; the output "logits" (batch, classes), or
    "probabilities"; without the top "features", (batch, H, W, C).  Returns that name.  ValueError,
    in one line, where flatbuffers and tflite are not installed, or an argument cannot be.
    """
    path = file_path(path)
    found = packages(path)
    if path.is_dir():
        raise ValueError(f"{path}: this is a folder, expected the name of a file")
    if not path.parent.is_dir():
        raise ValueError(f"{path}: there is no folder {path.parent}")
    if not whole(batch) or not 0 < batch < 2**16:
        raise ValueError(f"export_tflite: batch must be from 1 to 65535, found {shown(batch)}")
    softmax = flag("export_tflite", "softmax", softmax)
    if isinstance(plan, QuantizedPlan):
        check_arrays(plan, params)
        numbers, network = dict(plan.numbers), plan.plan
        graph, pooling = Graph(found, batch, numbers), plan.pooling
        softmax = softmax or "softmax" in plan.numbers
        graph.numbers.setdefault("softmax", SOFTMAX[plan.dtype])
    else:
        check_params(plan, params)
        network, params = prepared(plan, params)
        graph, pooling = Graph(found, batch), "mean"
    require(TFLITE, network)
    _check_about(network, classes, preprocessing)
    if softmax and not network.include_top:
        raise ValueError("export_tflite: softmax is of classes, and this network has no top")
    connected = plan.connected if isinstance(plan, QuantizedPlan) else ()
    image, result = _written(graph, network, params, pooling, connected, softmax)
    if preprocessing is None and classes is None:
        content = graph.packed(network.model, image, result)
    else:
        content = with_metadata(graph, network, About(classes, preprocessing), image, result)
    write_whole(path, content)
    return graph.tensors[result].name


def _check_about(plan: Plan, classes: Any, preprocessing: Any) -> None:
    """ValueError or TypeError unless names and preprocessing fit the network."""
    if preprocessing is not None and not isinstance(preprocessing, Preprocessing):
        found = type(preprocessing).__name__
        raise TypeError(f"export_tflite: preprocessing must be a Preprocessing, found {found}")
    if classes is None:
        return
    if not isinstance(classes, list | tuple) or not all(isinstance(x, str) for x in classes):
        raise TypeError(f"export_tflite: classes must be a list of names, found {shown(classes)}")
    if len(classes) != plan.classes:
        raise ValueError(
            f"export_tflite: the network has {plan.classes} classes, {len(classes)} names are given"
        )


def _written(
    graph: Graph,
    plan: Plan,
    arrays: Mapping[str, Array],
    pooling: str,
    connected: Sequence[str],
    softmax: bool,
) -> tuple[int, int]:
    """All operators of a folded plan; the tensors that go in and come out."""
    fused, size = _fused(plan), (*plan.resolution, plan.channels)
    merged = {activation.name: before for before, activation in fused.items()}
    image = first = graph.tensor("image", size)
    if "pixels" in graph.numbers:  # the network makes its image of them itself
        first = graph.tensor("pixels", size)
        graph.operator("QUANTIZE", [first], image)
    values = {"image": image}
    for layer in plan.layers:
        if layer.name in merged:
            values[layer.name] = values[merged[layer.name]]
            continue
        own = {short: arrays[f"{layer.name}.{short}"] for short in layer.arrays}
        function = fused[layer.name].function if layer.name in fused else None
        inputs = [values[source] for source in layer.inputs]
        job = Job(graph, layer, inputs, own, function, pooling, layer.name in connected)
        values[layer.name] = WRITERS[type(layer)](job)
    last = values[plan.layers[-1].name]
    if not plan.include_top:
        graph.rename(last, "features")
        return first, last
    flat = np.array([graph.batch, plan.classes], np.int32)
    result = graph.tensor("logits", (plan.classes,), last)
    graph.operator("RESHAPE", [last, graph.array("shape", flat)], result)
    if softmax:
        chances = graph.tensor("softmax", (plan.classes,))
        result = graph.operator("SOFTMAX", [result], chances, Beta=1.0)
        graph.rename(chances, "probabilities")
    return first, result


def _fused(plan: Plan) -> dict[str, Activation]:
    """Layer -> the activation that its operator computes itself."""
    readers = Counter(source for layer in plan.layers for source in layer.inputs)
    fused: dict[str, Activation] = {}
    for layer in plan.layers:
        before = layer.inputs[0]
        if (
            isinstance(layer, Activation)
            and layer.function in FUSED
            and before != "image"
            and readers[before] == 1
            and isinstance(plan[before], FUSES)
        ):
            fused[before] = layer
    return fused
