"""Where a process lives: other processes, other threads, a Numba that does not run, an odd checkout."""

import copy
import os
import pickle
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import npmobilenet as nm
from npmobilenet import checkout
from npmobilenet.cost.machine import measure
from npmobilenet.kernels import activations, compiling, keeping, sharing
from npmobilenet.training.threads import computing_threads

ROOT = Path(__file__).parents[1]


def python(*words: str, folder: Path = ROOT, **variables: str) -> str:
    """What Python prints, with the package found in this checkout."""
    env = {"PYTHONPATH": str(ROOT)} | os.environ | variables
    done = subprocess.run(
        [sys.executable, *words], env=env, cwd=folder, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


# ---- the second process that compiles ------------------------------------------------------------


@pytest.fixture
def hostile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder of files named as modules, which come first in sys.path, as at a prompt."""
    monkeypatch.chdir(tmp_path)
    for name in ("json", "subprocess", "random", "hashlib", "numba", "numpy", "argparse", "rich"):
        (tmp_path / f"{name}.py").write_text(
            "raise SystemExit('a file of the current folder runs')"
        )
    (tmp_path / "link").symlink_to(tmp_path)
    others: list[Any] = ["", str(tmp_path), str(tmp_path / "link"), tmp_path]
    monkeypatch.setattr(sys, "path", others + sys.path)
    return tmp_path


def test_no_file_of_the_current_folder_is_run(hostile: Path) -> None:
    command = sharing._python()
    assert "npmobilenet.kernels.sharing" in command[-1]
    done = subprocess.run([*command, str(hostile)], capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    for name in (
        "numpy",
        "hashlib",
        "subprocess",
        "random",
    ):  # imported by `-m` before our first line
        (hostile / f"{name}.py").unlink()
    assert "MACs" in python("-m", "npmobilenet", "cost", "v1", folder=hostile)


def units(*titles: str) -> list[SimpleNamespace]:
    return [SimpleNamespace(title=t, function=print, address=1) for t in titles]


@pytest.fixture
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "cores", lambda: 2)
    monkeypatch.setattr(sharing.keeping, "place", lambda: keeping.Place(ROOT, True, ""))


@pytest.mark.usefixtures("two_cores")
def test_only_python_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not the application in which it is frozen or embedded; and nothing where nothing is kept."""
    names = ("python", "python3.13t", "/usr/bin/python3-dbg", "pythonw.exe", "Python", "pypy3.11")
    for name in names:
        monkeypatch.setattr(sys, "executable", name)
        assert sharing._worth_it(units(*"abcd")), name
    for other in ("", None, "myapp", "python-editor", "uwsgi", "blender.exe", "/opt/python/app"):
        monkeypatch.setattr(sys, "executable", other)
        assert not sharing._worth_it(units(*"abcd")), other
    monkeypatch.setattr(sys, "executable", "python")
    monkeypatch.setattr(sharing.keeping, "place", lambda: keeping.Place(ROOT, False, "read-only"))
    assert not sharing._worth_it(units(*"abcd"))
    monkeypatch.setattr(sharing.keeping, "place", lambda: keeping.Place(ROOT, True, ""))
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert not sharing._worth_it(units(*"abcd"))


@pytest.mark.usefixtures("two_cores")
@pytest.mark.parametrize("error", [PermissionError, BlockingIOError, RuntimeError])
def test_where_no_process_may_be_started_one_compiles_all(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise error("no processes here")

    asked: list[str] = []

    class Unit(SimpleNamespace):
        @property
        def address(self) -> int:
            asked.append(self.title)
            return 1

    monkeypatch.setattr(sharing.subprocess, "Popen", refused)
    sharing.share([Unit(title=t, function=print) for t in "abcd"])
    assert asked == list("abcd")


@pytest.mark.usefixtures("two_cores")
def test_a_second_process_that_hangs_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It has claimed a unit, and sleeps."""
    hangs = (
        "import sys, time, pathlib; (pathlib.Path(sys.argv[1]) / 'd').touch(); "
        f"time.sleep(30); pathlib.Path({str(tmp_path)!r}, 'ended').touch()"
    )
    claims: list[Path] = []
    take = sharing._claimed

    def late(folder: str, title: str) -> bool:
        claims.append(Path(folder) / "d")
        while not claims[-1].exists():
            time.sleep(0.01)
        return take(folder, title)

    monkeypatch.setattr(sharing, "_python", lambda: [sys.executable, "-I", "-c", hangs])
    monkeypatch.setattr(sharing, "_claimed", late)
    monkeypatch.setattr(sharing, "PATIENCE", 0.0)
    sharing.share(units(*"abcd"))
    assert claims
    assert not (tmp_path / "ended").exists()


# ---- threads and forks ---------------------------------------------------------------------------

SMALL = """
import multiprocessing, os, sys, threading, numpy as np, npmobilenet as nm
rng = np.random.default_rng(0)
plan = nm.plan("v1-shallow", width=0.1, resolution=32, classes=3)
params, x = nm.init(plan, 0), rng.standard_normal((2, 32, 32, 3)).astype(np.float32)
def together(run):
    found = []
    threads = [threading.Thread(target=lambda: found.append(run())) for _ in range(4)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    assert len(found) == 4
def forked(run):
    with multiprocessing.get_context("fork").Pool(2) as pool:
        return pool.map_async(run, range(2)).get(timeout=200)
"""
OPERATORS = """
w = rng.standard_normal((3, 3, 3)).astype(np.float32)
def run(_=0):
    for _ in range(30):
        y, cache = nm.relu(nm.depthwise_conv2d(x, w, rung="numba")[0], rung="numba")
    return y
want = run()
"""
NETWORKS = """
from npmobilenet.engine.training_optimizer import FusedOptimizer
from npmobilenet.training.optimizers import Sgd
engines = [nm.compile(plan, params, 2, threads) for threads in (1, 2)]
step = nm.compile_training(plan, params, 2, threads=2)
def run(_=0):
    with step.lock:
        step.load(params)
        moves = FusedOptimizer(step, Sgd())
        for _ in range(2):
            step(x, np.array([0, 2]), rng=np.random.default_rng(1))
            moves(0.1)
        moved = [value.ravel().copy() for value in step.params.values()]
    logits, tape, _ = nm.forward(plan, params, x, train=True, rng=np.random.default_rng(0))
    grads = [grad.ravel() for grad in nm.backward(plan, logits, tape).values()]
    return np.concatenate([engine(x).ravel() for engine in engines] + moved + grads)
want = run()
"""
CHECK = """
def check(_=0):
    assert np.array_equal(run(), want)
together(check)
for found in forked(run): assert np.array_equal(found, want)
import numba
print(numba.threading_layer())
"""

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")


@needs_fork
@pytest.mark.parametrize("layer", ["omp", "workqueue"])
@pytest.mark.parametrize("what", [OPERATORS, pytest.param(NETWORKS, marks=pytest.mark.long)])
def test_threads_take_turns_and_a_fork_computes_on(layer: str, what: str) -> None:
    """Whatever library of threads Numba uses: one ends the process, the other one a forked child."""
    pytest.importorskip("numba")
    try:
        printed = python("-c", SMALL + what + CHECK, NUMBA_THREADING_LAYER=layer)
    except AssertionError as error:
        if "No threading layer" in str(error):
            pytest.skip(f"Numba has no {layer} here")
        raise
    assert layer in printed.splitlines()


def in_a_thread(action: object) -> list[str]:
    """Errors of an action that runs in a thread of its own."""
    said: list[str] = []

    def run() -> None:
        try:
            action()  # type: ignore[operator]
        except ValueError as error:
            said.append(str(error))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return said


def test_a_training_step_belongs_to_the_thread_that_ran_the_last_pass() -> None:
    """Or to whoever holds its lock: nobody moves by another one's gradients without a word."""
    pytest.importorskip("numba")
    from npmobilenet.engine.training_optimizer import FusedOptimizer
    from npmobilenet.training.optimizers import Sgd

    plan = nm.plan("v1-shallow", width=0.1, resolution=32, classes=3)
    step = nm.compile_training(plan, nm.init(plan, 0), 2, threads=1)
    moves, rng = FusedOptimizer(step, Sgd()), np.random.default_rng(0)
    x, labels = rng.standard_normal((2, 32, 32, 3)).astype(np.float32), np.array([0, 2])
    refusal = "the last pass was run by another Python thread"

    logits, _ = step.forward(x, rng=rng)
    dlogits = np.ones_like(logits)
    for action in (lambda: step.backward(dlogits), lambda: moves(0.1), step.move_statistics):
        (said,) = in_a_thread(action)
        assert refusal in said
    step.backward(dlogits)
    moves(0.1)

    want = [step(x, labels, rng=np.random.default_rng(1))[0] for _ in range(2)]
    assert want[0] == want[1]
    losses: list[float] = []

    def many() -> None:
        losses.extend(step(x, labels, rng=np.random.default_rng(1))[0] for _ in range(20))

    threads = [threading.Thread(target=many) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert losses == want[:1] * 60
    with pytest.raises(ValueError, match=refusal):
        moves(0.1)


def test_what_holds_addresses_stays_in_its_process() -> None:
    """In another one, and in a copy, they would be somebody else's."""
    pytest.importorskip("numba")
    plan = nm.plan("v1-shallow", width=0.1, resolution=32, classes=3)
    params = nm.init(plan, 0)
    for made in (nm.compile(plan, params), nm.compile_training(plan, params, 2)):
        for move in (copy.copy, copy.deepcopy, pickle.dumps):
            with pytest.raises(
                TypeError, match=r"^an? \w+ holds addresses and cannot be copied or"
            ):
                move(made)
    assert pickle.loads(pickle.dumps(plan)) == copy.deepcopy(plan) == plan


# ---- Numba that does not run ---------------------------------------------------------------------


@pytest.mark.parametrize("wrong", [OSError, ValueError, None])
def test_no_standard_error(
    wrong: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is said there is said nowhere then; standard output is for results."""

    def write(text: str) -> None:
        raise wrong("closed")

    monkeypatch.setattr(sys, "stderr", wrong and SimpleNamespace(write=write, flush=write))
    compiling.say("a word")
    assert capsys.readouterr().out == ""


def test_threads_that_numba_cannot_start(monkeypatch: pytest.MonkeyPatch) -> None:
    numba = pytest.importorskip("numba")

    def refused() -> None:
        raise ValueError("No threading layer could be loaded.\nHINT:\nIntel TBB is required")

    monkeypatch.setattr(numba, "get_num_threads", refused)
    kernel = compiling.compiled(activations.numba_clip.function)
    with pytest.raises(
        ValueError, match=r"^numba cannot start its threads: No .*\. HINT: Intel TBB"
    ):
        kernel(np.ones(1), 0.0, 1.0, np.ones(1))
    for start in (measure, computing_threads(1).__enter__):
        with pytest.raises(
            ValueError, match=r"^numba cannot start its threads: No .* TBB is required$"
        ):
            start()


WITHOUT = """
import contextlib, io, sys, numpy as np, npmobilenet as nm
from npmobilenet.cli import main
from npmobilenet.ops.rungs import running
plan = nm.plan("v1-shallow", width=0.1, resolution=32, classes=3)
params, x = nm.init(plan, 0), np.random.default_rng(0).standard_normal((2, 32, 32, 3), np.float32)
engine = nm.compile(plan, params, batch=2)
assert np.array_equal(engine(x), nm.infer(plan, params, x, rung="numpy"))
assert nm.default_rung() == "numpy" and running() == ("loops", "numpy")
assert engine.stages == () and engine.nbytes["weights"]
for asked in (lambda: nm.relu(x, rung="numba"), lambda: nm.compile_training(plan, params, 2)):
    try: asked()
    except ValueError as error: print(error)
with contextlib.redirect_stdout(io.StringIO()):
    assert main(["cost", "v1", "--csv"]) == 0
assert main(["warmup"]) == 1
"""


@pytest.mark.parametrize("how", ["switched off", "broken"])
def test_numba_that_does_not_run(how: str, tmp_path: Path) -> None:
    """NumPy computes, which is said once; whoever asks for Numba learns the reason."""
    if how == "broken":
        (tmp_path / "numba.py").write_text("raise ImportError('NumPy 2.3\\nor less')")
        why = "which cannot be imported (NumPy 2.3 or less)"
        path = os.pathsep.join([str(tmp_path), str(ROOT)])
        printed = python("-c", WITHOUT, PYTHONPATH=path)
    else:
        pytest.importorskip("numba")
        why = "which NUMBA_DISABLE_JIT switches off"
        printed = python("-c", WITHOUT, NUMBA_DISABLE_JIT="1")
    assert printed.splitlines() == [
        f"relu: rung 'numba' needs the package numba, {why}",
        f"compile_training needs the package numba, {why}",
        f"npmobilenet: NumPy computes, slowly, instead of numba, {why}",
        f"npmobilenet warmup: there is nothing to compile without the package numba, {why}",
    ]


# ---- a checkout without symbolic links -----------------------------------------------------------


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
