"""The package as a stranger gets it: built from its sdist, installed elsewhere, it runs the tour."""

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """A folder with the sdist, a wheel made of the checkout, and in from_sdist/ one made of the sdist."""
    folder = tmp_path_factory.mktemp("built")
    script = (
        "import sys; from setuptools import build_meta as backend; "
        "print(getattr(backend, sys.argv[1])(sys.argv[2]))"
    )

    def build(what: str, source: Path, target: Path) -> Path:
        command = [sys.executable, "-c", script, f"build_{what}", str(target)]
        done = subprocess.run(command, cwd=source, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return target / done.stdout.split()[-1]

    # git's own files alone: what lies about in a working tree must not get in, nor be needed
    checkout = folder / "checkout"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if listed.returncode:
        pytest.skip("not a git checkout")
    for name in filter(None, listed.stdout.split("\0")):
        source, target = ROOT / name, checkout / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_symlink():
            target.symlink_to(os.readlink(source))
        elif source.is_file():
            target.write_bytes(source.read_bytes())
    sdist = build("sdist", checkout, folder)
    build("wheel", checkout, folder)
    with tarfile.open(sdist) as archive:
        archive.extractall(folder / "unpacked", filter="data")
    (folder / "from_sdist").mkdir()
    build("wheel", next((folder / "unpacked").iterdir()), folder / "from_sdist")
    return folder


def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_both_wheels_hold_the_same(built):
    direct, through_sdist = (
        names(next(folder.glob("*.whl"))) for folder in (built, built / "from_sdist")
    )
    assert direct == through_sdist


def test_wheel_holds_everything_and_nothing_else(built):
    held = names(next(built.glob("*.whl")))
    for expected in (
        "npmobilenet/kernels/depthwise.py",
        "npmobilenet/py.typed",
        "npmobilenet/data/fashion_mnist_sample.npz",
        "npmobilenet/data/photograph.png",
        "npmobilenet/data/README.md",
        "npmobilenet/data/imagenet_classes.txt",
    ):
        assert expected in held
    top = {name.split("/")[0] for name in held}
    assert {name for name in top if not name.endswith(".dist-info")} == {"npmobilenet"}


def test_installed_elsewhere_it_runs_the_tour(built, tmp_path):
    """Neither the checkout nor its folder is needed: only the wheel made of the sdist."""
    site = tmp_path / "site"
    with zipfile.ZipFile(next((built / "from_sdist").glob("*.whl"))) as archive:
        archive.extractall(site)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    # -S: no .pth file, hence no editable install, comes before the wheel; dependencies by path
    environment["PYTHONPATH"] = os.pathsep.join([str(site), str(Path(np.__file__).parent.parent)])
    done = subprocess.run(
        [sys.executable, "-S", "-m", "npmobilenet", "tour", "--quick"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "tour" / "predictions.png").is_file()
    where = subprocess.run(
        [sys.executable, "-S", "-c", "import npmobilenet.kernels.conv as c; print(c.__file__)"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert where.stdout.startswith(str(site))
