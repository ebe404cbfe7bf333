"""A folder that files are fetched into."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from npmobilenet.weights import sources

from .server import Server

CHECKED, UNCHECKED = "torchvision/mobilenet_v3_small.v1", "keras/mobilenet_0.25_128"


@dataclass
class Place:
    """A folder that files are fetched into, beside somebody else's file."""

    root: Path
    server: Server
    name: str

    @property
    def folder(self) -> Path:
        return self.root / "weights"

    @property
    def victim(self) -> Path:
        return self.root / "victim"

    @property
    def path(self) -> Path:
        return sources.place_of(sources.SOURCES[self.name], self.folder)

    @property
    def part(self) -> Path:
        return self.path.with_name(self.path.name + ".part")

    def get(self, **given: Any) -> Path:
        """Fetch it from the server."""
        given.setdefault("base_url", self.server.url)
        return sources.get(self.name, self.folder, **given)

    def begun(self, content: bytes, tag: str | None) -> None:
        """A part of an earlier attempt, of a version."""
        self.part.parent.mkdir(parents=True, exist_ok=True)
        self.part.write_bytes(content)
        if tag is not None:
            url = f"{self.server.url}/{sources.SOURCES[self.name].filename}"
            about = self.part.with_name(self.part.name + ".json")
            about.write_text(json.dumps({"url": url, "validator": tag}), "utf-8")
