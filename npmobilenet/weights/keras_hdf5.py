"""The two layouts in which Keras puts a model's arrays into HDF5, read without following any link.

    legacy     layer_names and weight_names tell the order; conv1/conv1/kernel:0
    Keras 3    layers/conv2d_3/vars/0: class and count, the layer's own name as an attribute

HDF5 may also point at other files: by links, by arrays stored elsewhere, by arrays put together of
others.  A weight file has no need of any; they are refused, and what a link points at is not even looked
for.  It may claim more numbers than the file can hold, or pack them; `Budget` counts them before they
are read.
"""

import mmap
import re
import zlib
from collections.abc import Iterable
from io import BytesIO
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from ..limits import in_words
from ..ops.checks import Array
from ..text import displayed
from .keras_config import LARGEST_TEXT
from .keras_order import AUTOMATIC

NORM = ("gamma", "beta", "moving_mean", "moving_variance")
ADAPTED = ("mean", "variance", "count")  # of a Normalization that was adapted to data
_TRANSPARENT = ("layers", "_layer_checkpoint_dependencies")  # hold the layers, are none themselves
_NO_LAYERS = ("optimizer", "seed_generator")
_HEAP = b"GCOL\1"  # what a block begins with in which HDF5 keeps texts of any length
_MOST_HEAPS = 100_000  # of at least 4 KB each


class Budget:
    """Bytes that may still be read: a few kilobytes of HDF5 may claim any size, and any size twice.

    h5py is the module, most the bytes that all arrays may have, content the file or all of its bytes.
    """

    def __init__(self, h5py: Any, most: int, content: Path | BytesIO) -> None:
        self.h5py, self.most, self.left = h5py, most, most
        self.longest = _longest(content)

    def text(self, group: Any, name: str, found: Any) -> None:
        """ValueError where an attribute is, or as texts of any length may be, more than any model's.

        Such texts lie elsewhere, and thousands of them may be the same one, which is read for each.
        """
        count, what = prod(found.shape or ()), f"attribute {name} of {displayed(group.name)}"
        if found.dtype.hasobject:
            if self.h5py.check_string_dtype(found.dtype) is None:
                raise ValueError(f"{what}: expected text, found {found.dtype}")
            if self.longest > LARGEST_TEXT:  # this one, or another
                size = in_words(self.longest)
                raise ValueError(f"texts of {size} in one block, larger than any model's")
            if count * self.longest > self.most:
                size = in_words(count * self.longest)
                raise ValueError(f"{what}: {count:,} texts, which may have {size}")
            if group.file.id.get_create_plist().get_sizes() != (8, 8):
                raise ValueError(f"{what}: texts in HDF5 of an unusual kind")
        elif (size := count * found.dtype.itemsize) > LARGEST_TEXT:
            raise ValueError(f"{what} has {in_words(size)}")

    def take(self, dataset: Any) -> None:
        """ValueError where an array, or what unpacking it takes, is more than is left."""
        self.left -= dataset.nbytes
        if self.left < 0:
            raise ValueError(
                f"{displayed(dataset.name)}: with shape {dataset.shape} the arrays are larger than the "
                f"{in_words(self.most)} that this file may hold"
            )
        piece = prod(dataset.chunks or ()) * dataset.dtype.itemsize  # is unpacked as a whole
        if piece > 2 * dataset.nbytes + 2**20:
            raise ValueError(
                f"{displayed(dataset.name)}: shape {dataset.shape} in pieces of {dataset.chunks}"
            )
        if dataset.chunks:
            self._packed(dataset, piece)

    def _packed(self, dataset: Any, piece: int) -> None:
        """ValueError for filters but gzip's, and pieces that unpack to more than they are."""
        h5z, made = self.h5py.h5z, dataset.id.get_create_plist()
        filters = [made.get_filter(k)[0] for k in range(made.get_nfilters())]
        known = (h5z.FILTER_SHUFFLE, h5z.FILTER_DEFLATE, h5z.FILTER_FLETCHER32)
        if not set(filters) <= set(known) or len(set(filters)) != len(filters):
            raise ValueError(
                f"{displayed(dataset.name)}: packed by filters {filters}, expected gzip alone"
            )
        if h5z.FILTER_DEFLATE not in filters:
            return
        for k in range(dataset.id.get_num_chunks()):
            about = dataset.id.get_chunk_info(k)
            if about.size > 2 * piece + 2**16:
                raise ValueError(
                    f"{displayed(dataset.name)}: a piece of it has {about.size:,} bytes, packed"
                )
            skipped, packed = dataset.id.read_direct_chunk(about.chunk_offset)
            if skipped & 1 << filters.index(h5z.FILTER_DEFLATE):
                continue
            unpacking = zlib.decompressobj()
            left = piece + 4  # a checksum
            unpacking.decompress(packed, left)
            if unpacking.unconsumed_tail and unpacking.decompress(unpacking.unconsumed_tail, 1):
                raise ValueError(
                    f"{displayed(dataset.name)}: a piece of it unpacks to more than it is"
                )


