"""The process that runs a learner's file: `main(file, parameters of each function)`.

It reads questions from its standard input and writes answers (`messages`) to its standard output; what
the learner's functions print goes to standard error.
"""

from __future__ import annotations

import inspect
import os
import queue
import sys
import threading
import time
import traceback
from contextlib import suppress
from importlib.util import decode_source
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, BinaryIO

from .messages import packed, received, unpacked
from .observing import copied, described, same, spoil
from .pairing import both
from .pairing import parameters as own_parameters
from .printed import MARK

MEMORY = 4 * 2**30  # bytes of addresses
POISON = (7.25e7, -3.5e5)  # what uninitialised memory holds in the first call, and in the second


def main(file: str, parameters: dict[str, list[str] | None]) -> None:
    """Load the file, say what is in it, and answer until nobody asks.

    parameters: of each function that is looked for; None where its own are asked for.
    """
    questions, answers = _channels()
    limited = _limit_memory()
    path = Path(file)
    sys.path.insert(0, str(path.parent))  # as if the file had been started
    loaded = _load(path)
    if not isinstance(loaded, ModuleType):
        _send(answers, {"broken": loaded})
        return
    looks = {name: _looked_at(loaded, name, those) for name, those in parameters.items()}
    signatures = {n: own_parameters(getattr(loaded, n)) for n, look in looks.items()
                  if not look and parameters[n] is None}  # fmt: skip
    _send(answers, {"functions": looks, "limited": limited, "signatures": signatures})
    while (question := questions.get()) is not None:
        asked = unpacked(question)
        function = getattr(loaded, asked["name"], None)
        if asked.get("both"):
            _send(answers, _both(loaded, asked, path))
            continue
        do = _counted if asked.get("count") else _timed if asked.get("time") else _answer
        _send(answers, do(function, asked, path))
    os._exit(0)  # threads that are left running would be waited for


def _channels() -> tuple[queue.SimpleQueue[bytes | None], BinaryIO]:
    """Questions and answers, out of the way of whatever the file reads and prints."""
    sys.stdout.flush()
    inside, outside = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    questions: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()

    def listen() -> None:
        while (message := received(inside)) is not None:
            questions.put(message)
        os._exit(0)  # whoever asked is gone, whatever runs here

    threading.Thread(target=listen, daemon=True).start()
    return questions, outside


def _send(stream: BinaryIO, document: Any) -> None:
    for printed in (sys.stdout, sys.stderr):
        with suppress(AttributeError, OSError, ValueError):  # closed, or replaced, by the learner
            printed.flush()
    with suppress(OSError):
        os.write(2, MARK)
    stream.write(packed(document))
    stream.flush()


def _limit_memory() -> bool:
    """Whether this system has such a limit."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        _, most = resource.getrlimit(resource.RLIMIT_AS)
        limit = MEMORY if most == resource.RLIM_INFINITY else min(MEMORY, most)
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    except (ImportError, OSError, ValueError):
        return False
    return sys.platform != "darwin"  # which takes the limit and does not keep it


def _load(path: Path) -> ModuleType | dict[str, Any]:
    """The module; or what went wrong."""
    module = ModuleType(path.stem)
    module.__file__ = str(path)
    sys.modules[path.stem] = module
    try:
        exec(compile(decode_source(path.read_bytes()), str(path), "exec"), module.__dict__)
    except BaseException as error:
        return _raised(error, path)
    return module


def _looked_at(module: ModuleType, name: str, parameters: list[str] | None) -> str:
    """Empty where the function can be called; "missing", or what is wrong with it."""
    function = module.__dict__.get(name)
    if function is None:
        return "missing"
    expected = f"{name}({', '.join(parameters or ['...'])})"
    if not callable(function):
        return f"{name} is of type {type(function).__name__}; expected a function {expected}"
    if parameters is None:
        return ""
    try:
        signature = inspect.signature(function)
    except Exception:  # none is known, of what is built in C: whether it can be called will be seen
        return ""
    try:
        signature.bind(*parameters)
    except TypeError:
        return f"the function is {name}{signature}; expected {expected}"
    named = list(signature.parameters)
    if sorted(named) == sorted(parameters) and named != parameters:
        return f"the function is {name}{signature}, in another order; expected {expected}"
    return ""


def _raised(error: BaseException, path: Path) -> dict[str, Any]:
    """What was raised, in one line, where, and in which function."""
    kind, text = type(error).__name__, ""
    with suppress(Exception):  # a learner's own error may not even say what it is
        text = " ".join(str(error).split())
    line = error.lineno if isinstance(error, SyntaxError) else None
    function, trace = "", error.__traceback__
    for frame in _frames(trace):
        if frame.filename == str(path):
            line, function = frame.lineno, frame.name
    if isinstance(error, SyntaxError):
        text = error.msg or kind
    return {"outcome": "raised", "kind": kind, "text": text[:300], "line": line, "in": function}


def _frames(trace: TracebackType | None) -> list[traceback.FrameSummary]:
    """The outermost and innermost calls: endless recursion has too many to look at."""
    summary = traceback.StackSummary.extract(
        traceback.walk_tb(trace), lookup_lines=False, limit=None
    )
    return summary[:50] + summary[-50:]


def _answer(function: Any, asked: dict[str, Any], path: Path) -> dict[str, Any]:
    """Call it, once or twice with equal arguments, and say all that can be seen from outside."""
    given, outputs = asked["arguments"], asked["outputs"]
    results: list[dict[str, Any]] = []
    for poison in POISON[: 2 if asked.get("twice") else 1]:
        arguments = copied(given)
        spoil(asked.get("expected", ()), poison)
        try:
            results.append(described(function(*arguments.values()), outputs))
        except BaseException as error:
            return _raised(error, path)
        if changed := [name for name in given if not same(given[name], arguments[name])]:
            return {"outcome": "returned", "results": results[0], "changed": changed}
    differ = [n for n, value in results[0].items() if not same(value, results[-1].get(n))]
    return {"outcome": "returned", "results": results[0], "differ": differ}


def _both(module: ModuleType, asked: dict[str, Any], path: Path) -> dict[str, Any]:
    """A forward and a backward pass, one after the other; the names of both are in "both"."""
    try:
        first, second = (getattr(module, name) if name else None for name in asked["both"])
        return both(first, second, asked)
    except BaseException as error:
        return _raised(error, path)


def _timed(function: Any, asked: dict[str, Any], path: Path) -> dict[str, Any]:
    """Seconds of each of as many calls as there is time for, at least one."""
    given = copied(asked["arguments"]).values()
    found: list[float] = []
    ends = time.perf_counter() + asked["time"]
    try:
        while not found or time.perf_counter() < ends:
            began = time.perf_counter()
            function(*given)
            found.append(time.perf_counter() - began)
    except BaseException as error:
        return _raised(error, path)
    return {"outcome": "timed", "seconds": found}


def _counted(function: Any, asked: dict[str, Any], path: Path) -> dict[str, Any]:
    """How many multiplications the function does: it is run on numbers that count."""
    try:
        from .counting import counted

        return {"outcome": "counted", **counted(function, asked["arguments"])}
    except BaseException as error:
        return _raised(error, path)
