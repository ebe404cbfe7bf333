"""The names a user sees: complete where one looks for them, and imported only when they are used."""

import inspect
import pydoc
import shutil
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules, walk_packages
from types import ModuleType

import pytest

import npmobilenet as nm
from tests.commands import python

EVERYTHING: dict[str, object] = {}
exec("from npmobilenet import *", EVERYTHING)
PACKAGES = ["npmobilenet"] + [
    module.name for module in walk_packages(nm.__path__, "npmobilenet.") if module.ispkg
]
LAZY = [name for name in PACKAGES if Path(*import_module(name).__path__, "__init__.pyi").is_file()]


def test_every_name_is_there_for_completion_star_and_help() -> None:
    """dir() is what a notebook completes from."""
    assert set(nm.__all__) <= set(dir(nm))
    assert set(nm.__all__) <= set(EVERYTHING)
    page = pydoc.render_doc(nm, renderer=pydoc.plaintext)
    assert all(name in page for name in nm.__all__)


@pytest.mark.parametrize("name", LAZY)
def test_type_checkers_see_the_same(name: str) -> None:
    """A stub brings every name: run, it gives what first use gives, in the order of the alphabet."""
    package = import_module(name)
    text = Path(*package.__path__, "__init__.pyi").read_text(encoding="utf-8")
    seen: dict[str, object] = {"__package__": name}
    exec(text, seen)
    assert package.__all__ == sorted({*package.__all__})
    for public in package.__all__:
        assert getattr(package, public) is seen.get(public, sys.modules.get(f"{name}.{public}"))


def test_nothing_else_is_shown() -> None:
    """No helper's name, nothing of typing; of the packages those that a user asks for things."""
    assert all(name in nm.__all__ for name in dir(nm) if not name.startswith("__"))
    packages = [name for name in nm.__all__ if inspect.ismodule(getattr(nm, name))]
    assert packages == ["cost", "datasets", "images", "training"]
    assert not hasattr(nm, "compile_everything")
    assert nm.verify.__name__ == "npmobilenet.verify"  # others can be had, too


@pytest.mark.parametrize("name", PACKAGES)
def test_no_function_hides_a_module(name: str) -> None:
    """`package.part` is the file part.py for Python, for type checkers and for readers."""
    package = import_module(name)
    named = vars(package) | dict.fromkeys(getattr(package, "__all__", ()))
    inside = {module.name for module in iter_modules(package.__path__)}
    for both in inside & set(named):
        assert getattr(package, both) is import_module(f"{name}.{both}"), both


@pytest.mark.parametrize("archived", [False, True])
def test_a_lazy_package_is_as_its_stub_says(
    archived: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In an archive, too; and where a function has a module's name, that is found."""
    (tmp_path / "hiding").mkdir()
    attaching = "__getattr__, __dir__, __all__ = attach(__name__)"
    for file, text in {
        "__init__.py": f"from npmobilenet.lazy import attach\n{attaching}",
        "__init__.pyi": "from .a import b as b\nfrom .a import c\n__version__: str",
        "a.py": "b = c = 1",
        "b.py": "",
    }.items():
        (tmp_path / "hiding" / file).write_text(text)
    archive = shutil.make_archive(str(tmp_path / "archive"), "zip", tmp_path, "hiding")
    monkeypatch.syspath_prepend(archive if archived else tmp_path)
    for name in [name for name in sys.modules if name.partition(".")[0] == "hiding"]:
        monkeypatch.delitem(sys.modules, name)
    package = import_module("hiding")
    assert package.__file__.startswith(archive) == archived
    assert (package.__all__, package.b, package.a.b) == (["b"], 1, 1)
    with pytest.raises(AttributeError, match="module 'hiding' has no attribute 'c'"):
        _ = package.c
    with pytest.raises(AssertionError, match="b"):
        test_no_function_hides_a_module("hiding")


def test_cost_is_called_whatever_was_imported_before() -> None:
    """The package is the function; importing it brings nothing heavy."""
    script = (
        "import sys, npmobilenet.cost, npmobilenet as nm\n"
        "assert not {'numpy', 'rich', 'PIL', 'numba'} & set(sys.modules)\n"
        "import npmobilenet.cost.memory\n"
        "from npmobilenet import cost\n"
        "from npmobilenet.cost import cost as function\n"
        "assert nm.cost is cost is sys.modules['npmobilenet.cost']\n"
        "assert cost(nm.plan('v1')) == function(nm.plan('v1'))\n"
        "assert nm.cost(nm.plan('v1')).macs == 568_740_352\n"
        "assert nm.cost.roofline.__name__ == 'npmobilenet.cost.roofline'"
    )
    python("-c", script)
    assert isinstance(nm.cost, ModuleType)
    assert list(inspect.signature(nm.cost).parameters) == ["plan"]
    assert "count_module" in dir(nm.cost)
    assert "npmobilenet.cost(plan)" in pydoc.render_doc(nm.cost, renderer=pydoc.plaintext)
