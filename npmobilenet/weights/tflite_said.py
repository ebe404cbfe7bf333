"""What a TFLite file's metadata say: names of the classes, how images are prepared, which network.

Of whoever wrote the file, so that nothing of it is believed that does not fit: what cannot be read is
left out, with a note.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from ..images.preprocessing import Preprocessing
from ..models.network_plan import Plan, plan
from ..ops.checks import real
from ..text import of_json
from .description import STRETCH, Known
from .native import distinct, plan_of_json
from .tflite_dialects import without_norm
from .tflite_file import File
from .tflite_metadata import IDENTIFIER, OURS, STANDARD
from .tflite_schema import packages

_LARGEST = 2**20  # bytes of a list of names
_LONGEST = 2**18  # characters of a plan: a table of some thousand rows
_MOST = 64  # tables of the metadata that are looked at
_WHITE = 255


@dataclass(frozen=True)
class Said:
    """What was found; exact: whether this project wrote the preprocessing."""

    plan: Plan | None = None
    images: Known = field(default_factory=Known)
    exact: bool = False
    labels: tuple[str, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def names(self, classes: int) -> tuple[str, ...] | None:
        """The names of the classes, if there are as many."""
        return distinct(self.labels) if len(self.labels) == classes else None


def said_by(path: Path, file: File, content: bytes) -> Said:
    """What the metadata of a file say; what cannot be read is noted."""
    said = Said(labels=_labels(content))
    if said.labels:
        said.facts["labels"] = len(said.labels)
    for name, read in ((STANDARD, _standard), (OURS, _ours)):
        if name not in file.metadata:
            continue
        try:
            said = read(path, said, file.metadata[name])
        except Exception as error:  # hostile bytes may lead anywhere
            reason = " ".join(str(error).split()) or type(error).__name__
            note = f"warning: its metadata {name} cannot be read ({reason:.80})"
            said = replace(said, notes=(*said.notes, note))
    return said


def _labels(content: bytes) -> tuple[str, ...]:
    """The lines of the one text in the archive behind the model; () where there is none."""
    try:
        with zipfile.ZipFile(BytesIO(content[-2 * _LARGEST :])) as archive:
            texts = [x for x in archive.infolist() if x.filename.endswith(".txt")]
            if len(texts) != 1 or texts[0].file_size > _LARGEST:
                return ()
            if texts[0].compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                return ()  # others take as much memory as they like
            with archive.open(texts[0]) as text:
                lines = text.read(_LARGEST).decode("utf-8-sig").splitlines()
    except Exception:  # no archive, or whatever hostile bytes lead zipfile to
        return ()
    names = [" ".join(line.split()) for line in lines]
    return tuple(names) if names and all(n and n.isprintable() for n in names) else ()


def _ours(path: Path, said: Said, data: bytes) -> Said:
    """What export_tflite wrote."""
    document = of_json(data)
    if len(document["plan"]) > _LONGEST:
        raise ValueError(f"a plan of {len(document['plan']):,} characters")
    made = plan_of_json(document["plan"])
    folded: Any = {**made.asked, "dialect": without_norm(made.dialect)}
    said = replace(said, plan=plan(**folded))
    if "preprocessing" not in document:
        return said
    pixels = Preprocessing.from_json(document["preprocessing"])
    images = Known(
        mean=pixels.mean,
        std=pixels.std,
        interpolation=pixels.interpolation,
        resize=STRETCH if pixels.resize is None else pixels.resize,
    )
    return replace(said, images=images, exact=True)


def _standard(path: Path, said: Said, data: bytes) -> Said:
    """TFLite's own metadata: of the first tensor of the first graph the normalisation."""
    if data[4:8] != IDENTIFIER:
        raise ValueError(f"identifier {data[4:8]!r}")
    to = _Tables(packages(path).flatbuffers, data)
    for graph in to.tables(to.root, 3):
        for tensor in to.tables(graph, 2):
            for unit in to.tables(tensor, 4):
                if to.byte(unit, 0) == 1 and (options := to.table(unit, 1)) is not None:
                    mean, std = to.floats(options, 0), to.floats(options, 1)
                    if len(mean) == len(std) in (1, 3) and min(std) > 0:
                        known = [tuple(x / _WHITE for x in values) for values in (mean, std)]
                        said.facts["normalisation"] = f"mean {_listed(mean)}, std {_listed(std)}"
                        return replace(said, images=Known(mean=known[0], std=known[1]))
    return said


def _listed(values: Sequence[float]) -> str:
    return " ".join(f"{x:g}" for x in values)


class _Tables:
    """Tables of a flatbuffer whose schema is known by the places of fields."""

    def __init__(self, flatbuffers: Any, data: bytes) -> None:
        self.types, self.make, self.data = flatbuffers.number_types, flatbuffers.table.Table, data
        self.root = self.make(data, int.from_bytes(data[:4], "little"))

    def _at(self, table: Any, place: int) -> int:
        offset = table.Offset(4 + 2 * place)
        return int(offset)

    def byte(self, table: Any, place: int) -> int:
        offset = self._at(table, place)
        return int(table.Get(self.types.Uint8Flags, table.Pos + offset)) if offset else 0

    def table(self, table: Any, place: int) -> Any:
        offset = self._at(table, place)
        return self.make(self.data, table.Indirect(table.Pos + offset)) if offset else None

    def tables(self, table: Any, place: int) -> Iterator[Any]:
        if offset := self._at(table, place):
            start = table.Vector(offset)
            for k in range(min(table.VectorLen(offset), _MOST)):
                yield self.make(self.data, table.Indirect(start + 4 * k))

    def floats(self, table: Any, place: int) -> list[float]:
        offset = self._at(table, place)
        if not offset or table.VectorLen(offset) not in (1, 3):
            return []
        values: list[float] = np.atleast_1d(
            table.GetVectorAsNumpy(self.types.Float32Flags, offset)
        ).tolist()
        return values if all(map(real, values)) else []


def known_together(said: Said, graph: Known) -> Known:
    """What this project wrote, else what the graph does, else what the metadata say."""
    return said.images.over(graph) if said.exact else graph.over(said.images)
