"""The tables of docs/dialects.md are what `npmobilenet dialects` prints."""

import csv
import io
import json

import pytest

import npmobilenet as nm
from npmobilenet.cli import main
from tests.commands import ROOT

PAGE = (ROOT / "docs/dialects.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(("number", "version"), [(1, "v1"), (2, "v2"), (3, "v3")])
def test_tables_are_current(number: int, version: str, capsys: pytest.CaptureFixture[str]) -> None:
    section = PAGE.split(f"## MobileNetV{number}\n")[1].split("\n## ")[0]
    assert main(["dialects", version, "--markdown"]) == 0
    assert section.strip() == capsys.readouterr().out.strip()


def test_two_dialects_as_data(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["dialects", "v2", "keras", "torchvision"]
    assert main([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert nm.Dialect.from_json(found["torchvision"]) == nm.TORCHVISION.at("v2")
    assert main([*words, "--csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert {row["switch"]: row["torchvision"] for row in rows}["bn_eps"] == "1e-05"


def test_a_family_without_the_version_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dialects", "v1", "torchvision"]) == 1
    assert "dialect torchvision has no v1" in capsys.readouterr().err
