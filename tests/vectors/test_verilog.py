"""$readmemh reads our words, and what $writememh writes is read by us."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from npmobilenet.vectors import check
from tests.commands import ROOT

from .block import write_block

LAYER = "blocks.3.project"
RIGHT = "+ (64'sd1 <<< (shift[o] - 1)) - (high < 0 ? 64'sd1 : 64'sd0)"


def parameters(vectors: Path) -> dict[str, int]:
    """What the module is told of the manifest."""
    layers = json.loads((vectors / "manifest.json").read_text())["layers"]
    (entry,) = (entry for entry in layers if entry["name"] == LAYER)
    tensors = entry["tensors"]
    _, rows, columns, _ = tensors["input"]["shape"]
    ins, outs = tensors["weight"]["shape"]
    zeros = {"X_ZERO": tensors["input"]["zero_point"][0], "Y_ZERO": entry["zero_point"]}
    return {"PIXELS": rows * columns, "INS": ins, "OUTS": outs, **zeros}


@pytest.mark.skipif(shutil.which("iverilog") is None, reason="no Icarus Verilog")
@pytest.mark.parametrize("planted", [False, True])
def test_a_layer_in_verilog(planted: bool, tmp_path: Path) -> None:
    vectors = write_block(tmp_path / "golden")
    source = (ROOT / "docs/examples/pointwise.v").read_text()
    assert source.count(RIGHT) == 1
    (tmp_path / "pointwise.v").write_text(source.replace(RIGHT, "") if planted else source)
    theirs = tmp_path / "theirs" / LAYER
    theirs.mkdir(parents=True)
    given = [f"-Ppointwise.{name}={value}" for name, value in parameters(vectors).items()]
    words = ["iverilog", "-g2005", *given, "-o", "pointwise.vvp", "pointwise.v"]
    subprocess.run(words, cwd=tmp_path, check=True)
    run = ["vvp", "-n", "pointwise.vvp", f"+from={vectors / LAYER}", f"+to={theirs}"]
    done = subprocess.run(run, cwd=tmp_path, check=True, capture_output=True, text=True)
    assert not done.stdout  # it has no warnings
    found = check(vectors, tmp_path / "theirs")
    assert [look.tensor for look in found.looked] == ["accumulators", "output"]
    assert found.equal is not planted
    if planted:
        (difference,) = found.differences
        assert difference.tensor == "output"
        assert "of the two roundings the second truncates" in difference.explanations
