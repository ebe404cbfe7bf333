"""python -m benchmarks.inference: our engine beside those of others.

Every engine runs in a process of its own, in float32, on as many threads as ours; first its logits are
compared with those of the plain executor.  Then come rounds: in each, every engine once, in random
order, works for a quarter of a second, while the processes of all others are stopped.  Numbers: the
median and the fastest of all calls; by what ours is faster, as the median over rounds with its
quartiles; the largest memory of the process, and that without what merely importing it takes.
"""

import argparse
import signal
import sys
from pathlib import Path
from typing import Any

import numpy as np

import npmobilenet as nm

from .cases import Case, parsed, write
from .contest import Contest, add_options, count, run
from .measuring import Settings
from .peers import ENGINES, PEERS
from .process import PeerError, Worker

MODELS = ("v1", "v2", "v3-large", "v3-small", "v4-conv-small", "v1:0.25:128")
TOLERANCE = 1e-4  # of logits, relative to the largest


def scaled_error(found: Any, expected: Any) -> float:
    """The largest difference, relative to the largest expected number; infinite for another shape."""
    if found.shape != expected.shape:
        return float("inf")
    return float(np.abs(found - expected).max() / np.abs(expected).max())


def prove(worker: Worker, folder: Path) -> float:
    """The error of a worker's logits; PeerError if it is too large."""
    file = folder / f"{worker.peer.name}.npy"
    worker.ask("predict", file=str(file))
    error = scaled_error(np.load(file), np.load(folder / "logits.npy"))
    if not error <= TOLERANCE:
        raise PeerError(f"its logits are wrong by {error:.1e} of the largest")
    return error


CONTEST = Contest(
    peers=PEERS,
    rivals=ENGINES,
    rival="engine written for inference",
    first="first prediction",
    write=write,
    prove=prove,
    shown="logits",
    macs=lambda plan: sum(layer.macs for layer in plan.layers),
    settings=Settings(),
)


def options(arguments: list[str] | None = None) -> argparse.Namespace:
    """What the command line says; ends with a message where it cannot be."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.inference", description=(__doc__ or "").partition("\n")[0]
    )
    add = parser.add_argument
    known = ", ".join(nm.MODELS)
    add("--models", nargs="+", type=_model, metavar="MODEL[:WIDTH[:RESOLUTION]]",
        default=[parsed(text) for text in MODELS],
        help=f"of {known} ({' '.join(MODELS)})")  # fmt: skip
    add("--batch", nargs="+", type=count, default=[1, 16], help="images in a call (1 16)")
    add("--dialect", choices=list(nm.DIALECTS), default=Case.dialect, help="how layers are padded")
    add_options(parser, CONTEST)
    return parser.parse_args(arguments)


def _model(text: str) -> tuple[str, float, int]:
    try:
        return parsed(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def cases(chosen: argparse.Namespace) -> list[Case]:
    """Every network at every batch."""
    return [
        Case(model=model, width=width, resolution=resolution, batch=batch, dialect=chosen.dialect)
        for batch in chosen.batch
        for model, width, resolution in chosen.models
    ]


def main(arguments: list[str] | None = None) -> None:
    """Measure and write."""
    chosen = options(arguments)
    run(CONTEST, cases(chosen), chosen)


if __name__ == "__main__":
    # told to end, it must not leave engines behind that stand still for ever
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    main()
