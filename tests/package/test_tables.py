"""Tables as CSV and Markdown can be read back."""

import csv
from io import StringIO

from npmobilenet.tables import as_text, csv_text, markdown_text, table

COLUMNS = ("what", ">count", ">share")
ROWS = [("a, b", 1_234_567, 0.25), ('say "x|y"', -1, "-"), ("", True, None)]


def test_csv() -> None:
    """Numbers without separators; commas and quotes survive."""
    header, *rows = csv.reader(StringIO(csv_text(COLUMNS, ROWS)))
    assert header == ["what", "count", "share"]
    assert rows == [["a, b", "1234567", "0.25"], ['say "x|y"', "-1", "-"], ["", "True", ""]]


def test_markdown() -> None:
    """Columns of numbers are set to the right, a bar does not split a cell."""
    assert markdown_text(COLUMNS, ROWS[:2]).splitlines() == [
        "| what | count | share |",
        "| --- | ---: | ---: |",
        "| a, b | 1,234,567 | 0.25 |",
        '| say "x\\|y" | -1 | - |',
    ]


def test_drawn() -> None:
    drawn = as_text(table(COLUMNS, ROWS))
    assert "1,234,567" in drawn
    assert ">count" not in drawn
