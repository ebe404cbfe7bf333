"""What a result has that is a table: `print` and `str` show it, and a notebook draws it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # rich takes longer to import than all that counts
    from rich.console import RenderableType


class Text(str):
    """Text of several lines, which a prompt and a notebook show as lines too."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


class Shown:
    """Made of tables and lines of text; its `__repr__`, one line, is each class's own."""

    def parts(self) -> list[RenderableType]:
        """What is shown, from top to bottom."""
        raise NotImplementedError

    def __str__(self) -> str:
        from .tables import as_text

        return as_text(*self.parts())

    def _repr_html_(self) -> str:
        from .tables import as_html

        return as_html(*self.parts())
