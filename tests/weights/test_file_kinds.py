"""What is mistaken for weights is named, by every reader, in one line that has the file's name."""

import bz2
import gzip
import io
import json
import lzma
import os
import pickle
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save as safetensors
from safetensors.numpy import save_file

import npmobilenet as nm
from npmobilenet import limits
from npmobilenet.cli import main
from npmobilenet.images.preprocessing import Preprocessing
from npmobilenet.limits import USUAL
from npmobilenet.weights.archives import sound_archive

READERS: dict[str, Callable[[Path], Any]] = {
    "timm": lambda path: nm.import_weights(path, "timm"),
    "keras": lambda path: nm.import_weights(path, "keras"),
    "paddle": lambda path: nm.import_weights(path, "paddle"),
    "load": nm.load,
}
PLACES = [
    ("timm", ""),
    ("timm", ".pth"),
    ("load", ".safetensors"),
    ("paddle", ".npz"),
    ("keras", ".h5"),
]


def zipped(**entries: bytes) -> bytes:
    """A zip archive with those files; _ in a name stands for a dot."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, value in entries.items():
            archive.writestr(name.replace("_", "."), value)
    return content.getvalue()


def numpy_file(write: Callable[..., None], *values: Any, **named: Any) -> bytes:
    content = io.BytesIO()
    write(content, *values, **named)
    return content.getvalue()


def tarred() -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("weights.pth"), io.BytesIO())
    return content.getvalue()


SOUND = safetensors({"stem.weight": np.ones(3, np.float32)})
POINTER = (
    b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"ab" * 32 + b"\nsize 14188548\n"
)
KINDS = {
    "nothing": (b"", "an empty file"),
    "a pointer": (POINTER, "a Git LFS pointer.*git lfs pull"),
    "a page": (b"\n\n<!DOCTYPE html>\n<html><title>Sign in", "an HTML page"),
    "a page without its type": (b"<html lang='en'>", "an HTML page"),
    "a refusal": (
        b'<?xml version="1.0"?><Error><Code>AccessDenied',
        "an XML document.*AccessDenied",
    ),
    "a JSON error": (b'{"error": "Repository not found"}', "JSON text.*Repository not found"),
    "an index": (
        b'{\n  "metadata": {},\n  "weight_map": {}}',
        "the index of weights in several files",
    ),
    "a sentence": (b"Entry not found\n", "text, which begins with 'Entry not found'"),
    "words of elsewhere": ("où est-ce?".encode(), "text, which begins with 'où est-ce"),
    "an image": (b"\x89PNG\r\n\x1a\n" + bytes(99), "an image"),
    "gzip": (gzip.compress(SOUND), "gzip; unpack it"),
    "bzip2": (bz2.compress(SOUND), "bzip2; unpack it"),
    "xz": (lzma.compress(SOUND), "xz; unpack it"),
    "tar": (tarred(), "a tar archive; unpack it"),
    "a zip of weights": (zipped(w_pth=SOUND), r"a zip archive \(with 'w.pth' in it\); unpack it"),
    "half a zip": (zipped(w_pth=SOUND)[:-9], "a zip archive that is cut off or damaged"),
    "an array": (numpy_file(np.save, np.ones(3)), "a single NumPy array"),
    "a pickle": (pickle.dumps({"a": 1}), "a pickle"),
    "TensorFlow Lite": (b"\x1c\0\0\0TFL3" + bytes(99), "a TensorFlow Lite model"),
    "ONNX": (b"\x08\x08\x12\x07pytorch\x1a\x05", "an ONNX file"),
    "SavedModel": (b"\x08\x01\x12\xf4\x03\n\x9b", "a SavedModel of TensorFlow"),
    "a checkpoint's index": (b'model_checkpoint_path: "model.ckpt"', "TensorFlow checkpoints"),
    "TorchScript": (zipped(**{"x/constants_pkl": b"", "x/data_pkl": b""}), "a TorchScript archive"),
    "torch.export": (zipped(**{"x/data/weights/a": b""}), "an archive of torch.export"),
    "noise": (bytes(range(128, 256)) * 3, "no kind of file that is known here"),
    "zeros": (bytes(1000), "no kind of file that is known here"),
}


@pytest.mark.parametrize("case", KINDS)
def test_what_is_no_weight_file_is_named(case: str, tmp_path: Path) -> None:
    """Whatever the ending, and whoever reads it."""
    content, told = KINDS[case]
    known = {
        ("paddle", "a pickle"): "a pickle.*paddle.load",
        ("keras", "half a zip"): "not a readable archive",
    }
    for reader, ending in PLACES:
        path = tmp_path / f"weights{ending}"
        path.write_bytes(content)
        with pytest.raises(ValueError, match=f"^{path}: .*{known.get((reader, case), told)}.*$"):
            READERS[reader](path)


WRONG_READER = {
    "safetensors": (SOUND, {"keras": "torchvision", "paddle": "torchvision", "load": "weights import"}),
    "an .npz": (numpy_file(np.savez, a=np.ones(3)), dict.fromkeys(("timm", "keras", "load"), "paddle")),
    "HDF5": (b"\x89HDF\r\n\x1a\n", dict.fromkeys(("timm", "paddle", "load"), "keras")),
    ".keras": (zipped(model_weights_h5=b""), {"timm": "keras", "paddle": "keras", "load": "keras"}),
    "PyTorch": (zipped(**{"x/data_pkl": b""}), dict.fromkeys(("keras", "paddle", "load"), "timm")),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG_READER)
def test_a_good_file_of_others_comes_with_the_way_to_read_it(case: str, tmp_path: Path) -> None:
    content, hints = WRONG_READER[case]
    path = tmp_path / "weights"
    path.write_bytes(content)
    for reader, hint in hints.items():
        with pytest.raises(ValueError, match=rf"^{path}: .*{hint}"):
            READERS[reader](path)


@pytest.mark.parametrize("reader", READERS)
def test_what_is_no_file(reader: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=f"^{tmp_path / 'none'}: no such weight file"):
        READERS[reader](tmp_path / "none")
    if reader != "load":  # of which a folder is a run
        with pytest.raises(ValueError, match=f"^{tmp_path}: a folder"):
            READERS[reader](tmp_path)
    (tmp_path / "huge").touch()
    os.truncate(tmp_path / "huge", USUAL + 1)
    with pytest.raises(ValueError, match=r"huge: 1\.1 GB, larger than the 1\.1 GB that are read"):
        READERS[reader](tmp_path / "huge")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(ValueError, match=f"^{tmp_path / 'pipe'}: a device or a pipe"):
            READERS[reader](tmp_path / "pipe")


def test_the_command_line_says_it_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "own.safetensors"
    path.write_bytes(POINTER)
    assert main(["predict", "x.png", "--weights", str(path)]) == 1
    told = capsys.readouterr().err
    assert told.startswith(f"npmobilenet predict: {path}: not a readable safetensors file: ")
    assert told.count("\n") == 1


def header(head: Any, body: bytes = b"1234", length: int | None = None) -> bytes:
    """A safetensors file with that header, be it right or not."""
    text = head if isinstance(head, bytes) else json.dumps(head).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + body


def tensor(shape: Any, *offsets: int, dtype: str = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


ONE = tensor([1], 0, 4)
TWICE = f'{{"a": {json.dumps(ONE)}, "a": {json.dumps(ONE)}}}'.encode()
HEADERS = {
    "a huge length": header({"a": ONE}, length=2**62),
    "a length beyond the file": header({"a": ONE}, length=10**8),
    "overlapping": header({"a": ONE, "b": ONE}),
    "a hole": header({"a": tensor([1], 4, 8)}, bytes(8)),
    "the same name twice": header(TWICE),
    "not UTF-8": header(b'{"\xff": ' + json.dumps(ONE).encode() + b"}"),
    "half a surrogate": header(b'{"\\ud800": ' + json.dumps(ONE).encode() + b"}"),
    "float8": header({"a": tensor([4], 0, 4, dtype="F8_E4M3")}),
    "an unknown type": header({"a": tensor([1], 0, 4, dtype="Q4")}),
    "more than it has": header({"a": tensor([2**40], 0, 4)}),
    "an overflow": header({"a": tensor([2**62, 2**62], 0, 4)}),
    "a negative shape": header({"a": tensor([-1], 0, 4)}),
    "a hundred axes": header({"a": tensor([1] * 100, 0, 4)}),
    "deep": header(b'{"a":' * 10**5),
    "metadata in metadata": header({"__metadata__": {"a": {}}, "a": ONE}),
}


@pytest.mark.parametrize("case", HEADERS)
def test_headers_of_safetensors_that_lie(case: str, tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(HEADERS[case])
    for reader in ("timm", "load"):
        with pytest.raises(ValueError, match=rf"^{path}: not a readable safetensors file \(.*\)$"):
            READERS[reader](path)


@pytest.mark.parametrize("start", [b"PK", b"\x1f\x8b", b"\x12\x01", b"BZ"])
def test_a_header_whose_length_reads_like_another_format(start: bytes, tmp_path: Path) -> None:
    head = json.dumps({"stem": ONE}).encode()
    length = int.from_bytes(start, "little")
    path = tmp_path / "x.safetensors"
    path.write_bytes(header(head + b" " * (length - len(head))))
    assert path.read_bytes().startswith(start)
    with pytest.raises(
        ValueError, match="no array here is named as in timm; the file begins with stem"
    ):
        nm.import_weights(path, "timm", model="v1")


def test_names_that_would_move_the_cursor_and_too_many_tensors(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(header({"a\x1b[31m\n": ONE}))
    with pytest.raises(
        ValueError, match=r"x\.safetensors: 'a\\x1b\[31m\\n' is no name for a tensor$"
    ):
        nm.import_weights(path, "timm")
    save_file({f"t{k}": np.ones(1) for k in range(5001)}, path)
    with pytest.raises(ValueError, match="holds 5001 tensors, more than any MobileNet"):
        nm.import_weights(path, "timm")


def test_a_bomb_is_not_unpacked_and_checksums_are_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.npz"
    path.write_bytes(zipped(a_npy=bytes(10**6)))
    sound_archive(path)
    monkeypatch.setattr(limits, "_LEAST_UNPACKED", 10**5)
    with pytest.raises(
        ValueError,
        match=r"x\.npz: a damaged archive \(unpacks to 1\.0 MB, of 100,000 bytes at most",
    ):
        nm.import_weights(path, "paddle")
    np.savez(path, a=np.ones(1000))
    sound_archive(path)
    content = bytearray(path.read_bytes())
    content[4000] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"x\.npz: a damaged archive \(a\.npy .* CRC-32\)$"):
        sound_archive(path)
    with zipfile.ZipFile(path) as archive:
        stated = archive.getinfo("a.npy").CRC.to_bytes(4, "little")
    path.write_bytes(content.replace(stated, bytes(4)))
    sound_archive(path)  # a program that leaves checksums out


def test_an_import_does_not_write_over_what_it_reads(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.safetensors"
    plan = nm.plan("v1-shallow", width=0.25, classes=3, dialect="timm")
    nm.export_weights(plan, nm.init(plan, 0), path, "timm")
    before = path.read_bytes()
    assert main(["weights", "import", str(path), "--from", "timm", "--output", str(path)]) == 1
    assert "is the file that is read" in capsys.readouterr().err
    assert path.read_bytes() == before


def test_exported_files_are_checked_when_they_come_back(tmp_path: Path) -> None:
    """The formats have no checksum; a bit that changed on the way is seen all the same."""
    plan = nm.plan("v1", width=0.25, classes=3, dialect="timm")
    path = tmp_path / "x.safetensors"
    nm.export_weights(plan, nm.init(plan, 0), path, "timm")
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(
        ValueError, match=r"x\.safetensors: the arrays are not those that were exported"
    ):
        nm.import_weights(path, "timm")


def test_our_own_files_need_no_import_and_keep_their_metadata(tmp_path: Path) -> None:
    plan = nm.plan("v1-shallow", width=0.1, classes=2, resolution=32)
    how = Preprocessing.imagenet(32)
    path = tmp_path / "x.safetensors"
    nm.save(nm.Model(plan, nm.init(plan, 0), ("cat", "dog"), how), path)
    with pytest.raises(ValueError, match="a file of npmobilenet's own already, nothing to import"):
        nm.import_weights(path, "timm")
    content = path.read_bytes()
    for old, new, told in (
        (b"cat", b"cow", "the metadata are not those that were saved"),
        (b'"plan":"{', b'"plan":"[', ""),
        (b'"classes":"[', b'"classes":"{', ""),
    ):
        assert old in content
        path.write_bytes(content.replace(old, new))
        with pytest.raises(ValueError, match=rf"^{path}: .*{told}.*$"):
            nm.load(path)


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="a file that cannot be read")
def test_a_file_whose_reading_fails_is_named() -> None:
    with pytest.raises(ValueError, match=r"^/proc/self/mem: cannot be read"):
        nm.import_weights("/proc/self/mem", "timm")
