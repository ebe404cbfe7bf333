"""The kernels as files: imported under one name, without Numba if need be, and never stale."""

import ast
import importlib
import inspect
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from npmobilenet.ops import RUNGS
from tests.commands import ROOT

KERNELS = ROOT / "kernels"
OPERATORS = [file.stem for file in sorted(KERNELS.glob("*.py"))]

needs_numba = pytest.mark.skipif(find_spec("numba") is None, reason="Numba is not installed")


def python(program: str, folder: Path = ROOT, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a program in a process of its own that finds the package in `folder`."""
    environment = os.environ | {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        env=environment | variables,
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )


def test_kernels_are_imported_as_part_of_the_package_only() -> None:
    """A bare `kernels` would be another project's package: no file imports it."""
    folders = ("npmobilenet", "kernels", "tests", "benchmarks", "docs")
    files = [file for folder in folders for file in (ROOT / folder).rglob("*.py")]
    assert len(files) > 40
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module or ""]
            assert not [n for n in names if n.partition(".")[0] == "kernels"], file


def test_rungs_of_one_kernel_have_one_signature() -> None:
    """loops_x, numpy_x, numba_x and simd_x take the same arguments in the same order."""
    compared = 0
    for name in OPERATORS:
        module = importlib.import_module(f"npmobilenet.kernels.{name}")
        rungs = {
            key: value
            for key, value in vars(module).items()
            if key.startswith(("loops_", "numpy_")) and value.__module__ == module.__name__
        }
        for key, value in rungs.items():
            for rung in ("numba", "simd"):
                twin = getattr(module, f"{rung}_{key.partition('_')[2]}", None)
                if twin is None and rung == "simd":
                    continue  # not every operator has the fourth rung
                assert list(inspect.signature(value).parameters) == list(
                    inspect.signature(twin).parameters
                ), f"{rung}: {name}.{key}"
                compared += 1
    assert compared >= 34 + 18


def test_all_rungs_are_offered() -> None:
    """RUNGS at the end of a file holds every rung's kernels, in one order."""
    compared = 0
    for name in OPERATORS:
        module = importlib.import_module(f"npmobilenet.kernels.{name}")
        kernels = [key.removeprefix("numpy_") for key in vars(module) if key.startswith("numpy_")]
        for rung in RUNGS:
            if kernels and hasattr(module, f"{rung}_{kernels[0]}"):
                found = tuple(getattr(module, f"{rung}_{kernel}") for kernel in kernels)
                others = getattr(module, "MAX_RUNGS", {}).get(rung, ())  # max pooling's own
                assert module.RUNGS[rung] + others == found, name
                compared += 1
    assert (
        compared == 9 * 2 + 6 + 3
    )  # ReLU, optimisers, rounding have no loops, three have the fourth


# a finder that finds everything but Numba: as if it were not installed
HIDDEN = """
import sys
from importlib.machinery import PathFinder
class WithoutNumba:
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] not in ("numba", "llvmlite"):
            return PathFinder.find_spec(name, path, target)
    find_distributions = PathFinder.find_distributions
sys.meta_path[:] = [WithoutNumba if f is PathFinder else f for f in sys.meta_path]
"""
STEP = """
import numpy as np
import npmobilenet as nm
plan = nm.plan("v1", width=0.25, resolution=16, classes=3, dialect="cifar")
params = nm.init(plan, 0)
x = np.random.default_rng(0).standard_normal((2, 16, 16, 3), np.float32)
"""


def test_without_numba() -> None:
    """The default rung is then NumPy's; asking for Numba's is refused in plain words."""
    program = """
assert nm.default_rung() == "numpy"
logits, tape, _ = nm.forward(plan, params, x, train=True)
grads = nm.backward(plan, logits, tape)
assert np.array_equal(logits, nm.forward(plan, params, x, train=True, rung="numpy")[0])
assert len(grads) == len(plan.parameters)
assert "MACs" in str(nm.cost(plan)) and plan.summary()
try:
    nm.infer(plan, params, x, rung="numba")
except ValueError as error:
    print(error)
"""
    found = python(HIDDEN + STEP + program)
    assert found.stdout == ("v1: rung 'numba' needs the package numba, which is not installed\n")


