"""What a file is, found from its content: no ending is believed.

Weight files are mistaken for one another, and other things for weight files: a Git LFS pointer that
was never replaced by its file, a page of a web server that wanted a password, an archive not yet
unpacked.  Whoever knows what they have knows what to do.
"""

import re
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..limits import not_hollow, within

_START = 512  # bytes that are looked at

TORCH_ADVICE = "try --from torchvision or --from timm"
_LEGACY_TORCH = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19"  # a pickle of PyTorch's magic number
_UNPACK = "unpack it and import the file in it"
_IN_ONNX = "npmobilenet reads no ONNX: import the file that it was exported from"
_IN_TENSORFLOW = "load it in Keras and save the weights there, as .weights.h5"


@dataclass(frozen=True)
class Kind:
    """What a file is, and what to do with it where it cannot be read.

    name  "safetensors", "torch" (a zip with pickle), "torch-legacy", "npz", "hdf5", "keras",
          "tflite"; else ""
    """

    name: str
    what: str
    advice: str = ""

    def __str__(self) -> str:
        return f"{self.what}; {self.advice}" if self.advice else self.what


# (offset, bytes there, kind), the first that fits
_MAGIC = (
    (0, b"\x89HDF", Kind("hdf5", "an HDF5 file, as Keras writes", "try --from keras")),
    (0, _LEGACY_TORCH, Kind("torch-legacy", "a PyTorch file", TORCH_ADVICE)),
    (0, b"\x93NUMPY", Kind("", "a single NumPy array (.npy)", "an .npz has many, with names")),
    (0, b"\x1f\x8b", Kind("", "a file packed by gzip", _UNPACK)),
    (0, b"BZh", Kind("", "a file packed by bzip2", _UNPACK)),
    (0, b"\xfd7zXZ\0", Kind("", "a file packed by xz", _UNPACK)),
    (0, b"\x28\xb5\x2f\xfd", Kind("", "a file packed by Zstandard", _UNPACK)),
    (0, b"7z\xbc\xaf\x27\x1c", Kind("", "a 7-Zip archive", _UNPACK)),
    (0, b"Rar!\x1a\x07", Kind("", "a RAR archive", _UNPACK)),
    (257, b"ustar", Kind("", "a tar archive", _UNPACK)),
    (4, b"TFL3", Kind("tflite", "a TensorFlow Lite model", "try --from tflite")),
    (0, b"GGUF", Kind("", "a GGUF file of a language model")),
    (0, b"\x12\x01\0\0\0\0\0\0", Kind("", "an MXNet file", "export it as .npz or .safetensors")),
    (0, b"\x89PNG", Kind("", "an image (PNG)")),
    (0, b"\xff\xd8\xff", Kind("", "an image (JPEG)")),
    (0, b"GIF8", Kind("", "an image (GIF)")),
    (0, b"RIFF", Kind("", "an image or a sound (RIFF)")),
    (0, b"%PDF", Kind("", "a PDF document")),
)
_PROTOBUFS = (
    # version of the format, then the name of the program that wrote it, or the graph
    (rb"\x08[\x03-\x1f](\x12[\x01-\x40][ -~]|:)", Kind("", "an ONNX file", _IN_ONNX)),
    (rb"\x08\x01\x12", Kind("", "a SavedModel of TensorFlow or a Core ML model", _IN_TENSORFLOW)),
)
_TEXTS = (
    (
        rb"version https://git-lfs",
        "a Git LFS pointer: text that stands for the file",
        "fetch the file itself with: git lfs pull",
    ),
    (rb"<!doctype html|<html|<head", "an HTML page of a web server", "download the file again"),
    (rb"<\?xml|<error", "an XML document", ""),
    (rb"model_checkpoint_path:", "the index of TensorFlow checkpoints", _IN_TENSORFLOW),
    (rb'\{\s*"(metadata|weight_map)"', "the index of weights in several files", "import one file of all"),
    (rb"[{\[]", "JSON text", ""),
)  # fmt: skip
_WEIGHTS_IN_FOLDERS = (
    "best.safetensors", "model.safetensors", "pytorch_model.bin", "model.weights.h5", "saved_model.pb",
)  # fmt: skip


