"""The explorer's page: how large it is, how long it computes, and would its tests notice a fault?

    python -m benchmarks.explorer            sizes and times, in Chromium without a window
    python -m benchmarks.explorer --errors   how far its arithmetic is from NumPy's
    python -m benchmarks.explorer --faults   faults planted in that arithmetic, and what finds them

Needs what the tests of the page need: the extra `test`, and a Chromium.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from npmobilenet.cli.common import console
from npmobilenet.tables import table

from . import explorer_faults, explorer_figures
from .explorer_figures import Load, middle
from .hardware import hardware, hardware_text

SHIPPED = {"flowers": 1_200_000, "fashion-mnist": 3_200_000}  # most bytes that its page may have
SPARE = 500_000  # what a page may have besides its weights
# width of V1, how many times slower the processor, and the goals in milliseconds (none for some)
CASES = (
    (0.25, 1, {"seen": 500, "computed": 1500, "gradient": 2000, "click": 100, "ratio": 4}),
    (0.25, 4, {"seen": 2000, "computed": 6000, "gradient": 8000, "click": 400}),
    (1.0, 1, {"computed": 6000, "ratio": 4, "longest": 250}),
)
COLUMNS = {
    "seen": ">first view",
    "computed": ">computed",
    "gradient": ">gradient",
    "click": ">click",
    "network": ">network",
    "plain": ">plain loops",
    "ratio": ">ratio",
    "longest": ">longest task",
}


def faults() -> int:
    """Print each fault and the test that finds it; 1 if one is not found."""
    rows = []
    for title, file, failing, caught in explorer_faults.found():
        rows.append((title, file, failing if caught else f"NOT FOUND ({failing})"))
        print(".", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    console().print(table(("fault", "in", "first test that fails"), rows))
    missed = sum(failing.startswith("NOT") for *_, failing in rows)
    print(f"{len(rows)} faults planted, {len(rows) - missed} found")
    return int(missed > 0)


def errors() -> int:
    """Print the worst error of each operator and of each network; those of the tests stop it."""
    from tests.explorer import browser, test_arithmetic, test_networks

    with browser.chromium() as chromium, tempfile.TemporaryDirectory() as folder:
        page = browser.arithmetic_page(chromium, Path(folder))
        operators = [
            (name, f"{test_arithmetic.check(page, name):.1e}") for name in test_arithmetic.NAMES
        ]
        networks = [
            (name, *(f"{error:.1e}" for error in test_networks.check(page, name).values()))
            for name in ("flowers", *test_networks.NETWORKS)
        ]
    cases, within = test_arithmetic.CASES, test_arithmetic.WITHIN
    console().print(table(("operator", f">worst of {cases} cases, at most {within}"), operators))
    head = ("network", ">gradient of the image", ">values of layers", ">gradients of parameters")
    console().print(table(head, networks))
    print(f"each of the largest number of its tensor; of networks at most {test_networks.WITHIN}")
    return 0


def figures(runs: int) -> int:
    """Print sizes and times beside their goals; 1 if a goal is missed."""
    from tests.explorer.browser import chromium

    out = console()
    missed = []
    rows = []
    for name, weights, size in explorer_figures.sizes(tuple(SHIPPED)):
        most = min(SHIPPED[name], weights + SPARE)
        rows.append((name, f"{weights:,}", f"{size:,}", f"{size - weights:,}", f"{most:,}"))
        missed += [f"{name}: {size:,} bytes"] if size > most else []
    out.print(table(("page of", ">its weights", ">bytes", ">besides", ">at most"), rows))
    rows = []
    with chromium() as browser:
        for width, slower, goals in CASES:
            model = explorer_figures.fresh(width)
            loads = list(explorer_figures.loads(browser, model, runs, slower))
            title = f"{width}" + (f", processor {slower} times slower" if slower > 1 else "")
            rows += [_times(title, loads), _goals(goals)]
            missed += [f"{title}: {text}" for text in _missed(loads, goals)]
    out.print(table(("V1 at 224", *COLUMNS.values()), rows))
    print(f"milliseconds, medians of {runs}; the longest task of all")
    print(f"on {hardware_text(hardware())}")
    print("\n".join(f"goal missed: {text}" for text in missed) or "all goals are met")
    return int(bool(missed))


def _times(title: str, loads: list[Load]) -> tuple[str, ...]:
    return title, *(_written(name, _found(loads, name)) for name in COLUMNS)


def _goals(goals: dict[str, float]) -> tuple[str, ...]:
    return "  at most", *(_written(name, goals.get(name)) for name in COLUMNS)


def _written(name: str, value: float | None) -> str:
    return "" if value is None else f"{value:.2f}" if name == "ratio" else f"{value:,.0f}"


def _missed(loads: list[Load], goals: dict[str, float]) -> list[str]:
    """In words, what is above its goal."""
    found = ((name, _found(loads, name), most) for name, most in goals.items())
    return [
        f"{COLUMNS[name][1:]} {_written(name, value)}, at most {_written(name, most)}"
        for name, value, most in found
        if value > most
    ]


def _found(loads: list[Load], name: str) -> float:
    """The median of the openings; of the longest tasks the longest, for each of them was felt."""
    return max(load.longest for load in loads) if name == "longest" else middle(loads, name)


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.explorer",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--errors", action="store_true", help="compare with NumPy")
    parser.add_argument("--faults", action="store_true", help="plant faults")
    parser.add_argument("--runs", type=int, default=9, help="openings of each page (9)")
    options = parser.parse_args()
    if options.faults:
        return faults()
    return errors() if options.errors else figures(options.runs)


if __name__ == "__main__":
    sys.exit(main())
