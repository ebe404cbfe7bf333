"""Learners' files, and the processes that run them."""

import subprocess
from pathlib import Path

import pytest

from tests.commands import call


def check(
    capsys: pytest.CaptureFixture[str], file: Path, text: str, *words: str
) -> tuple[int, str]:
    """Exit code and all output of a check of that file."""
    file.write_text(text, encoding="utf-8")
    code, out, err = call(capsys, "exercises", "check", file, *(words or ("relu6",)))
    return code, out + err


def processes(folder: Path) -> list[str]:
    """Those that run a file of the folder, or began in it: each child and what it has started."""
    if not Path("/proc/self/cmdline").exists():
        listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=False)
        return [line for line in listed.stdout.splitlines() if str(folder) in line]
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if str(folder) in words:
            found.append(words)
    return found
