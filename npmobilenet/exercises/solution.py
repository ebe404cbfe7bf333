"""Where our own solution of an exercise stands."""

from __future__ import annotations

import inspect
from importlib import import_module
from pathlib import Path
from typing import Any

from .record import Exercise


def place(exercise: Exercise) -> tuple[Path, int, str]:
    """File, line and name; the file as seen from here where it lies below."""
    file, name = exercise.solution
    package = __name__.partition(".")[0]
    module: Any = import_module(f"{package}.{file.removesuffix('.py').replace('/', '.')}")
    found = Path(inspect.getsourcefile(module) or file).resolve()
    target = module
    for part in name.split("."):
        target = getattr(target, part)
    lines, line = inspect.getsourcelines(getattr(target, "fget", target))  # of a property
    line += next(i for i, text in enumerate(lines) if not text.lstrip().startswith("@"))
    here = Path.cwd()
    return (found.relative_to(here) if found.is_relative_to(here) else found), line, name
