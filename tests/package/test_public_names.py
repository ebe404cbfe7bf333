"""The names a user sees: complete where one looks for them, and imported only when they are used."""

import inspect
import pydoc
import sys
from pathlib import Path

import npmobilenet as nm
from npmobilenet import ops
from tests.commands import python

EVERYTHING: dict[str, object] = {}
exec("from npmobilenet import *", EVERYTHING)


def test_every_name_is_there_for_completion_star_and_help() -> None:
    """dir() is what a notebook completes from; each name is its own module's object."""
    assert set(nm.__all__) <= set(dir(nm))
    assert set(nm.__all__) <= set(EVERYTHING)
    assert len(nm.__all__) == len(set(nm.__all__))
    assert set(nm.__all__) == {*nm._HOME_OF, *ops.__all__, "cost"}
    for home, names in {**nm._HOMES, "ops": " ".join(ops.__all__)}.items():
        module = __import__(f"npmobilenet.{home}", fromlist=["_"])
        assert all(getattr(module, name) is EVERYTHING[name] for name in names.split())
    page = pydoc.render_doc(nm, renderer=pydoc.plaintext)
    assert all(name in page for name in nm.__all__)


def test_nothing_else_is_shown() -> None:
    """No helper's name, no module, nothing of typing; what is no name says so."""
    assert all(name in nm.__all__ for name in dir(nm) if not name.startswith("__"))
    assert not any(inspect.ismodule(getattr(nm, name)) for name in nm.__all__)
    assert not hasattr(nm, "compile_everything")
    assert nm.training.__name__ == "npmobilenet.training"  # packages inside can be had, too


def test_type_checkers_see_the_same() -> None:
    """The imports that only they read bring every name: run, they give what first use gives."""
    text = Path(nm.__file__).read_text(encoding="utf-8")
    block = text.partition("if TYPE_CHECKING:\n")[2].partition("\n__version__")[0]
    seen: dict[str, object] = {"__package__": "npmobilenet"}
    exec(inspect.cleandoc(block), seen)
    lazy = set(nm.__all__) - {"cost"}
    assert {name: seen[name] for name in lazy} == {name: EVERYTHING[name] for name in lazy}


def test_cost_is_the_function_whatever_was_imported_before() -> None:
    """Its package has the same name, and must not take its place; nothing heavy comes with either."""
    script = (
        "import sys, npmobilenet.cost, npmobilenet as nm\n"
        "assert not {'numpy', 'rich', 'PIL', 'numba'} & set(sys.modules)\n"
        "import npmobilenet.cost.memory\n"
        "assert nm.cost(nm.plan('v1')).macs == 568_740_352"
    )
    python("-c", script)
    assert "count_module" in dir(sys.modules["npmobilenet.cost"])
