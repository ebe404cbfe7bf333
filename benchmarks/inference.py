"""python -m benchmarks.inference: our engine beside those of others.

Every engine runs in a process of its own, in float32, on as many threads as ours; first its logits are
compared with those of the plain executor.  Then come rounds: in each, every engine once, in random
order, works for a quarter of a second, while the processes of all others are stopped.  Numbers: the
median and the fastest of all calls; by what ours is faster, as the median over rounds with its
quartiles; the largest memory of the process, and that without what merely importing it takes.
"""

import argparse
import json
import signal
import sys
import tempfile
from pathlib import Path

import npmobilenet as nm
from npmobilenet.cli.common import console

from .cases import Case, parsed, write
from .measuring import Measured, Settings, measure
from .peak import peak
from .peers import PEERS
from .report import case_json, machine_json, markdown, print_case, print_starts, starts_json
from .starting import Started, measure_starts

MODELS = ("v1", "v2", "v3-large", "v3-small", "v1:0.25:128")


def options(arguments: list[str] | None = None) -> argparse.Namespace:
    """What the command line says; ends with a message where it cannot be."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.inference", description=(__doc__ or "").partition("\n")[0]
    )
    default = Settings()
    add = parser.add_argument
    add("--models", nargs="+", type=_model, metavar="MODEL[:WIDTH[:RESOLUTION]]",
        default=[parsed(text) for text in MODELS], help=f"({' '.join(MODELS)})")  # fmt: skip
    add("--batch", nargs="+", type=_count, default=[1, 16], help="images in a call (1 16)")
    add("--peers", nargs="+", choices=list(PEERS), default=list(PEERS), metavar="PEER",
        help=f"all, or some of {' '.join(PEERS)}")  # fmt: skip
    add("--dialect", choices=list(nm.DIALECTS), default=Case.dialect, help="how layers are padded")
    add("--rounds", type=_count, default=default.rounds, help="bursts of each engine (30)")
    add("--seconds", type=float, default=default.seconds, help="of a burst (0.25)")
    add("--threads", type=_count, default=default.threads, help="of every engine (2)")
    add("--patience", type=float, default=default.patience,
        help="seconds that a burst waits for other programs to end (5)")  # fmt: skip
    add(
        "--starts",
        type=int,
        default=5,
        help="warm starts of each engine with the first network (5)",
    )
    add("--json", metavar="FILE", type=Path, help="write everything, for programs")
    add("--markdown", action="store_true", help="tables for a page of the docs")
    return parser.parse_args(arguments)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a number of at least 1, found {text!r}")
    return int(text)


def _model(text: str) -> tuple[str, float, int]:
    try:
        return parsed(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def run(chosen: argparse.Namespace) -> None:
    """Measure, print and write as it comes."""
    out = console()
    peers = list(dict.fromkeys(["ours", *chosen.peers]))  # what all others are compared with
    missing = {name: why for name in peers if (why := PEERS[name].missing())}
    for name, why in missing.items():
        print(f"{PEERS[name].title} is not measured: {why}", file=sys.stderr)
    peers = [name for name in peers if name not in missing]
    settings = Settings(chosen.threads, chosen.rounds, chosen.seconds, patience=chosen.patience)
    document = machine_json(peers, missing, settings)
    for case in cases(chosen):
        with tempfile.TemporaryDirectory() as folder, out.status(f"measuring {case.name}"):
            able = [name for name in peers if case.batch <= (PEERS[name].largest or case.batch)]
            found, peak_flops, started = _measure(case, Path(folder), able, settings, chosen)
        left_out = [name for name in peers if name not in able]
        document["cases"].append(case_json(case, found, peak_flops, left_out))
        document["starts"] += starts_json(case, started)
        if not chosen.markdown:
            print_case(out, document["cases"][-1])
        if chosen.json:  # after each case: a long run that is cut short leaves what it has
            chosen.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    if chosen.markdown:
        print(markdown(document), end="")
    else:
        print_starts(out, document["starts"])


def cases(chosen: argparse.Namespace) -> list[Case]:
    """Every network at every batch."""
    return [
        Case(model=model, width=width, resolution=resolution, batch=batch, dialect=chosen.dialect)
        for batch in chosen.batch
        for model, width, resolution in chosen.models
    ]


def _measure(
    case: Case, folder: Path, peers: list[str], settings: Settings, chosen: argparse.Namespace
) -> tuple[list[Measured], float | None, list[Started]]:
    """Times of one case, the peak beside them, and for the first case starts."""
    write(case, folder, [PEERS[name].needs for name in peers])
    before = peak(settings.threads)
    found = measure(case, folder, peers, settings)
    after = peak(settings.threads)
    started: list[Started] = []
    if chosen.starts and case == cases(chosen)[0]:
        working = [x.name for x in found if not x.failure]
        started = measure_starts(
            folder, working, settings.threads, chosen.starts, settings.patience
        )
    return found, None if before is None or after is None else max(before, after), started


def main(arguments: list[str] | None = None) -> None:
    """Measure and write."""
    run(options(arguments))


if __name__ == "__main__":
    # told to end, it must not leave engines behind that stand still for ever
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    main()
