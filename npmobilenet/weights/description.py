"""What a weight file says of itself besides its arrays, in the words that every family shares.

A reader fills in a `Description`; `importing` lets it decide what no tensor can tell, and says so.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from ..models.dialect import Dialect
from ..models.network_plan import Plan

STRETCH = "stretch"  # straight to the resolution, nothing cropped, the aspect ratio not kept


@dataclass(frozen=True, kw_only=True)
class Known:
    """What is known of the way images are prepared; None for what is not.

    mean, std      one number a channel, in units of the range 0..1
    interpolation  Pillow's name of the filter that resizes
    crop           share of the shorter side that the central crop keeps, 0.01 to 1
    resize         instead of crop: the shorter side in pixels before the crop, or "stretch" for
                   straight to the resolution, the aspect ratio not kept
    """

    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    interpolation: str | None = None
    crop: float | None = None
    resize: int | str | None = None

    def over(self, other: "Known") -> "Known":
        """This, and of what is not known here the other's; crop and resize are one thing."""
        mine = self.stated()
        theirs = other.stated()
        if mine.keys() & {"crop", "resize"}:
            theirs = {k: v for k, v in theirs.items() if k not in ("crop", "resize")}
        return Known(**{**theirs, **mine})

    def stated(self) -> dict[str, Any]:
        """What is known."""
        found = {f.name: getattr(self, f.name) for f in fields(self)}
        return {k: v for k, v in found.items() if v is not None}


@dataclass(frozen=True, kw_only=True)
class Settled:
    """A plan after the file's own description had its say.

    facts       what the description says, by name, for whoever lists it
    unreadable  why it cannot be known what happens to the pixels, "" where it can
    sigmoid     whether the one output is the logit of the second of two classes
    """

    plan: Plan
    images: Known = Known()
    facts: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    class_names: tuple[str, ...] | None = None
    unreadable: str = ""
    sigmoid: bool = False


class AnotherNetwork(ValueError):
    """A description beside a file that is about another network."""


# settle(plan that fits the arrays, our array -> theirs); ValueError, without the file's name, for
# what the description shows and no plan can do
Settle = Callable[[Plan, Mapping[str, str]], Settled]


@dataclass(frozen=True, kw_only=True)
class Description:
    """What a file, or one beside it, says of itself.

    source      where it is said: "model_config", "config.json"
    dialect     the dialect that its architecture's name stands for, or its name
    plan        the whole network, a table of rows perhaps; where its arrays are not the file's it is
                gone by
    resolution  (H, W) of the images
    """

    source: str = ""
    dialect: str | Dialect | None = None
    plan: Plan | None = None
    resolution: tuple[int, int] | None = None
    settle: Settle | None = None


NOTHING = Description()
