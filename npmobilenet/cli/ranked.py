"""A verb on the ranks that `mpiexec -n N npmobilenet VERB ...` has started; as ever where it has not.

All ranks run the verb.  The first one speaks, writes and draws; what the others would print goes nowhere,
but for the one line of whoever ends the run.
"""

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..ranks.noticing import communicator, settle_threads, started
from .complaints import complaint

if TYPE_CHECKING:
    from ..ranks.world import Ranks

SHARED = ("train", "evaluate", "predict")  # the verbs whose work is shared out


def run_verb(
    verb: str, run: Callable[[argparse.Namespace], int], options: argparse.Namespace
) -> int:
    """Its exit code.  Where ranks share the work, `options.ranks` are all of them."""
    options.ranks = None
    if started()[1] == 1 or verb not in SHARED:
        return run(options)
    comm = communicator()
    settle_threads(comm, getattr(options, "threads", None) or 0)  # before Numba is imported
    from ..ranks.world import Ranks

    options.ranks = ranks = Ranks(comm)
    with _guarded(ranks, f"npmobilenet {verb}"):
        ranks.require_same(_versions())
        code = run(options)
        with ranks.alone():
            ranks.close()
    return code


def _versions() -> dict[str, str]:
    from ..training.run.agreement import versions

    return versions()


@contextmanager
def quiet() -> Iterator[None]:
    """Of all ranks but the first, nothing is printed; NumPy's matrices are not shared out once more."""
    if started()[1] > 1:
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when NumPy is imported
    if not started()[0]:
        yield
        return
    before = sys.stdout, sys.stderr
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        sys.stdout = sys.stderr = nowhere
        try:
            yield
        finally:
            sys.stdout, sys.stderr = before


@contextmanager
def _guarded(ranks: "Ranks", who: str) -> Iterator[None]:
    """Whatever ends one rank ends all: others would wait for it for ever."""
    try:
        yield
    except SystemExit as error:  # which has said why
        ranks.guard("", error.code if isinstance(error.code, int) else 1)
    except KeyboardInterrupt:
        ranks.guard("interrupted", 130)
    except Exception as error:
        text = complaint(error)
        if text is None:  # a mistake of this program: where
            import traceback

            text = f"{error}\n{traceback.format_exc()}"
        ranks.guard(text.strip(), 1, who)
