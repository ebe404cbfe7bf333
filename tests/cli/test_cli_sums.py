"""One name, one sum: what a column adds up to is the total of that name, whatever the format."""

import csv
import io
import json
import re

import pytest

import npmobilenet as nm
from npmobilenet.cli import main

Rows = list[dict[str, str]]


def printed(capsys: pytest.CaptureFixture[str], words: str) -> str:
    assert main(words.split()) == 0
    return capsys.readouterr().out


def from_csv(text: str) -> Rows:
    return list(csv.DictReader(io.StringIO(text)))


def from_markdown(text: str) -> Rows:
    """Rows by column, thousands put together again."""
    head, _, *rows = (re.split(r" \| ", line.strip("| ")) for line in text.splitlines())
    return [dict(zip(head, (cell.replace(",", "") for cell in row), strict=True)) for row in rows]


def total(rows: Rows, column: str) -> int:
    """The sum of a column, which the last row gives as well."""
    *rows, last = rows
    found = sum(int(row[column]) for row in rows)
    assert next(iter(last.values())) == "total"
    assert int(last[column]) == found
    return found


def shown(text: str, pattern: str) -> list[int]:
    """The numbers that stand for "N" in the pattern, wherever it is found."""
    found = re.findall(pattern.replace("N", r"([\d,]+)"), text)
    assert found, pattern
    return [int(number.replace(",", "")) for number in found]


@pytest.mark.parametrize("model", nm.MODELS)
def test_cost_in_every_format(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    document = json.loads(printed(capsys, f"cost {model} --json"))
    params, macs = document["params"], document["macs"]
    assert sum(layer["params"] for layer in document["layers"]) == params["total"]
    for rows in (
        from_csv(printed(capsys, f"cost {model} --csv")),
        from_markdown(printed(capsys, f"cost {model} --markdown")),
    ):
        assert total(rows, "MACs") == macs
        assert total(rows, "weights") == params["weights"]
        assert total(rows, "params") == params["total"]
    drawn = printed(capsys, f"cost {model}").partition("What separating saves")[0]
    assert shown(drawn, "N MACs = ") == [macs]
    assert shown(drawn, ": N weights") == [params["weights"]]
    assert shown(drawn, "N trainable parameters") == [params["trainable"]]
    assert shown(drawn, "N params with") == [params["total"]]
    # MACs and weights are the last two columns of what is drawn
    lines = [re.findall(r"([\d,]+) +([\d,]+)$", line.rstrip()) for line in drawn.splitlines()[2:]]
    cells = [[int(cell.replace(",", "")) for cell in found[0]] for found in lines if found]
    assert [sum(column) for column in zip(*cells, strict=True)] == [macs, params["weights"]]


@pytest.mark.parametrize("model", nm.MODELS)
def test_other_verbs_agree(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    """summary, sweep, memory, and cost in training and by parts."""
    counted = nm.cost(nm.plan(model))
    for layers in ("", "--layers"):
        summary = printed(capsys, f"summary {model} {layers}")
        rows = re.findall(
            r" ([\d,]+)$", "\n".join(x.rstrip() for x in summary.splitlines()[2:-4]), re.M
        )
        assert sum(int(cell.replace(",", "")) for cell in rows) == counted.params.total
        assert shown(summary, "Total params: N") == [counted.params.total]
        assert shown(summary, "Trainable params: N")[0] == counted.params.trainable
    words = f"sweep {model} --widths 1 --resolutions 224"
    (row,), (point,) = (
        from_csv(printed(capsys, f"{words} --csv")),
        json.loads(printed(capsys, f"{words} --json")),
    )
    assert (int(row["MACs"]), int(row["trainable"])) == (point["macs"], point["trainable"])
    assert (point["macs"], point["trainable"]) == (counted.macs, counted.params.trainable)
    training = json.loads(printed(capsys, f"cost {model} --training --json"))
    rows = from_csv(printed(capsys, f"cost {model} --training --csv"))
    assert total(rows, "forward") == training["forward"] == counted.macs
    assert total(rows, "gradient of input") + total(rows, "of weights") == training["backward"]
    assert total(rows, "step") == training["step"]
    parts = {row["what"]: row for row in from_csv(printed(capsys, f"cost {model} --params --csv"))}
    assert int(parts["all that is stored"]["1000 classes"]) == counted.params.total
    assert int(parts["all that is trained"]["1000 classes"]) == counted.params.trainable
    assert int(parts["weights"]["1000 classes"]) == counted.params.weights
    memory = {row["what"]: row for row in from_csv(printed(capsys, f"memory {model} --csv"))}
    bytes_of = json.loads(printed(capsys, f"memory {model} --json"))
    assert int(memory["parameters"]["bytes"]) == bytes_of["parameters"] == 4 * counted.params.total
    assert int(memory["gradients"]["bytes"]) == bytes_of["gradients"]
    assert int(memory["tape"]["bytes"]) == sum(layer["bytes"] for layer in bytes_of["kept"])


def test_shipped_models_name_what_they_count(capsys: pytest.CaptureFixture[str]) -> None:
    """The column, the document and the card: parameters that are trained."""
    for found in json.loads(printed(capsys, "models --json")):
        trained = nm.cost(nm.load(found["name"]).plan).params.trainable
        assert found["trainable"] == trained
        assert f"{trained:,}" in printed(capsys, "models")
        assert f"{trained:,} trained" in printed(capsys, f"models {found['name']}")
