"""Public names that are imported when they are first used; a package's `__init__.pyi` lists them.

    from .lazy import attach
    __getattr__, __dir__, __all__ = attach(__name__)      # at the end of the package's __init__.py

Type checkers and editors read the stub, and so does `attach`: each name stands there once, as the
import that it comes from, `from .loop import train as train`.  Scientific Python's SPEC 1 does so too.
"""

import ast
import sys
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pkgutil import get_data
from typing import Any


def attach(package: str) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """`__getattr__`, `__dir__` and `__all__` of a package.  A submodule is found by its name, too."""
    module = sys.modules[package]
    homes: dict[str, str] = {}  # public name -> its module; "." where it is a submodule
    for line in ast.parse(get_data(package, "__init__.pyi") or b"").body:  # also in an archive
        if isinstance(line, ast.ImportFrom) and line.level:
            homes |= {name.asname: f".{line.module or ''}" for name in line.names if name.asname}
        elif isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name):
            homes[line.target.id] = "."
    public = sorted(name for name in homes if not name.startswith("__"))

    def get(name: str) -> Any:
        if homes.get(name, ".") != ".":
            found = getattr(import_module(homes[name], package), name)
        elif find_spec(f"{package}.{name}"):
            found = import_module(f".{name}", package)
        else:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        setattr(module, name, found)
        return found

    def names() -> list[str]:
        return sorted({*public, *(name for name in vars(module) if name.startswith("__"))})

    return get, names, public
