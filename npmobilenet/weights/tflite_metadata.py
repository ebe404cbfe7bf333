"""What a TFLite file says of itself: class names, and how its images are prepared.

Two things are written, and read:

* TFLite's own metadata, which programs on phones go by: a flatbuffer of its own (identifier M001) in a
  buffer called TFLITE_METADATA, with mean and deviation of pixels 0..255, and labels.txt, a name a line,
  in a zip archive behind the end of the model.  No package of reasonable size has its schema, so that
  the few tables a classifier needs are written here field by field, by their places in the schema
* a buffer called npmobilenet with JSON: the plan, and the whole preprocessing, resizing and cropping too
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np

from ..images.preprocessing import Preprocessing
from ..models.network_plan import Plan
from .native import plan_as_json
from .tflite_build import Graph

STANDARD, OURS = "TFLITE_METADATA", "npmobilenet"
IDENTIFIER = b"M001"
LABELS = "labels.txt"
_VALUE_LABELS = 2  # AssociatedFileType TENSOR_VALUE_LABELS
_FEATURES, _IMAGE = 1, 2  # ContentProperties: plain numbers, an image
_RGB, _GREY = 1, 2  # ColorSpaceType
_NORMALISED = 1  # ProcessUnitOptions: NormalizationOptions


@dataclass(frozen=True)
class About:
    """What goes into a file's metadata, as far as it is known.

    classes        a name for each output
    preprocessing  how images become the network's input
    """

    classes: Sequence[str] | None
    preprocessing: Preprocessing | None


def with_metadata(graph: Graph, plan: Plan, about: About, image: int, result: int) -> bytes:
    """The packed file of a graph with its metadata, and the names of the classes behind its end."""
    ours: dict[str, Any] = {"plan": plan_as_json(plan)}
    if about.preprocessing is not None:
        ours["preprocessing"] = about.preprocessing.to_json()
    graph.metadata[OURS] = json.dumps(ours).encode()
    names = [graph.tensors[tensor].name for tensor in (image, result)]
    labels = about.classes if plan.include_top else None
    graph.metadata[STANDARD] = _standard(graph.flatbuffers, plan, about, names)
    content = graph.packed(plan.model, image, result)
    if labels is None:
        return content
    archive = BytesIO(content)
    lines = "\n".join(" ".join(name.split()) for name in labels)
    with zipfile.ZipFile(archive, "a") as file:  # a date that is always the same
        file.writestr(zipfile.ZipInfo(LABELS, (1980, 1, 1, 0, 0, 0)), lines)
    return archive.getvalue()


class _Fields:
    """Tables of the metadata's schema, whose fields are known by their places."""

    def __init__(self, flatbuffers: Any) -> None:
        self.builder = flatbuffers.Builder(1024)

    def table(self, offsets: Mapping[int, int], small: Mapping[int, int] | None = None) -> int:
        """A table: place -> where what it points at lies, and place -> a number of one byte."""
        small = small or {}
        self.builder.StartObject(max([*offsets, *small], default=-1) + 1)
        for place, offset in offsets.items():
            self.builder.PrependUOffsetTRelativeSlot(place, offset, 0)
        for place, value in small.items():
            self.builder.PrependUint8Slot(place, value, 0)
        return int(self.builder.EndObject())

    def text(self, value: str) -> int:
        return int(self.builder.CreateString(value))

    def floats(self, values: Sequence[float]) -> int:
        return int(self.builder.CreateNumpyVector(np.array(values, np.float32)))

    def list(self, tables: Sequence[int]) -> int:
        self.builder.StartVector(4, len(tables), 4)
        for table in reversed(tables):
            self.builder.PrependUOffsetTRelative(table)
        return int(self.builder.EndVector())


def _standard(flatbuffers: Any, plan: Plan, about: About, names: Sequence[str]) -> bytes:
    """The ModelMetadata of an image classifier."""
    to = _Fields(flatbuffers)
    colours = to.table({}, {0: _RGB if plan.channels == 3 else _GREY})
    image = to.table(
        {
            0: to.text(names[0]),
            1: to.text(f"{plan.resolution[0]} x {plan.resolution[1]} pixels"),
            3: to.table({1: colours}, {0: _IMAGE}),
            **({} if about.preprocessing is None else _pixels(to, about.preprocessing)),
        }
    )
    files = {}
    if about.classes is not None and plan.include_top:
        file = {0: to.text(LABELS), 1: to.text("a class a line, in the order of the outputs")}
        files = {6: to.list([to.table(file, {2: _VALUE_LABELS})])}
    content = to.table({1: to.table({})}, {0: _FEATURES})
    result = to.table({0: to.text(names[1]), 3: content, **files})
    graph = to.table({2: to.list([image]), 3: to.list([result])})
    model = to.table(
        {
            0: to.text(f"{plan.model}, width {plan.width:g}"),
            1: to.text("an image classifier, written by npmobilenet"),
            3: to.list([graph]),
            7: to.text("1.0.0"),
        }
    )
    to.builder.Finish(model, IDENTIFIER)
    return bytes(to.builder.Output())


def _pixels(to: _Fields, made: Preprocessing) -> dict[int, int]:
    """Of the image: mean and deviation of pixels 0..255, and the numbers of white and black ones."""
    mean, std = ([255 * x for x in values] for values in (made.mean, made.std))
    normalised = to.table({0: to.floats(mean), 1: to.floats(std)})
    unit = to.table({1: normalised}, {0: _NORMALISED})
    white, black = (
        [(pixel - m) / s for m, s in zip(made.mean, made.std, strict=True)] for pixel in (1, 0)
    )
    return {4: to.list([unit]), 5: to.table({0: to.floats(white), 1: to.floats(black)})}
