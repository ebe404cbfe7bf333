"""Is the machine ours?  How much of its processors other programs took while an engine was measured.

A median over many calls forgives a hiccup; it does not forgive a neighbour who works all along.  Linux
counts in hundredths of a second how long the processors worked, and how long each process did.
"""

import os
import time
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
ALLOWED = 0.06  # of all processors' time


class Watch:
    """Measures the share that others take from now on; `mine`: processes that are not others."""

    def __init__(self, *mine: int) -> None:
        self.mine = mine
        self.started, self.others = time.perf_counter(), self._others()

    def _others(self) -> float:
        return _busy() - sum(map(_used, (os.getpid(), *self.mine)))

    @property
    def share(self) -> float:
        """Between 0 and 1; 0 where the system does not tell."""
        passed = (time.perf_counter() - self.started) * (os.cpu_count() or 1)
        return max(0.0, (self._others() - self.others) / passed)


class Patience:
    """So many seconds, spent on waiting until nobody else works."""

    def __init__(self, seconds: float) -> None:
        self.until = time.perf_counter() + seconds

    @property
    def over(self) -> bool:
        """Whether they have passed."""
        return time.perf_counter() > self.until

    def wait(self) -> None:
        """Return as soon as nobody else works, or when it is over."""
        while not self.over:
            watch = Watch()
            time.sleep(0.1)
            if watch.share <= ALLOWED:
                return


def _busy() -> float:
    """Seconds that all processors together have worked, or were lent to other virtual machines."""
    try:
        words = Path("/proc/stat").read_text().partition("\n")[0].split()[1:9]
    except OSError:
        return 0.0
    user, nice, system, _idle, _waiting, interrupts, soft, stolen = map(int, words)
    return (user + nice + system + interrupts + soft + stolen) / _TICK


def _used(process: int) -> float:
    """Seconds that a process has worked."""
    try:
        text = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return 0.0
    words = text.rpartition(")")[2].split()  # its name, in brackets, may hold anything
    return (int(words[11]) + int(words[12])) / _TICK
