"""What the value of an option may be: types for argparse, whose complaints end a verb before any work."""

import argparse
import math
from collections.abc import Callable
from io import BytesIO
from pathlib import Path


def resolution_option(text: str) -> tuple[int, int]:
    """ "192" -> (192, 192); "192x160" -> (192, 160)."""
    try:
        sizes = [int(part) for part in text.lower().split("x")]
    except ValueError:
        sizes = []
    if len(sizes) not in (1, 2) or not 0 < min(sizes) <= max(sizes) < 2**63:
        raise argparse.ArgumentTypeError(f"expected 192 or 192x160, found {text!r}")
    return sizes[0], sizes[-1]


def at_least(least: int) -> Callable[[str], int]:
    """The type of an option that takes a whole number, `least` or more, of at most 63 bits."""

    def number(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if not least <= value < 2**63:
            raise argparse.ArgumentTypeError(
                f"expected a whole number of at least {least}, found {text!r}"
            )
        return value

    return number


def sha256_option(text: str) -> str:
    """A SHA-256: 64 hexadecimal digits, in small letters."""
    from ..weights.sealing import published_sha256

    try:
        return published_sha256(text, "HEX")
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def between(low: float, high: float, *, above: bool = False) -> Callable[[str], float]:
    """The type of an option that takes a real number, `low` or more (`above`: more), less than `high`."""

    def number(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not low <= value < high or (above and value == low):
            limits = f"{'above' if above else 'at least'} {low:g} and "
            limits += f"below {high:g}" if high < math.inf else "finite"
            raise argparse.ArgumentTypeError(f"expected a number {limits}, found {text!r}")
        return value

    return number


def output_option(text: str) -> Path:
    """The type of an option that takes a file to write: asked before any work, not after it."""
    path = Path(text)
    if path.is_dir() or not path.parent.is_dir():
        why = "it is a folder" if path.is_dir() else f"there is no folder {str(path.parent)!r}"
        raise argparse.ArgumentTypeError(f"{text!r} cannot be written: {why}")
    return path


def picture_option(text: str) -> Path:
    """The same for a picture that Pillow writes, whose ending says of which kind it is."""
    from PIL import Image

    path = output_option(text)
    try:
        kind = Image.registered_extensions()[path.suffix.lower()]
        Image.new("RGB", (1, 1)).save(BytesIO(), kind)  # some are only read, some have no colours
    except (KeyError, OSError, ValueError):
        raise _no_picture(text) from None
    return path


def figure_option(text: str) -> Path:
    """The same for a picture that matplotlib draws; where it is missing, whoever draws says so."""
    path = output_option(text)
    try:
        from matplotlib.backend_bases import FigureCanvasBase
    except Exception:
        return path
    if path.suffix[1:].lower() not in FigureCanvasBase.get_supported_filetypes():
        raise _no_picture(text)
    return path


def _no_picture(text: str) -> argparse.ArgumentTypeError:
    return argparse.ArgumentTypeError(f"expected the name of a picture as out.png, found {text!r}")
