"""SHA-256 by which a file shows whether it still is what was written: over arrays, where we wrote it, and
over all of its bytes, where somebody published that number.
"""

import re
from collections.abc import Mapping
from hashlib import file_digest, sha256
from pathlib import Path

from ..ops.checks import Array, shown
from .file_kinds import regular

SEAL = "npmobilenet sha256"  # in foreign files that we write: metadata that others pass over


def fingerprint(tensors: Mapping[str, Array]) -> str:
    """SHA-256 over names, dtypes, shapes and bytes of contiguous arrays, in the order of the names."""
    digest = sha256()
    for name in sorted(tensors):
        value = tensors[name]
        digest.update(f"{name} {value.dtype} {value.shape}\n".encode())
        digest.update(value.data)
    return digest.hexdigest()


def check_export(seal: object, tensors: Mapping[str, Array]) -> None:
    """ValueError unless a foreign file's arrays are those that we exported: seal is its SEAL, or None."""
    if seal is not None and seal != fingerprint(tensors):
        raise ValueError(
            f"the arrays are not those that were exported: their SHA-256 is not its {SEAL!r}"
        )


def digest_of(path: Path) -> str:
    """SHA-256 of a file, 64 hexadecimal digits."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def published_sha256(words: object, what: str = "sha256") -> str:
    """A SHA-256 as somebody published it, in small letters; ValueError where it is none."""
    found = words.strip().lower() if isinstance(words, str) else ""
    if not re.fullmatch("[0-9a-f]{64}", found):
        raise ValueError(f"{what} must be 64 hexadecimal digits, found {shown(words)}")
    return found


def check_file(path: Path, expected: str | None) -> None:
    """ValueError, one line with the path, unless all bytes of a file have this SHA-256; None: any.

    Asked before anything of the file is parsed.
    """
    if expected is None:
        return
    expected = published_sha256(expected)
    regular(path)
    try:
        found = digest_of(path)
    except OSError as error:
        raise ValueError(f"{path}: cannot be read ({error.strerror})") from None
    if found != expected:
        raise ValueError(f"{path}: SHA-256 is {found}, expected {expected}; nothing of it was read")
