"""A mutant in a process of its own: its operator's tests run on it, and one of them must fail.

The files of kernels/ stay as they are.  A forked child imports one module from the changed syntax tree,
and then runs pytest; whatever was imported before the fork (NumPy, PyTorch, Numba, pytest) is shared.

    plain      the @compiled functions are Python's own: numba_* rungs are interpreted
    compiled   what calls the changed function, at any depth, is compiled in memory; all else comes from
               the kernels' cache, whose folder is that of the unchanged files
"""

from __future__ import annotations

import ast
import contextlib
import importlib.abc
import importlib.util
import os
import pickle
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

from ..children import ROOT
from ..interpreted import PACKAGE, interpret
from .changing import KERNELS, Mutant

LONGEST = 600.0  # seconds of a child


@dataclass(frozen=True)
class Tests:
    """What is run on a file's mutants: pytest's words; compiled: how, see above.

    way, names: which of outcomes.py's cases show that a mutant computes the same.
    """

    words: tuple[str, ...]
    compiled: bool = False
    way: str = "operators"
    names: tuple[str, ...] = ()


def prepare() -> None:
    """Import what every child needs and none changes, before they are forked.

    One thread: threads that wait for one another slow down a busy machine, and how work is cut does not
    depend on them.
    """
    os.environ["NUMBA_NUM_THREADS"] = "1"
    for name in (
        "numpy",
        "numba",
        "hypothesis",
        "pytest",
        "torch",
        "scipy.linalg",
        "numba.cpython.unicode",
    ):
        if importlib.util.find_spec(name.partition(".")[0]):
            importlib.import_module(name)
    import torch

    torch.set_num_threads(1)


def tried(
    file: str, mutant: Mutant | None, tests: Tests, said: Path, longest: float = LONGEST
) -> str:
    """ "caught" or "survived"; of None, the unchanged kernels, "passed", or why they did not.

    said: a file for what pytest prints.
    """

    def run() -> int:
        import pytest

        return int(
            pytest.main(["-x", "-q", "--assert=plain", "-p", "no:cacheprovider", *tests.words])
        )

    code = _forked(lambda: _changed(file, mutant, tests.compiled, run), said, longest)
    if mutant is None:
        return "passed" if code == 0 else f"{file}: its tests fail without any change ({code})"
    # an error while tests are collected is the change's too: without it there is none
    return "survived" if code == 0 else "caught"


def results(
    file: str, mutant: Mutant | None, tests: Tests, count: int, rounded: bool, answer: Path
) -> Any:
    """What these kernels compute on so many cases: a hash, or rounded: arrays; None after an error."""

    def run() -> int:
        from . import outcomes

        if rounded:
            found: Any = list(outcomes.WAYS[tests.way](tests.names, count, 0))
        else:
            found = outcomes.digest(tests.way, tests.names, count, 0)
        answer.write_bytes(pickle.dumps(found))
        return 0

    said = answer.with_suffix(".txt")
    code = _forked(lambda: _changed(file, mutant, tests.compiled, run), said, LONGEST)
    return pickle.loads(answer.read_bytes()) if code == 0 else None


def near(some: Any, others: Any, said: Path) -> bool:
    """Whether two results differ by roundings alone; a child's to say, for that imports the package."""

    def run() -> int:
        from .outcomes import near

        return 0 if near(some, others) else 1

    return _forked(run, said, LONGEST) == 0


def _forked(action: Callable[[], int], said: Path, longest: float) -> int:
    """The exit code of a child that does this."""
    if PACKAGE in sys.modules:
        raise RuntimeError("the kernels are imported: a child would run those, not changed ones")
    process = os.fork()
    if process == 0:
        code = 98
        try:
            os.setpgid(0, 0)
            os.chdir(ROOT)
            opened = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            for stream in (1, 2):
                os.dup2(opened, stream)
            code = action()
        except BaseException:  # never back into the parent's code
            traceback.print_exc()
        finally:
            os._exit(code)
    return _waited(process, longest)


