"""One wrong call, and whether it was refused as it must be."""

from __future__ import annotations

import copy
import re
import time
import traceback
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

import npmobilenet

from .guards import Guards
from .subjects import Call, Subject
from .wrong import Wrong

OURS = (
    str(Path(npmobilenet.__file__).parent),
    str(Path(npmobilenet.__file__).parents[1] / "kernels"),
)
REFUSED = (ValueError, TypeError, NotImplementedError)
SLOW = 20.0  # seconds
# a refusal says what was found, or what it cannot be
SAYS = re.compile(
    r"found|expected|must|needs?|has |have |is |are |not |no |missing|unexpected|only|but |does|cannot|"
    r"outside|nothing|unknown|makes|spans|already|without"
)


def memory_of(value: Any) -> list[tuple[Any, bytes]]:
    """Arrays in an argument, and their bytes."""
    if isinstance(value, np.ndarray) and not value.dtype.hasobject:
        return [(np.asarray(value), np.asarray(value).tobytes())]
    if isinstance(value, Mapping):
        return [pair for each in value.values() for pair in memory_of(each)]
    return []


def _path_complaint(error: BaseException, call: Call, argument: str) -> bool:
    return isinstance(error, OSError) and argument in call.paths


def of_error(error: BaseException, call: Call, argument: str) -> str:
    """What is wrong with how a call was refused; "" where nothing is."""
    text, kind = str(error), type(error).__name__
    place = traceback.extract_tb(error.__traceback__)[-1]
    shown = f"{kind}: {' '.join(text.split())[:110]}"
    if _path_complaint(error, call, argument):
        return "" if len(text.splitlines()) == 1 else f"not one line: {shown}"
    if not isinstance(error, REFUSED) or isinstance(error, UnicodeError):
        return f"another kind of error, {shown} ({Path(place.filename).name}:{place.lineno})"
    ours = place.filename.startswith(OURS) and (place.line or "").startswith("raise")
    if not ours:
        return f"refused by no check of ours: {shown} ({Path(place.filename).name}:{place.lineno})"
    if len(text.splitlines()) != 1 or (len(text) > 1000 and argument not in call.paths):
        return f"not one line: {shown}"
    if not text.isprintable():
        return f"not printable: {shown}"
    named = argument in call.paths  # by the file itself
    if not named and not any(word in text for word in call.words.get(argument, (argument,))):
        return f"the message does not name {argument}: {shown}"
    if not SAYS.search(text):
        return f"the message does not say what was found: {shown}"
    return ""


def right(call: Call, guards: Guards) -> str:
    """What is wrong with a right call, "" for nothing."""
    given = {k: copy.deepcopy(v) if k == "rng" else v for k, v in call.good.items()}
    held = [pair for value in given.values() for pair in memory_of(value)]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            call.function(**given)
    except Exception as error:
        return f"the right call failed: {type(error).__name__}: {error}"
    if any(array.tobytes() != before for array, before in held):
        return "the right call changed an argument"
    return "the right call wrote beside an array" if guards.changed() else ""


def tried(
    subject: Subject, call: Call, argument: str, wrong: Wrong, guards: Guards
) -> tuple[str, bool]:
    """What went wrong, "" for nothing, and whether the call was refused."""
    given = {**call.good, argument: wrong.value}
    value = wrong.value
    if type(value) is np.ndarray and value.size and not value.dtype.hasobject:
        given[argument] = guards.like(value)
    held = [pair for value in given.values() for pair in memory_of(value)]
    rng = copy.deepcopy(given["rng"]) if "rng" in given else None
    if rng is not None:
        given["rng"] = rng
    started, said, refused = time.monotonic(), "", False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            call.function(**given)
        if wrong.must:
            said = "returned"
    except BaseException as error:
        refused = True
        said = of_error(error, call, argument)
        if not wrong.must and isinstance(error, MemoryError):
            said = ""
    if time.monotonic() - started > SLOW:
        said = said or f"took {time.monotonic() - started:.0f} s"
    if any(array.tobytes() != before for array, before in held):
        said = f"an argument was changed; {said}"
    if guards.changed():
        said = f"memory beside an array was written; {said}"
    return said, refused
