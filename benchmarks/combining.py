"""Several runs of a benchmark as one: medians of the runs' medians, from the lowest run to the highest.

The neighbours, the temperature and the placing of memory differ from run to run more than from round to
round: a figure to be relied on comes from runs at different times.
"""

import json
from collections.abc import Callable, Hashable, Iterable
from pathlib import Path
from statistics import median
from typing import Any

from .report import Document, beside

# what runs must agree in to be comparable
SAME = ("processor", "processors", "python", "versions", "rivals")


def read(files: list[Path]) -> list[Document]:
    """What --json wrote.  ValueError where a file is none, or of another machine or other versions."""
    documents: list[Document] = []
    for file in files:
        try:
            document = json.loads(file.read_text(encoding="utf-8"))
            facts = {name: document[name] for name in SAME}
            facts["threads"] = document["settings"]["threads"]
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{file}: expected the JSON of a run, found {error!r}") from None
        if not documents:
            wanted = facts
        for name, value in facts.items():
            if value != wanted[name]:
                raise ValueError(
                    f"{file}: expected {name} as in {files[0]}, {wanted[name]}, found {value}"
                )
        documents.append(document)
    return documents


def combined(documents: list[Document]) -> Document:
    """One document of the same form, with the number of "runs"."""
    cases = together(documents, "cases", lambda x: x["case"])
    starts = together(documents, "starts", lambda x: (x["case"], x["name"]))
    return documents[0] | {
        "runs": len(documents),
        "cases": [_case(found, documents[0]["rivals"]) for found in cases],
        "starts": [_start(found) for found in starts],
    }


def together(
    documents: Iterable[Document], part: str, name: Callable[[Document], Hashable]
) -> list[list[Document]]:
    """What all documents say of the same thing, in the order of first mention."""
    found: dict[Hashable, list[Document]] = {}
    for document in documents:
        for x in document[part]:
            found.setdefault(name(x), []).append(x)
    return list(found.values())


def _case(found: list[Document], rivals: list[str]) -> Document:
    peers = [_peer(same) for same in together(found, "peers", lambda x: x["name"])]
    return found[0] | {
        "peak_flops": _median(found, "peak_flops"),
        "peers": peers,
        **beside(peers, rivals),
    }


def _peer(found: list[Document]) -> Document:
    """One engine; a run in which it failed does not count unless it failed in all."""
    working = [x for x in found if not x["failure"]]
    if not working:
        return found[0]
    middle = (
        "median", "images_per_second", "share_of_peak", "ratio", "peak_memory",
        "peak_memory_without_imports",
    )  # fmt: skip
    medians, ratios = ([x[name] for x in working] for name in ("median", "ratio"))
    return working[0] | {
        **{name: _median(working, name) for name in middle},
        "runs": len(working),
        "error": max(x["error"] for x in working),
        "best": min(x["best"] for x in working),
        "quartiles": [min(medians), max(medians)],
        "ratio_quartiles": [] if None in ratios else [min(ratios), max(ratios)],
        "disturbed": sum(x["disturbed"] for x in working),
        "rounds": [seconds for x in working for seconds in x["rounds"]],
    }


def _start(found: list[Document]) -> Document:
    working = [x for x in found if not x["failure"] and x["warm"]]
    if not working:
        return found[0]
    return working[0] | {
        "cold": _median(working, "cold"),
        "warm": _median(working, "warm"),
        "warm_starts": [seconds for x in working for seconds in x["warm_starts"]],
    }


def _median(found: list[Document], name: str) -> Any:
    """None where no run has it."""
    values = [x[name] for x in found if x[name] is not None]
    return median(values) if values else None
