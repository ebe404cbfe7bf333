"""python -m benchmarks.integers: quantised networks beside LiteRT, tensor by tensor and in milliseconds.

tensors   every tensor of real files (those of NPMOBILENET_EXTRA_DATA) and of files written here,
          beside LiteRT's reference kernels (rounding "double") and beside XNNPACK ("single")
speed     one image, in turns: our integers (rounding as XNNPACK, and "double"), LiteRT, our float32
"""

import argparse
import json
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from npmobilenet.cli.common import console
from npmobilenet.tables import table

from .hardware import hardware, here
from .integers_equal import WITNESSES, Compared, compared
from .integers_networks import Network, exported, real
from .integers_speed import Timed, timed

WRITTEN = {  # names of the files that are written here
    "v1": ("v1", "int8"),
    "v2": ("v2", "int8"),
    "v3-small": ("v3-small", "int8"),
    "v1 uint8": ("v1", "uint8"),
    "v2 uint8": ("v2", "uint8"),
}
MEASURED = ("v1 1.0/224 int8", "v2 1.0/224 int8", "mobilenet_v2_1.0_224_quant")
GOALS = {"LiteRT": 1.3, "float32": 2.2}
UINT8_GOAL = 3.0


def networks(folder: Path, only: str) -> Iterator[Network]:
    """All, or those whose names contain a word."""
    yield from (network for network in real() if only in network.name)
    for name, (model, stored) in WRITTEN.items():
        if only in f"{name} {model} 1.0/224 {stored}":
            yield exported(folder, model, stored)


def equality_rows(found: list[Compared]) -> list[tuple[str, ...]]:
    """A row for each comparison, and the names of what differs."""
    rows = []
    for each in found:
        names = ", ".join(f"{name} by {most}" for name, most in each.differing.items())
        rows.append(
            (each.network, each.kernels, str(each.tensors), str(len(each.differing)), names)
        )
    return rows


def speed_rows(found: list[Timed]) -> list[tuple[str, ...]]:
    """A row for each network and contestant: median and quietest round, and how much faster ours are."""
    rows = []
    for each in found:
        for who in each.rounds:
            ratio = f"{each.ratio(who):.2f}" if who != "ours" else ""
            goal = UINT8_GOAL if who == "LiteRT" and "quant" in each.network else GOALS.get(who)
            wanted = f"{goal}" if goal else ""
            times = f"{each.middle(who):.2f}", f"{each.best(who):.2f}"
            rows.append((each.network, who, *times, ratio, wanted))
    return rows


def main() -> None:
    """Compare, time, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=25, help="of the timing (25); 0: none")
    parser.add_argument("--threads", type=int, default=2, help="for all (2)")
    parser.add_argument("--only", default="", help="networks whose names contain this")
    parser.add_argument("--no-tensors", action="store_true", help="timing alone")
    parser.add_argument("--json", action="store_true", help="for programs")
    asked = parser.parse_args()
    equal: list[Compared] = []
    times: list[Timed] = []
    with tempfile.TemporaryDirectory() as folder:
        for network in networks(Path(folder), asked.only):
            if not asked.no_tensors:
                equal += [compared(network, kernels) for kernels in WITNESSES]
            if asked.rounds and network.name in MEASURED:
                times.append(timed(network, asked.threads, asked.rounds))
    if asked.json:
        found = {"equal": [asdict(each) for each in equal], "times": [asdict(t) for t in times]}
        print(json.dumps(found | {"machine": hardware()}))
        return
    out = console()
    if equal:
        header = ("network", "kernels of LiteRT", ">tensors", ">differ", "which")
        out.print(table(header, equality_rows(equal), title="Integers beside LiteRT's"))
    if times:
        header = ("network", "who", ">ms", ">quietest", ">ours is x as fast", ">goal")
        title = f"One image, {asked.threads} threads"
        out.print(table(header, speed_rows(times), title=title))
    out.print(f"on {here()}")


if __name__ == "__main__":
    main()