def _waited(process: int, longest: float) -> int:
    """Its exit code, or minus the number of the signal that ended it; -9 where it takes too long."""
    end = time.monotonic() + longest
    while time.monotonic() < end:
        found, status = os.waitpid(process, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    os.killpg(process, signal.SIGKILL)
    os.waitpid(process, 0)
    return -signal.SIGKILL


def _changed(file: str, mutant: Mutant | None, compiled: bool, action: Callable[[], int]) -> int:
    """Do it with the changed kernels."""
    without_shrinking()
    if mutant is not None:
        sys.meta_path.insert(0, Changed(mutant))
    if not compiled:
        interpret(module_of(file))
    elif mutant is not None:
        keep_apart(mutant)
    with warnings_as_usual():
        return action()


@contextlib.contextmanager
def warnings_as_usual() -> Iterator[None]:
    """Interpreted sums of 32 bits may overflow where compiled ones do, silently."""
    import numpy as np

    with np.errstate(all="ignore"):
        yield


class Changed(importlib.abc.MetaPathFinder):
    """Imports one module from the changed syntax tree."""

    def __init__(self, mutant: Mutant) -> None:
        self.mutant = mutant
        self.name = module_of(mutant.file)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Of that module."""
        if name != self.name:
            return None
        file = str(KERNELS / self.mutant.file)
        return importlib.util.spec_from_file_location(
            name, file, loader=Loader(name, file, self.mutant)
        )


class Loader(SourceFileLoader):
    """Compiles the changed tree, and never what lies in __pycache__."""

    def __init__(self, name: str, file: str, mutant: Mutant) -> None:
        super().__init__(name, file)
        self.mutant = mutant

    def get_code(self, fullname: str) -> CodeType:
        """The module's."""
        return compile(self.mutant.tree(), self.path, "exec", dont_inherit=True)


def module_of(file: str) -> str:
    """The module's name."""
    return ".".join([PACKAGE, *Path(file).with_suffix("").parts])


def without_shrinking() -> None:
    """Hypothesis tells of the first example that fails, and looks for no smaller one."""
    from hypothesis import HealthCheck, Phase, settings

    settings.register_profile(
        "mutants",
        max_examples=25,
        derandomize=True,
        deadline=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    os.environ["HYPOTHESIS_PROFILE"] = "mutants"


def keep_apart(mutant: Mutant) -> None:
    """Nothing that the change reaches is read from disk, or written to it, by us or a second process."""
    from npmobilenet.kernels import compiling, sharing

    keep, lines, file = compiling.keep, mutant.lines(), str(KERNELS / mutant.file)

    def kept(code: Any, function: Any) -> None:
        if not reaches(function, file, lines):
            keep(code, function)

    compiling.keep = kept
    sharing.FEWEST = sys.maxsize


_real = cache(os.path.realpath)  # npmobilenet/kernels is a link


def reaches(function: Any, file: str, lines: range) -> bool:
    """Whether a function is among those lines, or refers at any depth to one that is.

    Whatever a name may mean that stands in its code is looked at, and what its module's constants and
    the function that made it are made of: too much rather than too little.
    """
    seen: set[int] = set()
    todo: list[Any] = [function]
    while todo:
        one = todo.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        todo += [
            getattr(one, name, None) for name in ("py_func", "function", "_defn", "__wrapped__")
        ]
        if isinstance(one, tuple | list | set):
            todo += one
        elif type(one).__module__.startswith(PACKAGE):  # a phase of a microkernel, say
            todo += vars(one).values() if hasattr(one, "__dict__") else []
        elif isinstance(one, partial):
            todo += [one.func, *one.args, *one.keywords.values()]
        elif isinstance(one, dict):
            todo += one.values()
        if not isinstance(one, FunctionType):
            continue
        if _real(one.__code__.co_filename) == _real(file) and one.__code__.co_firstlineno in lines:
            return True
        todo += _mentioned(one)
    return False


def _mentioned(function: FunctionType) -> list[Any]:
    """Everything that a function, or what made it, may mean by the names in its code."""
    names: set[str] = {function.__code__.co_qualname.partition(".")[0]}
    codes = [function.__code__]
    while codes:
        code = codes.pop()
        names.update(code.co_names)
        codes += [inner for inner in code.co_consts if isinstance(inner, CodeType)]
    if function.__module__.startswith(PACKAGE):
        names = _with_constants(function.__code__.co_filename, frozenset(names))
    values = [function.__globals__.get(name) for name in names]
    for module in [value for value in values if isinstance(value, ModuleType)]:
        if module.__name__.startswith(PACKAGE):
            values += [getattr(module, name, None) for name in names]
    for cell in function.__closure__ or ():
        with contextlib.suppress(ValueError):
            values.append(cell.cell_contents)
    return values


@cache
def _with_constants(file: str, names: frozenset[str]) -> set[str]:
    """These names, and those that the constants of a file among them are computed from."""
    made_of: dict[str, set[str]] = {}
    for node in ast.parse(Path(file).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.For):
            inside = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
            for name in inside:
                made_of.setdefault(name, set()).update(inside)
    found, todo = set(names), list(names)
    while todo:
        new = made_of.get(todo.pop(), set()) - found
        found |= new
        todo += new
    return found
