"""The two layouts in which Keras puts a model's arrays into HDF5, read without following any link.

    legacy     layer_names and weight_names tell the order; conv1/conv1/kernel:0
    Keras 3    layers/conv2d_3/vars/0: class and count, the layer's own name as an attribute

HDF5 may also point at other files: by links, by arrays stored elsewhere, by arrays put together of
others.  A weight file has no need of any; they are refused.
"""

import re
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..ops.checks import Array
from .keras_order import AUTOMATIC

LARGEST = 2**31  # bytes of one array: a few kilobytes of HDF5 may claim any size
NORM = ("gamma", "beta", "moving_mean", "moving_variance")
ADAPTED = ("mean", "variance", "count")  # of a Normalization that was adapted to data
_TRANSPARENT = ("layers", "_layer_checkpoint_dependencies")  # hold the layers, are none themselves
_NO_LAYERS = ("optimizer", "seed_generator")


def arrays(h5py: Any, root: Any) -> dict[str, Array]:
    """layer/parameter -> array, in the order of the model's layers as far as the file tells it.

    h5py is the module, root an open file.  ValueError, naming the path inside, for a link, for
    an array that is not a plain array of numbers, and for HDF5 that Keras did not write.
    """
    if not _lists_layers(root) and "model_weights" in root:  # a whole model, not its weights alone
        root = _child(h5py, root, "model_weights")
    if _lists_layers(root):
        return _legacy(h5py, root)
    found: dict[str, Array] = {}
    _walk(h5py, root, "", found, set())
    if not found:
        raise ValueError("HDF5, but without layers as Keras writes them")
    return found


def _lists_layers(group: Any) -> bool:
    return "layer_names" in group.attrs or "layer_names0" in group.attrs


def _legacy(h5py: Any, root: Any) -> dict[str, Array]:
    found: dict[str, Array] = {}
    names = _strings(root, "layer_names")
    if "top_level_model_weights" in root:  # arrays that belong to no layer
        names.append("top_level_model_weights")
    for layer in names:
        group = _child(h5py, root, layer)
        inside: dict[str, dict[str, Array]] = {}
        for weight in _strings(group, "weight_names"):
            path, _, parameter = weight.partition(":")[0].rpartition("/")
            inside.setdefault(path, {})[parameter] = _array(_child(h5py, group, weight))
        for path in _by_number(inside):
            one = len(inside) == 1  # a layer's path may repeat its name, or that of a model around
            whole = layer if one or not path else f"{layer}/{path.removeprefix(layer + '/')}"
            for parameter, value in _usual(inside[path]).items():
                found[f"{whole}/{parameter}"] = value
    return found


def _usual(parameters: dict[str, Array]) -> dict[str, Array]:
    """Keras 2 calls a depthwise layer's kernel depthwise_kernel."""
    if "pointwise_kernel" in parameters:  # both kernels of a separable convolution
        return parameters
    return {k.replace("depthwise_kernel", "kernel"): v for k, v in parameters.items()}


def _by_number(names: Iterable[str]) -> list[str]:
    """The same names, those that are automatic in the order of their numbers.

    A model inside a model lists trained arrays first, so that partly frozen layers lose their places.
    """
    names = list(names)
    alike: dict[tuple[str, str], list[int]] = {}  # places of the names that differ by number alone
    for place, name in enumerate(names):
        around, _, own = name.rpartition("/")
        if automatic := AUTOMATIC.fullmatch(own):
            alike.setdefault((around, automatic[1]), []).append(place)
    result = list(names)
    for places in alike.values():
        ordered = sorted((names[place] for place in places), key=_natural)
        for place, name in zip(places, ordered, strict=True):
            result[place] = name
    return result


