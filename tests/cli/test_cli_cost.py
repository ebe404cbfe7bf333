"""`npmobilenet cost` in its views and formats."""

import csv
import json
from io import StringIO

import pytest

import npmobilenet as nm
from npmobilenet.cli import main
from npmobilenet.cost.conventions import CONVENTIONS, totals


def printed(capsys: pytest.CaptureFixture[str], words: str) -> str:
    """What the verb prints."""
    assert main(["cost", *words.split()]) == 0
    return capsys.readouterr().out


def table(text: str) -> list[dict[str, str]]:
    """CSV as rows by column."""
    return list(csv.DictReader(StringIO(text)))


SMALL = "v3-small --dialect torchvision --resolution 64"
PLAN = nm.plan("v3-small", dialect="torchvision", resolution=64)


@pytest.mark.parametrize("name", ["fvcore", "tf-readme", "calflops"])
def test_one_convention(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    expected = totals(PLAN, name)
    document = json.loads(printed(capsys, f"{SMALL} --convention {name} --json"))
    assert (document["ops"], document["params"]) == (expected.ops, expected.params)
    assert (document["model"], document["dialect"], document["unit"]) == (
        "v3-small", "torchvision", expected.unit,
    )  # fmt: skip
    assert sum(layer["ops"] for layer in document["layers"]) == expected.ops
    *rows, last = table(printed(capsys, f"{SMALL} --convention {name} --csv"))
    assert (last["layer"], int(last[expected.unit])) == ("total", expected.ops)
    assert sum(int(row[expected.unit]) for row in rows) == expected.ops
    assert sum(int(row["params"]) for row in rows) == expected.params
    drawn = printed(capsys, f"{SMALL} --convention {name}")
    assert f"{expected.ops:,} {expected.unit} and {expected.params:,} parameters" in drawn
    assert f"{name} counts {expected.unit}, and\n- 1 x products" in drawn.replace("2 x", "1 x")


def test_all_conventions(capsys: pytest.CaptureFixture[str]) -> None:
    rows = table(printed(capsys, f"{SMALL} --convention all --csv"))
    assert [row["convention"] for row in rows] == list(CONVENTIONS)
    document = json.loads(printed(capsys, f"{SMALL} --convention all --json"))
    for row, found in zip(rows, document["totals"], strict=True):
        assert found == vars(totals(PLAN, row["convention"]))
        assert (int(row["operations"]), row["of"]) == (found["ops"], found["unit"])
    markdown = printed(capsys, f"{SMALL} --convention all --markdown").splitlines()
    assert markdown[:2] == [
        "| convention | operations | of | parameters |", "| --- | ---: | --- | ---: |",
    ]  # fmt: skip
    assert len(markdown) == 2 + len(CONVENTIONS)


def test_explanation(capsys: pytest.CaptureFixture[str]) -> None:
    a, b = totals(PLAN, "paper"), totals(PLAN, "ptflops")
    rows = table(printed(capsys, f"{SMALL} --explain paper ptflops --csv"))
    for part, start, end in (("operations", a.ops, b.ops), ("parameters", a.params, b.params)):
        lines = [row for row in rows if row["of"] == part]
        assert [int(lines[0]["total"]), int(lines[-1]["total"])] == [start, end]
        assert start + sum(int(row["difference"]) for row in lines[1:-1]) == end
    document = json.loads(printed(capsys, f"{SMALL} --explain paper ptflops --json"))
    assert (document["a"], document["b"]) == (vars(a), vars(b))
    assert a.ops + sum(line["difference"] for line in document["ops"]) == b.ops
    for form in ("", "--markdown"):
        drawn = printed(capsys, f"{SMALL} --explain paper ptflops {form}")
        assert "Operations: from paper to ptflops" in drawn
        assert f"{b.ops:,}" in drawn
        assert "as a module and one more as the patched function" in " ".join(drawn.split())


def test_parameters(capsys: pytest.CaptureFixture[str]) -> None:
    rows = {row["what"]: row for row in table(printed(capsys, "v1 --params --csv"))}
    assert rows["weights"]["1000 classes"] == "4209088"
    assert (rows["all but gamma"]["million"], rows["all but gamma"]["reported by"]) == (
        "4.24", "tf-readme",
    )  # fmt: skip
    document = json.loads(printed(capsys, "v1 --params --json"))
    assert document["sums"][-1] == {
        "what": "all that is stored",
        "counts": {"no top": 3_228_864, "1000 classes": 4_253_864, "1001 classes": 4_254_889},
        "conventions": ["keras"],
    }
    drawn = printed(capsys, "v1 --params")
    assert all(name in drawn for name in CONVENTIONS)
    assert "…" not in drawn


def test_layers_as_the_paper_counts(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a view: the same figures in every format."""
    cost = nm.cost(PLAN)
    *rows, _ = table(printed(capsys, f"{SMALL} --csv"))
    assert [(row["layer"], int(row["MACs"])) for row in rows] == [
        (layer.name, layer.macs) for layer in cost.layers
    ]
    assert json.loads(printed(capsys, f"{SMALL} --json")) == json.loads(json.dumps(cost.to_json()))
    markdown = printed(capsys, f"{SMALL} --markdown").splitlines()
    assert len(markdown) == 3 + len(cost.layers)
    assert rows[0] | {"type": ""} == {
        "layer": "stem", "type": "", "input height": "64", "input width": "64",
        "input channels": "3", "output height": "32", "output width": "32", "output channels": "16",
        "MACs": "442368", "weights": "432", "params": "432",
    }  # fmt: skip


@pytest.mark.parametrize(
    "words",
    [
        "--convention flops",
        "--explain paper",
        "--explain paper flops",
        "--params --convention all",
        "--json --csv",
    ],
)
def test_wrong_usage(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["cost", "v1", *words.split()])
    assert stopped.value.code == 2
    assert "npmobilenet cost: error:" in capsys.readouterr().err
