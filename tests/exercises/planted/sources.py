"""A planted mistake: a right solution's source with a line or two as a learner might write them."""

import ast
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
LOOPS, ARRAYS = "loops", "arrays"
OWN_IMPORT = re.compile(r"from \.\w+ import (\([^)]*\)|[^\n]*)\n")
Edit = tuple[str, str]


@dataclass(frozen=True)
class Planted:
    """One mistake in one function, in one style.

    edits: (what stands in the right solution, what the learner wrote), in that function, or in the
    helper named by `inside`.
    """

    number: int
    exercise: str
    style: str
    edits: tuple[Edit, ...]
    inside: str = ""

    @property
    def name(self) -> str:
        """As a test names it."""
        return f"{self.number}-{self.exercise}-{self.style}"

    @property
    def source(self) -> str:
        """The learner's whole file."""
        text = source_of(self.style)
        start, end = extent(text, self.inside or self.exercise)
        body = text[start:end]
        for old, new in self.edits:
            if old not in body:
                raise ValueError(f"{self.name}: {old!r} is not in the right solution")
            body = body.replace(old, new)
        return text[:start] + body + text[end:]


@cache
def source_of(style: str) -> str:
    """All right solutions in that style, as one file."""
    texts = [file.read_text(encoding="utf-8") for file in sorted(HERE.glob(f"{style}*.py"))]
    return OWN_IMPORT.sub("", "".join(texts))


@cache
def extent(text: str, function: str) -> tuple[int, int]:
    """Where a function stands in a file, in characters."""
    (node,) = (
        n for n in ast.parse(text).body if isinstance(n, ast.FunctionDef) and n.name == function
    )
    lines = text.splitlines(keepends=True)
    end = node.end_lineno or node.lineno
    return sum(map(len, lines[: node.lineno - 1])), sum(map(len, lines[:end]))


def both(
    number: int, exercise: str, loops: tuple[Edit, ...] | Edit, arrays: tuple[Edit, ...] | Edit,
    inside: tuple[str, str] = ("", ""),
) -> list[Planted]:  # fmt: skip
    """The mistake in both styles."""
    return [
        Planted(number, exercise, style, edits if isinstance(edits[0], tuple) else (edits,), where)  # type: ignore[arg-type]
        for style, edits, where in zip((LOOPS, ARRAYS), (loops, arrays), inside, strict=True)
    ]
