"""The page of the exercises, walked through: functions are written, commands say what stands there."""

import ast
import re
from pathlib import Path

import pytest

from tests.commands import ROOT, call

PAGE = ROOT / "docs/exercises.md"


def steps() -> list[tuple[str, str]]:
    """(python or console, text) of the page's blocks, in order."""
    text = PAGE.read_text(encoding="utf-8")
    return re.findall(r"^```(python|console)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def written(file: Path, code: str) -> None:
    """Put a function where the file has it, as a reader would."""
    (new,) = ast.parse(code).body
    assert isinstance(new, ast.FunctionDef)
    source = file.read_text(encoding="utf-8")
    (old,) = [n for n in ast.parse(source).body if getattr(n, "name", "") == new.name]
    lines = source.splitlines(keepends=True)
    lines[old.lineno - 1 : old.end_lineno] = [code]
    file.write_text("".join(lines), encoding="utf-8")


def settled(text: str) -> str:
    """Without what differs: seconds, how many cases were drawn."""
    varying = r" +\d+ cases?, \d+\.\d s$|\d+ of \d+(?= other cases)"
    return re.sub(varying, "", text, flags=re.MULTILINE)


def test_the_page_says_what_happens(capsys, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    codes = []
    for language, text in steps():
        if language == "python":
            written(tmp_path / "my_ops.py", text)
            continue
        command, _, promised = text.partition("\n")
        program, *words = command.removeprefix("$ ").split()
        assert program == "npmobilenet"
        code, out, err = call(capsys, *words)
        assert err == ""
        assert settled(out) == settled(promised)
        codes.append(code)
    assert codes == [0, 1, 0, 0, 1]


@pytest.mark.parametrize("name", ["one_window", "inverted_residual_backward"])
def test_every_function_is_on_the_page(name: str) -> None:
    assert f"`{name}`" in PAGE.read_text(encoding="utf-8")
