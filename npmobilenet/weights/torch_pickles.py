"""Reading PyTorch's own files through its loader of weights alone: nothing in them is executed.

Beside its weights a training checkpoint keeps what the program had at hand: the options of the
command line, paths, numbers of NumPy, configurations of its own classes.  The loader refuses all of
it.  Here every class that it does not know is replaced, by name, by one that takes anything and does
nothing: the weights come in, and still no code of the file's choosing is run.
"""

import sys
import warnings
import zipfile
from collections import OrderedDict
from contextlib import nullcontext
from io import BytesIO
from pathlib import Path
from typing import IO, Any

from ..limits import read_bytes, unpacked_at_most
from ..ops.checks import Array
from . import pickle_calls
from .archives import repacked, sound_archive
from .file_kinds import Kind
from .pickle_calls import Pickle

# what training programs keep of the standard library; any other name of it is out of place in a file
# of weights, and mostly a sign of an attack
_HARMLESS = {
    "_codecs", "argparse", "array", "collections", "copyreg", "dataclasses", "datetime", "decimal",
    "enum", "fractions", "functools", "ipaddress", "itertools", "logging", "math", "numbers", "pathlib",
    "random", "re", "string", "time", "types", "typing", "uuid", "zoneinfo",
}  # fmt: skip
_HARMLESS_BUILTINS = {
    "bool", "bytes", "complex", "dict", "float", "frozenset", "int", "list", "object", "range", "set",
    "slice", "str", "tuple",
}  # fmt: skip


class Unread:
    """Stands in for an object of a class that is not needed to have the weights."""

    of = "?"  # the class it stands for

    def __new__(cls, *_: Any) -> "Unread":
        """Whatever the arguments."""
        return super().__new__(cls)

    def __init__(self, *_: Any) -> None:
        pass

    def __setstate__(self, state: Any) -> None:
        pass


class _UnreadDict:
    """Stands in for a kind of dict: what it holds is kept, without what its class does with it."""

    def __new__(cls, *_: Any) -> Any:
        return OrderedDict()


class _UnreadList:
    def __new__(cls, *_: Any) -> Any:
        return []


def read_pickle(path: Path, kind: Kind) -> Any:
    """What torch.save wrote to `path`: dicts, lists and tensors; other objects are `Unread`.

    kind: "torch" or "torch-legacy".  ValueError, one line with the file's name, for a damaged file and
    for one that names functions instead of classes of records.
    """
    torch = torch_module(path)
    if kind.name == "torch":
        sound_archive(path)
    try:
        file = repacked(path) if kind.name == "torch" else BytesIO(read_bytes(path))
        pickles = _pickles(file, kind)
    except Exception:  # whatever hostile bytes lead pickletools to
        raise _refused(path, "it is damaged") from None
    names = set().union(*(pickle.names for pickle in pickles))
    strange = [
        *(pickle.strange for pickle in pickles),
        *sorted(x for x in names if not _harmless(x)),
    ]
    for name in filter(None, strange):
        raise _refused(path, f"it calls {name!r:.80}, which no weights need")
    several = (nullcontext(), _stand_ins(torch, names), _stand_ins(torch, names, dicts=True))
    for stand_ins in several:
        try:
            file.seek(0)
            with warnings.catch_warnings(), stand_ins:
                warnings.simplefilter("ignore")  # of old storages and of new pickles
                return torch.load(file, map_location="cpu", weights_only=True)
        except Exception:  # its messages advise to switch the safety off: they are not passed on
            continue
    protocols = set().union(*(pickle.protocols for pickle in pickles))
    if protocols - {2}:
        raise _refused(
            path, f"it was saved with pickle_protocol={max(protocols)}, expected the usual 2"
        )
    foreign = sorted(name for name in names if not name.startswith(("torch.", "collections.")))
    within = f", or what it holds of {', '.join(foreign[:3])} is not plain data" if foreign else ""
    raise _refused(
        path,
        f"it is damaged{within}; where it was made: torch.save(model.state_dict(), 'weights.pth')",
    )


def as_array(path: Path, name: str, tensor: Any) -> Array:
    """A tensor's numbers, bfloat16 as float32, which holds it exactly.

    ValueError, with file and name, for a tensor that is not a plain array of numbers.
    """
    torch = torch_module(path)
    what = ""
    if tensor.is_quantized:
        what = f"quantised ({_short(tensor.dtype)}); import the network as it was before"
    elif tensor.layout != torch.strided or tensor.is_nested:
        what = f"sparse or nested ({_short(tensor.layout)}); save tensor.to_dense()"
    elif tensor.is_meta:
        what = "on the device meta, which keeps no numbers"
    elif (
        not _bytes(tensor)
        <= tensor.untyped_storage().nbytes()
        <= unpacked_at_most(path.stat().st_size)
    ):
        what = f"of shape {tuple(tensor.shape)}, with less in the file"
    elif tensor.dtype == torch.bfloat16:
        tensor = tensor.float()
    elif tensor.dtype not in (torch.float16, torch.float32, torch.float64) and (
        tensor.dtype.is_floating_point or tensor.dtype.is_complex
    ):
        what = f"of type {_short(tensor.dtype)}; save tensor.float()"
    if what:
        raise ValueError(f"{path}: {name} is {what}; expected floating-point numbers")
    array: Array = tensor.detach().resolve_neg().numpy()
    return array


def torch_module(path: Path) -> Any:
    """torch, imported when it is needed: it is an extra."""
    try:
        import torch
    except ImportError:
        raise ValueError(
            f'{path}: PyTorch\'s own files need torch: pip install "npmobilenet[torch]"'
        ) from None
    return torch


def _bytes(tensor: Any) -> int:
    return int(tensor.numel() * tensor.element_size())


def _short(of_torch: Any) -> str:
    return str(of_torch).removeprefix("torch.")


def _refused(path: Path, reason: str) -> ValueError:
    return ValueError(f"{path}: torch cannot load it as weights alone: {reason}")


def _pickles(file: IO[bytes], kind: Kind) -> list[Pickle]:
    """All that torch will unpickle; ValueError where the parts are not as it writes them."""
    if kind.name == "torch":
        with zipfile.ZipFile(file) as archive:
            # torch looks for it whatever the case of its letters
            (inside,) = (x for x in archive.namelist() if x.lower().endswith("data.pkl"))
            with archive.open(inside) as content:
                return [pickle_calls.read(content)]
    # the magic number, the version, the machine, the object, the names of its storages
    return [pickle_calls.read(file) for _ in range(5)]


def _harmless(name: str) -> bool:
    """Whether a name of a pickle is a class of records, or of somebody's own program."""
    module, _, inside = name.partition(".")
    if module == "builtins":
        return inside in _HARMLESS_BUILTINS
    return module in _HARMLESS or module not in sys.stdlib_module_names


def _stand_ins(torch: Any, names: set[str], dicts: bool = False) -> Any:
    """A context in which the loader takes `names`; dicts: for each of them a dict is made."""
    if not hasattr(torch.serialization, "safe_globals"):  # an older torch takes no stand-ins
        return nullcontext()
    made = []
    for name in names:
        last = name.rpartition(".")[2].lower()
        stand_in: type = type("Unread", (Unread,), {"of": name})
        if dicts or last.endswith(("dict", "munch", "cfgnode")):
            stand_in = type("UnreadDict", (_UnreadDict,), {})
        elif last in ("deque", "list"):
            stand_in = type("UnreadList", (_UnreadList,), {})
        made.append((stand_in, name))
    return torch.serialization.safe_globals(made)
