"""Arrays as text: small ones whole, slice by slice, side by side."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from textwrap import fill
from unicodedata import east_asian_width

import numpy as np

from ..ops.checks import Array

WIDTH = 80
NUMBERS = 48  # an array of more is not shown whole
GAP = "    "
FILTERS = ("w", "dw", "patch", "depthwise")
# what stays in one line: a character, or a word of Latin letters, and the marks that belong to it
PIECE = re.compile(r"[（“]*(?:[^\s\u3000-\uffff（“”]+|\s|[\u3000-\uffff])[，。；：、）”？！]*")

Block = list[str]


def number(value: float) -> str:
    """37, 0.3333, 1.2e-09, nan."""
    if np.isfinite(value) and value == round(value) and abs(value) < 1e9:
        return str(int(value))
    if not 1e-2 <= abs(value) < 1e5:
        return f"{value:.4g}"
    return f"{value:.4f}".rstrip("0").rstrip(".")


def signed(value: float) -> str:
    """The same with its sign: +40, -2.5, and 0."""
    return "0" if value == 0 else ("+" if value > 0 else "") + number(value)


def wide(text: str) -> int:
    """Columns on a screen: Chinese characters and their marks take two."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def index(name: str, shape: tuple[int, ...], at: Sequence[int]) -> str:
    """y[0,1]: without the image where there is one, and without channels where there is one of each."""
    rows = _matrix(name, shape)
    inside = len(rows) == 2 and rows[1] - rows[0] == 1  # rows and columns of an image or a filter
    alone = [i for i, size in enumerate(shape) if inside and size == 1 and i not in rows]
    kept = [str(place) for i, place in enumerate(at) if i not in alone]
    return f"{name}[{','.join(kept)}]" if kept else name


def _matrix(name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Which two axes are rows and columns, of an image or a filter; none of what has no others.

    Of images of one pixel each they are images and channels.
    """
    axes = len(shape)
    if axes < 3:
        return ()
    if name in FILTERS:
        return (0, 1)
    one_pixel = axes == 4 and shape[1:3] == (1, 1) and shape[0] * shape[3] > 1
    return (0, 3) if one_pixel else (axes - 3, axes - 2)


def blocks(name: str, array: Array, spell: Callable[[float], str] = number) -> Iterator[Block]:
    """Its slices of rows and columns, each under its name."""
    if array.size > NUMBERS:
        yield [name, f"({' x '.join(map(str, array.shape))} numbers)"]
        return
    rows = _matrix(name, array.shape)
    if not rows:
        yield [name, *_lines(np.atleast_2d(array), spell)]
        return
    others = [i for i in range(array.ndim) if i not in rows]
    for places in np.ndindex(*(array.shape[i] for i in others)):
        at: list[int | slice] = [slice(None)] * array.ndim
        for axis, place in zip(others, places, strict=True):
            at[axis] = place
        one = all(array.shape[i] == 1 for i in others)
        inside = ",".join(":" if isinstance(part, slice) else str(part) for part in at)
        yield [name if one else f"{name}[{inside}]", *_lines(array[tuple(at)], spell)]


def _lines(matrix: Array, spell: Callable[[float], str]) -> Block:
    """A line a row, its numbers under one another, point under point."""
    columns = []
    for column in matrix.T:
        parts = [spell(float(value)).partition(".") for value in column]
        before = max(len(whole) for whole, _, _ in parts)
        after = max(len(point + rest) for _, point, rest in parts)
        columns.append([f"{w:>{before}}" + f"{p + rest:<{after}}" for w, p, rest in parts])
    return ["  ".join(cells).rstrip() for cells in zip(*columns, strict=True)]


def beside(found: Sequence[Block], indent: str) -> list[str]:
    """The blocks from left to right, below one another where the line ends."""
    lines: list[str] = []
    row: list[Block] = []

    def wide(these: Sequence[Block]) -> int:
        return len(indent) + sum(max(map(len, b)) + len(GAP) for b in these) - len(GAP)

    for block in found:
        if row and wide([*row, block]) > WIDTH:
            lines += [*_joined(row, indent), ""]
            row = []
        row.append(block)
    return lines + (_joined(row, indent) if row else [])


def _joined(row: Sequence[Block], indent: str) -> list[str]:
    widths = [max(map(len, block)) for block in row]
    height = max(map(len, row))
    return [
        (indent + GAP.join(
            (block[i] if i < len(block) else "").ljust(width)
            for block, width in zip(row, widths, strict=True)
        )).rstrip()
        for i in range(height)
    ]  # fmt: skip


def paragraph(said: str) -> list[str]:
    """A sentence in lines, one column in."""
    return fill(said, WIDTH - 1, initial_indent=" ", subsequent_indent=" ").splitlines()


def chinese(said: str) -> list[str]:
    """The same of Chinese, which has no spaces to break at."""
    lines, line = [], " "
    for piece in PIECE.findall(said):
        if wide(line + piece.rstrip()) > WIDTH - 1:
            lines.append(line.rstrip())
            line = " "
        line += piece.lstrip() if line == " " else piece
    return [*lines, line]


def wrapped(head: str, parts: Sequence[str], glue: str, tail: str, indent: int) -> list[str]:
    """`head a + b + c = 7`, broken before a glue; what follows stands `indent` columns in."""
    lines, line = [], head
    for i, part in enumerate([*parts, tail]):
        piece = part if i == 0 else (f" {glue} {part}" if i < len(parts) else f" {part}")
        if len(line) + len(piece) > WIDTH and line.strip():
            lines.append(line)
            line, piece = " " * indent, piece.strip()
        line += piece
    return [*lines, line]
