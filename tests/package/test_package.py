"""The package as a stranger gets it: built from its sdist, installed elsewhere, it works."""

import os
import re
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import npmobilenet as nm
from tests.commands import ROOT


def listed() -> list[str]:
    """Git's own files: what lies about in a working tree must not get in, nor be needed."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("not a git checkout")
    return [name for name in done.stdout.split("\0") if name]


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

    checkout = folder / "checkout"
    for name in listed():
        source, target = ROOT / name, checkout / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_symlink():
            target.symlink_to(os.readlink(source))
        elif source.is_file():
            target.write_bytes(source.read_bytes())
    sdist = build("sdist", checkout, folder)
    build("wheel", checkout, folder)
    with tarfile.open(sdist) as archive:
        # Python 3.11.0 to 3.11.3 have no filters; 3.12 and 3.13 warn where none is given
        safely = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
        archive.extractall(folder / "unpacked", **safely)
    (folder / "from_sdist").mkdir()
    build("wheel", next((folder / "unpacked").iterdir()), folder / "from_sdist")
    return folder


def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_sdist_holds_everything(built):
    """Docs, the helpers of the tests, the files beside them: what a packager would look for."""
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}
    # a link, which archives lose: kernels/ itself is there
    assert sorted(set(listed()) - inside) == ["npmobilenet/kernels"]


def test_one_version_everywhere(built):
    version = nm.__version__
    assert next(built.glob("*.tar.gz")).name == f"npmobilenet-{version}.tar.gz"
    assert next(built.glob("*.whl")).name == f"npmobilenet-{version}-py3-none-any.whl"
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(r"^## (\d\S*)", changes, re.MULTILINE)[1] == version  # below "Unreleased"


def test_both_wheels_hold_the_same(built):
    direct, through_sdist = (
        names(next(folder.glob("*.whl"))) for folder in (built, built / "from_sdist")
    )
    assert direct == through_sdist


def test_wheel_holds_everything_and_nothing_else(built):
    """Every file of the package and its kernels: what works in the checkout lacks nothing there."""
    held = {name for name in names(next(built.glob("*.whl"))) if ".dist-info/" not in name}
    moved = {name.removeprefix("npmobilenet/") for name in held}
    for name in ("kernels/depthwise.py", "py.typed", "data/photograph.png", "data/README.md"):
        assert name in moved
    wanted = {name for name in listed() if (ROOT / name).is_file()}
    package = {name for name in wanted if name.startswith("npmobilenet/")}
    kernels = {f"npmobilenet/{name}" for name in wanted if name.startswith("kernels/")}
    assert sorted((package | kernels) - held) == []
    assert sorted(held - (package | kernels)) == []


# every module, every file of data, and a kernel that Numba compiles where the wheel is
LOOK_AROUND = """
import pkgutil, sys
from importlib import import_module
import numpy as np
import npmobilenet as nm
for module in pkgutil.walk_packages(nm.__path__, "npmobilenet."):
    if module.name != "npmobilenet.__main__":
        try:
            import_module(module.name)
        except ModuleNotFoundError as error:  # PyTorch or ONNX may be missing, none of ours
            assert error.name.partition(".")[0] not in ("npmobilenet", "kernels"), error
from npmobilenet import data
assert data.photograph().ndim == 3
assert data.fashion_mnist_arrays().test_images.shape == (1000, 28, 28)
assert len(data.imagenet_classes()) == 1000
y, _ = nm.relu(np.array([[-1.0, 2.0]], np.float32))
assert y.tolist() == [[0, 2]]
print(*sorted({m.__file__ for n, m in sys.modules.items() if n.partition(".")[0] == "npmobilenet"}))
"""


@pytest.fixture
def elsewhere(built, tmp_path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs Python where neither the checkout nor its folder is needed: only the sdist's wheel."""
    site = tmp_path / "site"
    with zipfile.ZipFile(next((built / "from_sdist").glob("*.whl"))) as archive:
        archive.extractall(site)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment["PYTHONPATH"] = os.pathsep.join([str(site), str(Path(np.__file__).parent.parent)])

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        # -S: no .pth file, hence no editable install, comes before the wheel; dependencies by path
        done = subprocess.run(
            [sys.executable, "-S", *words],
            cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    return run


def test_installed_elsewhere_everything_is_there(elsewhere, tmp_path):
    found = elsewhere("-c", LOOK_AROUND).stdout.split()
    assert len(found) > 100
    assert all(file.startswith(str(tmp_path / "site")) for file in found)


@pytest.mark.long
def test_installed_elsewhere_it_runs_the_tour(elsewhere, tmp_path):
    """All its kernels are compiled anew for their new place."""
    elsewhere("-m", "npmobilenet", "tour", "--quick")
    assert (tmp_path / "tour" / "predictions.png").is_file()
