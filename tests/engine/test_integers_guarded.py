"""No integer kernel touches what is not its own: a process whose arrays end at unreadable pages."""

import subprocess
import sys

import pytest

pytest.importorskip("numba")

from tests.commands import ROOT
from tests.guarded import POSSIBLE

pytestmark = pytest.mark.skipif(not POSSIBLE, reason="pages are protected as Linux does it")
COMMAND = [sys.executable, "-m", "tests.engine.integers_guarded"]


def check(*arguments: str) -> None:
    done = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "nothing touched what is not its own" in done.stdout


def test_nothing_is_touched_beyond_an_array() -> None:
    check()


@pytest.mark.long
def test_nothing_is_touched_beyond_any_array() -> None:
    check("many")
