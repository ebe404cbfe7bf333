"""Arrays on disk: NumPy's files, words for $readmemh, and C.

A word of .hex is two's complement, as many hexadecimal digits as its width has, one a line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from ..limits import TEXT, not_hollow, read_bytes
from ..ops.checks import Array

DIGITS = np.frombuffer(b"0123456789abcdef", np.uint8)
C_TYPES = {"float32": "float", "float64": "double"}
_PER_WORD = 200  # characters of a file, remarks and blanks among them, that are read for each word
_REMARK = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)


def hex_text(values: Array) -> bytes:
    """One word a line, the first axis slowest."""
    size = values.dtype.itemsize
    words = np.ascontiguousarray(values).reshape(-1)
    parts = words.astype(words.dtype.newbyteorder(">")).view(np.uint8).reshape(-1, size)
    lines = np.empty((len(words), 2 * size + 1), np.uint8)
    lines[:, 0:-1:2], lines[:, 1::2] = DIGITS[parts >> 4], DIGITS[parts & 15]
    lines[:, -1] = ord("\n")
    return lines.tobytes()


def read_hex(path: Path, dtype: str, shape: tuple[int, ...]) -> Array:
    """The words of a file; comments, blanks and underscores are passed over, as $readmemh does.

    ValueError, with the line, for anything that is not a word of that width, or another number of words.
    """
    kind, count = np.dtype(dtype), prod(shape)
    not_hollow(path)
    data = read_bytes(path, max(TEXT, _PER_WORD * count))
    words = _regular(data, kind, count)
    if words is None:
        digits = 2 * kind.itemsize
        found = [_word(path, line, text, digits) for line, text in _words(path, data)]
        if len(found) != count:
            raise ValueError(f"{path}: expected {count:,} words {shape}, found {len(found):,}")
        words = np.array(found, f"u{kind.itemsize}").view(kind)
    return words.reshape(shape)


def _regular(data: bytes, kind: np.dtype[Any], count: int) -> Array | None:
    """Words of a file that has nothing but them, a million in a moment; None for any other file."""
    width = 2 * kind.itemsize + 1
    if len(data) != count * width:
        return None
    lines = np.frombuffer(data, np.uint8).reshape(count, width)
    values = np.full(256, 255, np.uint8)
    for digits in (b"0123456789abcdef", b"0123456789ABCDEF"):
        values[list(digits)] = np.arange(16)
    parts = values[lines[:, :-1]]
    if (lines[:, -1] != ord("\n")).any() or (parts == 255).any():
        return None
    found = (parts[:, ::2] << 4 | parts[:, 1::2]).astype(np.uint8)
    words = np.ascontiguousarray(found).view(kind.newbyteorder(">")).reshape(-1)
    return words.astype(kind)


def _words(path: Path, data: bytes) -> Iterator[tuple[int, str]]:
    """(line, word) of each."""
    try:
        text = data.decode("ascii")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ValueError(f"{path}: line {line}: is no text of hexadecimal words") from None
    kept = _REMARK.sub(lambda found: "\n" * found[0].count("\n") or " ", text)
    for line, words in enumerate(kept.split("\n"), start=1):
        for word in words.split():
            yield line, word


def _word(path: Path, line: int, text: str, digits: int) -> int:
    digitless = text.replace("_", "")
    if re.fullmatch(rf"[0-9a-fA-F]{{1,{digits}}}", digitless):
        return int(digitless, 16)
    if text.startswith("@"):
        why = "an address; words must follow one another from the first on"
    elif re.fullmatch(r"[0-9a-fA-FxXzZ]+", digitless) and re.search("[xXzZ]", digitless):
        why = "a word that the simulation left unknown"
    else:
        why = "expected 1 hexadecimal digit" if digits == 1 else f"expected {digits} hex digits"
    shown = text if len(text) <= 20 else f"{text[:20]}..."
    raise ValueError(f"{path}: line {line}: {shown!r}: {why}")


def read_npy(path: Path, dtype: str, shape: tuple[int, ...]) -> Array:
    """An array of that shape, or all its words in a row; ValueError for anything else."""
    try:
        with path.open("rb") as file:
            start = file.read(12)
        size = int.from_bytes(start[8 : 10 if start[6:7] == b"\1" else 12], "little")
        if size > 10_000:  # which NumPy does not read either, and says so in four lines
            raise ValueError(f"a header of {size:,} bytes, at most 10,000 are read")
        values = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError, TypeError, SyntaxError) as error:
        why = str(error).split("\n")[0]
        raise ValueError(f"{path}: cannot be read as a file of NumPy's: {why}") from None
    kind = np.dtype(dtype)
    if not isinstance(values, np.ndarray):
        raise ValueError(f"{path}: has several arrays, expected one")
    if values.shape not in (shape, (prod(shape),)):
        raise ValueError(f"{path}: expected shape {shape}, found {values.shape}")
    if kind.kind == "f":
        if values.dtype != kind:
            raise ValueError(f"{path}: expected {kind}, found {values.dtype}")
    elif values.dtype.kind not in "iu":
        raise ValueError(f"{path}: expected integers, {kind}, found {values.dtype}")
    elif values.size and values.dtype != kind:
        limits = np.iinfo(kind)
        least, most = int(values.min()), int(values.max())
        if least < limits.min or most > limits.max:
            raise ValueError(
                f"{path}: expected {kind}, {limits.min} to {limits.max}, found {least} to {most}"
            )
    return np.array(values, kind).reshape(shape)


def c_header(name: str, about: str, sizes: Mapping[str, int], tensors: Mapping[str, Array]) -> str:
    """A header: an enum of sizes and an array for each tensor; their names begin with the layer's."""
    prefix = identifier(name)
    guard = f"VECTORS_{prefix.upper()}_H"
    lines = [
        f"/* {name}: {about} */",
        f"#ifndef {guard}",
        f"#define {guard}",
        "#include <stdint.h>",
    ]
    members = [f"  {prefix}_{key} = {_integer(value)}," for key, value in sizes.items()]
    lines += ["", "enum {", *members, "};", ""]
    for key, values in tensors.items():
        kind = C_TYPES.get(str(values.dtype), f"{values.dtype}_t")
        shape = ", ".join(map(str, values.shape))
        head = f"/* ({shape}) */\nstatic const {kind} {prefix}_{key}[{values.size}] = {{"
        lines += [head, *_rows(values), "};"]
    return "\n".join([*lines, f"#endif /* {guard} */", ""])


def identifier(name: str) -> str:
    """A layer's name as C has names."""
    return re.sub(r"\W", "_", name)


def _rows(values: Array) -> Iterator[str]:
    floats = values.dtype.kind == "f"
    end = "f" if values.dtype == np.float32 else ""
    flat = values.reshape(-1).tolist()
    words = [f"{value.hex()}{end}" for value in flat] if floats else map(_integer, flat)
    each = list(words)
    step = 4 if floats else 16
    for first in range(0, len(each), step):
        yield ",".join(each[first : first + step]) + ","


def _integer(value: int) -> str:
    """As C reads it: -2147483648 is there a long number with a sign before it."""
    return "(-2147483647-1)" if value == -(2**31) else str(value)
