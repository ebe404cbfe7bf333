"""Each damaged file opened: a picture, or one line that names the file; nothing else, in little room."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ..children import HUNG
from ..forked import Case, Told, each
from .mutating import mutant
from .sources import sources

SEED = 26
BATCH = 40  # files that one process opens
MOST_MEMORY = 1500  # MB
MOST_SECONDS = 20.0


def opened(path: Path, name: str, same: str) -> str:
    """What is wrong with how a file was opened; "" where nothing is."""
    from npmobilenet.images.decode import open_image

    started = time.monotonic()
    try:
        image = open_image(path, 3)
    except ValueError as error:
        said = str(error)
        if same:
            return f"refused, though its picture is whole: {said[:200]}"
        if "\n" in said or name not in said or not said.isprintable():
            return f"refused with {said!r:.300}"
        return "" if time.monotonic() - started < MOST_SECONDS else "refused after too long a time"
    except BaseException as error:
        return f"{type(error).__name__}: {error}"[:300]
    pixels = np.asarray(image)
    if image.mode != "RGB" or pixels.dtype != np.uint8 or pixels.shape != (*image.size[::-1], 3):
        return f"opened as {image.mode} {pixels.shape} {pixels.dtype}"
    if same:
        beside = path.with_name(f"whole-{same}")
        if not np.array_equal(pixels, np.asarray(open_image(beside, 3))):
            return "opened as another picture than it holds"
    return "" if time.monotonic() - started < MOST_SECONDS else "opened after too long a time"


def write(place: Path, indices: list[int]) -> dict[int, tuple[Path, str]]:
    """The files: number -> path, and the whole file whose picture it must show."""
    whole = {**sources(), "p": b""}
    from .sources import colours, saved

    whole["p"] = saved(colours("P"), "GIF")
    for name, content in whole.items():
        place.joinpath(f"whole-{name}").write_bytes(content)
    found = {}
    for index in indices:
        one = mutant(SEED, index)
        found[index] = (place / one.name, one.same)
        found[index][0].write_bytes(one.content)
    return found


def tried(place: Path, indices: list[int]) -> Iterator[str]:
    """What went wrong, a line each, of the mutants with these numbers."""
    files = write(place, indices)
    cases, of = [], {}
    for start in range(0, len(indices), BATCH):
        part = indices[start : start + BATCH]

        def act(part: list[int] = part) -> int:
            for index in part:
                print(json.dumps(["begun", index]), flush=True)
                path, same = files[index]
                print(json.dumps(["ended", index, opened(path, path.name, same)]), flush=True)
            return 0

        case = Case((f"mutants {part[0]} to {part[-1]}",), act=act, timeout=30 + 4.0 * len(part))
        cases.append(case)
        of[id(case)] = part
    for case, told in each(cases):
        yield from _lines(told, files, of[id(case)])


def _lines(told: Told, files: dict[int, tuple[Path, str]], part: list[int]) -> Iterator[str]:
    last = None
    for line in told.out.decode().splitlines():
        what, index, *more = json.loads(line)
        last = index if what == "begun" else None
        if what == "ended" and more[0]:
            yield f"mutant {index} {files[index][0].name}: {more[0]}"
    if last is not None:
        what = "did not end" if told.code == HUNG else f"ended the process with {told.code}"
        yield f"mutant {last} {files[last][0].name}: {what} {told.err[-200:]!r}"
    if told.err:
        yield f"mutants {part[0]} to {part[-1]}: standard error has {told.err[:300]!r}"
    if told.peak > MOST_MEMORY:
        yield f"mutants {part[0]} to {part[-1]}: took {told.peak} MB"


if __name__ == "__main__":  # one mutant again: its number
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        print(*tried(Path(folder), [int(word) for word in sys.argv[1:]]), sep="\n")
