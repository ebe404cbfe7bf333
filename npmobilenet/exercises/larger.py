"""Larger cases, drawn and made smaller by Hypothesis."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable

from .cases import Case
from .judging import Failure
from .parent import ENDED
from .record import Exercise

CASES = 200
DRAWING, SHRINKING = 20.0, 3.0  # seconds after which no other case is asked


class _Found(Exception):
    """A case fails."""


def larger_failure(
    exercise: Exercise, judged: Callable[[Case], Failure | None]
) -> tuple[Failure | None, int, int]:
    """The smallest larger case that fails, None where none does; how many were asked, how many not.

    The cases are the same in every run, but where a function is so slow that the time ends first.
    """
    # the one place of the package that imports it: a check that ends at a small case does not
    import hypothesis
    from hypothesis import HealthCheck, Phase, Verbosity, given, settings
    from hypothesis.errors import HypothesisException

    left: set[str] = set()  # drawn when there was no time any more
    known: dict[str, Failure | None] = {}
    ends = time.monotonic() + DRAWING
    smallest: list[Failure] = []

    def ask(case: Case) -> None:
        nonlocal ends
        if case.text not in known:
            if time.monotonic() > ends:
                left.add(case.text)
                return
            failure = known[case.text] = judged(case)
            if failure is not None:
                if not smallest:
                    ends = time.monotonic() + SHRINKING
                if failure.outcome in ENDED:  # each more would cost seconds
                    ends = 0.0
                if not smallest or _size(case) < _size(smallest[0].case):
                    smallest[:] = [failure]
        if known[case.text] is not None:
            raise _Found

    run = settings(
        max_examples=CASES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
        print_blob=False,
        report_multiple_bugs=False,
    )(given(exercise.larger())(ask))
    with (
        tempfile.TemporaryDirectory() as folder
    ):  # or it would keep notes beside the learner's file
        hypothesis.configuration.set_hypothesis_home_dir(folder)
        try:
            run()
        except (_Found, HypothesisException, BaseExceptionGroup):
            pass
        finally:
            hypothesis.configuration.set_hypothesis_home_dir(None)
    return (smallest[0] if smallest else None), len(known), len(left)


def _size(case: Case) -> tuple[int, int, str]:
    return case.sizes.numbers, len(case.text), case.text
