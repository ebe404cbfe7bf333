"""The rows of calls, layouts and values can fail: each finds a fault that is planted."""

import ctypes
from typing import Any

import numpy as np
import pytest

import npmobilenet as nm
from benchmarks.reliability import calls, layouts, values
from benchmarks.reliability.calls import everything, judging, trying
from benchmarks.reliability.calls.guards import Guards
from benchmarks.reliability.calls.subjects import Call, Subject
from benchmarks.reliability.calls.wrong import Wrong
from npmobilenet.ops import activations, checks

X = np.ones((2, 3), np.float32)


def judged(function: Any, x: Any = None, wrong: Any = None) -> str:
    """What is said of a call f(x) with that in the place of x."""
    guards = Guards("bytes")
    call = Call(function, {"x": X if x is None else x}, {})
    said, _ = judging.tried(
        Subject("f", lambda draw: call, ()), call, "x", Wrong("", wrong), guards
    )
    return said


def refusing(error: Exception) -> Any:
    def function(x: Any) -> None:
        raise error

    return function


def test_a_call_without_a_check_is_found(monkeypatch: Any) -> None:
    monkeypatch.setattr(checks, "array", lambda *given, **named: None)
    assert len(calls.prove("tiny").bad) > 5


def test_what_is_silent_or_says_little() -> None:
    assert judged(lambda x: x) == "returned"
    assert judged(nm.relu, wrong=None) == ""
    assert "another kind of error" in judged(refusing(KeyError("x")))
    assert "refused by no check of ours" in judged(refusing(ValueError("x must be, found")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(judging, "OURS", (__file__,))
        assert judged(refusing(ValueError("x must be, found"))) == ""
        assert "not one line" in judged(refusing(ValueError("x must be,\nfound")))
        assert "does not name x" in judged(refusing(ValueError("it must be, found")))
        assert "does not say" in judged(refusing(ValueError("x")))


def test_what_is_written(monkeypatch: Any) -> None:
    """An argument that is changed, and the byte behind an array."""

    def changes(x: Any) -> None:
        x += 1

    def beyond(x: Any) -> None:
        ctypes.memset(x.ctypes.data + x.nbytes, 7, 1)

    wrong = np.ones((2, 3), np.float32)
    assert judged(changes, wrong=wrong).startswith("an argument was changed")
    assert judged(beyond, wrong=wrong).startswith("memory beside an array was written")


def test_a_public_name_that_nothing_calls(monkeypatch: Any) -> None:
    assert everything.forgotten() == []
    known = everything.public()
    monkeypatch.setattr(everything, "public", lambda: [*known, "brand_new"])
    assert "nothing tries the public name brand_new" in calls.prove("tiny").bad


def test_a_process_that_dies_is_one_bad_call(monkeypatch: Any) -> None:
    """It goes on behind the call that it died of."""
    program = (
        "import pathlib, sys, os; first = int(sys.argv[2]); note = sys.argv[-1]\n"
        "pathlib.Path(note).write_text(f'[{first}, \"call {first}\"]')\n"
        "os.abort() if first < 2 else None"
    )
    run = calls.run
    monkeypatch.setattr(
        calls, "run", lambda words, *a, **k: run([words[0], "-c", program, *words[3:]], *a, **k)
    )
    found = list(calls._lines("bytes", 5))
    assert [line["what"] for line in found] == ["call 0", "call 1"]
    assert "ended with -6" in found[0]["said"]


def test_another_result_or_a_changed_argument_is_found(monkeypatch: Any) -> None:
    real = nm.relu

    def strided(x: Any, **named: Any) -> Any:
        y, cache = real(x, **named)
        return (y, cache) if x.flags.c_contiguous else (y + 1, cache)

    monkeypatch.setattr(nm, "relu", strided)
    assert any("another result" in line for line in layouts.prove("tiny").bad)

    def writes(x: Any, **named: Any) -> Any:
        if x.flags.writeable and x.size:
            x[:1] += 1
        return real(x, **named)

    monkeypatch.setattr(nm, "relu", writes)
    assert any("was changed" in line for line in layouts.prove("tiny").bad)


def test_a_nan_that_is_lost_is_found(monkeypatch: Any) -> None:
    pytest.importorskip("torch")
    real = activations._sigmoid
    monkeypatch.setattr(activations, "_sigmoid", lambda x: np.nan_to_num(real(x)))
    monkeypatch.setattr(values, "OPERATORS", {"sigmoid": values.OPERATORS["sigmoid"]})
    assert any("NaN where it is not" in line for line in values.prove("tiny").bad)


def test_the_same_call_is_made_again() -> None:
    first, again = (
        [line["what"] for line in trying.tries(range(30, 40), "bytes", some=True)] for _ in range(2)
    )
    assert first == again
