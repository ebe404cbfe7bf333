"""Names of classes: when two are the same, and how they are read from the files people keep them in.

What is read, besides one name a line ("daisy" or "0 daisy"):

    ["daisy", "rose"]                              a list
    {"0": "daisy", "1": "rose"}                    by number, in any order
    {"daisy": 0, "rose": 1}                        Keras' class_indices, torchvision's class_to_idx
    {"0": ["n01440764", "tench"], ...}             Keras' index of ImageNet
    {"id2label": {"0": "daisy", ...}, ...}         Hugging Face's config.json
"""

import ast
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .text import displayed, names_visible, of_json, printable, read_text

EXPECTED = (
    'expected a name a line, or JSON: a list of names, {"0": "daisy", ...} or {"daisy": 0, ...}'
)
# where documents that hold more than the names keep them; the first that is there is taken
KEYS = ("id2label", "label2id", "class_to_idx", "class_indices", "idx_to_class",
        "class_names", "classes", "names", "labels")  # fmt: skip
NUMBERED = re.compile(r"(\d+)(?:\s*[:,;]\s*|\s+)(\S.*)", re.ASCII)  # "0 daisy", "0: daisy"
NUMBERED_BEHIND = re.compile(r".*\S[\s:,;]+(\d+)", re.ASCII)  # "daisy 0"
_NAMES = 2**22  # bytes of a file of names: ImageNet's 21,841 have some hundred thousand
_LITERAL = 2**19  # characters of a dict as Python prints it, whose parts take a hundred bytes each
IMAGENET = (1000, 1001)  # its usual lists call two birds and machines alike "crane"

Entry = tuple[str, str]  # a name, and what tells it from another of the same name


def canonical(name: str) -> str:
    """One spelling of all that are the same name.

    macOS writes "é" as two characters where others write one; bytes that are no UTF-8 and control
    characters are written out, so that a name may be printed and kept in any file.
    """
    return unicodedata.normalize("NFC", printable(name))


def same_names(these: Sequence[str], those: Sequence[str]) -> bool:
    """Whether both are the same names in the same order, however they are written."""
    return list(map(canonical, these)) == list(map(canonical, those))


class OtherClasses(ValueError):
    """The classes that were found are not those that were wanted; `partly`: but some of them."""

    def __init__(self, message: str, partly: bool) -> None:
        super().__init__(message)
        self.partly = partly


def require_same_classes(
    folder: Path,
    found: Sequence[str],
    wanted: Sequence[str],
    ordered: bool = False,
    some: bool = False,
) -> None:
    """Raise OtherClasses that names the difference, unless found and wanted are the same classes.

    ordered: in the same order.  some: one of those that are wanted is enough, but no other.  Names
    are the same however they are written.
    """
    there, asked = list(map(canonical, found)), list(map(canonical, wanted))
    missing, unexpected = set(asked) - set(there), set(there) - set(asked)
    if not unexpected and (not missing or (some and there)) and (there == asked or not ordered):
        return
    said = [
        f"{what} {', '.join(map(displayed, sorted(names)[:5]))}{', ...' * (len(names) > 5)}"
        for what, names in (("missing", missing), ("unexpected", unexpected))
        if names
    ]
    raise OtherClasses(
        f"{folder}: its {len(found)} classes are not the {len(wanted)} expected: "
        f"{'; '.join(said) or 'the order differs'}",
        partly=not (ordered or unexpected),
    )


@names_visible
def read_class_names(path: str | Path) -> tuple[str, ...]:
    """Class names from a text file, one a line, or from JSON in one of the forms above.

    ValueError, one line with the file's name, for anything else: gaps in the numbers, a name that is
    empty or stands there twice, something that is no name.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"{path}: no such file of class names")
    text = read_text(path, _NAMES)
    try:
        document = _document(text, path.suffix.lower() == ".json")
        entries = _of_lines(text) if document is None else _of_document(document)
        return _distinct(entries)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _document(text: str, is_json: bool) -> Any:
    """What JSON, or a dict or list as Python prints it, holds; None for lines of names."""
    text = text.strip()
    if not is_json and text[:1] not in ("{", "["):
        return None
    try:
        return of_json(text, object_pairs_hook=_object)
    except json.JSONDecodeError as error:
        reason = str(error)
    except RecursionError:
        raise ValueError(f"not a file of class names; {EXPECTED}") from None
    try:
        if len(text) > _LITERAL:
            raise ValueError
        return ast.literal_eval(text)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):  # {[]} is a TypeError
        if not is_json and text.startswith("["):  # a class may be called [unknown]
            return None
        raise ValueError(f"not a file of class names ({reason}); {EXPECTED}") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object; the second of two equal keys would silently win."""
    for key, count in Counter(key for key, _ in pairs).items():
        if count > 1:
            raise ValueError(f"{displayed(key)!r} stands there {count} times; {EXPECTED}")
    return dict(pairs)


