"""What `benchmarks.inference` and `benchmarks.training` have in common: options, and the way of a run.

Peers that are installed are measured in each case, the first case's also from the start of a process;
the document grows case by case and is printed and written as it grows.  With --runs nothing is measured:
the documents of several runs become one.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import npmobilenet as nm
from npmobilenet.cli.common import console

from .cases import Case
from .combining import combined, read
from .measuring import Proof, Settings, measure
from .peak import peak
from .peers import Peer
from .report import Document, beginning, case_json, markdown, print_case, print_starts, starts_json
from .starting import Started, measure_starts


@dataclass(frozen=True, kw_only=True)
class Contest:
    """Who is compared at what."""

    peers: dict[str, Peer]  # "ours" is what all others are compared with
    rivals: tuple[str, ...]  # the fastest of these is the one to be measured by
    rival: str  # what one of them is called
    first: str  # what a start leads to
    write: Callable[[Case, Path, Sequence[str]], None]  # the files of a case
    prove: Proof
    shown: str  # what that compares
    macs: Callable[[nm.Plan], int]  # of one image
    settings: Settings  # if the command line says nothing else


def add_options(parser: argparse.ArgumentParser, contest: Contest) -> None:
    """Those that all contests have."""
    add, default, names = parser.add_argument, contest.settings, list(contest.peers)
    add("--peers", nargs="+", choices=names, default=names, metavar="PEER",
        help=f"all, or some of {' '.join(names)}")  # fmt: skip
    add("--rounds", type=count, default=default.rounds,
        help=f"bursts of each engine ({default.rounds})")  # fmt: skip
    add("--seconds", type=float, default=default.seconds, help=f"of a burst ({default.seconds})")
    add("--threads", type=count, default=default.threads,
        help=f"of every engine ({default.threads})")  # fmt: skip
    add("--patience", type=float, default=default.patience,
        help=f"seconds that a burst waits for other programs to end ({default.patience:g})")  # fmt: skip
    add("--starts", type=int, default=5,
        help="warm starts of each engine with the first network (5)")  # fmt: skip
    add("--json", metavar="FILE", type=Path, help="write everything, for programs")
    add("--runs", nargs="+", metavar="FILE", type=Path,
        help="measure nothing: make one table of what --json wrote in several runs")  # fmt: skip
    add("--markdown", action="store_true", help="tables for a page of the docs")


def count(text: str) -> int:
    """A number of at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a number of at least 1, found {text!r}")
    return int(text)


def run(contest: Contest, cases: list[Case], chosen: argparse.Namespace) -> None:
    """Measure, or read several runs; print and write."""
    try:
        document = combined(read(chosen.runs)) if chosen.runs else _beginning(contest, chosen)
    except (OSError, ValueError) as error:
        raise SystemExit(str(error)) from None
    out = console()
    if not chosen.runs:
        for case in cases:
            with tempfile.TemporaryDirectory() as folder, out.status(f"measuring {case.name}"):
                first = case == cases[0]
                _measure(contest, case, Path(folder), chosen, document, first)
            if not chosen.markdown:
                print_case(out, document["cases"][-1], document)
            _write(document, chosen)  # after each: a long run that is cut short leaves what it has
    elif not chosen.markdown:
        for found in document["cases"]:
            print_case(out, found, document)
    _write(document, chosen)
    if chosen.markdown:
        print(markdown(document), end="")
    else:
        print_starts(out, document)


def _write(document: Document, chosen: argparse.Namespace) -> None:
    if chosen.json:
        chosen.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def _beginning(contest: Contest, chosen: argparse.Namespace) -> Document:
    asked = [contest.peers[name] for name in dict.fromkeys(["ours", *chosen.peers])]
    missing = {peer.name: why for peer in asked if (why := peer.missing())}
    for name, why in missing.items():
        print(f"{contest.peers[name].title} is not measured: {why}", file=sys.stderr)
    document = beginning(asked, missing, _settings(contest, chosen))
    return document | {
        name: getattr(contest, name) for name in ("rivals", "rival", "first", "shown")
    }


def _settings(contest: Contest, chosen: argparse.Namespace) -> Settings:
    return Settings(
        chosen.threads, chosen.rounds, chosen.seconds, contest.settings.warm, chosen.patience
    )


def _measure(
    contest: Contest,
    case: Case,
    folder: Path,
    chosen: argparse.Namespace,
    document: Document,
    first: bool,
) -> None:
    """Times of one case with the peak beside them, and of the first case starts: into the document."""
    settings = _settings(contest, chosen)
    present = [peer for name, peer in contest.peers.items() if name in document["versions_of"]]
    able = [peer for peer in present if case.batch <= (peer.largest or case.batch)]
    contest.write(case, folder, [peer.needs for peer in able])
    before = peak(settings.threads)
    found = measure(folder, able, settings, contest.prove)
    after = peak(settings.threads)
    started: list[Started] = []
    if chosen.starts and first:
        working = [x.peer for x in found if not x.failure]
        started = measure_starts(
            folder, working, settings.threads, chosen.starts, settings.patience
        )
    highest = None if before is None or after is None else max(before, after)
    left_out = [peer.name for peer in present if peer not in able]
    macs = contest.macs(case.plan)
    document["cases"].append(case_json(case, macs, found, highest, left_out, contest.rivals))
    document["starts"] += starts_json(case, started)
