"""python -m benchmarks.training [CASE ...]: training steps, ours beside those of others.

A step is forward, loss, backward and the optimiser's step (SGD with momentum).  Every engine runs in a
process of its own, in float32, with the same parameters and the same batch; first its loss and its
gradients are compared with those of the plain executor in float64.  Then come rounds: in each, every
engine once, in random order, works for a second, while the processes of all others are stopped.

With --phases our own step is taken apart instead: what its stages do, how long that takes, and how long
it would at the limits of this machine.
"""

import argparse
import signal
import sys

from . import phases
from .cases import Case
from .contest import Contest, add_options, run
from .measuring import Settings
from .peers.trainers import RIVALS, TRAINERS
from .training_cases import CASES, prove, step_macs, write

CONTEST = Contest(
    peers=TRAINERS,
    rivals=RIVALS,
    rival="PyTorch setting",
    first="the end of the first step",
    write=write,
    prove=prove,
    shown="gradients",
    macs=step_macs,
    settings=Settings(rounds=12, seconds=1.0, warm=0.1),
)


def options(arguments: list[str] | None = None) -> argparse.Namespace:
    """What the command line says; ends with a message where it cannot be."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.training", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("cases", nargs="*", type=_case, metavar="CASE",
        default=list(CASES.values()), help=f"({' '.join(CASES)})")  # fmt: skip
    parser.add_argument("--phases", action="store_true", help="take our own step apart")
    add_options(parser, CONTEST)
    return parser.parse_args(arguments)


def _case(text: str) -> Case:
    if text not in CASES:
        raise argparse.ArgumentTypeError(f"expected one of {', '.join(CASES)}, found {text!r}")
    return CASES[text]


def main(arguments: list[str] | None = None) -> None:
    """Measure and write."""
    chosen = options(arguments)
    if chosen.phases:
        phases.run(chosen.cases, chosen)
    else:
        run(CONTEST, chosen.cases, chosen)


if __name__ == "__main__":
    # told to end, it must not leave engines behind that stand still for ever
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    main()
