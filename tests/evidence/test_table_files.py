"""The files of published tables: what cannot be a table is refused in one line that says where."""

import pytest

from npmobilenet.evidence.sources import read_tables

FILE = """
[columns]
macs = {{name = "MACs", how = "macs"}}

[[tables]]
name = "6"
title = "Widths"
{network}
columns = ["{column}"]
rows = [{row}]
"""
V1 = 'network = {model = "v1"}'


def read(network: str = V1, column: str = "macs", row: str = '["half", "149", {width = 0.5}]'):  # type: ignore[no-untyped-def]
    return read_tables("own", FILE.format(network=network, column=column, row=row))


def test_a_row_adds_to_its_table_s_network() -> None:
    (table,) = read()
    (cell,) = table.cells()
    assert cell.place == ("own", "6", "half", "MACs")
    assert cell.network is not None
    assert (cell.network.model, cell.network.width, cell.how) == ("v1", 0.5, "macs")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"column": "mac"}, "own.toml, table '6': no column 'mac' among macs"),
        ({"row": '["half", "149", "4"]'}, "row 'half': 1 columns, but 2 printed"),
        ({"row": '["half", "149", {with = 0.5}]'}, "row 'half': 'with' is none of classes,"),
        ({"network": "network = {width = 1}"}, "row 'half': no model"),
    ],
)
def test_refused(changed: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        read(**changed)
    assert "\n" not in str(caught.value)
