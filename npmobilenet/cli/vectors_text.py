"""What `npmobilenet vectors` prints: which layers were written, and what differs."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from ..text import printable

if TYPE_CHECKING:
    from ..vectors import Checked, Difference

WIDTH = 79
MOST = 10  # differences that are printed


def summary(folder: Path, document: Mapping[str, Any]) -> dict[str, Any]:
    """What was written, as one object."""
    return {
        "folder": str(folder),
        "bytes": _bytes(folder),
        "model": document["model"],
        "dtype": document["dtype"],
        "rounding": document["rounding"],
        "images": document["images"],
        "seed": document["seed"],
        "layers": [
            {
                "name": entry["name"],
                "operator": entry["operator"],
                "tensors": {key: about["shape"] for key, about in entry["tensors"].items()},
                "accumulator": entry.get("accumulator"),
            }
            for entry in document["layers"]
        ],
    }


def _bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def written(folder: Path, document: Mapping[str, Any]) -> Iterator[Any]:
    """A row for each layer, and where they are."""
    from ..tables import table

    rows = []
    for entry in document["layers"]:
        tensors, sums = entry["tensors"], entry.get("accumulator") or {}
        shapes = (_shape(tensors[key]["shape"]) for key in ("input", "output"))
        rows.append((entry["name"], entry["operator"], *shapes, sums.get("bits", "")))
    columns = ("layer", "operator", ">input", ">output", ">bits")
    yield table(columns, rows)
    count = document["count"]
    yield (
        f"{printable(str(folder))}: {document['dtype']}, {document['rounding']} rounding, "
        f"{count} image{'s' * (count != 1)}, {len(rows)} layer{'s' * (len(rows) != 1)}, "
        f"{_bytes(folder) / 1e6:.1f} MB"
    )


def _shape(shape: list[int]) -> str:
    return " x ".join(map(str, shape[1:]))


def checked(found: "Checked") -> Iterator[str]:
    """Every difference with what explains it, then how many tensors are equal."""
    for difference in found.differences[:MOST]:
        yield from (*_difference(difference), "")
    yield from _common(found)
    states = [look.state for look in found.looked]
    if follows := states.count("follows"):
        are = "tensors are" if follows > 1 else "tensor is"
        yield f"{follows} {are} not as in the vectors, but right for what went in"
    if given := states.count("given"):
        are = "inputs are" if given > 1 else "input is"
        yield f"{given} {are} not as in the vectors, and the layers that made them are not here"
    count = len(states)
    if found.equal:
        layers = len({look.layer for look in found.looked})
        yield f"equal: all {count} tensors of {layers} layer{'s' * (layers > 1)}"
    else:
        yield f"{states.count('equal')} of {count} tensors are equal, {states.count('differs')} differ"


def _common(found: "Checked") -> Iterator[str]:
    """What explains most, of several differences."""
    several = len(found.differences)
    if several > MOST:
        yield f"and {several - MOST} more tensors differ; --json has all of them"
    for text, count in list(found.common.items())[:3]:
        if several > 1:
            yield from wrap(f"{count} of {several}: {text}", WIDTH, subsequent_indent="    ")
    if several > 1:
        yield ""


def _difference(of: "Difference") -> Iterator[str]:
    place = " ".join(f"{axis}={k}" for axis, k in zip(of.axes, of.index, strict=True))
    yield from wrap(
        f"{of.layer} {of.tensor}: {of.differing:,} of {of.size:,} elements differ, first at {place}: "
        f"expected {of.expected}, found {of.found}",
        WIDTH,
        subsequent_indent="    ",
    )
    if not of.explanations:
        yield "    nothing known here gives these numbers"
        return
    several = len(of.explanations) > 1
    yield f"    {'each of these gives' if several else 'this gives'} all of these numbers:"
    for text in of.explanations:
        yield from wrap(text, WIDTH, initial_indent="    * ", subsequent_indent="      ")
