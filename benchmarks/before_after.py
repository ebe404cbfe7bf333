"""python -m benchmarks.before_after --base REV: is what stands here slower than a revision was?

REV and the working tree (or --new REV) work in processes of their own, on the
same weights and images, REV twice: what it differs from itself by is the noise.
The processes take turns; see paired.py.  A case fails only where NEW is slower
beyond doubt: where the lower end of the 95 % interval of new / base is above
1.02, twice.  Then the exit code is 1.

    python -m benchmarks.before_after --base HEAD~3
    python -m benchmarks.before_after --base v0.2.0 --cases v1/1 --rounds 40
"""

import argparse
import json
import signal
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from io import BytesIO
from pathlib import Path
from statistics import median

from npmobilenet.cli.common import console
from npmobilenet.tables import table

from .contest import count
from .hardware import hardware, hardware_text
from .paired import LIMIT, Compared
from .process import ROOT, PeerError
from .turns import CASES, MEASURES, QUICK, Amount, Arms, Tree

COLUMNS = ("case", ">base", ">new", "", ">new / base", ">noise", "bits")
FULL = Amount(rounds=15, starts=10, colds=3, seconds=0.3, step_seconds=0.6)


def options(arguments: list[str] | None = None) -> argparse.Namespace:
    """What the command line says; ends with a message where it cannot be."""
    head, _, rest = (__doc__ or "").partition(": ")
    parser = argparse.ArgumentParser(
        prog=head.partition(" --")[0],
        description=rest,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--base", required=True, metavar="REV", help="what is compared with: as git knows it")
    add("--new", metavar="REV", help="what is compared (the working tree)")
    add("--cases", nargs="+", choices=list(CASES), metavar="CASE",
        help=f"some of {' '.join(CASES)}")  # fmt: skip
    add("--rounds", type=count, help=f"of each case ({FULL.rounds})")
    add("--threads", type=count, default=2, help="of each process (2)")
    add("--quick", action="store_true",
        help=f"2-3 minutes, where all take 10-15: fewer rounds of {' '.join(QUICK)}")  # fmt: skip
    add("--json", metavar="FILE", type=Path, help="write everything, for programs")
    chosen = parser.parse_args(arguments)
    chosen.amount = (
        replace(FULL, rounds=6, starts=4, colds=1, seconds=0.15) if chosen.quick else FULL
    )
    if chosen.rounds:
        chosen.amount = replace(chosen.amount, rounds=chosen.rounds)
    chosen.cases = chosen.cases or list(QUICK if chosen.quick else CASES)
    return chosen


def unpacked(revision: str | None, folder: Path) -> Tree:
    """The files of a revision in a folder; the working tree as it stands for None.

    ValueError, in one line, where git knows none of that name.
    """
    if revision is None:
        return Tree("the working tree", ROOT)
    git = ["git", "-C", str(ROOT)]
    try:
        found = subprocess.run(
            [*git, "rev-parse", "--short", "--verify", "--end-of-options", f"{revision}^{{commit}}"],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        name = found.stdout.strip()
        packed = subprocess.run([*git, "archive", name], capture_output=True, check=True).stdout
    except FileNotFoundError:
        raise ValueError("before_after: git is not installed") from None
    except subprocess.CalledProcessError:
        raise ValueError(f"before_after: git knows no revision {revision!r}") from None
    with tarfile.open(fileobj=BytesIO(packed)) as archive:
        archive.extractall(folder, filter="tar")
    return Tree(f"{revision} ({name})" if revision != name else name, folder)


def row(found: Compared) -> tuple[str, ...]:
    """Of the table."""
    name = found.name if found.unit != "MB" else "  its memory"
    base, new = median([*found.base, *found.again]), median(found.new)
    return (
        name, f"{base:.3g}", f"{new:.3g}", found.unit, str(found.new_to_base),
        found.base_to_base.interval, found.results,
    )  # fmt: skip


def to_json(found: Compared) -> dict[str, object]:
    """Everything, for programs."""
    return asdict(found) | {
        "new_to_base": asdict(found.new_to_base),
        "base_to_base": asdict(found.base_to_base),
        "failed": found.failed,
    }


def measured(
    chosen: argparse.Namespace, arms: Arms, say: Callable[[str], None]
) -> Iterator[Compared]:
    """Case by case; PeerError where a revision cannot do one.

    What fails is measured once more, and that counts: of thirty cases one fails by chance.
    """
    for name in chosen.cases:
        for attempt in ("", " again"):
            say(name + attempt)
            found = list(MEASURES[CASES[name].kind](name, CASES[name], arms, chosen.amount))
            if not any(x.failed for x in found):
                break
        yield from found


def compare(chosen: argparse.Namespace, folder: Path) -> list[Compared]:
    """Measure and print; the document is written as it grows."""
    out = console()
    base, new = (unpacked(rev, folder / x) for x, rev in (("b", chosen.base), ("n", chosen.new)))
    arms = Arms(base, new, folder / "kernels", chosen.threads)
    document = {"base": base.name, "new": new.name, "threads": chosen.threads, **hardware(),
                "amount": asdict(chosen.amount), "limit": LIMIT, "cases": []}  # fmt: skip
    print(
        f"{new.name} beside {base.name}, {chosen.threads} threads, on",
        hardware_text(document),
        sep="\n",
        flush=True,
    )
    found: list[Compared] = []
    with out.status("drawing weights") as status:
        for one in measured(chosen, arms, lambda name: status.update(f"measuring {name}")):
            found.append(one)
            document["cases"] = [to_json(x) for x in found]
            if chosen.json:  # a long run that is cut short leaves what it has
                chosen.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    out.print(table(COLUMNS, [row(x) for x in found]))
    return found


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, and say whether all is as quick as before."""
    chosen = options(arguments)
    try:
        with tempfile.TemporaryDirectory() as folder:
            found = compare(chosen, Path(folder))
    except (PeerError, OSError) as error:
        print(f"before_after: {error}", file=sys.stderr)
        return 1
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    failed = [x.name for x in found if x.failed]
    print("new / base: median and its 95 % interval; noise: that of BASE again / BASE")
    print(f"FAILED, beyond {LIMIT}: {', '.join(failed)}" if failed else f"None is beyond {LIMIT}.")
    return bool(failed)


if __name__ == "__main__":
    # told to end, it must not leave processes behind that stand still for ever
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main())
