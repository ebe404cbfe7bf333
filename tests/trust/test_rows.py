"""A few cases of every hazard: the whole is `python -m benchmarks.reliability`."""

import pytest

from benchmarks.reliability.hazard import ROWS, NotHere, hazards


@pytest.mark.parametrize("name", ROWS)
def test_nothing_goes_wrong(name: str) -> None:
    try:
        found = hazards([name])[name].prove("tiny")
    except NotHere as reason:
        pytest.skip(str(reason))
    assert found.tried > 0
    assert found.bad == ()


@pytest.mark.long
@pytest.mark.parametrize("name", ROWS)
def test_nothing_goes_wrong_in_more_cases(name: str) -> None:
    try:
        found = hazards([name])[name].prove("quick")
    except NotHere as reason:
        pytest.skip(str(reason))
    assert found.bad == ()
