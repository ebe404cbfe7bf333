"""Text that people wrote: files as their editors saved them, names as a terminal may show them."""

import codecs
import json
import re
import tomllib
import unicodedata
from collections.abc import Callable, Iterable
from functools import wraps
from itertools import chain
from os import PathLike
from pathlib import Path
from typing import Any, ParamSpec, TypeVar
from zlib import crc32

from .limits import SETTINGS, TEXT, read_bytes

P = ParamSpec("P")
R = TypeVar("R")

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
# blanks that are no space, and what Unicode lets a font leave out: two names that differ in it look alike
UNSEEN = re.compile(
    "[\u00a0\u00ad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u202f"
    "\u205f-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
# all that printable and visible write out, but for line feeds
HIDDEN = re.compile(
    f"[\0-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff{TURNING}]|{UNSEEN.pattern}"
)
JOINING = "\u200c\u200d\ufe0f"  # which make one character of two, in emoji and in Persian
NAME = 200  # characters of a name that are shown


# parts of a dotted key: what reads them needs the square of their number, in time and memory
_DEEPEST = 40
_DIGITS = 300  # of a whole number in JSON: what other programs write for "no limit" has 31
_LONG = re.compile(r"(?<![0-9_])[0-9_]{4001,}")
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
        document = tomllib.loads(text)
        _require_short(document, "")
    except RecursionError:
        raise ValueError("nested too deep") from None
    except tomllib.TOMLDecodeError as error:
        raise ValueError(reason(error)) from None
    except ValueError as error:
        if "set_int_max_str_digits" not in str(error):
            raise ValueError(reason(error)) from None
        found = _LONG.search(text)
        number = text.count("\n", 0, found.start()) + 1 if found else 0
        raise ValueError(f"line {number}: {_TOO_LONG}" if found else _TOO_LONG) from None
    return document


_TOO_LONG = "a whole number beyond 64 bits"


def _require_short(value: Any, key: str) -> None:
    """ValueError, naming the key, for a number that TOML does not have."""
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise ValueError(f"{displayed(key)}: {_TOO_LONG}")
    if isinstance(value, dict):
        for name, inner in value.items():
            _require_short(inner, f"{key}.{name}" if key else name)
    elif isinstance(value, list):
        for inner in value:
            _require_short(inner, key)


def of_json(text: str | bytes, **how: Any) -> Any:
    """What JSON holds.  ValueError, as json.loads has it, and for a number of hundreds of digits."""
    return json.loads(text, parse_int=_integer, **how)


def _integer(digits: str) -> int:
    if len(digits) > _DIGITS:
        raise ValueError(f"a whole number of {len(digits):,} digits, at most {_DIGITS} are read")
    return int(digits)


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


def visible(text: str) -> str:
    """`printable`, and what nobody would see is written out too, so that other texts look different.

    Joiners stay where they join: between characters that are no ASCII, as in emoji and in Persian.
    """
    text = printable(text)
    if text.isascii():
        return text

    def seen(found: re.Match[str]) -> str:
        c, before = found[0], text[: found.start()][-1:]
        joins = c in JOINING and before and not before.isascii() and not UNSEEN.match(before)
        return c if joins or (c == JOINING[1] and before == JOINING[2]) else escaped(c)

    return UNSEEN.sub(seen, text)


def writable(text: str) -> bool:
    """Whether it is characters, without halves of surrogate pairs."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def displayed(name: str, most: int = NAME) -> str:
    """A name from a file, or a path, as it is displayed: `visible`, and no longer than `most` or so.

    The middle of a longer one gives way to its length and a checksum, so that two of them are not taken
    for one another.
    """
    if len(name) <= most:
        return visible(name)
    left = (most - 40) // 2
    mark = crc32(name.encode(errors="surrogatepass"))
    middle = f"...[{len(name):,} characters, {mark:08x}]..."
    return visible(name[:left]) + middle + visible(name[-left:])


def quoted(value: Any, **how: Any) -> str:
    """JSON of a value, the true names in it, in which no character commands a terminal or goes unseen."""
    text = json.dumps(value, ensure_ascii=False, **how)
    return HIDDEN.sub(lambda found: json.dumps(found[0])[1:-1].replace("\x7f", "\\u007f"), text)


def markdown(text: str, most: int = NAME) -> str:
    """A name in a line of Markdown: nothing in it is markup, HTML, mathematics or the end of a cell."""
    text = displayed(text, most).replace("&", "&amp;").replace("<", "&lt;")
    text = re.sub(r"([\\`*\[\]|$~])", r"\\\1", text)
    return re.sub(r"(?<!\w)_|_(?!\w)", r"\\_", text)


def in_a_line(text: str, words: Iterable[str]) -> str:
    """A message in which no one of these words, or part of such a path, ends the line."""
    for word in words:
        if "\n" in word or "\r" in word:
            for part in (word, *re.split("[/=]", word)):
                if "\n" in part or "\r" in part:
                    text = text.replace(part, visible(part))
    return text


def names_visible(function: Callable[P, R]) -> Callable[P, R]:
    """Where it refuses, no name of a file among its arguments commands a terminal or ends the line."""

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except (ValueError, OSError) as error:
            if len(error.args) == 1:
                given: list[Any] = [*args, *kwargs.values()]
                given += chain.from_iterable(x for x in given if isinstance(x, list | tuple))
                names = [str(x) for x in given if isinstance(x, str | PathLike)]
                lines = in_a_line(str(error), names).split("\n")
                error.args = ("\n".join(map(visible, lines)),)
            raise

    return call


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
    if isinstance(value, str):
        text = json.dumps(value, ensure_ascii=False)
        return HIDDEN.sub(lambda found: _toml_escape(ord(found[0])), text)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(toml_value, value))}]"
    return repr(value)


def _toml_escape(number: int) -> str:
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
