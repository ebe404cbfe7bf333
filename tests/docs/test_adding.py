"""docs/adding.md is performed: each example on a copy of the package, exactly as printed."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import ROOT

PAGE = (ROOT / "docs/adding.md").read_text(encoding="utf-8")
BLOCK = re.compile(
    r'^```py (?P<path>\S+)(?: (?P<where>after|before) "(?P<line>[^\n]*)")?\n(?P<text>.*?)^```$',
    re.DOTALL | re.MULTILINE,
)
SECTIONS = {section.partition("\n")[0]: section for section in PAGE.split("\n## ")[1:]}


def performed(root: Path, section: str) -> str:
    """Put a section's blocks into a copy of the package; its check."""
    check = ""
    for block in BLOCK.finditer(section):
        path, text = root / block["path"], block["text"]
        if block["path"] == "check":
            check += text
        elif block["line"] is None:
            old = path.read_text(encoding="utf-8") + "\n\n" if path.exists() else ""
            path.write_text(old + text, encoding="utf-8")
        else:
            lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
            (at,) = (n for n, line in enumerate(lines) if line.lstrip().startswith(block["line"]))
            lines.insert(at + (block["where"] == "after"), text)
            path.write_text("".join(lines), encoding="utf-8")
    return check


def copied(root: Path) -> Path:
    """The package without its data."""
    for name in ("npmobilenet", "kernels"):
        left_out = shutil.ignore_patterns("__pycache__", "*.safetensors", "*.jpg", "*.png")
        shutil.copytree(ROOT / name, root / name, symlinks=True, ignore=left_out)
    return root


def run(root: Path, code: str) -> None:
    environment = os.environ | {"PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
    here = f"import npmobilenet\nassert npmobilenet.__file__.startswith({f'{root}{os.sep}'!r})\n"
    done = subprocess.run(
        [sys.executable, "-c", here + code],
        cwd=root, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_every_part_of_the_house_has_an_example() -> None:
    assert [*SECTIONS] == [
        "An operator",
        "A kind of layer",
        "A model",
        "A dialect",
        "A weight family",
        "A verb",
    ]
    assert PAGE.count("```py ") == len(BLOCK.findall(PAGE))
    assert all(section.count("```py check") == 1 for section in SECTIONS.values())


def test_all_of_them_in_one_house(tmp_path: Path) -> None:
    """They do not get in each other's way; nor does one pass without what is added."""
    root = copied(tmp_path)
    run(root, "\n".join(performed(root, section) for section in SECTIONS.values()))


@pytest.mark.long
@pytest.mark.parametrize("name", SECTIONS)
def test_each_alone(name: str, tmp_path: Path) -> None:
    root = copied(tmp_path)
    check = [block["text"] for block in BLOCK.finditer(SECTIONS[name]) if block["path"] == "check"]
    with pytest.raises(AssertionError):
        run(root, check[0])
    run(root, performed(root, SECTIONS[name]))
