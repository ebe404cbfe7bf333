"""What README says that was measured stands in the tables of docs/, and is rounded from there."""

import re

from tests.commands import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
ENGINES = {"LiteRT": "LiteRT (XNNPACK)", "PyTorch, channels last": "PyTorch channels_last"}


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def measured() -> dict[str, dict[str, dict[str, str]]]:
    """case -> engine -> column -> cell, of every table of engines in docs/."""
    found = {}
    for page in sorted((ROOT / "docs").glob("*.md")):
        text = page.read_text(encoding="utf-8")
        tables = r"^#+ (v\d.*, batch \d+)\n\n(\| engine .*)\n\|.*\n((?:\|.*\n)+)"
        for case, columns, rows in re.findall(tables, text, re.MULTILINE):
            assert case not in found, case
            body = [dict(zip(cells(columns), cells(row), strict=True)) for row in rows.splitlines()]
            found[case] = {row["engine"]: row for row in body}
    return found


def table(column: str) -> list[dict[str, str]]:
    """README's table that has this column."""
    pattern = rf"^(\|.*\| {column} \|.*)\n\|.*\n((?:\|.*\n)+)"
    ((head, rows),) = re.findall(pattern, README, re.MULTILINE)
    return [dict(zip(cells(head), cells(row), strict=True)) for row in rows.splitlines()]


def case(label: str) -> str:
    """V1 0.25, 128 × 128, batch 32 -> v1 0.25/128, batch 32."""
    parts = re.fullmatch(r"(\S+?)(?: ([\d.]+))?(?:, (\d+) × \d+, batch (\d+))?", label).groups()
    model, width, resolution, batch = parts
    return f"{model.lower()} {width or '1.0'}/{resolution or 224}, batch {batch or 1}"


def first(cell: str) -> float:
    """2.14 (2.03-2.16) -> 2.14."""
    return float(cell.split()[0].replace(",", ""))


def test_predictions() -> None:
    found = measured()
    for row in table("ONNX Runtime"):
        rows = found[case(row.pop(""))]
        for engine, milliseconds in row.items():
            assert f"{first(rows[ENGINES.get(engine, engine)]['median ms']):.1f}" == milliseconds


def test_training_steps() -> None:
    """PyTorch is the fastest of its settings, and what it took of memory is what that took."""
    found = measured()
    for row in table("times as fast"):
        rows = found[case(row[""])]
        ours = rows["npmobilenet"]
        settings = [r for name, r in rows.items() if name.startswith(("PyTorch", "torch"))]
        theirs = min(settings, key=lambda r: first(r["median ms"]))
        for engine, its in (("npmobilenet", ours), ("PyTorch", theirs)):
            assert f"{first(its['median ms']):.0f} ms" == row[engine], row
        assert f"{first(theirs['ours is times as fast']):.2f}" == row["times as fast"], row
        share = first(ours["memory MB"]) / first(theirs["memory MB"])
        assert f"{share:.2f}" == row["memory"].split()[0], row
