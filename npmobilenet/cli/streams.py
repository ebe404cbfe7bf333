"""Standard output and error that take any text: whatever their code page, and where there are none.

A Windows pipe is cp1252 or gbk, a minimal container's ASCII; a scheduled task has no output at all.
What a code page lacks is written in letters that it has.
"""

import codecs
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, TextIO
from unicodedata import combining, decomposition, normalize

from ..text import displayed, escaped

NAME = "npmobilenet.plain"  # of the codecs' error handler
LONGEST = 10_000  # characters of a line on standard error: paths are at most 4,096
USUAL = ("strict", "surrogateescape", "backslashreplace")  # another one was somebody's choice

PLAIN = {
    "×": "x", "·": "*", "±": "+/-", "−": "-", "—": "-", "–": "-", "…": "...",
    "→": "->", "≤": "<=", "≥": ">=", "•": "*", "✓": "ok", "α": "alpha", "ρ": "rho", "µ": "u", "μ": "u",
    "‘": "'", "’": "'", "“": '"', "”": '"', "©": "(c)",
}  # fmt: skip
# first and last character, which are drawn with what; in the order in which they are tried
DRAWN = (
    ("─", "━", "-"), ("│", "┃", "|"), ("┄", "┅", "-"), ("┆", "┇", "|"), ("═", "═", "-"),
    ("║", "║", "|"), ("╸", "╸", "-"), ("╺", "╺", "-"), ("─", "╿", "+"), ("▀", "▟", "#"),
    ("⠀", "⣿", "*"),
)  # fmt: skip


def plain(character: str) -> str:
    """What stands for a character in ASCII; its number, \\u2713, where nothing is like it."""
    if character in PLAIN:
        return PLAIN[character]
    for first, last, drawn in DRAWN:
        if first <= character <= last:
            return drawn
    letters = "".join(c for c in normalize("NFKD", character) if not combining(c))
    if letters.isascii():
        return ("^" if decomposition(character).startswith("<super>") else "") + letters
    return escaped(character)


def _replace(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(plain, error.object[error.start : error.end])), error.end


codecs.register_error(NAME, _replace)


@contextmanager
def any_text() -> Iterator[None]:
    """Inside, `sys.stdout` and `sys.stderr` are there, and take any text."""
    with ExitStack() as afterwards:
        for name in ("stdout", "stderr"):
            stream: Any = getattr(sys, name)
            if stream is None or getattr(stream, "closed", False):
                nowhere = afterwards.enter_context(open(os.devnull, "w", encoding="utf-8"))
                afterwards.callback(setattr, sys, name, stream)
                setattr(sys, name, nowhere)
            elif getattr(stream, "errors", None) in USUAL and hasattr(stream, "reconfigure"):
                afterwards.callback(_reconfigure, stream, stream.errors)
                stream.reconfigure(errors=NAME)
        yield


def _reconfigure(stream: Any, errors: str) -> None:
    with suppress(OSError, ValueError):
        stream.reconfigure(errors=errors)


def settle(stream: TextIO) -> None:
    """Write out what the stream still holds; where it cannot be, let it go, or it fails again at exit."""
    try:
        stream.flush()
    except (OSError, ValueError):
        with suppress(OSError, ValueError), open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), stream.fileno())


def complain(text: str) -> None:
    """A line on standard error, if there is anyone to read it; names in it command no terminal."""
    with suppress(OSError):
        print("\n".join(displayed(line, LONGEST) for line in text.split("\n")), file=sys.stderr)
    settle(sys.stderr)
