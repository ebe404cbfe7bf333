"""All planted mistakes."""

from .backward import BACKWARD
from .costs import COSTS
from .filters import FILTERS
from .forward import FORWARD
from .further import FURTHER
from .pointwise import CURVES, NORM, SEEN
from .sources import Planted

PLANTED: list[Planted] = [*FORWARD, *FILTERS, *COSTS, *BACKWARD, *NORM, *CURVES, *FURTHER]
DIRECTLY: list[Planted] = SEEN
