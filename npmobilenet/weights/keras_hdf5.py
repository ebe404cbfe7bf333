"""The two layouts in which Keras puts a model's arrays into HDF5, read without following any link.

    legacy     layer_names and weight_names tell the order; conv1/conv1/kernel:0
    Keras 3    layers/conv2d_3/vars/0: class and count, the layer's own name as an attribute

HDF5 may also point at other files: by links, by arrays stored elsewhere, by arrays put together of
others.  A weight file has no need of any; they are refused, and what a link points at is not even looked
for.  It may claim more numbers than the file can hold, or pack them; `Budget` counts them before they
are read.
"""

import re
import zlib
from collections.abc import Iterable
from math import prod
from typing import Any

import numpy as np

from ..limits import in_words
from ..ops.checks import Array
from .keras_config import LARGEST_TEXT
from .keras_order import AUTOMATIC

NORM = ("gamma", "beta", "moving_mean", "moving_variance")
ADAPTED = ("mean", "variance", "count")  # of a Normalization that was adapted to data
_TRANSPARENT = ("layers", "_layer_checkpoint_dependencies")  # hold the layers, are none themselves
_NO_LAYERS = ("optimizer", "seed_generator")


class Budget:
    """Bytes that may still be read: a few kilobytes of HDF5 may claim any size, and any size twice."""

    def __init__(self, h5py: Any, most: int) -> None:
        self.h5py, self.most, self.left = h5py, most, most

    def take(self, dataset: Any) -> None:
        """ValueError where an array, or what unpacking it takes, is more than is left."""
        self.left -= dataset.nbytes
        if self.left < 0:
            raise ValueError(
                f"{dataset.name}: with shape {dataset.shape} the arrays are larger than the "
                f"{in_words(self.most)} that this file may hold"
            )
        piece = prod(dataset.chunks or ()) * dataset.dtype.itemsize  # is unpacked as a whole
        if piece > 2 * dataset.nbytes + 2**20:
            raise ValueError(f"{dataset.name}: shape {dataset.shape} in pieces of {dataset.chunks}")
        if dataset.chunks:
            self._packed(dataset, piece)

    def _packed(self, dataset: Any, piece: int) -> None:
        """ValueError for filters but gzip's, and pieces that unpack to more than they are."""
        h5z, made = self.h5py.h5z, dataset.id.get_create_plist()
        filters = [made.get_filter(k)[0] for k in range(made.get_nfilters())]
        known = (h5z.FILTER_SHUFFLE, h5z.FILTER_DEFLATE, h5z.FILTER_FLETCHER32)
        if not set(filters) <= set(known) or len(set(filters)) != len(filters):
            raise ValueError(f"{dataset.name}: packed by filters {filters}, expected gzip alone")
        if h5z.FILTER_DEFLATE not in filters:
            return
        for k in range(dataset.id.get_num_chunks()):
            about = dataset.id.get_chunk_info(k)
            if about.size > 2 * piece + 2**16:
                raise ValueError(f"{dataset.name}: a piece of it has {about.size:,} bytes, packed")
            skipped, packed = dataset.id.read_direct_chunk(about.chunk_offset)
            if skipped & 1 << filters.index(h5z.FILTER_DEFLATE):
                continue
            unpacking = zlib.decompressobj()
            left = piece + 4  # a checksum
            unpacking.decompress(packed, left)
            if unpacking.unconsumed_tail and unpacking.decompress(unpacking.unconsumed_tail, 1):
                raise ValueError(f"{dataset.name}: a piece of it unpacks to more than it is")


def attribute(group: Any, name: str, absent: Any = None) -> Any:
    """An attribute; ValueError where it claims more than any text of a model has."""
    if name not in group.attrs:
        return absent
    found = group.attrs.get_id(name)
    if (size := prod(found.shape) * found.dtype.itemsize) > LARGEST_TEXT:
        raise ValueError(f"attribute {name} of {group.name} has {in_words(size)}")
    return group.attrs[name]


