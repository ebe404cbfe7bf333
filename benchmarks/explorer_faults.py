"""Would the tests notice?  Faults planted in the explorer's arithmetic, each to turn them red.

    python -m benchmarks.explorer --faults

A fault replaces a text that must stand in its file exactly once.  The tests then run on a copy of the
page with the fault in it; it counts as found where a test fails, not where the page no longer loads.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from npmobilenet.explorer.joining import FOLDER

ROOT = Path(__file__).parents[1]
TESTS = [f"tests/explorer/test_{name}.py" for name in ("arithmetic", "parts", "passes", "networks")]


@dataclass(frozen=True)
class Fault:
    """What is wrong, in which file, and the text that stands where another belongs."""

    title: str
    file: str
    right: str
    wrong: str

    def plant(self, folder: Path) -> None:
        """Put it into a copy of the page; ValueError where its place is not there exactly once."""
        path = folder / "arithmetic" / f"{self.file}.js"
        text = path.read_text(encoding="utf-8")
        if text.count(self.right) != 1:
            raise ValueError(
                f"{path.name}: expected once, found {text.count(self.right)} times: {self.right}"
            )
        path.write_text(text.replace(self.right, self.wrong), encoding="utf-8")


def faults() -> list[Fault]:
    """Those of the table beside this file."""
    table = (Path(__file__).with_suffix(".toml")).read_text(encoding="utf-8")
    return [Fault(**fault) for fault in tomllib.loads(table)["fault"]]


def found() -> Iterator[tuple[str, str, str, bool]]:
    """For each fault its title, its file, the first test that fails, and whether one does.

    ValueError where the tests are not green, or do not run, without any fault.
    """
    if unwell := _failing(FOLDER):
        raise ValueError(f"the tests must be green before faults are planted, found: {unwell}")
    for fault in faults():
        with tempfile.TemporaryDirectory() as folder:
            page = Path(shutil.copytree(FOLDER, Path(folder) / "page"))
            fault.plant(page)
            failing = _failing(page)
        yield fault.title, f"{fault.file}.js", failing or "none", "::" in failing


def _failing(page: Path) -> str:
    """The first test that fails with the page in this folder; a reason where none could; or ""."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-x",
        "-q",
        "-rfEs",
        "-p",
        "no:cacheprovider",
        *TESTS,
    ]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | {"NPMOBILENET_EXPLORER_PAGE": str(page)},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    failed = re.search(r"^FAILED tests/explorer/test_(.+?)( - .*)?$", done.stdout, re.MULTILINE)
    if failed:
        return failed[1].replace(".py", "")
    ran = done.returncode == 0 and not re.search(r"\d+ skipped", done.stdout)
    return "" if ran else (done.stdout.strip().splitlines() or ["nothing was printed"])[-1]
