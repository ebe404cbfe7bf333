"""What a Keras model does to the pixels before its first convolution, as our preprocessing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..ops.checks import Array
from .description import STRETCH, Known
from .keras_graph import ARITHMETIC, NOTHING_DONE, Graph, Node

_FILTERS = {
    "nearest": "nearest",
    "bilinear": "bilinear",
    "bicubic": "bicubic",
    "lanczos3": "lanczos",
    "area": "box",
}
_GEOMETRY = ("Resizing", "CenterCrop", "UpSampling2D")
_STEEPEST = 100  # what 0..255 may span before the network; more, and 0..1 was meant


@dataclass
class Entrance:
    """The way from the input to the network proper.

    last        key of the node that the network takes
    resolution  (H, W) that the network takes, None where the file leaves it open
    known       mean, deviation, filter and cropping
    trouble     why they cannot be known
    """

    last: str = ""
    resolution: tuple[int, int] | None = None
    known: Known = field(default_factory=Known)
    facts: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    trouble: str = ""

    @property
    def size(self) -> dict[str, Any]:
        """The resolution among the facts, if it is there."""
        return {"resolution": list(self.resolution)} if self.resolution else {}

    def why_not(self, graph: Graph, image: str) -> str:
        """Why the pixels' way cannot be known, "" where it is: it must end where the network begins."""
        if graph.skip(image) != graph.skip(self.last):
            return f"{graph.nodes[graph.skip(image)]} stands before the network"
        return self.trouble


def entrance(graph: Graph, tensors: Mapping[str, Array]) -> Entrance:
    """Follow the image from the input on, as far as layers are about pixels.

    tensors: the file's; a Normalization that was adapted to data keeps its numbers there.
    """
    found = Entrance(last=graph.input)
    size = _size(graph.shape)
    if graph.opaque:
        found.resolution = size
        return found
    layers = []
    consumers: dict[str, list[str]] = {}
    for key, node in graph.nodes.items():
        for source in set(node.inputs):
            consumers.setdefault(source, []).append(key)
    while len(following := consumers.get(found.last, [])) == 1:
        node = graph.nodes[following[0]]
        if not _about_pixels(node):
            break
        found.last = following[0]
        layers.append(node)
    try:
        _scaling(layers, tensors, found)
        size = _geometry(layers, size, found)
    except ValueError as error:
        found.trouble = str(error)
    found.resolution = size
    return found


def adapted_only(adapted: Mapping[str, Array]) -> tuple[Known, tuple[str, ...]]:
    """Of a file of weights alone: what its one Normalization says, () where there is none."""
    layers = list({name.rpartition("/")[0]: None for name in adapted})
    if len(layers) != 1:
        return Known(), ()
    found = Entrance()
    _scaling([Node(layers[0], "Normalization", {}, ())], adapted, found)
    return found.known, found.notes


def _size(shape: Any) -> tuple[int, int] | None:
    """Height and width of [None, H, W, C], None where they are open; ValueError for another shape."""
    if not isinstance(shape, list) or len(shape) != 4:
        if shape is None:
            return None
        raise ValueError(
            f"model_config: the input is {shape!r:.80}, expected [None, height, width, channels]"
        )
    for axis in shape[1:]:
        if axis is not None and (not isinstance(axis, int) or not 0 < axis < 2**15):
            raise ValueError(f"model_config: no image is {shape!r:.80}")
    return None if None in shape[1:3] else (shape[1], shape[2])


def _about_pixels(node: Node) -> bool:
    if ARITHMETIC.get(node.kind):
        return len(node.inputs) == 1
    return node.kind in NOTHING_DONE or node.kind in ("Rescaling", "Normalization", *_GEOMETRY)


def _scaling(layers: list[Node], tensors: Mapping[str, Array], found: Entrance) -> None:
    """mean and std of y = a * pixel + b, if the layers are such."""
    a, b, scaling = np.ones(1), np.zeros(1), []
    for node in layers:
        step = _affine(node, tensors)
        if step is not None:
            with np.errstate(all="ignore"):  # infinity is refused below
                a, b = step[0] * a, step[0] * b + step[1]
            scaling.append(node.name)
    if not scaling or (np.all(a == 1) and not b.any()):
        return
    if not np.isfinite(a).all() or not np.isfinite(b).all() or a.min() <= 0:
        raise ValueError(
            f"layer {scaling[0]}: pixels times {a.min():g} plus {b.min():g} are no image"
        )
    reach = 255 if 255 * a.max() <= _STEEPEST else 1
    a, b = np.broadcast_arrays(a * reach, b)
    std = tuple(float(f"{x:.10g}") for x in 1 / a)
    mean = tuple(float(f"{x:.10g}") + 0.0 for x in -b / a)
    found.known = Known(mean=mean, std=std)
    found.facts |= {"mean": list(mean), "std": list(std)}
    found.notes = (
        f"pixels of 0..{reach} are scaled in the model, by {', '.join(scaling)}: mean {mean}, std {std}",
    )