def _of_document(document: Any) -> list[Entry]:
    if isinstance(document, list | tuple):
        return [_entry(value, str(k)) for k, value in enumerate(document)]
    if not isinstance(document, dict) or not document:
        raise ValueError(f"{EXPECTED}, found {_short(document)}")
    for key in KEYS:
        if isinstance(document.get(key), dict | list):
            return _of_document(document[key])
    if all(_is_number(value) for value in document.values()) and not (
        all(_is_number(key) and isinstance(value, str) for key, value in document.items())
    ):  # the numbers are the values
        return _in_order([(_number(number), _entry(name, "")) for name, number in document.items()])
    if all(_is_number(key) for key in document):
        return _in_order([(_number(key), _entry(name, str(key))) for key, name in document.items()])
    raise ValueError(f"{EXPECTED}, found {_short(document)}")


def _of_lines(text: str) -> list[Entry]:
    """One name a line, all with their numbers before them or none."""
    lines = [line.strip() for line in text.rstrip().split("\n")]
    if lines == [""]:
        raise ValueError(f"no class names in it; {EXPECTED}")
    if "" in lines:
        raise ValueError(f"line {lines.index('') + 1} is empty, but each line must name a class")
    found = [NUMBERED.fullmatch(line) for line in lines]
    numbered = [(_number(m[1]), (m[2], m[1])) for m in found if m]
    if len(numbered) == len(lines):
        return _in_order(numbered)
    if not found[0] and 1 < len(numbered) == len(lines) - 1:
        raise ValueError(
            f"line 1, {displayed(lines[0])!r}, has no number before it, but all others have"
        )
    behind = [_number(m[1]) for line in lines if (m := NUMBERED_BEHIND.fullmatch(line))]
    if sorted(behind) == list(range(len(lines))) != behind:
        raise ValueError("the numbers stand behind the names; write them before: 0 daisy")
    return [(line, str(k)) for k, line in enumerate(lines)]


def _in_order(numbered: list[tuple[int, Entry]]) -> list[Entry]:
    numbered = sorted(numbered, key=lambda pair: pair[0])
    found = [number for number, _ in numbered]
    if found != list(range(len(found))):
        first = ", ".join(map(str, found[:5])) + ", ..." * (len(found) > 5)
        raise ValueError(f"the numbers must be 0, 1, 2 ... without gaps; expected {len(found)} of "
                         f"them, found {first}")  # fmt: skip
    return [entry for _, entry in numbered]


def _entry(value: Any, number: str) -> Entry:
    """A name, or Keras' pair of an identifier and a name."""
    if isinstance(value, list | tuple) and len(value) == 2 and isinstance(value[0], str):
        number, value = value
    if not isinstance(value, str):
        raise ValueError(f"{EXPECTED}, found {_short(value)} where a name should be")
    return value.strip(), number


def _distinct(entries: Sequence[Entry]) -> tuple[str, ...]:
    """The names, if they are names; ImageNet's doubles told apart: "crane (n03126707)"."""
    names = [name for name, _ in entries]
    if not names:
        raise ValueError(f"no class names in it; {EXPECTED}")
    if "" in names:
        raise ValueError(f"class {names.index('')} has an empty name; {EXPECTED}")
    for name in names:
        if any(0xD800 <= ord(c) <= 0xDFFF for c in name):
            raise ValueError(f"the name {displayed(name)} holds half a character; {EXPECTED}")
    count = Counter(map(canonical, names))
    twice = [k for k, name in enumerate(names) if count[canonical(name)] > 1]
    if not twice:
        return tuple(names)
    if len(names) in IMAGENET:
        apart = [f"{name} ({mark})" if k in twice else name
                 for k, (name, mark) in enumerate(entries)]  # fmt: skip
        return tuple(apart)
    same = [k for k in twice if canonical(names[k]) == canonical(names[twice[0]])]
    raise ValueError(
        f"classes {' and '.join(map(str, same))} are both called {displayed(names[same[0]])!r}; "
        "expected another name for each class"
    )


def _number(value: str | int) -> int:
    """The number of a class; ValueError for one that no list has."""
    if isinstance(value, str) and len(value.lstrip("0")) > 18:
        raise ValueError(
            f"a number of {len(value):,} digits; they must be 0, 1, 2 ... without gaps"
        )
    return int(value)


def _is_number(value: object) -> bool:
    if isinstance(value, str):
        return value.isascii() and value.isdecimal()
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _short(value: object) -> str:
    text = printable(repr(value))
    return text if len(text) <= 60 else text[:57] + "..."
