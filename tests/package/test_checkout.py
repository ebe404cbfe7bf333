"""A checkout without symbolic links finds its kernels, and no other project's."""

import sys
from pathlib import Path

import pytest

from npmobilenet import checkout
from tests.commands import ROOT, python


def test_a_checkout_without_links_finds_its_kernels(tmp_path: Path) -> None:
    """Git writes the link's target into a file where there are no links; an archive may hold nothing."""
    package = tmp_path / "npmobilenet"
    package.mkdir()
    for file in (ROOT / "npmobilenet").iterdir():
        if file.name != "kernels":
            (package / file.name).symlink_to(file)
    (package / "kernels").write_text("../kernels")
    for name in ("kernels", "pyproject.toml"):
        (tmp_path / name).symlink_to(ROOT / name)
    program = (
        "import numpy as np, npmobilenet as nm, npmobilenet.kernels.pool as pool; "
        "assert nm.relu(np.array([-1.0, 2]), rung='numpy')[0].tolist() == [0, 2]; "
        "print(nm.kernels.pool is pool, pool.__file__)"
    )
    printed = python("-c", program, folder=tmp_path, PYTHONPATH=str(tmp_path))
    assert printed == f"True {tmp_path / 'kernels' / 'pool.py'}\n"


def test_kernels_of_another_project_are_not_taken_for_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "kernels").mkdir()
    for name in ("__init__.py", "compiling.py"):
        (tmp_path / "kernels" / name).write_text("raise SystemExit('not ours')")
    monkeypatch.setattr(checkout, "__file__", str(tmp_path / "npmobilenet" / "checkout.py"))
    monkeypatch.delitem(sys.modules, "npmobilenet.kernels")
    checkout.find_kernels()
    assert "npmobilenet.kernels" not in sys.modules
