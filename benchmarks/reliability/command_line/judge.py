"""What is wrong with how a command ended: nothing, or a line."""

from __future__ import annotations

import json
import re
from typing import Any

from ..children import HUNG
from ..forked import Told
from .cases import Tried

MOST_MEMORY = 2000  # MB
CODES = (0, 1, 2, 130)
SAID = re.compile(r"(note|warning|try): |npmobilenet[ :]")  # how a line of ours begins
STYLES = re.compile(
    r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\]8;[^\x1b]*\x1b\\|\r"
)  # what rich writes on terminals
LONGEST = 20_000  # characters of an error


def stray(text: str) -> str:
    """The first character that could command a terminal or turn a line round."""
    for c in text:
        if (ord(c) < 32 and c != "\n") or 127 <= ord(c) < 160 or c in "\u202e\u2066\u2067\u2028":
            return c
    return ""


def judged(tried: Tried, told: Told, plain: int | str | None, talks: bool) -> str:
    """Plain: the code of the plain command; talks: whether that writes to standard output."""
    case = tried.case
    if told.code == HUNG:
        return "" if tried.must == "endless" and told.peak < MOST_MEMORY else "did not end"
    if told.code not in CODES:
        return f"ended with {told.code}: {told.err[-300:]!r}"
    if told.peak > MOST_MEMORY:
        return f"took {told.peak} MB"
    encoding = case.encoding.partition(":")[0]
    try:
        out, err = told.out.decode(encoding), told.err.decode(encoding)
    except UnicodeDecodeError as error:
        return f"wrote what is no {encoding}: {error}"
    if "Traceback" in out + err:
        return f"a traceback: {err[-300:]!r}"
    return (
        _code(tried, told, plain, talks)
        or _errors(tried, told, err)
        or _stray(tried, out, err)
        or _document(tried, told, out)
    )


def _code(tried: Tried, told: Told, plain: int | str | None, talks: bool) -> str:
    if tried.must == "refused" and told.code not in (1, 2):
        return f"took it: ended with {told.code}"
    if tried.must == "right" and told.code != 0:
        return f"ended with {told.code}: {told.err[-200:]!r}"
    if tried.must != "as plain":
        return ""
    allowed = {plain}
    case = tried.case
    if case.stdout == "full" and talks:
        allowed = {1}
    if case.stdout in ("broken", "leaves"):  # who has read enough has been served
        allowed |= {0}
    if case.gone or str(case.folder) == "/proc" or "HOME" in case.environment:
        allowed |= {1, 2}  # files given by relative names are not there
    if told.code in allowed:
        return ""
    return f"ended with {told.code}, alone with {plain}: {told.err[-200:]!r}"


def _errors(tried: Tried, told: Told, err: str) -> str:
    """One line; for wrong usage the usage before it; notes may stand beside it."""
    if tried.case.stderr != "pipe" or tried.case.stdout == "terminal":
        return ""
    if len(err) > LONGEST:
        return f"an error of {len(err):,} characters"
    lines = [line for line in err.split("\n") if line]
    if told.code == 2:
        errors = [k for k, line in enumerate(lines) if re.match(r"npmobilenet.*: error: ", line)]
        if errors or not lines or not lines[0].startswith("usage: "):
            return "" if errors == [len(lines) - 1] else f"wrong usage, said as {err[-300:]!r}"
        return ""
    foreign = [line for line in lines if not SAID.match(line) and not line.startswith("  ")]
    if foreign and not tried.leaf.startswith("exercises"):
        return f"a foreign line {foreign[0]!r:.300}"
    said = [line for line in lines if line.startswith("npmobilenet")]
    if told.code == 1 and tried.kind in ("values", "words") and tried.leaf.split()[0] not in (
        "exercises", "verify", "vectors",
    ) and len(said) != 1:  # fmt: skip
        return f"ended with 1 and {len(said)} lines: {err[-300:]!r}"
    return ""


def _stray(tried: Tried, out: str, err: str) -> str:
    case = tried.case
    if case.stdout == "terminal" or case.environment.get("FORCE_COLOR"):
        out, err = STYLES.sub("", out), STYLES.sub("", err)
    found = stray(out) or stray(err)
    return f"wrote the character {found!r}" if found else ""


def _document(tried: Tried, told: Told, out: str) -> str:
    words = tried.case.words
    if "--json" not in words or tried.case.stdout != "pipe" or "--help" in words:
        return ""
    if not out.strip():
        return "" if told.code else "no JSON"

    def refuse(word: str) -> Any:
        raise ValueError(f"{word} is no JSON")

    try:
        json.loads(out, parse_constant=refuse)
    except ValueError as error:
        return f"--json wrote no JSON ({error}): {out[:200]!r}"
    return ""
