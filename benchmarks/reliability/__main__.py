"""python -m benchmarks.reliability: every hazard tried, and what went wrong counted.

    python -m benchmarks.reliability                  all cases, for hours: before a release
    python -m benchmarks.reliability --quick          some of each, for minutes
    python -m benchmarks.reliability runs downloads  these hazards alone
    python -m benchmarks.reliability --markdown       as the table of docs/reliability.md

Each hazard runs in a process of its own: one that is killed by what it tries counts as bad.  Exit code 1
where anything was.  What the rows need besides the extra `test` is the extra `prove`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from npmobilenet.cli.common import console
from npmobilenet.tables import markdown_text, table

from .children import environment
from .hazard import ROWS, SIZES, Hazard, NotHere, Size, hazards

Row = tuple[str, Hazard, dict[str, Any]]  # its name, what it is, what came of it
EXAMPLES = 12  # bad cases that are shown of a row


def tried_alone(name: str, size: Size) -> dict[str, Any]:
    """What came of a hazard, tried by a process of its own, and how long that took."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix=f"reliability-{name}-") as folder:
        answer, place = Path(folder) / "answer.json", Path(folder) / "within" / "place"
        place.mkdir(parents=True)  # for whatever is written to "." and ".."
        words = [sys.executable, "-m", "benchmarks.reliability", "--size", size]
        code = subprocess.run(
            [*words, "--answer", str(answer), name], cwd=place, env=environment(), check=False
        ).returncode
        if answer.exists():
            found = json.loads(answer.read_text(encoding="utf-8"))
        else:
            found = {
                "tried": 1,
                "bad": [f"the process that tried it ended with {code}"],
                "figures": {},
            }
    return found | {"seconds": round(time.monotonic() - started)}


def answer(hazard: Hazard, size: Size) -> dict[str, Any]:
    """The same, tried in this process."""
    try:
        found = hazard.prove(size)
    except NotHere as reason:
        return {"tried": 0, "bad": [], "figures": {"not tried here": str(reason)}}
    return {"tried": found.tried, "bad": list(found.bad), "figures": dict(found.figures)}


def drawn(rows: list[Row], markdown: bool) -> Any:
    """The table, for a terminal or for the page."""
    columns = ("hazard", "what must happen", ">tried", ">bad", "besides")
    cells = [
        (
            hazard.title,
            hazard.must,
            f"{found['tried']:,}",
            f"{len(found['bad']):,}",
            "; ".join(f"{name}: {value}" for name, value in found["figures"].items()),
        )
        for _, hazard, found in rows
    ]
    if markdown:
        return markdown_text(columns, cells)
    short = [(title, tried, bad, besides) for title, _, tried, bad, besides in cells]
    return table(("hazard", ">tried", ">bad", "besides"), short)


def main(words: list[str] | None = None) -> int:
    """The command; its exit code."""
    asked = argparse.ArgumentParser(
        prog="python -m benchmarks.reliability",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    asked.add_argument("rows", nargs="*", metavar="HAZARD", help=", ".join(ROWS))
    asked.add_argument("--quick", action="store_true", help="some cases of each")
    asked.add_argument("--size", choices=SIZES, default="whole", help=argparse.SUPPRESS)
    asked.add_argument("--markdown", action="store_true", help="the table of docs/reliability.md")
    asked.add_argument("--json", action="store_true", help="everything, for programs")
    asked.add_argument("--answer", type=Path, help=argparse.SUPPRESS)
    given = asked.parse_args(words)
    if unknown := [name for name in given.rows if name not in ROWS]:
        asked.error(f"no hazard is called {unknown[0]}; there are {', '.join(ROWS)}")
    size: Size = "quick" if given.quick else given.size
    known = hazards(given.rows or ROWS)
    if given.answer:  # asked by another process of this program
        (hazard,) = known.values()
        given.answer.write_text(json.dumps(answer(hazard, size)), encoding="utf-8")
        return 0
    rows: list[Row] = []
    for name, hazard in known.items():
        found = tried_alone(name, size)
        rows.append((name, hazard, found))
        print(
            f"{name}: tried {found['tried']:,}, bad {len(found['bad']):,}, {found['seconds']} s",
            *(f"  {line}" for line in found["bad"][:EXAMPLES]),
            sep="\n",
            file=sys.stderr,
            flush=True,
        )
    if given.json:
        print(json.dumps({name: found for name, _, found in rows}, indent=2))
    elif given.markdown:
        print(drawn(rows, True))
    else:
        console().print(drawn(rows, False))
    return 1 if any(found["bad"] for *_, found in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
