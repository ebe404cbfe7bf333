"""What parent and child say to one another:

8 bytes   the length of all that follows
4 bytes   the length of the JSON
JSON      with {"array": 3} where the fourth array belongs
arrays    one after another, as np.save writes them; never pickles
"""

from __future__ import annotations

import json
import struct
from io import BytesIO
from typing import Any, BinaryIO

import numpy as np


def packed(document: Any) -> bytes:
    """A message: dicts, lists, numbers, texts and arrays."""
    arrays: list[np.ndarray[Any, Any]] = []

    def plain(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            arrays.append(value)
            return {"array": len(arrays) - 1}
        if isinstance(value, dict):
            return {key: plain(inner) for key, inner in value.items()}
        return [plain(inner) for inner in value] if isinstance(value, list | tuple) else value

    text = json.dumps(plain(document)).encode()
    body = BytesIO()
    for array in arrays:
        np.lib.format.write_array(body, array, allow_pickle=False)
    message = struct.pack(">I", len(text)) + text + body.getvalue()
    return struct.pack(">Q", len(message)) + message


def unpacked(message: bytes) -> Any:
    """The document of a message without its length.  ValueError where it is none."""
    stream = BytesIO(message)
    (length,) = struct.unpack(">I", stream.read(4))
    document = json.loads(stream.read(length))
    arrays: list[Any] = []
    while stream.tell() < len(message):
        arrays.append(np.lib.format.read_array(stream, allow_pickle=False))

    def whole(value: Any) -> Any:
        if isinstance(value, dict):
            if value.keys() == {"array"}:
                return arrays[value["array"]]
            return {key: whole(inner) for key, inner in value.items()}
        return [whole(inner) for inner in value] if isinstance(value, list) else value

    return whole(document)


def received(stream: BinaryIO, most: int = 2**40) -> bytes | None:
    """The next message, None at the end; ValueError where it is longer than `most`."""
    head = stream.read(8)
    if len(head) < 8:
        return None
    (length,) = struct.unpack(">Q", head)
    if length > most:
        raise ValueError(f"a message of {length:,} bytes")
    message = stream.read(length)
    return message if len(message) == length else None
