"""From the start of a fresh process to its first prediction.

Cold: the folders in which compiled kernels are kept are empty.  Warm: what the cold start left there is
found.  An engine that compiles nothing starts the same way both times.
"""

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from . import quiet
from .peers import PEERS
from .process import PeerError, time_to_first


@dataclass
class Started:
    """One engine."""

    name: str
    cold: float | None = None  # seconds
    warm: list[float] = field(default_factory=list)
    failure: str | None = None


def measure_starts(
    folder: Path, names: list[str], threads: int, count: int, patience: float
) -> list[Started]:
    """A cold start and then `count` warm ones of each engine, in turns."""
    found = [Started(name) for name in names]
    with tempfile.TemporaryDirectory() as kept:
        for turn in range(1 + count):
            for started in found:
                if started.failure:
                    continue
                caches = {
                    "NUMBA_CACHE_DIR": f"{kept}/{started.name}/numba",
                    "TORCHINDUCTOR_CACHE_DIR": f"{kept}/{started.name}/inductor",
                }
                quiet.Patience(patience).wait()
                try:
                    seconds = time_to_first(PEERS[started.name], folder, threads, caches)
                except PeerError as error:
                    started.failure = str(error)
                    continue
                if turn:
                    started.warm.append(seconds)
                else:
                    started.cold = seconds
    return found
