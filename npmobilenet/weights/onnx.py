"""Writing ONNX, the format that most runtimes read.

The graph is the plan, layer by layer: nodes and tensors carry the names of layers, arrays those of
params.  Numbers are float32.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from ..disk import write_whole
from ..models.capabilities import require
from ..models.folding import fold_batch_norm
from ..models.layers import Shape
from ..models.network_plan import Plan
from ..models.params import check_params, dtype_of
from ..ops.checks import Array, flag, shown, whole
from ..text import names_visible
from .native import file_path, plan_as_json
from .onnx_nodes import NODES, ONNX, Graph

LAYOUTS = ("nchw", "nhwc")
OLDEST_OPSET = 14  # the first with HardSwish
_LARGEST = 2**31 - 2**20  # bytes of arrays: a protobuf message ends at 2 GiB, the graph needs some

Axes = tuple[str | int, ...]


@names_visible
def export_onnx(
    plan: Plan,
    params: Mapping[str, Array],
    path: str | Path,
    *,
    layout: str = "nchw",
    fold: bool = False,
    opset: int = 17,
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Write a network, as it is in evaluation, as an ONNX file: whole or not at all.

    plan      what `npmobilenet.plan` returned
    params    name -> array, shaped as plan.arrays says; float64 is rounded to float32
    path      of the file
    layout    of the input "image": "nchw", (N, C, H, W), as ONNX models are mostly fed; "nhwc", (N, H, W,
              C), as `infer` takes it
    fold      True: batch normalisation is folded into the convolutions
    opset     of ONNX, from 14 on
    metadata  names and texts to add to the file's metadata_props, which hold the plan as JSON

    N may be any number of images.  The output is "logits" (N, classes), or without the top "features" in
    the layout of the image.  Returns nothing.  ValueError, in one line, where onnx is not installed or an
    argument cannot be.
    """
    path = file_path(path)
    onnx = _onnx(path)
    check_params(plan, params)
    require(ONNX, plan)
    _check(onnx, path, plan, params, layout, opset)
    properties = {
        "plan": plan_as_json(plan),
        **_properties({} if metadata is None else metadata),
    }
    if flag("export_onnx", "fold", fold):
        plan, params = fold_batch_norm(plan, params)
    model = _model(onnx, plan, params, layout, opset)
    onnx.helper.set_model_props(model, properties)
    # the checker's own inference fails on any shape that contradicts another
    model = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True)
    onnx.checker.check_model(model, full_check=True)
    write_whole(path, model.SerializeToString(deterministic=True))


def signature(plan: Plan, layout: str) -> tuple[dict[str, Axes], dict[str, Axes]]:
    """Name and shape of what goes into the graph, and of what comes out; "N" is the batch."""

    def axes(shape: Shape) -> Axes:
        channels_first = layout == "nchw" and len(shape) == 3
        return ("N", shape[-1], *shape[:-1]) if channels_first else ("N", *shape)

    result = "logits" if plan.include_top else "features"
    image = (*plan.resolution, plan.channels)
    return {"image": axes(image)}, {result: axes(plan.layers[-1].output)}


def _model(onnx: Any, plan: Plan, params: Mapping[str, Array], layout: str, opset: int) -> Any:
    """The ModelProto of a plan."""
    graph, last = Graph(onnx, params), plan.layers[-1]
    given, found = signature(plan, layout)
    (result,) = found
    tensors = {layer.name: layer.name for layer in plan.layers}
    tensors |= {"image": "image", last.name: result}
    if layout == "nhwc":
        tensors["image"] = "image_nchw"
        graph.node("Transpose", "to_nchw", ["image"], "image_nchw", perm=(0, 3, 1, 2))
        if not plan.include_top:
            tensors[last.name] = f"{result}_nchw"
    for layer in plan.layers:
        inputs = [tensors[source] for source in layer.inputs]
        NODES[type(layer)](graph, layer, inputs, tensors[layer.name])
    if tensors[last.name] != result:
        graph.node("Transpose", "to_nhwc", [tensors[last.name]], result, perm=(0, 2, 3, 1))

    helper = onnx.helper
    ends = (
        [
            helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, axes)
            for name, axes in x.items()
        ]
        for x in (given, found)
    )
    made = helper.make_graph(graph.nodes, plan.model, *ends, list(graph.arrays.values()))
    opsets = [helper.make_opsetid("", opset)]
    # the oldest file format that has this opset: older runtimes read it too
    version = helper.find_min_ir_version_for(opsets)
    return helper.make_model(made, opset_imports=opsets, ir_version=version, **_producer())


def _producer() -> dict[str, str]:
    from .. import __version__

    return {"producer_name": "npmobilenet", "producer_version": __version__}


def _onnx(path: Path) -> Any:
    """The package onnx, imported when it is needed: it is an extra."""
    try:
        import onnx
        import onnx.checker
        import onnx.helper
        import onnx.numpy_helper
        import onnx.shape_inference
    except ImportError:
        raise ValueError(f'{path}: ONNX files need onnx: pip install "npmobilenet[onnx]"') from None
    return onnx


def _check(
    onnx: Any, path: Path, plan: Plan, params: Mapping[str, Array], layout: str, opset: int
) -> None:
    """ValueError for what would fail later, or half-way."""
    if not path.parent.is_dir():
        raise ValueError(f"{path}: there is no folder {path.parent}")
    if path.is_dir():
        raise ValueError(f"{path}: this is a folder, expected the name of a file")
    if not isinstance(layout, str) or layout not in LAYOUTS:
        raise ValueError(
            f"export_onnx: layout must be one of {', '.join(LAYOUTS)}, found {shown(layout)}"
        )
    newest = onnx.defs.onnx_opset_version()
    if not whole(opset) or not OLDEST_OPSET <= opset <= newest:
        raise ValueError(
            f"export_onnx: opset must be an integer from {OLDEST_OPSET} to {newest}, found {shown(opset)}"
        )
    dtype = dtype_of(params)
    if dtype not in (np.float32, np.float64):
        raise ValueError(f"export_onnx: params must be float32 or float64, found {dtype}")
    size = 4 * sum(prod(shape) for shape in plan.arrays.values())
    if size > _LARGEST:
        raise ValueError(f"export_onnx: {size:,} bytes of arrays; an ONNX file ends at 2 GiB")


def _properties(metadata: Mapping[str, str]) -> dict[str, str]:
    """A copy; ValueError unless all of it is text, and ours is left alone."""
    if not isinstance(metadata, Mapping):
        raise TypeError(f"export_onnx: metadata must be a dict of texts, found {shown(metadata)}")
    for key, value in metadata.items():
        if not isinstance(key, str) or not isinstance(value, str):
            raise ValueError(
                f"export_onnx: metadata must be text, found {shown(key)}: {shown(value)}"
            )
        if key == "plan":
            raise ValueError("export_onnx: metadata 'plan' is written by the export itself")
    return dict(metadata)
