"""Widths and resolutions: counted cost, quoted accuracy, the figures drawn from both."""

import csv
import io
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import npmobilenet as nm
from npmobilenet.cli import main
from npmobilenet.cost.accuracy import CHECKPOINTS, PAPER, printed
from npmobilenet.cost.figures import sweep_picture
from npmobilenet.cost.sweep import sweep

WIDTHS, RESOLUTIONS = (1, 0.75, 0.5, 0.25), (224, 192, 160, 128)


def test_the_sixteen_networks_of_v1() -> None:
    """Costs are those of the plans; parameters do not depend on the resolution."""
    points = sweep("v1", WIDTHS, RESOLUTIONS)
    assert len(points) == 16
    for point in points:
        counted = nm.cost(nm.plan("v1", width=point.width, resolution=point.resolution))
        assert (point.macs, point.params) == (counted.macs, counted.params.trainable)
    assert len({point.params for point in points}) == 4
    assert all(point.checkpoint is not None for point in points)
    # every network of Tables 6, 7 and 9 has the paper's accuracy
    assert sum(point.paper is not None for point in points) == len(PAPER["v1"]) == 8


def test_accuracies_are_of_networks_that_exist() -> None:
    """Each quoted number belongs to a plan, lies between 40 and 77 %, and grows with the width."""
    for tables in (PAPER, CHECKPOINTS):
        for model, grid in tables.items():
            for (width, resolution), percent in grid.items():
                assert nm.plan(model, width=width, resolution=resolution).width == width
                assert 40 < percent < 77
                wider = [p for (w, r), p in grid.items() if r == resolution and w > width]
                assert all(p > percent for p in wider)
                larger = [p for (w, r), p in grid.items() if w == width and r > resolution]
                assert all(p > percent for p in larger)
    assert printed("v1", 1.0, (224, 224), "paper") == 70.6
    assert printed("v1", 1.0, (224, 224), "checkpoints") == 70.9
    assert printed("v1", 1.0, (224, 192), "paper") is None
    assert printed("v1-full", 0.5, (224, 224), "paper") is None


def test_accuracies_are_those_of_the_facts(extra_data: Path) -> None:
    """Beside what was read from the papers and the authors' pages."""
    figures = json.loads((extra_data / "facts" / "reference_figures.json").read_text())
    names = {
        "MobileNetV1": "v1", "MobileNetV2": "v2", "MobileNetV3-large": "v3-large",
        "MobileNetV3-small": "v3-small", "mobilenet_v1": "v1", "mobilenet_v2": "v2",
    }  # fmt: skip
    compared = 0
    for row in figures if isinstance(figures, list) else figures["figures"]:
        variant = row["variant"]
        plain = set(variant) <= {"alpha", "resolution", "paper_version", "classes"}
        source = {"paper": "paper", "tf-slim": "checkpoints"}.get(row["system"])
        if row["quantity"] != "top1" or not source or not plain or "alpha" not in variant:
            continue
        if row["model"] not in names or variant.get("paper_version", "v5") != "v5":
            continue
        if row["system"] == "paper" and "V3" in row["model"] and "Table 9" not in row["source"]:
            continue  # the body's Table 3 rounds Small's accuracy otherwise
        size = (variant["resolution"],) * 2
        assert printed(names[row["model"]], variant["alpha"], size, source) == row["value"], row
        compared += 1
    assert compared >= 45


def run(capsys: Any, *words: str) -> str:
    assert main(["sweep", *words]) == 0
    return str(capsys.readouterr().out)


def test_verb_formats(capsys: Any) -> None:
    """The same rows as a table, as CSV, as Markdown and as JSON."""
    words = ("v1", "--widths", "1,0.5", "--resolutions", "224,128x96")
    text = run(capsys, *words)
    assert "568,740,352" in text
    assert "70.6" in text
    rows = list(csv.DictReader(io.StringIO(run(capsys, *words, "--csv"))))
    assert [row["MACs"] for row in rows] == [
        str(point.macs) for point in sweep("v1", (1, 0.5), (224, (128, 96)))
    ]
    assert (rows[1]["resolution height"], rows[1]["resolution width"]) == ("128", "96")
    assert rows[1]["top-1 paper"] == ""
    assert run(capsys, *words, "--markdown").count("\n| ") >= 5
    documents = json.loads(run(capsys, *words, "--json"))
    assert documents[0]["top1_checkpoint"] == 70.9
    assert documents[1]["resolution"] == [128, 96]
    assert documents[1]["top1_paper"] is None


def test_verb_refuses(capsys: Any, tmp_path: Path) -> None:
    """Wrong numbers are wrong usage; a picture of nothing is an error in one line."""
    with pytest.raises(SystemExit) as error:
        main(["sweep", "v1", "--widths", "1,wide"])
    assert error.value.code == 2
    assert "expected numbers as 1,0.75, found '1,wide'" in capsys.readouterr().err
    words = ["sweep", "v1", "--widths", "0.9", "--resolutions", "32"]
    assert main([*words, "--picture", str(tmp_path / "none.png")]) == 1
    assert "no accuracy is printed for any of these networks" in capsys.readouterr().err


def test_picture(capsys: Any, tmp_path: Path) -> None:
    """It is drawn, in the colours of four resolutions, and says how many networks are in it."""
    pytest.importorskip("matplotlib")
    path = tmp_path / "v1.png"
    text = run(capsys, "v1", "--widths", "1,0.75,0.6,0.25", "--picture", str(path))
    assert f"{path}: 12 networks, 4 without a printed accuracy left out" in " ".join(text.split())
    with Image.open(path) as picture:
        pixels = np.asarray(picture.convert("RGB")).reshape(-1, 3)
    assert len(pixels) > 500_000
    for color in ((0, 114, 178), (213, 94, 0), (0, 158, 115), (204, 121, 167)):
        assert (pixels == color).all(axis=1).sum() > 200, color
    with pytest.raises(ValueError, match=r"v1\.nosuch"):
        sweep_picture(sweep("v1", (1,), (224,)), tmp_path / "v1.nosuch")


def test_without_matplotlib(monkeypatch: pytest.MonkeyPatch, capsys: Any, tmp_path: Path) -> None:
    """One line that says what to install."""
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert main(["sweep", "v1", "--picture", str(tmp_path / "v1.png")]) == 1
    assert capsys.readouterr().err == (
        'npmobilenet sweep: pictures need matplotlib: pip install "npmobilenet[plot]"\n'
    )
