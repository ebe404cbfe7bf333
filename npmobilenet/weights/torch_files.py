"""Reading and writing name -> array files: safetensors, PyTorch's .pth, NumPy's .npz."""

import zipfile
from collections.abc import Mapping
from io import BytesIO
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save as to_bytes

from ..disk import write_whole
from ..ops.checks import Array, shown
from ..text import displayed, reason
from .archives import member, sound_archive
from .description import NOTHING
from .family import Contents
from .file_kinds import kind_of
from .hub import of_architecture
from .safetensors_files import read_safetensors
from .sealing import SEAL, check_export, fingerprint
from .torch_pickles import as_array, read_pickle, torch_module
from .torch_sets import chosen, named

# counters beside the weights, which are mostly single numbers, without an axis; not those of thop
_COUNTERS = ("num_batches_tracked", "total_ops", "total_params")
_NPY_HEADER = 10_000  # bytes that NumPy reads, too
# what wraps a network in PyTorch, and so puts its name before or between the names inside
_WRAPPERS = ("module", "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module")


def read_torch(path: Path, entry: str | None = None) -> Contents:
    """A state dict from safetensors, or from PyTorch's files through its loader of weights alone.

    entry: which of several in the file, "state_dict_ema" or "teacher"; else the usual one, and a note
    says which.  Counters, and what wrappers like DataParallel add to names, are dropped.  ValueError,
    one line with the file's name, where that is not what the file holds.
    """
    kind = kind_of(path)
    notes: tuple[str, ...] = ()
    description = NOTHING
    if kind.name == "safetensors":
        metadata, arrays = read_safetensors(path)
        try:
            check_export(metadata.get(SEAL), arrays)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None
        found = named(path, arrays, entry)
    elif kind.name.startswith("torch"):
        content = read_pickle(path, kind)
        found, notes = chosen(path, content, entry)
        description = of_architecture(content)
    elif path.suffix == ".safetensors":
        raise ValueError(f"{path}: not a readable safetensors file: this is {kind}")
    else:
        raise ValueError(f"{path}: torch cannot load it as weights alone: this is {kind}")
    kept = {
        name: value for name, value in found.items() if value.ndim and not name.endswith(_COUNTERS)
    }
    if kind.name.startswith("torch"):
        kept = {name: as_array(path, name, value) for name, value in kept.items()}
    return Contents(_unwrapped(kept), notes, description)


def _unwrapped(tensors: Mapping[str, Array]) -> dict[str, Array]:
    """The tensors by the names they have in the bare network, if those differ from each other."""
    names = [".".join(x for x in name.split(".") if x not in _WRAPPERS) for name in tensors]
    return dict(
        zip(names if len(set(names)) == len(names) else tensors, tensors.values(), strict=True)
    )


def read_npz(path: Path) -> Contents:
    """All arrays of an .npz; a .pdparams is refused, with the way to make an .npz of it."""
    kind = kind_of(path)
    if kind.what == "a pickle":
        raise ValueError(
            f"{path}: a pickle, which could run any code when opened; where Paddle is installed, "
            "convert it with: import numpy, paddle; numpy.savez('weights.npz', **{k: v.numpy() "
            f"for k, v in paddle.load('{path.name}').items()}})"
        )
    if kind.name != "npz":
        raise ValueError(f"{path}: not an .npz file: this is {kind}")
    sound_archive(path)
    try:
        with zipfile.ZipFile(path) as archive:
            return Contents(
                {
                    entry.filename.removesuffix(".npy"): _npy(member(archive, entry))
                    for entry in archive.infolist()
                    if entry.filename.endswith(".npy")
                }
            )
    except Exception as error:  # whatever hostile bytes lead NumPy to
        raise ValueError(
            f"{path}: not a readable .npz of arrays ({displayed(reason(error))})"
        ) from None


def _npy(content: bytes) -> Array:
    """The array of an .npy file as a view; ValueError where its header is not about what follows it."""
    file = BytesIO(content)
    version = np.lib.format.read_magic(file)
    if version not in ((1, 0), (2, 0)):  # later ones are for names of fields in any language
        raise ValueError(f"an .npy of version {version}")
    header, start = np.lib.format, file.tell()
    if (size := int.from_bytes(file.read(4 if version[0] == 2 else 2), "little")) > _NPY_HEADER:
        raise ValueError(f"an .npy header of {size:,} bytes, at most {_NPY_HEADER:,} are read")
    file.seek(start)
    read = header.read_array_header_1_0 if version[0] == 1 else header.read_array_header_2_0
    shape, columns, dtype = read(file)
    left = len(content) - file.tell()
    if dtype.kind not in "fiub" or prod(shape) * dtype.itemsize != left:
        raise ValueError(f"{left:,} bytes for {dtype!s:.40} of shape {shown(shape)}")
    value: Array = np.zeros(shape, dtype)
    if value.size:
        value = np.frombuffer(content, dtype, offset=file.tell())
        value = value.reshape(shape[::-1]).T if columns else value.reshape(shape)
    return value if value.flags.aligned else value.copy()


def write_safetensors(path: Path, tensors: Mapping[str, Array]) -> None:
    """A state dict as safetensors, which timm loads as it is."""
    contiguous = {name: np.ascontiguousarray(value) for name, value in tensors.items()}
    write_whole(path, to_bytes(contiguous, {"format": "pt", SEAL: fingerprint(contiguous)}))


def write_torch(path: Path, tensors: Mapping[str, Array]) -> None:
    """A state dict as .pth (through torch) or .safetensors, by the name's ending."""
    if path.suffix not in (".pth", ".pt"):
        write_safetensors(path, tensors)
        return
    torch, content = torch_module(path), BytesIO()
    torch.save({name: torch.from_numpy(value.copy()) for name, value in tensors.items()}, content)
    write_whole(path, content.getvalue())


def write_npz(path: Path, tensors: Mapping[str, Array]) -> None:
    """Names and arrays as .npz."""
    content = BytesIO()
    arrays: Any = {name: np.ascontiguousarray(value) for name, value in tensors.items()}
    np.savez(content, **arrays)
    write_whole(path, content.getvalue())
