"""What running a network of a file takes, looked at before it runs: arrays say nothing of resolutions."""

from math import prod
from pathlib import Path

from ..limits import afford
from ..models.network_plan import Plan
from ..predicting.predictor import BATCH

_NUMBER = 4  # bytes


def require_room(path: Path, plan: Plan) -> None:
    """ValueError, one line with the path, where a few kilobytes ask for maps of gigabytes.

    Counted are the images that are prepared at once, and what the largest layer reads and gives of one:
    at most `limits.largest()`.
    """
    images = BATCH * prod(plan.resolution) * plan.channels
    height, width = plan.resolution
    afford(
        f"{path}: to run at {height} x {width} pixels it needs", _NUMBER * (images + plan.widest)
    )
