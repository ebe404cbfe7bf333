"""What `help` says of a public function is whole, and the reference has every public name."""

import inspect
import re
from pathlib import Path
from types import ModuleType

import pytest

import npmobilenet as nm
from tests.commands import ROOT

ROOMS = (nm, nm.datasets, nm.images, nm.training)
PAGES = sorted((ROOT / "docs" / "reference").glob("*.md"))
ELSEWHERE = re.compile(r"\b[a-z_0-9]+\.(py|md)\b|\b(as|see|like) `?[a-z0-9_]*conv2d\b|\b[Ss]ee `")


def names(room: ModuleType) -> list[str]:
    """The public names of a package, by the file that lists them."""
    assert room.__file__
    stub = Path(room.__file__).with_suffix(".pyi").read_text(encoding="utf-8")
    found = re.findall(r" as (\w+)$", stub, re.MULTILINE)
    assert len(found) >= 10
    return [name for name in found if not name.startswith("_") and name != "CallablePackage"]


PUBLIC = [(room.__name__, name, getattr(room, name)) for room in ROOMS for name in names(room)]
PUBLIC.append(("npmobilenet.cost", "cost", nm.cost.cost))
# a Dialect has a comment beside each switch, which the reference shows
DOCUMENTED = [
    pytest.param(thing, id=f"{room}.{name}")
    for room, name, thing in PUBLIC
    if (inspect.isfunction(thing) or inspect.isclass(thing)) and thing is not nm.Dialect
]


def arguments(thing: object) -> list[str]:
    """What one calls it with."""
    if isinstance(thing, type) and (
        getattr(thing, "_is_protocol", False) or issubclass(thing, Exception)
    ):
        return []
    return [
        name
        for name, each in inspect.signature(thing).parameters.items()
        if not name.startswith("_") and each.kind is not each.VAR_KEYWORD
    ]


@pytest.mark.parametrize("thing", DOCUMENTED)
def test_help_is_whole(thing) -> None:
    """Every argument is named where one asks for help, and nobody is sent to another file for it."""
    said = inspect.getdoc(thing) or ""
    missing = [name for name in arguments(thing) if not re.search(rf"\b{name}\b", said)]
    assert not missing
    assert not ELSEWHERE.search(said)


def test_operators_say_what_they_return_and_when_they_raise() -> None:
    for name in names(nm):
        operator = getattr(nm, name)
        if inspect.isfunction(operator) and operator.__module__.startswith("npmobilenet.ops."):
            assert re.search(r"Returns|Takes no argument", operator.__doc__), name
            assert re.search(r"ValueError|raises nothing", operator.__doc__), name
            if not name.endswith("_backward") and name != "default_rung":
                assert re.search(r"\(.*\d{4}", operator.__doc__), f"{name} names no source"


def test_every_public_name_stands_in_the_reference() -> None:
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    listed = set(re.findall(r"(?:auto\w+|py:data):: (?:npmobilenet\.)?([\w.]+)", text))
    missing = [
        f"{room}.{name}"
        for room, name, thing in PUBLIC
        if not inspect.ismodule(thing)
        and f"{room}.{name}".removeprefix("npmobilenet.") not in listed
    ]
    assert not missing