def test_numba_is_imported_only_when_a_rung_needs_it() -> None:
    """Import, cost and a NumPy forward and backward pass leave it, torch and rich on the disk."""
    program = """
logits, tape, _ = nm.forward(plan, params, x, train=True, rung="numpy")
nm.backward(plan, logits, tape)
nm.cost(plan).to_json()
import sys
print(sorted({"numba", "llvmlite", "torch", "rich", "PIL"} & set(sys.modules)))
"""
    assert python(STEP + program).stdout == "[]\n"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The kernels as real files, not behind a link, in a package that has nothing else to import."""
    kernels = tmp_path / "npmobilenet" / "kernels"
    shutil.copytree(KERNELS, kernels, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "npmobilenet" / "__init__.py").touch()
    (kernels / "helper.py").write_text(
        "import numba\n\n@numba.njit\ndef more(q):\n    return q + 1\n"
    )
    probe = "from .compiling import compiled, prange\nfrom .helper import more\n\n@compiled\n"
    probe += "def numba_probe(y):\n    for q in prange(y.size):\n        y[q] = 10 * more(q)\n"
    (kernels / "probe.py").write_text(probe)
    return tmp_path


def edit(file: Path, old: str, new: str) -> None:
    """Change a file so that neither its size nor its date tells."""
    before, text = file.stat(), file.read_text()
    assert text.count(old) == 1
    assert len(old) == len(new)
    file.write_text(text.replace(old, new))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (file.stat().st_size, file.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)


PROBE = """
import numpy as np
from npmobilenet.kernels import compiling, probe
compiled = []
hook = compiling.on_compile
compiling.on_compile = lambda name: (compiled.append(name), hook(name))
y = np.zeros(3)
probe.numba_probe(y)
print(y.astype(int).tolist(), compiled.count("probe.numba_probe"), "compiled")
"""
NOTICE = "npmobilenet: compiling kernels for this CPU (kept on disk for next time) ...\n"


@needs_numba
def test_an_edited_kernel_never_runs_stale(copy: Path, tmp_path: Path) -> None:
    """Editing a kernel, or what it calls in another file, compiles again; editing nothing does not."""
    cache = {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    kernels = copy / "npmobilenet" / "kernels"
    first = python(PROBE, copy, **cache)
    assert (first.stdout, first.stderr) == ("[10, 20, 30] 1 compiled\n", NOTICE)
    edit(kernels / "helper.py", "q + 1", "q + 2")
    assert python(PROBE, copy, **cache).stdout == "[20, 30, 40] 1 compiled\n"
    edit(kernels / "probe.py", "10 *", "20 *")
    assert python(PROBE, copy, **cache).stdout == "[40, 60, 80] 1 compiled\n"
    edit(kernels / "helper.py", "q + 2", "q + 1")
    edit(kernels / "probe.py", "20 *", "10 *")
    again = python(PROBE, copy, **cache)  # the first ones are still there
    assert (again.stdout, again.stderr) == ("[10, 20, 30] 0 compiled\n", "")


@needs_numba
def test_a_cache_that_cannot_be_written_costs_only_time(copy: Path, tmp_path: Path) -> None:
    """Where the cache folder should be there is a file: nothing is kept, and the notice says so."""
    blocked = tmp_path / "blocked"
    blocked.write_text("")
    found = python(PROBE, copy, NUMBA_CACHE_DIR=str(blocked))
    notice = NOTICE.replace("kept on", f"not kept on disk: {blocked}: File exists").split(
        " disk for"
    )
    assert (found.stdout, found.stderr) == ("[10, 20, 30] 1 compiled\n", f"{notice[0]}) ...\n")
    kept = [file for file in tmp_path.rglob("*") if file.suffix in (".nbi", ".nbc")]
    assert kept == []  # not beside the source either, where the next process would find it


@needs_numba
def test_the_number_of_threads_changes_no_bit() -> None:
    """A whole training step, in processes with 1, 2 and 3 threads, ends in the same bits."""
    program = """
import hashlib, numba
assert numba.get_num_threads() == int(__import__("os").environ["NUMBA_NUM_THREADS"])
logits, tape, statistics = nm.forward(plan, params, x, train=True)
grads = nm.backward(plan, logits, tape, image_gradient=True)
digest = hashlib.sha256()
for value in [logits, *statistics.values(), *grads.values()]:
    digest.update(value.tobytes())
print(digest.hexdigest())
"""
    digests = {python(STEP + program, NUMBA_NUM_THREADS=n).stdout for n in ("1", "2", "3")}
    assert len(digests) == 1
    assert len(digests.pop()) == 65
