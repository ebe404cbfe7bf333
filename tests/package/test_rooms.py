"""A room imports only rooms below it: docs/architecture.md says the order, the imports must keep it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands import ROOT

PACKAGE = ROOT / "npmobilenet"
FILES = [*PACKAGE.glob("[!k]*/**/*.py"), *PACKAGE.glob("*.py"), *(ROOT / "kernels").rglob("*.py")]
BEFORE = "Its place before"  # how a module begins that is kept for old imports alone
# above all: `python -m ...`
PROGRAMS = {"__init__", "__main__", "data.cut", "pretrained.ship", "models.capability_table"}
# imports that still go upwards, importing module or room -> room
UPWARDS = {
    ("shown", "drawing"),  # asked when a result is shown, in one place
    ("verify", "exercises"),  # asked by verify.check why a reader's function fails, in one place
}


def order() -> dict[str, int]:
    """Room -> its floor, as the page's block of rooms has them from the ground up."""
    page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```text\n(checkout .*?)^```", page, re.MULTILINE | re.DOTALL)
    floors = (line.split("  ")[0].split() for line in block.splitlines())
    return {room: floor for floor, rooms in enumerate(floors) for room in rooms}


def module_of(file: Path) -> list[str]:
    """["training", "run", "lock"]; of a package's own file ["training", "__init__"]."""
    inside = file.relative_to(PACKAGE if file.is_relative_to(PACKAGE) else ROOT)
    return [*inside.parent.parts, inside.stem]


def imported(file: Path) -> Iterator[str]:
    """The rooms that a file imports, wherever in it."""
    above = ["npmobilenet", *module_of(file)]
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            targets = [name.name.split(".") for name in node.names]
        elif isinstance(node, ast.ImportFrom):
            start = above[: len(above) - node.level] if node.level else []
            start += node.module.split(".") if node.module else []
            targets = [[*start, name.name] for name in node.names]
        else:
            continue
        yield from (target[1] for target in targets if target[0] == "npmobilenet" and target[1:])


def crossings() -> Iterator[tuple[str, str, str]]:
    """(module, its room, a room that it imports), of every import from another room."""
    for file in FILES:
        module = module_of(file)
        for room in imported(file):
            if room != module[0]:
                yield ".".join(module), module[0], room


def test_every_room_is_on_the_page() -> None:
    rooms = {module_of(file)[0] for file in FILES} - {"__init__", "__main__"}
    assert rooms == set(order())


def test_rooms_import_what_is_below_them() -> None:
    """Two rooms of one floor know nothing of one another; an import within a function counts too."""
    floors = order()
    kept = {
        ".".join(module_of(file))
        for file in FILES
        if file.read_text(encoding="utf-8").startswith(f'"""{BEFORE}')
    }
    wrong = {
        f"{module} imports {other}"
        for module, room, other in crossings()
        if module not in PROGRAMS | kept
        and other in floors
        and floors[other] >= floors[room]
        and (room, other) not in UPWARDS
    }
    assert not wrong


@pytest.mark.parametrize("upwards", sorted(UPWARDS))
def test_what_still_goes_upwards_is_needed(upwards: tuple[str, str]) -> None:
    """Who mends one of them takes it off the list."""
    assert upwards in {(room, other) for _, room, other in crossings()}
