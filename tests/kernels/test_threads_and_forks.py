"""Threads take turns, forks compute on, and what holds addresses stays in its process."""

import copy
import os
import pickle
import threading
import time
import warnings

import numpy as np
import pytest

import npmobilenet as nm
from npmobilenet.engine import pack
from npmobilenet.engine.engine import NumpyEngine
from npmobilenet.kernels import compiling
from tests.commands import python

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
from npmobilenet.training.fused_optimizer import FusedOptimizer
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
    from npmobilenet.training.fused_optimizer import FusedOptimizer
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
    from npmobilenet.training.compiled_step import CompiledStep
    from npmobilenet.training.fused_optimizer import FusedOptimizer
    from npmobilenet.training.optimizers import Sgd
    from npmobilenet.training.step import Step

    plan = nm.plan("v1-shallow", width=0.1, resolution=32, classes=3)
    params = nm.init(plan, 0)
    engine, step = nm.compile(plan, params), nm.compile_training(plan, params, 2)
    plain = Step.of(plan, Sgd())
    all_made = (engine, engine.code, step, step.buffers, FusedOptimizer(step, Sgd()))
    for made in (*all_made, CompiledStep(plain, 2)):
        for move in (copy.copy, copy.deepcopy, pickle.dumps):
            said = r"^an? \w+ holds addresses and cannot be copied or pickled; \w+"
            with pytest.raises(TypeError, match=said):
                move(made)
    assert pickle.loads(pickle.dumps(plain)) == plain
    assert pickle.loads(pickle.dumps(plan)) == copy.deepcopy(plan) == plan


def test_an_engine_without_numba_can_be_copied() -> None:
    """It holds nothing but arrays."""
    plan = nm.plan("v1-shallow", width=0.1, resolution=32, classes=3)
    engine = NumpyEngine(plan, nm.init(plan, 0), 2, 1)
    x = np.random.default_rng(0).standard_normal((2, 32, 32, 3), np.float32)
    for twin in (copy.copy(engine), copy.deepcopy(engine), pickle.loads(pickle.dumps(engine))):
        assert np.array_equal(twin(x), engine(x))


def test_a_handler_of_signals_may_call_the_engine_that_is_running() -> None:
    """In the middle of a call of the same thread, whose lock does not keep it out."""
    pytest.importorskip("numba")
    plan = nm.plan("v1-shallow", width=0.1, resolution=32, classes=3)
    engine = nm.compile(plan, nm.init(plan, 0), threads=1)
    x, other = np.random.default_rng(0).standard_normal((2, 1, 32, 32, 3), np.float32)
    want, run, left = engine(x), engine._run, [3]
    handlers: list[int] = []  # that are running

    class Disturbed:
        bases = run.bases

        def __call__(self, *arguments: object) -> None:
            run(*arguments)  # type: ignore[arg-type]
            if left[0] and not handlers:
                left[0] -= 1
                handlers.append(1)
                engine(other)
                handlers.pop()

    engine._run = Disturbed()  # type: ignore[assignment]
    assert np.array_equal(engine(x), want)
    left[0] = 200
    with pytest.raises(ValueError, match=r"^engine: .*handler"):
        engine(x)


def test_parameters_that_another_thread_loads_end_a_pass() -> None:
    pytest.importorskip("numba")
    plan = nm.plan("v1-shallow", width=0.1, resolution=32, classes=3)
    params = nm.init(plan, 0)
    step = nm.compile_training(plan, params, 2, threads=1)
    logits, _ = step.forward(np.zeros((2, 32, 32, 3), np.float32), rng=np.random.default_rng(0))
    assert in_a_thread(lambda: step.load(params)) == []
    with pytest.raises(ValueError, match="another Python thread"):
        step.backward(np.ones_like(logits))


@needs_fork
def test_a_child_goes_on_holding_what_its_parent_held() -> None:
    """And nobody holds what another thread did."""
    pytest.importorskip("numba")
    own, others = compiling.lock(), compiling.lock()
    began, end = threading.Event(), threading.Event()

    def hold() -> None:
        with others:
            began.set()
            end.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    began.wait()
    with own, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of a fork beside threads
        child = os.fork()
        if not child:
            os._exit(not (own._is_owned() and others.acquire(timeout=5)))
    end.set()
    thread.join()
    assert os.waitpid(child, 0)[1] == 0


@needs_fork
def test_a_fork_waits_for_another_threads_compilation() -> None:
    """Half of it would be in the child, and its locks held for ever by a thread that is not there."""
    from numba.core.compiler_lock import global_compiler_lock

    began, ended = threading.Event(), threading.Event()

    def compile_slowly() -> None:
        with global_compiler_lock:
            began.set()
            time.sleep(0.1)
            ended.set()

    thread = threading.Thread(target=compile_slowly)
    thread.start()
    began.wait()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
        if not child:
            free = global_compiler_lock._lock.acquire(timeout=5)
            os._exit(not (ended.is_set() and free))
    thread.join()
    assert os.waitpid(child, 0)[1] == 0


@needs_fork
def test_a_forked_child_has_memory_of_its_own() -> None:
    """Small or in large pages: what a child's engine writes, the parent's never sees."""
    for size in (16, 2 * pack.HUGE // 4):
        memory = pack.aligned(size)
        child = os.fork()
        if not child:
            memory[:] = 1
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        assert not memory.any()
