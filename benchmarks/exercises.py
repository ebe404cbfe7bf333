"""python -m benchmarks.exercises: how fast the checker is, what it names, and whether it is ever wrong.

Wrong solutions are the planted mistakes of tests/exercises, each in two styles, and mutants of right
ones; right solutions are in eight styles.  A time is of the whole command, from start to prompt.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from npmobilenet.cli.common import console
from npmobilenet.exercises.checking import Verdict, check
from npmobilenet.exercises.diagnosis import alike
from npmobilenet.exercises.exercise import EXERCISES
from npmobilenet.exercises.mistakes import Mistake, of, outcome
from npmobilenet.tables import markdown_text, table
from tests.exercises.asking import Call, asking, functions
from tests.exercises.planted.sources import ARRAYS, LOOPS, Planted, source_of
from tests.exercises.planted.table import PLANTED

from .hardware import here
from .mutants import KINDS, Mutant, mutants, sample
from .notebook import notebook_arguments

ROOT = Path(__file__).parents[1]
RIGHT = ROOT / "tests/exercises/right"
COMPILED = "compiled"  # the style of it that Numba compiles
ENDLESS = "def relu6(x):\n    while True:\n        pass\n"
MUTANTS, FURTHER = 300, 1_000
QUICK = {"planted": 20, "mutants": 30, "further": 100}
FRESH_SEED = 20  # of the further cases, which no diagnosis has seen
Row = tuple[str, str, str]  # what, goal, found


def say(text: str) -> None:
    """Progress, beside the table."""
    print(text, file=sys.stderr, flush=True)


def command(file: Path, *names: str) -> tuple[float, list[dict[str, Any]]]:
    """Seconds from the command to the prompt, and what it says of each function."""
    started = time.perf_counter()
    words = [sys.executable, "-m", "npmobilenet", "exercises", "check", str(file), *names, "--json"]
    done = subprocess.run(words, capture_output=True, text=True, cwd=ROOT, check=False)
    seconds = time.perf_counter() - started
    if done.returncode not in (0, 1):
        raise RuntimeError(f"{' '.join(words)}: {done.stderr.strip()}")
    return seconds, json.loads(done.stdout)["functions"]


def written(folder: Path, source: str) -> Path:
    """A learner's file."""
    file = folder / "my_ops.py"
    file.write_text(source, encoding="utf-8")
    return file


def verdict_of(file: Path, name: str) -> Verdict:
    """What the checker says of one function."""
    (verdict,) = check(file, [EXERCISES[name]]).verdicts
    return verdict


