"""What a scene of threads is judged by: the bits that one thread alone gives."""

from __future__ import annotations

from . import subjects

SEED = 20262
SOON = 60  # seconds that anything may take: more, and it hangs
Want = dict[str, list[str]]  # of each subject the digests of its results
Bad = list[str]


def differs(name: str, k: int, threads: int, want: Want) -> str:
    """What is wrong with one call; "" for nothing."""
    try:
        found = subjects.subjects(threads)[name](k)
    except Exception as error:
        return f"{name}: {type(error).__name__}: {error}"
    return "" if found == want[name][k] else f"{name}: other bits"


def all_differ(threads: int, want: Want) -> Bad:
    """Every subject once."""
    return [wrong for name in want if (wrong := differs(name, 1, threads, want))]
