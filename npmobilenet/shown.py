"""What a result has that is a table: `print` and `str` show it, and a notebook draws it."""

from __future__ import annotations

from itertools import islice
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


class NamedArrays(dict[str, Any]):
    """Arrays by their names: a dict of which a prompt shows the shapes, not millions of numbers."""

    def __repr__(self) -> str:
        first = ", ".join(f"{name} {_shape(array)}" for name, array in islice(self.items(), 3))
        return f"NamedArrays({len(self)}: {first}{', ...' * (len(self) > 3)})"

    def __or__(self, other: Any) -> Any:
        """As of a dict; what comes of it is shown alike."""
        both = super().__or__(other)
        return both if both is NotImplemented else NamedArrays(both)

    def copy(self) -> NamedArrays:
        """A dict of the same arrays."""
        return NamedArrays(self)


def _shape(array: Any) -> str:
    return str(getattr(array, "shape", type(array).__name__))
