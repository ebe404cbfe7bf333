"""Faults that are planted on purpose: the rows of kernels, threads and long runs find them."""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("numba")

from benchmarks.reliability import kernel_cache, long_runs, threads
from benchmarks.reliability.children import HUNG, Ended
from benchmarks.reliability.kernel_cache import damages
from benchmarks.reliability.kernel_cache.judge import Start
from benchmarks.reliability.threads import copies
from npmobilenet.engine.pinned import Pinned
from npmobilenet.kernels import store
from tests.commands import ROOT


@pytest.mark.parametrize(
    ("start", "said"),
    [
        (Start(0, "", "ab"), ""),
        (Start(0, "npmobilenet: a kernel could not be kept (why)", "ab"), ""),
        (Start(0, "", "cd"), "other bits"),
        (Start(-11, ""), "signal 11"),
        (Start(HUNG, ""), "did not end"),
        (
            Start(1, "Traceback (most recent call last):\nValueError: no"),
            "exit code 1: ValueError: no",
        ),
        (Start(0, "a warning", "ab"), "said 'a warning'"),
    ],
)
def test_a_start_that_goes_wrong(start: Start, said: str) -> None:
    assert (said in start.wrong("ab")) if said else not start.wrong("ab")


def test_files_that_are_not_repaired_or_not_trustworthy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bad(index: int) -> list[str]:
        return list(kernel_cache.one_file(index, kernel_cache.here, "small", base, bits))

    base, bits = kernel_cache._filled(kernel_cache.here, "small", tmp_path)
    (lost,) = (2 * n + 1 for n, kind in enumerate(damages.FILES) if kind == "lost")
    assert bad(lost) == []
    with monkeypatch.context() as patch:
        patch.setattr(store.Store, "save_overload", lambda *_: None)
        assert any("still compiled" in line for line in bad(lost))
    monkeypatch.setattr(store, "trusted", lambda _: True)
    forged = [2 * n + 1 for n, kind in enumerate(damages.FILES) if kind.startswith("forged")]
    for index in forged:  # where files can be given away
        assert any("forged file ran" in line for line in bad(index))
    shutil.rmtree(base)


def test_a_scene_that_goes_wrong() -> None:
    def judged(code: int | str, answer: Any = None, err: str = "") -> list[str]:
        return threads._judged("omp", Ended(code, "", err, 1.0), answer)

    assert judged(0, []) == []
    assert judged(HUNG) == ["omp: hangs"]
    assert "ended with -6" in judged(-6)[0]
    assert judged(0, ["other bits"]) == ["omp: other bits"]
    assert "Exception ignored" in judged(0, [], "Exception ignored in: x")[0]


class Held(Pinned):
    """What holds addresses."""


def test_a_copy_that_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    made = {"held": (Held(), None), "list": ([1], lambda of: str(id(of)))}
    monkeypatch.setattr(copies, "_made", lambda _: made)
    tried, bad = copies.wrong(1)
    assert tried == 6
    assert [line.partition(" of ")[2] for line in bad] == ["list: computes something else"] * 3
    monkeypatch.delattr(Pinned, "__reduce__")
    assert "copy.copy of held: was taken" in copies.wrong(1)[1]


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is not told here")
def test_what_leaks_and_what_drifts() -> None:
    """In a process of its own, which is small: it is one per cent of a process that may not be lost."""
    program = "from tests.trust import test_found as t; t.alone()"
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, timeout=100)


def alone() -> None:
    with long_runs._watching():
        _leak_and_drift()


def _leak_and_drift() -> None:
    held: list[Any] = []

    def found(do: Callable[[int], Any]) -> str:
        return " ".join(long_runs._watched(do, 20, looks=20)[1])

    assert found(lambda k: k) == ""
    assert "memory grew" in found(lambda k: held.append(b"x" * 1_000_000))
    assert "open files grew" in found(lambda k: held.append(os.open(os.devnull, os.O_RDONLY)))
    for number in held[20:]:
        os.close(number)
    end = threading.Event()

    def leave(k: int) -> None:
        held.append(threading.Thread(target=end.wait))
        held[-1].start()

    said = found(leave)
    end.set()
    assert "threads grew" in said
    count = iter(range(20))
    assert "another result" in found(lambda _: next(count))
