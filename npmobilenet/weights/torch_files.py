"""Reading and writing name -> array files: safetensors, PyTorch's .pth, NumPy's .npz."""

import pickle
import zipfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as to_bytes

from ..ops.checks import Array
from .family import Contents
from .native import write_whole

_WRAPPERS = ("state_dict", "model", "model_state_dict")  # where training scripts put the weights


def read_torch(path: Path) -> Contents:
    """A state dict from .safetensors, or from .pth / .pt through torch's weights_only loader.

    Counters of batches and a "module." before every name are dropped.  ValueError, one line with the
    file's name, where that is not what the file holds.
    """
    start = _start(path)
    if start.startswith(b"\x89HDF"):
        raise ValueError(f"{path}: this is an HDF5 file, as Keras writes; try --from keras")
    if path.suffix in (".pth", ".pt", ".bin", ".tar"):
        tensors = _read_pickle(path)
    else:
        tensors = read_safetensors(path)
    kept = {k: v for k, v in tensors.items() if not k.endswith("num_batches_tracked")}
    if kept and all(name.startswith("module.") for name in kept):  # torch.nn.DataParallel
        kept = {name.removeprefix("module."): value for name, value in kept.items()}
    return Contents(kept)


def read_safetensors(path: Path) -> dict[str, Array]:
    """All arrays of a safetensors file, as float32 where NumPy does not know their type."""
    _start(path)
    try:
        with safe_open(path, framework="numpy") as file:
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, TypeError) as error:
        raise ValueError(f"{path}: not a readable safetensors file ({error})") from None


def read_npz(path: Path) -> Contents:
    """All arrays of an .npz; a .pdparams is refused, with the way to make an .npz of it."""
    if path.suffix in (".pdparams", ".pdopt"):
        raise ValueError(
            f"{path}: a pickle, which could run any code when opened; where Paddle is installed, "
            "convert it with: import numpy, paddle; numpy.savez('weights.npz', **{k: v.numpy() "
            f"for k, v in paddle.load('{path.name}').items()}})"
        )
    if not _start(path).startswith(b"PK"):
        raise ValueError(f"{path}: not an .npz file")
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            return Contents({name: file[name] for name in file.files})
    except (ValueError, OSError, zipfile.BadZipFile, EOFError) as error:
        raise ValueError(f"{path}: not a readable .npz of arrays ({error})") from None


def write_safetensors(path: Path, tensors: Mapping[str, Array]) -> None:
    """A state dict as safetensors, which timm loads as it is."""
    contiguous = {name: np.ascontiguousarray(value) for name, value in tensors.items()}
    write_whole(path, to_bytes(contiguous, {"format": "pt"}))


def write_torch(path: Path, tensors: Mapping[str, Array]) -> None:
    """A state dict as .pth (through torch) or .safetensors, by the name's ending."""
    if path.suffix not in (".pth", ".pt"):
        write_safetensors(path, tensors)
        return
    torch, content = _torch(path), BytesIO()
    torch.save({name: torch.from_numpy(value.copy()) for name, value in tensors.items()}, content)
    write_whole(path, content.getvalue())


def write_npz(path: Path, tensors: Mapping[str, Array]) -> None:
    """Names and arrays as .npz."""
    content = BytesIO()
    arrays: Any = {name: np.ascontiguousarray(value) for name, value in tensors.items()}
    np.savez(content, **arrays)
    write_whole(path, content.getvalue())


def _read_pickle(path: Path) -> dict[str, Array]:
    torch = _torch(path)
    try:
        found: Any = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, OSError, ValueError, KeyError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValueError(f"{path}: torch cannot load it as weights alone ({reason})") from None
    for wrapper in _WRAPPERS:
        if isinstance(found, Mapping) and isinstance(found.get(wrapper), Mapping):
            found = found[wrapper]
    if not isinstance(found, Mapping) or not found:
        raise ValueError(f"{path}: holds a {type(found).__name__}, not a state dict of tensors")
    tensors = {}
    for name, value in found.items():
        if not isinstance(value, torch.Tensor):
            raise ValueError(f"{path}: {name} is a {type(value).__name__}, not a tensor")
        value = value.detach()
        tensors[str(name)] = (value.float() if value.dtype == torch.bfloat16 else value).numpy()
    return tensors


def _torch(path: Path) -> Any:
    try:
        import torch
    except ImportError:
        raise ValueError(
            f'{path}: PyTorch\'s own files need torch: pip install "npmobilenet[torch]"'
        ) from None
    return torch


def _start(path: Path) -> bytes:
    if not path.is_file():
        raise ValueError(f"{path}: no such weight file")
    with path.open("rb") as file:
        return file.read(8)