def attribute(budget: Budget, group: Any, name: str, absent: Any = None) -> Any:
    """An attribute; ValueError where it claims more than any text of a model has."""
    if name not in group.attrs:
        return absent
    budget.text(group, name, group.attrs.get_id(name))
    return group.attrs[name]


def _longest(content: Path | BytesIO) -> int:
    """Bytes that a text of any length may have at most: of the largest block of such texts."""
    if isinstance(content, BytesIO):
        return _largest_heap(content.getbuffer())
    with content.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return _largest_heap(data)


def _largest_heap(data: Any) -> int:
    largest, size = 0, len(data)
    for count, found in enumerate(re.finditer(_HEAP, data)):
        at = found.start()
        stated = int.from_bytes(data[at + 8 : at + 16], "little")
        if count > _MOST_HEAPS:
            raise ValueError(f"more than {_MOST_HEAPS:,} blocks of texts")
        if stated <= size - at:  # else it is none: it cannot be read
            largest = max(largest, stated)
    return largest


def arrays(budget: Budget, root: Any) -> dict[str, Array]:
    """layer/parameter -> array, in the order of the model's layers as far as the file tells it.

    root is an open file.  ValueError, naming the path inside, for a link, for an array that is not a
    plain array of numbers, and for HDF5 that Keras did not write.
    """
    h5py = budget.h5py
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
    names = _strings(budget, root, "layer_names")
    if _there(root, "top_level_model_weights"):  # arrays that belong to no layer
        names.append("top_level_model_weights")
    for layer in names:
        group = _child(budget.h5py, root, layer)
        inside: dict[str, dict[str, Array]] = {}
        for weight in _strings(budget, group, "weight_names"):
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
        raise ValueError(f"{displayed(group.name)}: this group is there twice")
    seen.add(address)
    used: set[str] = set()
    for name in sorted(group, key=_natural):
        if name in _NO_LAYERS:
            continue
        child = _child(h5py, group, name)
        if not isinstance(child, h5py.Group):
            raise ValueError(f"{displayed(child.name)}: an array where a layer was expected")
        if name == "vars":
            found |= {f"{path}{k}": value for k, value in _parameters(budget, child).items()}
        elif name in _TRANSPARENT:
            _walk(budget, child, path, found, seen)
        else:
            own = _own_name(budget, child)
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


def _own_name(budget: Budget, group: Any) -> str:
    """The layer's own name; Keras 3's first versions stored none."""
    if not _there(group, "vars"):
        return ""
    name = attribute(budget, _child(budget.h5py, group, "vars"), "name", "")
    return name.decode() if isinstance(name, bytes) else str(name)


def _there(group: Any, name: str) -> bool:
    """Whether it has something of that name; h5py's own `in` would look at what a link points at."""
    return bool(group.id.links.exists(name.encode()))


def _child(h5py: Any, group: Any, path: str) -> Any:
    """The group or array at a path, every step of it a plain one."""
    for name in path.strip("/").split("/"):
        where = displayed(f"{group.name.rstrip('/')}/{name}")
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
        raise ValueError(f"{displayed(dataset.name)}: no array")
    if dataset.external or dataset.is_virtual:
        raise ValueError(f"{displayed(dataset.name)}: stored in another file, which is not opened")
    if dataset.dtype.kind not in "fiubV" or dataset.dtype.hasobject:
        raise ValueError(f"{displayed(dataset.name)}: holds {dataset.dtype}, not numbers")
    budget.take(dataset)
    value = np.asarray(dataset[()])
    if attribute(budget, dataset, "dtype") == "bfloat16":  # the upper half of a float32
        return (value.view(np.uint16).astype(np.uint32) << 16).view(np.float32)
    if value.dtype.kind not in "fiub":
        raise ValueError(f"{displayed(dataset.name)}: holds {value.dtype}, not numbers")
    return value


def _strings(budget: Budget, group: Any, name: str) -> list[str]:
    """A list kept as an attribute, cut into name0, name1, ... where it is too long for one."""
    pieces = [name] if name in group.attrs else []
    while not pieces or pieces[0] != name:
        piece = f"{name}{len(pieces)}"
        if piece not in group.attrs:
            break
        pieces.append(piece)
    listed: list[str] = []
    size = 0
    for piece in pieces:
        texts = np.ravel(attribute(budget, group, piece))
        if (size := size + sum(map(len, texts))) > LARGEST_TEXT:
            raise ValueError(
                f"attribute {piece} of {displayed(group.name)}: texts of {in_words(size)}"
            )
        listed += [x.decode() if isinstance(x, bytes) else str(x) for x in texts]
    return listed


def _natural(name: str) -> list[Any]:
    """conv2d before conv2d_2 before conv2d_10; no number is made, which could have a million digits."""
    parts = enumerate(re.split(r"(\d+)", name))
    return [(len(x := part.lstrip("0")), x) if place % 2 else part for place, part in parts]
