"""Text that people wrote: files as their editors saved them, names as a terminal may show them."""

import codecs
import json
import re
import tomllib
import unicodedata
from pathlib import Path
from typing import Any

from .limits import SETTINGS, TEXT, read_bytes

# a file's first bytes -> how it goes on; UTF-32's mark begins with UTF-16's
MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
# control characters, halves of surrogate pairs, separators of lines and paragraphs
UNPRINTABLE = ("Cc", "Cs", "Zl", "Zp")
# what begins and ends another direction of writing: left open, it turns the rest of the line round
TURNING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


# parts of a dotted key: what reads them needs the square of their number, in time and memory
_DEEPEST = 40
_QUOTED = re.compile(r""""[^"\n]*"|'[^'\n]*'""")
_DOTTED = re.compile(
    r"""(?:[\w-]+|"[^"\n]*"|'[^'\n]*')(?:[ \t]*\.[ \t]*(?:[\w-]+|"[^"\n]*"|'[^'\n]*'))*+"""
)


def read_text(path: str | Path, most: int = TEXT) -> str:
    """The text of a file, its lines ended by "\\n" whatever ended them there.

    UTF-8, or UTF-16 and UTF-32 with a byte order mark, which Windows' editors write; the mark is no
    part of the text.  ValueError, one line with the file's name, for a file that cannot be read, has
    more than `most` bytes, is in another encoding (with the line where that shows) or holds zero bytes,
    as no text does.
    """
    path = Path(path)
    try:
        content = read_bytes(path, most)
    except OSError as error:
        raise ValueError(f"{path}: cannot be read: {error.strerror or error}") from error
    mark = next((mark for mark in MARKS if content.startswith(mark)), b"")
    encoding, content = MARKS.get(mark, "utf-8"), content[len(mark) :]
    lines = _lines(content.decode(encoding, "replace"))
    zero = next((number for number, line in enumerate(lines, start=1) if "\0" in line), 0)
    if zero:
        raise ValueError(
            f"{path}: line {zero} has zero bytes in it, so this is no text, or not as UTF-8; "
            "save it as UTF-8"
        )
    try:
        content.decode(encoding)
    except UnicodeDecodeError as error:
        line = len(_lines(content[: error.start].decode(encoding, "replace")))
        raise ValueError(
            f"{path}: line {line} is not {encoding.upper()} text; save the file as UTF-8"
        ) from None
    return "\n".join(lines)


def read_toml(path: str | Path) -> dict[str, Any]:
    """The document in a TOML file.  ValueError, one line with the file's name, where there is none."""
    text = read_text(path, SETTINGS)
    try:
        return of_toml(text)
    except ValueError as error:
        raise ValueError(f"{path}: not a TOML file: {error}") from None


def of_toml(text: str) -> dict[str, Any]:
    """The document that a text in TOML is.  ValueError, one line, where it is none."""
    for key in _DOTTED.finditer(text):
        if key[0].count(".") >= _DEEPEST and _QUOTED.sub("q", key[0]).count(".") >= _DEEPEST:
            line = text.count("\n", 0, key.start()) + 1
            raise ValueError(f"line {line}: a key of more than {_DEEPEST} parts: {key[0]:.40}...")
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ValueError("nested too deep") from None
    except ValueError as error:  # tomllib's own is one
        raise ValueError(reason(error)) from None


def _lines(text: str) -> list[str]:
    """Not `splitlines`, which ends lines at characters that may be part of a name."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def printable(name: str) -> str:
    """A name in one line without control characters, which could command a terminal: a\\x1bb.

    Bytes of a file's name that are no UTF-8, which Python keeps as halves of surrogate pairs, are
    written as such bytes: caf\\xe9.  What is returned can be printed and encoded anywhere UTF-8 can.
    """
    if name.isprintable():
        return name
    return "".join(
        escaped(c) if unicodedata.category(c) in UNPRINTABLE or c in TURNING else c for c in name
    )


def reason(error: Exception) -> str:
    """What an error says, in one line; its kind where it says nothing."""
    return " ".join(str(error).split()) or type(error).__name__


def escaped(c: str) -> str:
    """A character by its number: \\n, \\xe9, \\u73ab."""
    number = ord(c)
    if 0xDC80 <= number <= 0xDCFF:  # how os.fsdecode keeps a byte
        return f"\\x{number - 0xDC00:02x}"
    return c.encode("unicode_escape").decode("ascii")


def toml_value(value: Any) -> str:
    """One value as TOML writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):  # JSON's escapes are TOML's, but for one control character
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(toml_value, value))}]"
    return repr(value)
