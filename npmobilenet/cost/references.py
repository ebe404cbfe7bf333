"""A PyTorch module by where it is written: "my_net.py:Net", "torchvision.models:resnet18".

The file is run, as `python my_net.py` would run it but for its name; the package is imported.  What is
named behind the colon is a class that needs no arguments, a function that returns a module, or a module.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

from ..ops.checks import nearest
from .torch_modules import import_torch


def is_reference(text: str) -> bool:
    """Whether it is "file.py:Name" or "package:name", or a file of Python that lacks its name."""
    where, colon, name = text.rpartition(":")
    if not colon:
        return text.endswith(".py")
    dotted = all(part.isidentifier() for part in where.split("."))
    return (
        bool(where) and (where.endswith(".py") or dotted) and "/" not in name and "\\" not in name
    )


def referenced(text: str) -> Any:
    """The torch.nn.Module that is meant; ValueError in one line, with the file, where there is none."""
    torch = import_torch()
    where, _, name = text.rpartition(":")
    if not where:
        raise ValueError(f"{text}: say which class or function of the file, {text}:Name")
    if not name:
        raise ValueError(f"{text}: say which class or function behind the colon")
    with _output_aside():
        found: Any = _file(where) if where.endswith(".py") else _package(where)
        for part in name.split("."):
            if not hasattr(found, part):
                raise ValueError(f"{where}: {_lacks(found, part, torch)}")
            found = getattr(found, part)
        if not isinstance(found, torch.nn.Module):
            found = _made(text, found)
    if not isinstance(found, torch.nn.Module):
        raise ValueError(f"{text}: expected a torch.nn.Module, found {type(found).__name__}")
    return found


def _file(where: str) -> Any:
    path = Path(where)
    if not path.is_file():
        raise ValueError(f"{where}: no such file")
    # one that is called torch.py or random.py must not stand in the way of what has that name
    name = f"_{path.stem}" if path.stem in sys.modules else path.stem
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ValueError(f"{where}: cannot be read as Python")
    module = importlib.util.module_from_spec(spec)
    with _beside(path), _failing(where):
        sys.modules[name] = module  # where dataclasses look for it
        spec.loader.exec_module(module)
    return module


def _package(where: str) -> Any:
    with _beside(Path("here")), _failing(where):
        try:
            return importlib.import_module(where)
        except ModuleNotFoundError as error:
            if error.name and (where == error.name or where.startswith(f"{error.name}.")):
                raise ValueError(f"{where}: no such package") from None
            raise


def _made(text: str, found: Any) -> Any:
    """What a class or function gives when it is called without arguments."""
    if not callable(found):
        raise ValueError(f"{text}: expected a class or a function, found {type(found).__name__}")
    try:
        parameters = inspect.signature(found).parameters.values()
    except (TypeError, ValueError):
        parameters = ()  # type: ignore[assignment]
    several = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    needed = [p.name for p in parameters if p.default is p.empty and p.kind not in several]
    if needed:
        raise ValueError(
            f"{text}: needs arguments ({', '.join(needed)}); name a function without, which returns "
            "the module"
        )
    with _failing(text):
        return found()


def _lacks(module: Any, name: str, torch: Any) -> str:
    known = [
        key for key, x in vars(module).items()
        if not key.startswith("_") and callable(x)
        and getattr(x, "__module__", None) == getattr(module, "__name__", "")
    ]  # fmt: skip
    modules = [
        k for k in known
        if isinstance(vars(module)[k], type) and issubclass(vars(module)[k], torch.nn.Module)
    ]  # fmt: skip
    if not known:
        return f"has no {name}"
    return f"has no {name}; did you mean {nearest(name, modules or known)}?"


@contextmanager
def _failing(where: str) -> Iterator[None]:
    """One line instead of what a program that is not ours raised."""
    try:
        yield
    except (Exception, SystemExit) as error:
        if isinstance(error, ValueError) and str(error).startswith(f"{where}: "):
            raise
        line = _line(error, where)
        if isinstance(error, SyntaxError):
            line = f", line {error.lineno}"
            error = SyntaxError(error.msg)
        reason = (str(error).strip().splitlines() or ["no reason given"])[0]
        raise ValueError(f"{where}: {type(error).__name__}: {reason}{line}") from error


def _line(error: BaseException, where: str) -> str:
    """Where it happened: in the file that was named, or else in whatever raised it."""
    frames = [x for x in traceback.extract_tb(error.__traceback__) if "importlib" not in x.filename]
    named = Path(f"{where.partition('.py')[0]}.py").name
    inside = [x for x in frames if Path(x.filename).name == named] or frames[1:]
    return f", line {inside[-1].lineno} of {Path(inside[-1].filename).name}" if inside else ""


@contextmanager
def _beside(path: Path) -> Iterator[None]:
    """So that a file may import what lies beside it."""
    folder = str(path.parent.resolve())
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        if folder in sys.path:
            sys.path.remove(folder)


def _output_aside() -> Any:
    """What that program prints goes to standard error: standard output is for the count."""
    return redirect_stdout(sys.stderr)
