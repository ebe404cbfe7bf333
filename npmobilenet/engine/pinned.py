"""What stays where it was made."""

from typing import Any


class Pinned:
    """Holds addresses of memory: in a copy, and in another process, they would be somebody else's."""

    instead = "compile again"  # what to do

    def __setattr__(self, name: str, value: Any) -> None:
        if name in ("plan", "batch", "threads") and name in vars(self):
            raise AttributeError(
                f"{name} of what is compiled cannot be changed: memory is laid out for it; {self.instead}"
            )
        super().__setattr__(name, value)

    def __reduce__(self) -> Any:
        name = type(self).__name__
        article = "an" if name[0] in "AEIOU" else "a"
        raise TypeError(
            f"{article} {name} holds addresses and cannot be copied or pickled; {self.instead}"
        )
