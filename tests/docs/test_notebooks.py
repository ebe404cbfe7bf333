"""The notebooks of docs/notebooks: every cell runs in order, and what it shows is short."""

import ast
import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.commands import ROOT

FOLDER = ROOT / "docs/notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
LINES = 45  # of what one cell shows


def cells(notebook: Path, kind: str) -> Iterator[str]:
    """The text of its cells of a kind, code or markdown."""
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == kind:
            yield "".join(cell["source"])


def run(code: str, names: dict[str, Any]) -> Any:
    """As a notebook does: the statements, and the value of a last line that is an expression."""
    tree = ast.parse(code)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "cell", "exec"), names)
    if not isinstance(last, ast.Expr):
        return None
    return eval(compile(ast.Expression(last.value), "cell", "eval"), names)


def shown(value: Any) -> str:
    """What the reader sees of it: a table's text where it has one, else its repr."""
    if hasattr(value, "_repr_html_"):
        return html.unescape(re.sub(r"<[^>]*>", "", value._repr_html_()))
    return repr(value)


def test_there_are_two() -> None:
    assert [notebook.stem for notebook in NOTEBOOKS] == ["first-hour", "way-back"]


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_cells_run_and_show_little(
    notebook: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "__main__"}
    seen = [
        shown(value) for code in cells(notebook, "code") if (value := run(code, names)) is not None
    ]
    assert len(seen) >= 5
    for text in seen:
        assert len(text.splitlines()) <= LINES, text
        assert len(text) <= 6000, text


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_is_kept_as_typed(notebook: Path) -> None:
    """No outputs and no counters are stored; links lead somewhere; most cells are one idea long."""
    document = json.loads(notebook.read_text(encoding="utf-8"))
    assert document["nbformat"] == 4
    for cell in document["cells"]:
        if cell["cell_type"] == "code":
            assert (cell["outputs"], cell["execution_count"]) == ([], None)
            assert len(cell["source"]) <= 24
    for text in cells(notebook, "markdown"):
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
            assert target.startswith("https://") or (notebook.parent / target).exists(), target
