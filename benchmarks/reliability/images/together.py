"""All damaged files in one folder: what evaluate and predict count must be what is there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from npmobilenet.datasets.file_tree import extensions

from ..forked import Case, each
from ..workplace import CLASSES, network, picture
from .mutants import MOST_MEMORY, SEED
from .mutating import mutant
from .special import SPECIAL


def tried(place: Path, count: int) -> tuple[dict[str, Any], list[str]]:
    """Figures, and what went wrong."""
    weights = network(place / "m.safetensors")
    root = place / "data"
    for name in CLASSES:
        (root / name).mkdir(parents=True)
        (root / name / "good.png").write_bytes(picture(1))
    there = 2
    for index in range(len(SPECIAL), count):  # the special ones take their time, and had it
        one = mutant(SEED, index)
        if Path(one.name).suffix in extensions():
            there += 1
            (root / CLASSES[index % 2] / one.name).write_bytes(one.content)
    bad, figures = [], {"images in one command": there}
    common = ("--weights", str(weights), "--json")
    cases = [
        Case((verb, str(root), *common, *skip), timeout=300)
        for verb in ("evaluate", "predict")
        for skip in ((), ("--skip-bad",))
    ]
    for case, told in each(cases):
        skip, err = "--skip-bad" in case.words, told.err.decode(errors="replace")
        if told.code != (0 if skip else 1) or told.peak > MOST_MEMORY:
            bad.append(f"{case}: ended with {told.code}, {told.peak} MB: {err[-300:]!r}")
            continue
        lines = [line for line in err.split("\n") if line]
        if foreign := [x for x in lines if not x.startswith(("npmobilenet ", "note: "))]:
            bad.append(f"{case}: a foreign line {foreign[0]!r:.300}")
        found = json.loads(told.out)
        if case.words[0] == "evaluate":
            counts = found["images"], len(found["unreadable"])
        else:
            named = sum("predictions" in one for one in found)
            counts = named, len(found) - named
        if sum(counts) != there:
            bad.append(f"{case}: {counts} of {there} images")
        figures["of them read"] = counts[0]
    return figures, bad
