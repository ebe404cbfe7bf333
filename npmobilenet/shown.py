"""What a result has that is a table: `print` and `str` show it, and a notebook draws it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # rich takes longer to import than all that counts
    from rich.console import RenderableType


class Text(str):
    """Text of several lines, which a prompt and a notebook show as lines too."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


class Shown:
    """A result that can be drawn; its `__repr__`, one line, is each class's own.

    How is drawing.py's to know, which is asked when something is shown, and by nobody else of here.
    """

    def parts(self, **how: Any) -> list[RenderableType]:
        """What is shown, from top to bottom."""
        from .drawing import parts

        return parts(self, **how)

    def drawn(self, **how: Any) -> str:
        """The same as text."""
        from .tables import as_text

        return Text(as_text(*self.parts(**how)))

    def __str__(self) -> str:
        return str(self.drawn())

    def _repr_html_(self) -> str:
        from .tables import as_html

        return as_html(*self.parts())
