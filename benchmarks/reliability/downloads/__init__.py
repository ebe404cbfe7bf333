"""Downloads from a server that plays each fault: what came is right, or refused in a line.

After every refusal an honest server must do: nothing stays behind that spoils the next attempt.
"""

from __future__ import annotations

import os
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from unittest.mock import patch

from npmobilenet.weights import answers, download, sources
from npmobilenet.weights.download import DownloadError

from ..hazard import Found, Hazard, NotHere, Size
from .faults import FAULTS, Fault
from .place import CHECKED, UNCHECKED, Place
from .planted import PLANTED
from .scenes import SCENES
from .server import CONTENT, SHA256, Asked, serving

PRECIOUS = b"somebody's only copy"
LONGEST = 25.0  # seconds for any of it, where patience is cut to half a second


def judged(fault: Fault, place: Place) -> Iterator[str]:
    """What went wrong with one fault."""
    place.victim.write_bytes(PRECIOUS)
    place.folder.mkdir()
    place.server.plays(fault.play)
    if fault.before:
        fault.before(place)
    started = time.monotonic()
    secure = {"base_url": place.server.secure} if fault.secure else {}
    try:
        with patch.dict(os.environ, {"REQUESTS_CA_BUNDLE": str(place.root.parent / "own.pem")}):
            if not fault.trusted:
                del os.environ["REQUESTS_CA_BUNDLE"]
            found = place.get(**secure)
    except (DownloadError, ValueError) as error:
        text = str(error)
        if fault.words is None:
            yield f"refused: {text.splitlines()[0]}"
        elif not re.search(fault.words, text):
            yield f"refused in other words: {text.splitlines()[0]}"
        if place.path.is_file() and not place.path.is_symlink():
            yield f"refused, and kept {place.path.stat().st_size:,} bytes under its name"
    else:
        if fault.words is not None:
            yield f"taken: {found.stat().st_size:,} bytes"
        elif found.read_bytes() != (fault.content or CONTENT):
            yield "other bytes came"
    if (passed := time.monotonic() - started) > LONGEST:
        yield f"took {passed:.0f} s"
    if place.server.sent > 40_000_000:
        yield f"took {place.server.sent:,} bytes"
    if place.victim.read_bytes() != PRECIOUS:
        yield "another file was overwritten"
    place.server.plays(Asked.file)
    if fault.content is None:
        try:
            if place.get().read_bytes() != CONTENT:
                yield "afterwards other bytes came from an honest server"
        except (DownloadError, ValueError) as error:
            yield f"afterwards an honest server was refused: {str(error).splitlines()[0]}"
    allowed = {place.path.name, sources.pin_of(place.path).name}
    if left := {path.name for path in place.path.parent.iterdir()} - allowed:
        yield f"{sorted(left)} stay"


def published() -> dict[str, Any]:
    """Two sources that stand for all: one whose SHA-256 is known, one of which nothing is."""
    one, other = sources.SOURCES[CHECKED], sources.SOURCES[UNCHECKED]
    size = round(len(CONTENT) / 2**20, 3)
    return {
        CHECKED: replace(one, checksum=f"sha256:{SHA256[:8]}", sha256=SHA256, mebibytes=size),
        UNCHECKED: replace(other, checksum=None, sha256=None, mebibytes=None),
    }


def tried_on(faults: tuple[Fault, ...], scenes: Any = SCENES) -> Found:
    """Each fault, of a file with a known SHA-256 and of one without, and each scene."""
    if not find_spec("requests"):
        raise NotHere("requests is not installed")
    bad: list[str] = []
    tried = 0
    with ExitStack() as stack:
        enter = stack.enter_context
        root = Path(enter(tempfile.TemporaryDirectory(prefix="downloads-")))
        enter(patch.dict(sources.SOURCES, published()))
        enter(patch.dict(os.environ, {"NO_PROXY": "127.0.0.1"}))
        os.environ.pop("REQUESTS_CA_BUNDLE", None)
        enter(patch.object(answers, "PATIENCE", 0.5))
        enter(patch.multiple(download, LONG=1.0, SLOWEST=10_000))
        server = enter(serving(root))
        for number, fault in enumerate(faults):
            if fault.secure and not server.secure:
                continue
            for name in (CHECKED, UNCHECKED):
                if fault.only not in ("", "checked" if name == CHECKED else "unchecked"):
                    continue
                tried += 1
                place = Place(root / f"{number}-{tried}", server, name)
                place.root.mkdir()
                what = f"{number} {fault.name}, {'checked' if name == CHECKED else 'unchecked'}"
                bad += [f"{what}: {wrong}" for wrong in judged(fault, place)]
        for scene, name in scenes:
            tried += 1
            place = Place(root / scene.__name__, server, name)
            place.root.mkdir()
            server.plays(Asked.file)
            bad += [f"{scene.__name__}: {wrong}" for wrong in scene(place)]
    return Found(tried, tuple(bad), {"faults": len(faults) + len(scenes)} | of_sources())


def of_sources() -> dict[str, Any]:
    """What is known of the real ones."""
    known = list(sources.SOURCES.values())
    without = [source for source in known if source.sha256 is None]
    stated = [source for source in without if source.checksum]
    return {
        "sources without a published SHA-256": f"{len(without)} of {len(known)}",
        "of these with an MD5 of the publisher's": len(stated),
    }


def prove(size: Size) -> Found:
    """All of it takes half a minute; for a test some that are over at once."""
    if size == "tiny":
        some = tuple(fault for fault in FAULTS if fault.quick)
        return tried_on(some[:8], SCENES[:1])
    return tried_on((*FAULTS, *PLANTED))


HAZARD = Hazard(
    "downloads",
    "right, or refused in a line; https kept, sizes bounded, resumed only if unchanged",
    prove,
)