def arrays(h5py: Any, root: Any, most: int) -> dict[str, Array]:
    """layer/parameter -> array, in the order of the model's layers as far as the file tells it.

    h5py is the module, root an open file, most the bytes that all arrays may have.  ValueError, naming
    the path inside, for a link, for an array that is not a plain array of numbers, and for HDF5 that
    Keras did not write.
    """
    budget = Budget(h5py, most)
    if not _lists_layers(root) and _there(
        root, "model_weights"
    ):  # a whole model, not its weights alone
        root = _child(h5py, root, "model_weights")
    if _lists_layers(root):
        return _legacy(budget, root)
    found: dict[str, Array] = {}
    _walk(budget, root, "", found, set())
    if not found:
        raise ValueError("HDF5, but without layers as Keras writes them")
    return found


def _lists_layers(group: Any) -> bool:
    return "layer_names" in group.attrs or "layer_names0" in group.attrs


def _legacy(budget: Budget, root: Any) -> dict[str, Array]:
    found: dict[str, Array] = {}
    names = _strings(root, "layer_names")
    if _there(root, "top_level_model_weights"):  # arrays that belong to no layer
        names.append("top_level_model_weights")
    for layer in names:
        group = _child(budget.h5py, root, layer)
        inside: dict[str, dict[str, Array]] = {}
        for weight in _strings(group, "weight_names"):
            path, _, parameter = weight.partition(":")[0].rpartition("/")
            array = _array(budget, _child(budget.h5py, group, weight))
            inside.setdefault(path, {})[parameter] = array
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


def _walk(budget: Budget, group: Any, path: str, found: dict[str, Array], seen: set[int]) -> None:
    """Collect what is below a group in Keras 3's layout."""
    h5py = budget.h5py
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
            found |= {f"{path}{k}": value for k, value in _parameters(budget, child).items()}
        elif name in _TRANSPARENT:
            _walk(budget, child, path, found, seen)
        else:
            own = _own_name(h5py, child)
            name = own if own and own not in used else name
            used.add(name)
            _walk(budget, child, f"{path}{name}/", found, seen)


def _parameters(budget: Budget, group: Any) -> dict[str, Array]:
    """The arrays of one layer by name: four of one length are a batch normalisation's."""
    keys = sorted(group, key=_natural)
    values = [_array(budget, _child(budget.h5py, group, key)) for key in keys]
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
    if not _there(group, "vars"):
        return ""
    name = attribute(_child(h5py, group, "vars"), "name", "")
    return name.decode() if isinstance(name, bytes) else str(name)


def _there(group: Any, name: str) -> bool:
    """Whether it has something of that name; h5py's own `in` would look at what a link points at."""
    return bool(group.id.links.exists(name.encode()))


def _child(h5py: Any, group: Any, path: str) -> Any:
    """The group or array at a path, every step of it a plain one."""
    for name in path.strip("/").split("/"):
        where = f"{group.name.rstrip('/')}/{name}"
        if not isinstance(group, h5py.Group) or not name or not _there(group, name):
            raise ValueError(f"{where}: is promised and not there")
        if group.id.links.get_info(name.encode()).type != h5py.h5l.TYPE_HARD:
            raise ValueError(f"{where}: a link to somewhere else, which is not followed")
        group = group[name]
    return group


def _array(budget: Budget, dataset: Any) -> Array:
    """A plain array of numbers; bfloat16, which NumPy does not know, as float32."""
    shape = getattr(dataset, "shape", None)
    if shape is None:
        raise ValueError(f"{dataset.name}: no array")
    if dataset.external or dataset.is_virtual:
        raise ValueError(f"{dataset.name}: stored in another file, which is not opened")
    if dataset.dtype.kind not in "fiubV":
        raise ValueError(f"{dataset.name}: holds {dataset.dtype}, not numbers")
    budget.take(dataset)
    value = np.asarray(dataset[()])
    if attribute(dataset, "dtype") == "bfloat16":  # the upper half of a float32
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
    listed = [x for piece in pieces for x in np.ravel(attribute(group, piece))]
    return [x.decode() if isinstance(x, bytes) else str(x) for x in listed]


def _natural(name: str) -> list[Any]:
    """conv2d before conv2d_2 before conv2d_10."""
    return [int(x) if x.isdecimal() else x for x in re.split(r"(\d+)", name)]
