"""The families of MobileNets: networks of one paper, which differ in their rows alone.

What is so for one family and otherwise for another stands in tables by a family's name, beside the
code that needs it: names of weights, a counter's habits.  Nothing is read off a model's name.
"""

from dataclasses import dataclass

from ..ops.checks import shown


@dataclass(frozen=True)
class Family:
    """A paper's networks.

    name  "v1", "v2", "v3", or a new one
    like  of a family that no dialect speaks of, the one whose switches it takes
    """

    name: str
    like: str = ""

    def __post_init__(self) -> None:
        for what, value in (("name", self.name), ("like", self.like)):
            if not isinstance(value, str) or not value.isprintable():
                raise ValueError(f"Family: {what} must be a text, found {shown(value)}")

    @property
    def version(self) -> str:
        """The version of MobileNet that dialects have switches for: "v1" to "v4"."""
        return self.like or self.name


V1 = Family("v1")  # arXiv:1704.04861
V2 = Family("v2")  # arXiv:1801.04381
V3 = Family("v3")  # arXiv:1905.02244
V4 = Family("v4")  # arXiv:2404.10518
OWN = Family("own")  # of a plan whose layers somebody wrote down