def _walk(h5py: Any, group: Any, path: str, found: dict[str, Array], seen: set[int]) -> None:
    """Collect what is below a group in Keras 3's layout."""
    address = h5py.h5o.get_info(group.id).addr
    if address in seen:  # a group may be its own descendant
        raise ValueError(f"{group.name}: this group is there twice")
    seen.add(address)
    used: set[str] = set()
    for name in sorted(group, key=_natural):
        if name in _NO_LAYERS:
            continue
        child = _child(h5py, group, name)
        if not isinstance(child, h5py.Group):
            raise ValueError(f"{child.name}: an array where a layer was expected")
        if name == "vars":
            found |= {f"{path}{k}": value for k, value in _parameters(h5py, child).items()}
        elif name in _TRANSPARENT:
            _walk(h5py, child, path, found, seen)
        else:
            own = _own_name(h5py, child)
            name = own if own and own not in used else name
            used.add(name)
            _walk(h5py, child, f"{path}{name}/", found, seen)


def _parameters(h5py: Any, group: Any) -> dict[str, Array]:
    """The arrays of one layer by name: four of one length are a batch normalisation's."""
    keys = sorted(group, key=_natural)
    values = [_array(_child(h5py, group, key)) for key in keys]
    shapes = [value.shape for value in values]
    if len(values) == 4 and len(shapes[0]) == 1 and len(set(shapes)) == 1:
        keys = list(NORM)
    elif len(values) == 3 and shapes[0] == shapes[1] and shapes[2] == ():  # a Normalization's
        keys = list(ADAPTED)
    elif shapes and len(shapes[0]) > 1 and [len(shape) for shape in shapes[1:]] in ([], [1]):
        keys = ["kernel", "bias"][: len(values)]
    return dict(zip(keys, values, strict=True))


def _own_name(h5py: Any, group: Any) -> str:
    """The layer's own name; Keras 3's first versions stored none."""
    if "vars" not in group:
        return ""
    name = _child(h5py, group, "vars").attrs.get("name", "")
    return name.decode() if isinstance(name, bytes) else str(name)


def _child(h5py: Any, group: Any, path: str) -> Any:
    """The group or array at a path, every step of it a plain one."""
    for name in path.strip("/").split("/"):
        where = f"{group.name.rstrip('/')}/{name}"
        link = group.get(name, getlink=True) if isinstance(group, h5py.Group) else None
        if link is None:
            raise ValueError(f"{where}: is promised and not there")
        if not isinstance(link, h5py.HardLink):
            raise ValueError(f"{where}: a link to somewhere else, which is not followed")
        group = group[name]
    return group


def _array(dataset: Any) -> Array:
    """A plain array of numbers; bfloat16, which NumPy does not know, as float32."""
    shape = getattr(dataset, "shape", None)
    if shape is None:
        raise ValueError(f"{dataset.name}: no array")
    if dataset.external or dataset.is_virtual:
        raise ValueError(f"{dataset.name}: stored in another file, which is not opened")
    if dataset.nbytes > LARGEST:
        raise ValueError(f"{dataset.name}: shape {shape} is larger than any layer's")
    value = np.asarray(dataset[()])
    if dataset.attrs.get("dtype") == "bfloat16":  # the upper half of a float32
        return (value.view(np.uint16).astype(np.uint32) << 16).view(np.float32)
    if value.dtype.kind not in "fiub":
        raise ValueError(f"{dataset.name}: holds {value.dtype}, not numbers")
    return value


def _strings(group: Any, name: str) -> list[str]:
    """A list kept as an attribute, cut into name0, name1, ... where it is too long for one."""
    pieces = [name] if name in group.attrs else []
    while not pieces or pieces[0] != name:
        piece = f"{name}{len(pieces)}"
        if piece not in group.attrs:
            break
        pieces.append(piece)
    listed = [x for piece in pieces for x in np.ravel(group.attrs[piece])]
    return [x.decode() if isinstance(x, bytes) else str(x) for x in listed]


def _natural(name: str) -> list[Any]:
    """conv2d before conv2d_2 before conv2d_10."""
    return [int(x) if x.isdecimal() else x for x in re.split(r"(\d+)", name)]
