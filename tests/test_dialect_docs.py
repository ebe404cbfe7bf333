"""The tables of docs/dialects.md are what the dialects say today."""

from pathlib import Path

import pytest

from npmobilenet.tables import dialect_rows

PAGE = (Path(__file__).parent.parent / "docs/dialects.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(("number", "version"), [(1, "v1"), (2, "v2"), (3, "v3")])
def test_tables_are_current(number: int, version: str) -> None:
    section = PAGE.split(f"## MobileNetV{number}\n")[1].split("\n## ")[0]
    head, _, *lines = section.strip().splitlines()
    names = [cell.strip() for cell in head.strip("|").split("|")][1:]
    expected = [
        f"| {' | '.join((f'`{row[0]}`', *row[1:]))} |" for row in dialect_rows(version, names)
    ]
    assert lines == expected
