"""What may lie in the folder before a download: halves, of whichever version, links, damaged files."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from .faults import PAGE, PARTIAL, SIZE, Fault, part_for
from .server import CONTENT, TAG, Asked


def _begun(size: int, tag: str | None = TAG) -> Callable[[Any], None]:
    return lambda place: place.begun(CONTENT[:size], tag)


def _linked(link: Callable[[Any, Any], None], suffix: str) -> Callable[[Any], None]:
    """Somebody else's file under a name that the download uses."""

    def before(place: Any) -> None:
        place.begun(b"", TAG)
        target = place.path.with_name(place.path.name + suffix)
        target.unlink(missing_ok=True)
        link(place.victim, target)

    return before


def _piped(place: Any) -> None:
    place.begun(b"", TAG)
    place.part.unlink()
    os.mkfifo(place.part)


def _said(text: str) -> Callable[[Any], None]:
    def before(place: Any) -> None:
        place.begun(CONTENT[:1000], None)
        place.part.with_name(place.part.name + ".json").write_text(text, "utf-8")

    return before


def _cached(content: bytes) -> Callable[[Any], None]:
    def before(place: Any) -> None:
        place.path.parent.mkdir(parents=True, exist_ok=True)
        place.path.write_bytes(content)

    return before


def _huge(place: Any) -> None:
    _cached(CONTENT)(place)
    os.truncate(place.path, 5 * 2**30)


BEGUN = _begun(1000)
ALL = f"{SIZE - 1}/{SIZE}"
PLANTED = (
    Fault("a part of this version", Asked.file, before=BEGUN),
    Fault("a part of no version", Asked.file, before=_begun(1000, None)),
    Fault("a part of another version", Asked.file, before=_begun(1000, '"before"')),
    Fault("a part as long as the file", Asked.file, before=_begun(SIZE)),
    Fault("a part that is longer", Asked.file, before=lambda place: place.begun(CONTENT * 2, TAG)),
    Fault("a part that is other",
          Asked.file, "was expected", "checked", lambda place: place.begun(bytes(5000), TAG)),
    Fault("the wrong rest",
          part_for(PARTIAL, f"bytes 900-{ALL}", CONTENT[900:]), before=BEGUN),
    Fault("a rest of nonsense", part_for(PARTIAL, "bytes many", CONTENT[1000:]), before=BEGUN),
    Fault("a rest of no part", part_for(PARTIAL, "", CONTENT[1000:]), before=BEGUN),
    Fault("a rest below nothing",
          part_for(PARTIAL, f"bytes -1000-{SIZE}/{SIZE}", CONTENT[1000:]), before=BEGUN),
    Fault("a rest of another version",
          part_for(PARTIAL, f"bytes 1000-{ALL}", bytes(SIZE - 1000), ETag='"x"'), before=BEGUN),
    Fault("a rest that is packed",
          part_for(PARTIAL, f"bytes 1000-{ALL}", b"x", Content_Encoding="gzip"), before=BEGUN),
    Fault("a rest that is too long",
          part_for(PARTIAL, f"bytes 1000-{SIZE - 1}/{10**13}", CONTENT[1000:]), before=BEGUN),
    Fault("a log-in page for the rest",
          part_for("200 OK", "", PAGE, Content_Type="text/html"), before=BEGUN),
    Fault("a busy server for the rest", part_for("503 Busy", "", b""), "answers 503", before=BEGUN),
    Fault("a link as the part", Asked.file, before=_linked(lambda a, b: b.symlink_to(a), ".part")),
    Fault("a hard link as the part", Asked.file, before=_linked(os.link, ".part")),
    Fault("a pipe as the part", Asked.file, before=_piped),
    Fault("a link as the version",
          Asked.file, before=_linked(lambda a, b: b.symlink_to(a), ".part.json")),
    Fault("a link as the file", Asked.file, before=_linked(lambda a, b: b.symlink_to(a), "")),
    Fault("a version that is no JSON", Asked.file, before=_said("{")),
    Fault("a version without end", Asked.file, before=_said("[" * 100_000)),
    Fault("a version of another kind", Asked.file, before=_said('{"url": 5, "validator": []}')),
    Fault("a version with a line end",
          Asked.file, before=_said('{"url": "", "validator": "x\\r\\nY: z"}')),
    Fault("a damaged file", Asked.file, before=_cached(b"\x89HDF" + bytes(SIZE)), only="checked"),
    Fault("half a file", Asked.file, before=_cached(CONTENT[:1000]), only="checked"),
    Fault("a page for a file", Asked.file, before=_cached(PAGE)),
    Fault("nothing for a file", Asked.file, before=_cached(b"")),
    Fault("a file of gigabytes", Asked.file, before=_huge),
)  # fmt: skip
