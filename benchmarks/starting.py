"""From the start of a fresh process to the end of its first call: a prediction, or a step.

Cold: the folders in which compiled kernels are kept are empty.  Warm: what the cold start left there is
found.  An engine that compiles nothing starts the same way both times.
"""

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from . import quiet
from .peers import Peer
from .process import PeerError, time_to_first


@dataclass
class Started:
    """One engine."""

    peer: Peer
    cold: float | None = None  # seconds
    warm: list[float] = field(default_factory=list)
    failure: str | None = None


def measure_starts(
    folder: Path, peers: list[Peer], threads: int, count: int, patience: float
) -> list[Started]:
    """A cold start and then `count` warm ones of each engine, in turns."""
    found = [Started(peer) for peer in peers]
    with tempfile.TemporaryDirectory() as kept:
        for turn in range(1 + count):
            for started in found:
                if started.failure:
                    continue
                caches = {
                    name: f"{kept}/{started.peer.name}/{name}"
                    for name in (
                        "NUMBA_CACHE_DIR",
                        "TORCHINDUCTOR_CACHE_DIR",
                        "JAX_COMPILATION_CACHE_DIR",
                    )
                }
                quiet.Patience(patience).wait()
                try:
                    seconds = time_to_first(started.peer, folder, threads, caches)
                except PeerError as error:
                    started.failure = str(error)
                    continue
                if turn:
                    started.warm.append(seconds)
                else:
                    started.cold = seconds
    return found