def regular(path: Path) -> None:
    """ValueError, one line with the path, unless there is a file that can be read to its end."""
    if path.is_dir():
        inside = [name for name in _WEIGHTS_IN_FOLDERS if (path / name).is_file()]
        hint = f"; the weights may be {path / inside[0]}" if inside else ""
        raise ValueError(f"{path}: a folder, expected a weight file{hint}")
    if not path.exists():
        raise ValueError(f"{path}: no such weight file")
    if not path.is_file():
        raise ValueError(f"{path}: a device or a pipe, expected a weight file")
    within(path, path.stat().st_size)
    with suppress(OSError):  # that it cannot be read is said where it is read
        not_hollow(path)


def kind_of(path: Path) -> Kind:
    """What the file at `path` is; ValueError, one line with the path, if it is no regular file."""
    regular(path)
    try:
        with path.open("rb") as file:
            start = file.read(_START)
    except OSError as error:  # Python names no file where reading fails
        raise ValueError(f"{path}: cannot be read ({error.strerror})") from None
    if not start:
        return Kind("", "an empty file")
    safetensors = Kind("safetensors", "a safetensors file", TORCH_ADVICE)
    if start[4:9] == b"\0\0\0\0{":  # first, as it may begin like any other: by its header's length
        return safetensors
    if start.startswith(b"PK"):
        return _zip(path)
    for offset, magic, kind in _MAGIC:
        if start[offset:].startswith(magic):
            return kind
    if start[:2] in (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"):
        return Kind("", "a pickle", "weights are saved by torch.save, or for --from paddle as .npz")
    for pattern, kind in _PROTOBUFS:
        if re.match(pattern, start):
            return kind
    if re.search(r"\.data-\d+-of-\d+$", path.name):
        return Kind("", "a part of a TensorFlow checkpoint", _IN_TENSORFLOW)
    if text := _text(start):
        return text
    damaged = start[8:9] == b"{"  # a safetensors file whose length cannot be
    return safetensors if damaged else Kind("", "no kind of file that is known here")


def _text(start: bytes) -> Kind | None:
    """Text of any sort, and how it begins; None for bytes that are none."""
    if re.search(rb"[^\t\n\r -~\x80-\xff]", start) or len(start) < 4:
        return None
    try:
        start.decode("utf-8", "strict" if len(start) < _START else "ignore")
    except UnicodeDecodeError:
        return None
    begins = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    what, advice = next(
        ((what, advice) for pattern, what, advice in _TEXTS if re.match(pattern, begins)),
        ("text", ""),
    )
    if advice:
        return Kind("", what, advice)
    first = " ".join(start.decode("utf-8", "ignore").split())
    return Kind("", f"{what}, which begins with {first[:60]!r}")


def _zip(path: Path) -> Kind:
    """The kinds that are zip archives, by the names in them."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except Exception:  # whatever hostile bytes lead zipfile to
        return Kind("", "a zip archive that is cut off or damaged", "download or copy it again")
    if any(name.endswith("/constants.pkl") for name in names):
        return Kind(
            "",
            "a TorchScript archive, a program with its weights",
            "save the weights alone: torch.save(torch.jit.load(FILE).state_dict(), 'weights.pth')",
        )
    if any("/data/weights/" in name for name in names):
        return Kind(
            "",
            "an archive of torch.export, a program with its weights",
            "save the weights alone: torch.save(torch.export.load(FILE).state_dict, 'weights.pth')",
        )
    if any(name.endswith("data.pkl") for name in names):
        return Kind("torch", "a PyTorch file", TORCH_ADVICE)
    if "model.weights.h5" in names:
        return Kind("keras", "a .keras archive", "try --from keras")
    if any(name.endswith(".npy") for name in names):
        return Kind("npz", "an .npz file", "try --from paddle")
    first = f" (with {names[0]!r:.60} in it)" if names else ""
    return Kind("", f"a zip archive{first}", _UNPACK)
