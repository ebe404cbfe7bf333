"""docs/vectors.md: its commands, as it has them, and what they print."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.commands import ROOT, call

PAGE = (ROOT / "docs/vectors.md").read_text(encoding="utf-8")


def masked(text: str) -> str:
    """Without numbers, whose last bits may differ between CPUs, and in one line."""
    return re.sub(r"\d[\d,]*", "#", " ".join(text.split()))


def consoles() -> list[list[tuple[str, str]]]:
    """(command, what is printed) of each, block by block."""
    found = []
    for block in re.findall(r"^```console\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL):
        parts = re.split(r"^\$ ", block.replace("\\\n", " "), flags=re.MULTILINE)[1:]
        found.append([(part.partition("\n")[0], part.partition("\n")[2]) for part in parts])
    return found


@pytest.mark.long
@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")
def test_the_page_is_what_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for file in (ROOT / "docs/examples").iterdir():
        shutil.copy(file, tmp_path)
    right, verilog, wrong = consoles()
    for command, printed in right:
        run(command, printed, capsys)
    if shutil.which("iverilog"):
        shutil.rmtree("theirs")
        for command, printed in verilog:
            run(command, printed, capsys)
        assert call(capsys, "vectors", "check", "golden", "--theirs", "theirs")[0] == 0
    shutil.rmtree("theirs")
    source = Path("v2_block.c").read_text().replace(": a.pad)", ": 0)")
    Path("v2_block.c").write_text(source)
    run(right[1][0], "", capsys)
    for command, printed in wrong:
        run(command, printed, capsys)


def run(command: str, printed: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A line of the page; what it prints where the page has it."""
    if command.startswith("npmobilenet"):
        _, out, _ = call(capsys, *shlex.split(command)[1:])
        if printed:
            assert masked(out) == masked(printed)
    else:
        subprocess.run(command, shell=True, check=True)
