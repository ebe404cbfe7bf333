"""SHA-256 over arrays, by which a file that we wrote shows whether it still is what was written."""

from collections.abc import Mapping
from hashlib import sha256

from ..ops.checks import Array

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
