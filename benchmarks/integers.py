"""Networks of 8-bit integers: every tensor beside LiteRT's, milliseconds, and what they cost in accuracy.

    python -m benchmarks.integers                 all three tables
    python -m benchmarks.integers speed --quick

tensors   every tensor of real files (those of NPMOBILENET_EXTRA_DATA) and of files written here,
          beside LiteRT's reference kernels (rounding "double") and beside XNNPACK ("single")
speed     one image, in turns: our integers (rounding as XNNPACK, and "double"), LiteRT, our float32; how
          many times as fast ours are by medians, and by fastest calls
accuracy  the shipped networks, as far as their test images are there (benchmarks.integer_accuracy)

Exit code 1 where a goal is missed.
"""

import argparse
import json
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from npmobilenet.cli.common import console
from npmobilenet.tables import markdown_text, table

from . import integer_accuracy
from .hardware import hardware, here
from .integers_equal import WITNESSES, Compared, compared
from .integers_networks import Network, exported, real
from .integers_peak import peak_operations
from .integers_speed import GOALS, Timed, timed
from .quiet import Patience

PARTS = ("tensors", "speed", "accuracy")
WRITTEN = [  # model and integers of the files that are written here
    ("v1", "int8"),
    ("v2", "int8"),
    ("v3-small", "int8"),
    ("v3-large", "int8"),
    ("v4-conv-small", "int8"),
    ("v1", "uint8"),
    ("v2", "uint8"),
]
QUICK = ("v1 1.0/224 int8", "v2 1.0/224 int8", "mobilenet_v2_1.0_224_quant")
MET = {None: "", True: "met", False: "MISSED"}


def networks(folder: Path, wanted: str, quick: bool) -> Iterator[Network]:
    """All, or those whose names contain a word; quick: those with a goal."""
    yield from (n for n in real() if wanted in n.name and not (quick and n.name not in QUICK))
    for model, stored in WRITTEN:
        name = f"{model} 1.0/224 {stored}"
        if wanted in name and not (quick and name not in QUICK):
            yield exported(folder, model, stored)


def equality_rows(found: list[Compared]) -> list[tuple[str, ...]]:
    """A row for each comparison, and the names of what differs."""
    rows = []
    for each in found:
        names = ", ".join(f"{name} by {most}" for name, most in each.differing.items())
        met = MET[not each.differing] + f" {names}" * bool(names)
        counts = str(each.tensors), str(len(each.differing))
        rows.append((each.network, each.kernels, *counts, "0", met))
    return rows


def speed_rows(found: list[Timed], peak: float) -> list[tuple[str, ...]]:
    """A row for each network and contestant: median and fastest call, the latter's share of the peak of
    integers, and how many times as fast ours are, by medians and by fastest calls."""
    rows = []
    for each in found:
        for who in each.rounds:
            goal = GOALS.get(each.network, {}).get(who)
            ratios = (
                (f"{each.ratio(who):.2f}", f"{each.best(who):.2f}") if who != "ours" else ("", "")
            )
            share = f"{each.speed(who) / peak:.0%}" if peak and who != "float32" else ""
            times = f"{each.middle(who):.2f}", f"{each.fastest[who]:.2f}", share
            wanted = "" if goal is None else f"{goal}"
            rows.append((each.network, who, *times, *ratios, wanted, MET[each.good(who)]))
    return rows


def measured(asked: argparse.Namespace) -> tuple[list[Compared], list[Timed]]:
    """Tensors and milliseconds of all networks asked for."""
    equal: list[Compared] = []
    times: list[Timed] = []
    patience = Patience(asked.patience)
    with tempfile.TemporaryDirectory() as folder:
        for network in networks(Path(folder), asked.network, asked.quick):
            if "tensors" in asked.parts:
                equal += [compared(network, kernels) for kernels in WITNESSES]
            if "speed" in asked.parts:
                times.append(timed(network, asked.threads, asked.rounds, patience))
    return equal, times


def tables(
    equal: list[Compared], times: list[Timed], right: list[Any], threads: int, peak: float
) -> Iterator[tuple[str, tuple[str, ...], list[tuple[Any, ...]]]]:
    """Title, header and rows of each."""
    if equal:
        header = ("network", "kernels of LiteRT", ">tensors", ">differ", ">goal", "")
        yield "Integers beside LiteRT's", header, equality_rows(equal)
    if times:
        header = ("network", "who", ">ms", ">fastest", ">of peak", ">x", ">x", ">goal", "")
        all_, disturbed = times[0].rounds["ours"], sum(each.disturbed for each in times)
        title = (
            f"One image, {threads} threads; peak {peak / 1e9:,.0f} billion operations a second; "
        )
        title += f"other programs worked too in {disturbed} of {len(all_) * len(times)} rounds"
        yield title, header, speed_rows(times, peak)
    if right:
        rows = [integer_accuracy.cells(row) for row in right]
        yield "Accuracy, int8, a scale for each channel", integer_accuracy.COLUMNS, rows


def main() -> int:
    """Compare, time, count, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)} (all)")
    parser.add_argument("--quick", action="store_true", help="5 rounds, networks with a goal")
    parser.add_argument("--rounds", type=int, help="of the timing (25)")
    parser.add_argument("--patience", type=float, default=300, help="seconds to wait for quiet")
    parser.add_argument("--threads", type=int, default=2, help="for all (2)")
    parser.add_argument("--network", default="", help="those whose names contain this")
    parser.add_argument("--fashion-mnist", type=Path, help="the folder with its idx files")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="for programs")
    form.add_argument("--markdown", action="store_true", help="for a page")
    asked = parser.parse_args()
    asked.parts = asked.parts or PARTS
    if unknown := set(asked.parts) - set(PARTS):
        parser.error(f"PART must be one of {', '.join(PARTS)}, found {min(unknown)}")
    asked.rounds = asked.rounds or (5 if asked.quick else 25)
    equal, times = measured(asked)
    peak = peak_operations(asked.threads) if times else 0.0
    counts = "accuracy" in asked.parts
    right = list(integer_accuracy.rows(fashion=asked.fashion_mnist)) if counts else []
    good = [not each.differing for each in equal] + [row.good for row in right]
    good += [each.good(who) for each in times for who in each.rounds]
    if asked.json:
        found = {"equal": equal, "times": times, "accuracy": right}
        lists = {name: [asdict(each) for each in rows] for name, rows in found.items()}  # type: ignore[attr-defined]
        print(json.dumps(lists | {"machine": hardware(), "peak": peak, "met": False not in good}))
    else:
        out = console()
        for title, header, rows in tables(equal, times, right, asked.threads, peak):
            if asked.markdown:
                print(f"{title}:\n\n{markdown_text(header, rows)}")
            else:
                out.print(table(header, rows, title=title))
        print(f"on {here()}")
    return int(False in good)


if __name__ == "__main__":
    raise SystemExit(main())
