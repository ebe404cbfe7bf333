"""The processor that figures are of: its name, its cores, its caches.

A figure says nothing without them: whether weights come from the L2 cache or from memory decides more
than any kernel does.  Linux tells all; elsewhere a part may be missing.
"""

import os
import platform
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
CACHES = Path("/sys/devices/system/cpu/cpu0/cache")


def processor() -> str:
    """Its name, and its family and model, since a virtual machine may not tell the name in full."""
    facts = _first_processor()
    if "model name" not in facts:
        return platform.processor()
    numbers = [f"{key.split()[-1]} {facts[key]}" for key in ("cpu family", "model") if key in facts]
    return f"{facts['model name']} ({', '.join(numbers)})" if numbers else facts["model name"]


def _first_processor() -> dict[str, str]:
    try:
        text = CPUINFO.read_text(encoding="utf-8").partition("\n\n")[0]
    except OSError:
        return {}
    lines = (line.partition(":") for line in text.splitlines())
    return {key.strip(): value.strip() for key, _, value in lines}


def caches() -> dict[str, int]:
    """Bytes of each cache that the first core sees: L1d, L1i, L2, L3; empty where nobody tells."""
    found = {}
    for folder in sorted(CACHES.glob("index*")):
        try:
            level, kind, size = (
                (folder / name).read_text().strip() for name in ("level", "type", "size")
            )
            letter = {"Data": "d", "Instruction": "i"}.get(kind, "")
            found[f"L{level}{letter}"] = int(size.removesuffix("K")) * 2**10
        except (OSError, ValueError):
            continue
    return found


def hardware() -> dict[str, object]:
    """All of it, for a document."""
    return {"processor": processor(), "processors": os.cpu_count(), "caches": caches()}


def here() -> str:
    """This machine in a line."""
    return hardware_text(hardware())


def hardware_text(facts: dict[str, object]) -> str:
    """ "AMD EPYC (family 26, model 2), 2 cores, L1d 48 KiB, L2 1 MiB, L3 32 MiB"."""
    known = facts.get("caches")  # documents of earlier versions have none
    sizes = known.items() if isinstance(known, dict) else ()
    parts = [f"{facts['processor']}", f"{facts['processors']} cores"]
    parts += [f"{name} {_size(size)}" for name, size in sizes if name != "L1i"]
    return ", ".join(parts)


def _size(size: int) -> str:
    unit, name = (2**20, "MiB") if size >= 2**20 else (2**10, "KiB")
    return f"{size / unit:g} {name}"