def spread(planted: list[Planted], count: int) -> list[Planted]:
    """That many of them, from the first on."""
    return [planted[place * len(planted) // count] for place in range(count)]


def passes_notebook(planted: Planted) -> bool:
    """Whether a wrong function is right on the notebook's case."""
    exercise = EXERCISES[planted.exercise]
    arguments = notebook_arguments(exercise)
    call = asking(exercise, functions(planted.source)[planted.exercise])
    return alike(call(arguments), exercise.reference(**arguments))


def measure_planted(folder: Path, chosen: list[Planted]) -> tuple[list[Row], dict[str, Any]]:
    """Times of wrong solutions, which are named rightly, and which pass the notebook."""
    named, wrongly, missed, passed = [], [], [], []
    seconds: list[tuple[float, str]] = []
    for planted in chosen:
        file = written(folder, planted.source)
        took, (found,) = command(file, planted.exercise)
        seconds.append((took, planted.name))
        right = planted.number in found["numbers"]
        (named if right else wrongly if found["mistake"] else missed).append(planted)
        if passes_notebook(planted):
            passed.append(planted.name)
        say(f"{planted.name}: {took:.1f} s")
    kinds = {planted.number for planted in chosen}
    whole = kinds - {planted.number for planted in missed + wrongly}
    middle, (worst, which) = median(took for took, _ in seconds), max(seconds)
    rows = [
        ("wrong solution, command to prompt", "median 2 s, worst 10 s",
         f"median {middle:.1f} s, worst {worst:.1f} s ({which}), of {len(seconds)}"),
        ("planted mistakes, in two styles each", "all named rightly, 0 wrongly",
         f"{len(named)} of {len(chosen)} named rightly ({len(whole)} of {len(kinds)} kinds in all), "
         f"{len(wrongly)} wrongly"),
        ("of these, right on a notebook's one fixed case", "", f"{len(passed)} of {len(chosen)}"),
    ]  # fmt: skip
    names = {"missed": [p.name for p in missed], "wrongly": [p.name for p in wrongly]}
    return rows, {"seconds": seconds, **names, "notebook": passed}


def measure_right(folder: Path) -> tuple[list[Row], dict[str, Any]]:
    """Times of plain loops, of Numba's and of what never ends; whether anything right is rejected."""
    file = written(folder, source_of(LOOPS))
    seconds = {name: command(file, name)[0] for name in EXERCISES}
    whole, loops = command(file)
    rejected = [f"{LOOPS}.{found['name']}" for found in loops if found["state"] != "right"]
    styles = [*sorted(RIGHT.glob("[a-z]*.py"))]
    numba, count = {}, 0
    for source in styles:
        names = solved(source.read_text(encoding="utf-8"))
        count += len(names)
        for name in names:
            took, (found,) = command(source, name)
            say(f"{name}, {source.stem}: {took:.1f} s")
            if found["state"] != "right":
                rejected.append(f"{source.stem}.{name}")
            if source.stem == COMPILED:
                numba[name] = took
    slowest = max(seconds, key=lambda name: seconds[name])
    hanging, _ = command(written(folder, ENDLESS), "relu6")
    rows = [
        ("right solution in plain loops, command to prompt", "10 s a function",
         f"worst {seconds[slowest]:.1f} s ({slowest})"),
        ("all functions in plain loops", "90 s", f"{whole:.1f} s"),
        ("apart: right ones that Numba compiles; one that never ends", "",
         f"worst {max(numba.values()):.1f} s; {hanging:.1f} s"),
        (f"right solutions in {len(styles)} other styles, and in plain loops", "0 rejected",
         f"{len(rejected)} rejected of {count} and {len(loops)}"),
    ]  # fmt: skip
    found = {"seconds": seconds, "all": whole, "numba": numba, "hanging": hanging}
    return rows, found | {"rejected": rejected}


def solved(source: str) -> list[str]:
    """The exercises that a file has a function for."""
    return [name for name in EXERCISES if f"\ndef {name}(" in source]


def further(call: Call, name: str, count: int, programs: Iterable[Mistake] | None) -> bool:
    """Whether a function is, on that many further cases, right; or one of these programs."""
    exercise, rng = EXERCISES[name], np.random.default_rng(FRESH_SEED)
    left = None if programs is None else list(programs)
    for _ in range(count):
        arguments = exercise.fresh(rng).arguments
        found, right = call(arguments), exercise.reference(**arguments)
        if left is None:
            if not alike(found, right):
                return False
            continue
        played = [(mistake, outcome(mistake.program, arguments)) for mistake in left]
        left = [
            mistake
            for mistake, results in played
            if alike(results and dict(zip(right, results.values(), strict=True)), found)
        ]
        if not left:
            return False
    return True


def fate(folder: Path, mutant: Mutant, cases: int) -> str:
    """What became of a mutant: named, wrongly named, wired, found, equivalent, or missed."""
    verdict = verdict_of(written(folder, mutant.source), mutant.exercise)
    call = asking(EXERCISES[mutant.exercise], functions(mutant.source)[mutant.exercise])
    if verdict.right:
        return "equivalent" if further(call, mutant.exercise, cases, None) else "missed"
    diagnosis = verdict.diagnosis
    if diagnosis is None or diagnosis.sentence is None:
        return "wired" if diagnosis is not None and diagnosis.wiring else "found"
    programs = [
        mistake
        for mistake in of(mutant.exercise)
        if mistake.sentence == (diagnosis.sentence["en"], diagnosis.sentence["zh"])
    ]
    return "named" if further(call, mutant.exercise, cases, programs) else "wrongly named"


def measure_mutants(
    folder: Path, count: int, cases: int, seed: int
) -> tuple[list[Row], dict[str, Any]]:
    """Mutants of right solutions in all styles."""
    sources = {style: source_of(style) for style in (LOOPS, ARRAYS)}
    sources |= {f.stem: f.read_text(encoding="utf-8") for f in sorted(RIGHT.glob("[a-z]*.py"))}
    del sources[COMPILED]  # compiled anew, each would take a second and say nothing new
    pools = [
        mutants(style, source, name) for style, source in sources.items() for name in solved(source)
    ]
    fates: Counter[str] = Counter()
    lines = []
    for place, mutant in enumerate(sample(pools, count, seed), 1):
        became = fate(folder, mutant, cases)
        fates[became] += 1
        lines.append([became, mutant.kind, mutant.style, mutant.exercise, mutant.line])
        say(f"{place}/{count} {mutant.exercise}, {mutant.style} line {mutant.line}: {became}")
        if became in ("missed", "wrongly named"):
            lines[-1].append(mutant.source)
    total = sum(fates.values())
    found = total - fates["equivalent"] - fates["missed"]
    rows = [
        (f"mutants of right solutions ({', '.join(KINDS)})", "all found or equivalent",
         f"{found} found, {fates['equivalent']} equivalent on {cases:,} further cases, "
         f"{fates['missed']} missed, of {total}"),
        ("of these, named", f"0 that differ on any of {cases:,} further cases",
         f"{fates['named']} named, {fates['wrongly named']} wrongly; {fates['wired']} more wired"),
    ]  # fmt: skip
    return rows, {"fates": fates, "mutants": lines}


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.exercises", description=(__doc__ or "").partition("\n")[0]
    )
    add = parser.add_argument
    add("--planted", type=int, default=len(PLANTED), help=f"mistakes ({len(PLANTED)})")
    add("--mutants", type=int, default=MUTANTS, help=f"mutants ({MUTANTS})")
    add("--further", type=int, default=FURTHER, help=f"further cases of a mutant ({FURTHER})")
    add("--quick", action="store_true", help=", ".join(f"{k} {v}" for k, v in QUICK.items()))
    add("--seed", type=int, default=0, help="of the mutants (0)")
    add("--only", choices=("planted", "right", "mutants"), action="append", help="parts (all)")
    add("--json", type=Path, metavar="FILE", help="everything that was found, too")
    add("--markdown", action="store_true", help="a table for a page of the docs")
    chosen = parser.parse_args(arguments)
    if chosen.quick:
        vars(chosen).update(QUICK)
    parts = chosen.only or ["planted", "right", "mutants"]
    rows: list[Row] = []
    document: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        do = {
            "planted": lambda: measure_planted(folder, spread(PLANTED, chosen.planted)),
            "right": lambda: measure_right(folder),
            "mutants": lambda: measure_mutants(folder, chosen.mutants, chosen.further, chosen.seed),
        }
        for part in parts:
            found, document[part] = do[part]()
            rows += found
    if chosen.json:
        chosen.json.write_text(json.dumps(document, indent=1), encoding="utf-8")
    columns = ("", "goal", "found")
    if chosen.markdown:
        print(markdown_text(columns, rows), end="")
    else:
        console().print(table(columns, rows, title="The exercises' checker"), f"on {here()}")


if __name__ == "__main__":
    main()