def _affine(node: Node, tensors: Mapping[str, Array]) -> tuple[Array, Array] | None:
    """(factor, addend) of a layer; None for one that is about other things."""
    if node.kind == "Rescaling":
        return _numbers(node, node.config.get("scale")), _numbers(
            node, node.config.get("offset", 0)
        )
    if node.kind == "Normalization":
        if node.config.get("invert"):
            raise ValueError(f"{node}: undoes a normalisation")
        mean, variance = (_statistic(node, name, tensors) for name in ("mean", "variance"))
        if variance.min() < 0:
            raise ValueError(f"{node}: a variance below 0")
        factor = 1 / np.maximum(np.sqrt(variance), 1e-7)
        return factor, -mean * factor
    operation = ARITHMETIC.get(node.kind)
    if operation is None:
        return None
    if len(node.numbers) != 1 or (node.number_first and operation in ("subtract", "divide")):
        raise ValueError(f"{node}: pixels are not scaled so")
    number = _numbers(node, node.numbers[0])
    one, none = np.ones(1), np.zeros(1)
    with np.errstate(divide="ignore"):
        return {
            "add": (one, number),
            "subtract": (one, -number),
            "multiply": (number, none),
            "divide": (1 / number, none),
        }[operation]


def _statistic(node: Node, name: str, tensors: Mapping[str, Array]) -> Array:
    value: Any = node.config.get(name)
    if value is None:
        own = node.name.rpartition("/")[2]
        for key, array in tensors.items():
            if key == f"{own}/{name}" or key.endswith(f"/{own}/{name}"):
                value = array
    if value is None:
        raise ValueError(f"{node}: its {name} is not in the file")
    return _numbers(node, value)


def _numbers(node: Node, value: Any) -> Array:
    """One number, or one a channel."""
    if isinstance(value, Mapping):  # Keras 3 keeps arrays so
        value = value.get("config", {}).get("value")
    try:
        numbers = np.asarray(value, np.float64).squeeze()
    except (TypeError, ValueError, OverflowError):
        numbers = np.array(np.nan)
    if numbers.shape not in ((), (1,), (3,)) or not np.isfinite(numbers).all():
        raise ValueError(f"{node}: expected a number or one for each channel, found {value!r:.60}")
    return np.atleast_1d(numbers)


def _geometry(
    layers: list[Node], size: tuple[int, int] | None, found: Entrance
) -> tuple[int, int] | None:
    """The size that the network gets, and how images come to it."""
    steps = [node for node in layers if node.kind in _GEOMETRY]
    for node in steps:
        after = _resized_to(node, size)
        if node.kind == "CenterCrop":
            if size is None or size[0] != size[1] or size[0] < max(after):
                raise ValueError(f"{node}: crops an image of {size or 'unknown size'}")
            found.known = Known(resize=size[0]).over(found.known)
        else:
            found.known = _filtered(node, after).over(found.known)
        size = after
    if steps:
        found.notes += (
            f"resized in the model, by {', '.join(x.name for x in steps)}; here Pillow does it, which "
            "smooths where an image becomes smaller: pixels differ a little",
        )
    return size


def _resized_to(node: Node, size: tuple[int, int] | None) -> tuple[int, int]:
    """(H, W) behind one of these layers."""
    after: Any = node.config.get("height"), node.config.get("width")
    if node.kind == "UpSampling2D":
        factor: Any = node.config.get("size")
        if size is None or not _whole(factor):
            raise ValueError(f"{node}: enlarges an image of unknown size")
        after = size[0] * factor[0], size[1] * factor[1]
    if not _whole(after):
        raise ValueError(f"{node}: to {after!r:.60}, which is no size")
    return after[0], after[1]


def _filtered(node: Node, after: tuple[int, int]) -> Known:
    """Filter and cropping of a layer that resizes."""
    config = node.config
    name = config.get("interpolation", "bilinear")
    if not isinstance(name, str) or name not in _FILTERS:
        raise ValueError(f"{node}: interpolation {name!r:.60} is not possible here")
    if config.get("crop_to_aspect_ratio") and after[0] == after[1]:
        return Known(resize=after[0], interpolation=_FILTERS[name])
    if config.get("crop_to_aspect_ratio") or config.get("pad_to_aspect_ratio"):
        raise ValueError(f"{node}: keeps the aspect ratio in a way that is not possible here")
    return Known(resize=STRETCH, interpolation=_FILTERS[name])


def _whole(pair: Any) -> bool:
    return (
        isinstance(pair, list | tuple)
        and len(pair) == 2
        and all(isinstance(x, int) and 0 < x < 2**15 for x in pair)
    )
