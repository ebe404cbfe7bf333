"""Names in pictures: a font that has their characters, or else the characters written out.

Pillow's own font has ASCII alone, and matplotlib's no Chinese; a character that a font lacks would be
drawn as an empty box, one like the other.
"""

import os
import unicodedata
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from PIL import ImageFont

from .text import displayed, escaped

Font = ImageFont.ImageFont | ImageFont.FreeTypeFont

# looked for where the system keeps its fonts, those of few scripts first
KNOWN = (
    "DejaVuSans.ttf", "NotoSans-Regular.ttf", "segoeui.ttf", "arial.ttf", "Arial Unicode.ttf",
    "msyh.ttc", "simsun.ttc", "PingFang.ttc", "STHeiti Medium.ttc", "NotoSansCJK-Regular.ttc",
    "NotoSansSC-Regular.otf", "SourceHanSans-Regular.ttc", "wqy-microhei.ttc", "wqy-zenhei.ttc",
    "uming.ttc", "DroidSansFallbackFull.ttf", "meiryo.ttc", "YuGothM.ttc", "malgun.ttf",
    "AppleSDGothicNeo.ttc", "NanumGothic.ttf", "Nirmala.ttf", "FreeSans.ttf", "unifont.ttf",
)  # fmt: skip
PLACES = (
    "/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts",
    "/System/Library/Fonts", "/Library/Fonts", "~/Library/Fonts",
    "$WINDIR/Fonts", "$LOCALAPPDATA/Microsoft/Windows/Fonts",
)  # fmt: skip
SIZE = 16  # pixels, where characters are compared
NO_CHARACTER = "\U0010ffff"


def font_for(texts: Iterable[str], size: int) -> Font:
    """The first font here that has all characters of the texts; else the one that lacks fewest."""
    characters = frozenset("".join(map(displayed, texts)))
    return _font(_best(characters), size)


def written(text: str, font: Font) -> str:
    """The text as this font can show it: characters it lacks by their numbers, \\u73ab."""
    text = displayed(text)
    path = font.path if isinstance(font, ImageFont.FreeTypeFont) else None
    lacks = _lacking(frozenset(text), path if isinstance(path, str) else None)
    if not lacks:
        return text
    return "".join(
        escaped(c) if c in lacks or (_invisible(c) and not c.isspace()) else c for c in text
    )


def remark(texts: Sequence[str]) -> str:
    """What to tell of texts that no font here has, in ASCII; empty where all can be drawn."""
    font = font_for(texts, 16)
    changed = [shown for text in texts if (shown := written(text, font)) != displayed(text)]
    if not changed:
        return ""
    more = ", ..." * (len(changed) > 3)
    said = ", ".join(changed[:3]).encode("ascii", "backslashreplace").decode()
    return (
        f"no font here has all characters of {len(changed)} of the names; in pictures they are "
        f"written {said}{more}"
    )


@cache
def _best(characters: frozenset[str]) -> str | None:
    fewest, best = len(_lacking(characters, None)), None
    for path in _files() if fewest else ():
        lacking = len(_lacking(characters, path))
        if lacking < fewest:
            fewest, best = lacking, path
        if not fewest:
            break
    return best


@cache
def _files() -> tuple[str, ...]:
    """Fonts that are here: matplotlib's DejaVu Sans, the known ones, then whatever else there is."""
    matplotlib = find_spec("matplotlib")
    own = (matplotlib.submodule_search_locations or []) if matplotlib else []
    found = [str(Path(place) / "mpl-data/fonts/ttf/DejaVuSans.ttf") for place in own]
    for name in KNOWN:
        with suppress(OSError):
            found.append(str(ImageFont.truetype(name).path))
    for place in PLACES:
        files = Path(os.path.expandvars(os.path.expanduser(place))).rglob("*")
        found += sorted(
            str(file) for file in files if file.suffix.lower() in (".ttf", ".ttc", ".otf")
        )
    return tuple(dict.fromkeys(found))


@cache
def _lacking(characters: frozenset[str], path: str | None) -> frozenset[str]:
    """Those of the characters that a font would draw as it draws what is no character."""
    try:
        font = _font(path, SIZE)
        box = bytes(font.getmask(NO_CHARACTER))
        return frozenset(
            c for c in characters if not _invisible(c) and bytes(font.getmask(c)) == box
        )
    except (OSError, UnicodeEncodeError):  # no font, one of small pictures, or Pillow's oldest
        return frozenset(c for c in characters if not c.isascii())


def _invisible(c: str) -> bool:
    """Spaces, joiners, marks that change the character before them."""
    return c.isspace() or unicodedata.category(c) in ("Cf", "Mn", "Me")


@cache
def _font(path: str | None, size: int) -> Font:
    return ImageFont.load_default(size=size) if path is None else ImageFont.truetype(path, size)
