"""Several runs of a benchmark become one table."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import inference
from benchmarks.combining import combined, read

FACTS = {
    "processor": "P", "processors": 2, "python": "3", "versions": {"numpy": "2"},
    "rivals": ["onnxruntime", "litert"], "rival": "engine", "first": "first prediction",
    "shown": "logits", "settings": {"threads": 2}, "missing": {},
    "titles": {"ours": "Ours", "onnxruntime": "ORT", "litert": "LiteRT"},
}  # fmt: skip


def peer(name: str, milliseconds: float, ours: float, **changed: Any) -> dict[str, Any]:
    """What a run says of an engine."""
    return {
        "name": name, "title": FACTS["titles"][name], "setting": "", "failure": None, "error": 1e-6,
        "median": milliseconds / 1e3, "best": milliseconds / 2e3,
        "quartiles": [milliseconds / 1e3] * 2, "images_per_second": 1e3 / milliseconds,
        "share_of_peak": 0.5, "ratio": milliseconds / ours, "ratio_quartiles": [1, 9],
        "peak_memory": 1e8 * milliseconds, "peak_memory_without_imports": 1e7, "disturbed": 1,
        "rounds": [milliseconds / 1e3] * 4,
    } | changed  # fmt: skip


def written(
    file: Path, ours: float, ort: float, litert: float, warm: float, **changed: Any
) -> Path:
    """A run's file: milliseconds of three engines, and seconds of a warm start."""
    peers = [peer("ours", ours, ours), peer("onnxruntime", ort, ours), peer("litert", litert, ours)]
    case = {"case": "v1", "peak_flops": 1e11, "left_out": [], "batch": 1, "peers": peers}
    start = {"case": "v1", "name": "ours", "title": "Ours", "failure": None}
    start |= {"cold": 10 * warm, "warm": warm, "warm_starts": [warm, warm + 1]}
    file.write_text(json.dumps(FACTS | {"cases": [case], "starts": [start]} | changed))
    return file


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Three runs; the fastest rival of the first is not that of all."""
    return [
        written(tmp_path / "a.json", 10, 30, 15, 1),
        written(tmp_path / "b.json", 12, 18, 36, 2),
        written(tmp_path / "c.json", 20, 20, 40, 6),
    ]


def test_medians_of_runs(files: list[Path]) -> None:
    """Middle of the runs' medians and ratios, from the lowest run to the highest."""
    document = combined(read(files))
    (case,) = document["cases"]
    ours, ort, litert = case["peers"]
    assert document["runs"] == 3
    assert (ours["median"], ours["quartiles"]) == (0.012, [0.01, 0.02])
    assert (ort["ratio"], ort["ratio_quartiles"]) == (1.5, [1, 3])
    assert litert["ratio"] == 2
    assert (case["fastest_engine"], case["ratio_to_fastest"]) == ("onnxruntime", 1.5)
    assert case["memory_to_fastest"] == pytest.approx(12 / 20)
    assert (ours["best"], ours["disturbed"], len(ours["rounds"])) == (0.005, 3, 12)
    (start,) = document["starts"]
    assert (start["cold"], start["warm"], max(start["warm_starts"])) == (20, 2, 7)


def test_a_run_in_which_an_engine_failed(files: list[Path]) -> None:
    """Does not count for that engine; one that failed always stays a failure."""
    documents = read(files)
    documents[0]["cases"][0]["peers"][1] = {"name": "onnxruntime", "title": "ORT", "failure": "no"}
    _, ort, _ = combined(documents)["cases"][0]["peers"]
    assert (ort["runs"], ort["failure"], ort["ratio"]) == (2, None, 1.25)
    for document in documents[1:]:
        document["cases"][0]["peers"][1] = documents[0]["cases"][0]["peers"][1]
    case = combined(documents)["cases"][0]
    assert case["peers"][1]["failure"] == "no"
    assert case["fastest_engine"] == "litert"


def test_from_the_command_line(files: list[Path], capsys) -> None:
    """Nothing is measured; the table says what its ranges are."""
    inference.main(["--runs", *map(str, files), "--markdown"])
    printed = capsys.readouterr().out
    assert "| Ours | 12.00 | 5.00 | 10.00-20.00 |" in printed
    assert "Medians of 3 runs; ranges from the lowest run to the highest." in printed
    assert "| Ours | 20.00 | 2.00 | 1.00 | 7.00 |" in printed
    inference.main(["--runs", *map(str, files)])
    assert "fastest engine: ORT; ours is 1.50 times as fast" in capsys.readouterr().out


def test_runs_that_cannot_be_compared(files: list[Path], tmp_path: Path) -> None:
    """One line that names the file and what differs."""
    other = written(tmp_path / "d.json", 1, 1, 1, 1, settings={"threads": 1})
    with pytest.raises(SystemExit, match=r"d\.json: expected threads as in .*a\.json, 2, found 1"):
        inference.main(["--runs", str(files[0]), str(other)])
    other.write_text("[]")
    with pytest.raises(SystemExit, match=r"d\.json: expected the JSON of a run, found TypeError"):
        inference.main(["--runs", str(other)])
