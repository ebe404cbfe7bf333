"""What a training step promises beside its numbers: the same bits, clear errors, on any machine."""

import os
import subprocess
import sys
import warnings
from threading import Event, Thread

import numpy as np
import pytest

import npmobilenet as nm
from npmobilenet.training.optimizers import Sgd
from tests.engine.test_engine_details import NARROW

pytest.importorskip("numba")

from npmobilenet.engine.training import compile_training
from npmobilenet.training.fused_optimizer import FusedOptimizer
from tests.commands import ROOT

BATCH = 8


@pytest.fixture(scope="module")
def case():
    plan = nm.plan("v2", width=0.35, resolution=32, classes=10, dialect="torchvision")
    rng = np.random.default_rng(0)
    x = rng.standard_normal((BATCH, 32, 32, 3)).astype(np.float32)
    return plan, nm.init(plan, 0), x, rng.integers(0, 10, BATCH)


def all_of(step, x, labels):
    loss, logits = step(x, labels, rng=np.random.default_rng(1))
    return {"loss": np.float64(loss), "logits": logits.copy()} | {
        name: value.copy() for name, value in (step.grads | step.statistics).items()
    }


@pytest.mark.parametrize(
    "model",
    [pytest.param(m, marks=[pytest.mark.long] * (m not in ("v2", "v3-small"))) for m in nm.MODELS],
)
def test_same_bits_for_any_number_of_threads_and_again(model):
    """Work is cut by the shapes alone; a unit that read what another still writes would show here."""
    plan = nm.plan(model, width=0.25, resolution=(48, 57), classes=10)
    rng = np.random.default_rng(0)
    x = rng.standard_normal((5, *plan.resolution, 3)).astype(np.float32)
    params, labels = nm.init(plan, 0), rng.integers(0, 10, 5)
    steps = [compile_training(plan, params, 5, threads=threads) for threads in (1, 2, 3)]
    first = all_of(steps[0], x, labels)
    assert set(first) == {"loss", "logits", *plan.arrays}
    for step in steps * 2:
        for name, value in all_of(step, x, labels).items():
            np.testing.assert_array_equal(value, first[name], err_msg=name)


def test_params_are_copied(case):
    plan, params, x, labels = case
    before = {name: value.copy() for name, value in params.items()}
    step = compile_training(plan, params, BATCH, threads=1)
    all_of(step, x, labels)
    FusedOptimizer(step, Sgd())(0.1)
    for name, value in before.items():
        np.testing.assert_array_equal(params[name], value)
    step.load(params)
    np.testing.assert_array_equal(step.params["stem.weight"], params["stem.weight"])


@pytest.mark.parametrize(
    "wrong", [np.zeros((3, 32, 32, 3), np.float32), np.zeros((BATCH, 32, 32, 3))]
)
def test_a_batch_of_another_shape_or_dtype_is_refused(case, wrong):
    plan, params, _, _ = case
    step = compile_training(plan, params, BATCH, threads=1)
    with pytest.raises(ValueError, match="x must be float32"):
        step.forward(wrong, rng=np.random.default_rng(0))


def test_backward_wants_a_forward_pass(case):
    plan, params, _, _ = case
    step = compile_training(plan, params, BATCH, threads=1)
    with pytest.raises(ValueError, match="needs a forward pass"):
        step.backward(np.zeros((BATCH, 10), np.float32))


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"batch": 0}, "batch must be"), ({"threads": 0}, "threads must be"),
     ({"frozen": ["nobody"]}, "named nobody")],
)  # fmt: skip
def test_bad_settings(case, settings, message):
    plan, params, _, _ = case
    with pytest.raises(ValueError, match=message):
        compile_training(plan, params, **({"batch": BATCH, "threads": 1} | settings))


@pytest.mark.long
@pytest.mark.parametrize("machine", NARROW)
def test_on_machines_with_narrower_vectors(machine):
    """The tests of the training step again, in a process that takes this machine for another."""
    names = ["engine/test_training_step_gradients", "engine/test_training_step_contract",
             "engine/test_training_step_optimizer", "witnesses/test_ten_steps",
             "training/test_compiled_step"]  # fmt: skip
    files = [f"tests/{name}.py" for name in names]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *files]
    done = subprocess.run(
        command, env=os.environ | NARROW[machine], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 0, done.stdout[-3000:]


def test_one_value_for_each_channel_cannot_be_normalised():
    """Its variance is unknown; with frozen statistics one is enough."""
    plan = nm.plan("v1-shallow", width=0.25, resolution=32, classes=3)
    params = nm.init(plan, 0)
    with pytest.raises(
        ValueError, match="more than one value for each channel, it has \\(1, 1, 1, "
    ):
        compile_training(plan, params, 1, threads=1)
    norms = [layer.name for layer in plan.layers if layer.kind == "batch_norm"]
    compile_training(plan, params, 1, threads=1, frozen=norms)


def test_a_handler_of_signals_in_the_middle_of_a_call_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Or it would compute in the memory of that call, which then gives its numbers."""
    plan = nm.plan("v1-shallow", width=0.1, resolution=32, classes=3)
    step = nm.compile_training(plan, nm.init(plan, 0), 2, 1)
    rng = np.random.default_rng(0)
    x, other = rng.standard_normal((2, 2, 32, 32, 3), np.float32)
    labels = np.array([0, 2])
    right, logits = step(x, labels)
    gradients = {name: value.copy() for name, value in step.grads.items()}
    refused = []
    run = step._do

    def disturbed(part: int) -> None:
        run(part)
        for call in (
            lambda: step(other, labels),
            lambda: step.forward(other),
            lambda: step.backward(np.ones((2, 3), np.float32)),
            lambda: step.load(step.params),
            step.move_statistics,
            lambda: FusedOptimizer(step, Sgd())(0.1),
        ):
            with pytest.raises(ValueError, match="a handler of signals cannot make another one"):
                call()
            refused.append(part)

    monkeypatch.setattr(step, "_do", disturbed)
    loss, found = step(x, labels)
    assert (loss, found.tobytes()) == (right, logits.tobytes())
    assert all(np.array_equal(gradients[name], value) for name, value in step.grads.items())
    assert refused == [0] * 6 + [1] * 6
    monkeypatch.undo()
    assert step(x, labels)[0] == right


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_child_forked_while_another_thread_is_in_a_call_is_not_in_it(case) -> None:
    plan, params, _, _ = case
    step = compile_training(plan, params, BATCH)
    within, over = Event(), Event()

    def call() -> None:
        with step.buffers.turn("a call"):
            within.set()
            over.wait(60)

    thread = Thread(target=call)
    thread.start()
    within.wait(60)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # newer Pythons warn of forks beside threads
        child = os.fork()
    if not child:
        code = 1
        try:
            step.load(params)
            code = 0
        finally:
            os._exit(code)
    over.set()
    thread.join()
    assert os.waitpid(child, 0)[1] == 0


def test_loaded_parameters_have_no_pass_behind_them() -> None:
    """No gradients, the loaded estimates, and nothing to go back through."""
    plan = nm.plan("v1-shallow", width=0.1, resolution=32, classes=3)
    params = nm.init(plan, 0)
    step = nm.compile_training(plan, params, 2, 1)

    def loaded() -> bool:
        return all(np.array_equal(step.params[name], params[name]) for name in plan.arrays)

    step.move_statistics()
    FusedOptimizer(step, Sgd(weight_decay=0.0))(0.1)
    assert loaded()
    x = np.random.default_rng(0).standard_normal((2, 32, 32, 3), np.float32)
    step(x, np.array([0, 2]))
    step.load(params)
    step.move_statistics()
    FusedOptimizer(step, Sgd(weight_decay=0.0))(0.1)
    assert loaded()
    for change in (lambda: step.load(params), lambda: FusedOptimizer(step, Sgd())(0.1)):
        step.forward(x)
        change()
        with pytest.raises(ValueError, match="the parameters are others since its forward pass"):
            step.backward(np.ones((2, 3), np.float32))


def test_arrays_of_the_step_itself_may_be_loaded_in_another_order() -> None:
    plan = nm.plan("v1-shallow", width=0.1, resolution=32, classes=3)
    step = nm.compile_training(plan, nm.init(plan, 0), 2, 1)
    one, two, *_ = (name for name in step.params if name.endswith((".gamma", ".beta")))
    step.params[one][...], step.params[two][...] = 1, 2
    step.load({**step.params, one: step.params[two], two: step.params[one]})
    assert (step.params[one][0], step.params[two][0]) == (2, 1)


@pytest.mark.parametrize("top", [True, False])
@pytest.mark.parametrize(
    "classes", [4, 8, 16, 32]
)  # as wide as the vectors of one machine or another
def test_logits_stay_what_they_were(classes: int, top: bool) -> None:
    """The pass backwards, and the next pass forwards, work in the memory in which they were computed."""
    bare = nm.Dialect(name="bare", batch_norm=False, conv_bias=True)
    asked = {"classes": classes} if top else {"include_top": False, "width": classes / 1024}
    plan = nm.plan("v1-shallow", **{"width": 0.25, "resolution": 32, "dialect": bare} | asked)
    params, rng = nm.init(plan, 0), np.random.default_rng(0)
    x = rng.standard_normal((2, 32, 32, 3)).astype(np.float32)
    wanted = nm.forward(plan, params, x, train=True)[0]
    step = compile_training(plan, params, 2)
    logits, _ = step.forward(x)
    found, before = [logits], logits.copy()
    step.backward(np.ones_like(logits))
    if top:
        loss, more = step(x, np.array([0, 1]))
        assert np.isfinite(loss)
        found.append(more)
    step.forward(x[::-1].copy())
    for one in found:
        np.testing.assert_array_equal(one, before)
    np.testing.assert_allclose(before, wanted, atol=1e-4 * abs(wanted).max())


def test_a_graph_and_arrays_of_another_network_are_refused() -> None:
    """Their sizes would be taken for this one's, far beyond its memory."""
    plan = nm.plan("v1-shallow", width=0.1, resolution=32, classes=3)
    step = nm.compile_training(plan, nm.init(plan, 0), 2, 1)
    for change in ({"width": 0.5}, {"resolution": 64}, {"classes": 4}):
        other = nm.plan("v1-shallow", **{"width": 0.1, "resolution": 32, "classes": 3, **change})
        its = nm.compile_training(other, nm.init(other, 0), 2, 1)
        with pytest.raises(ValueError, match="training step: graph must be of the plan"):
            nm.TrainingStep(plan, its._graph, step.buffers, 2, 1)
        with pytest.raises(ValueError, match="training step: arrays must be of the plan"):
            nm.TrainingStep(plan, step._graph, its.buffers, 2, 1)


def test_sizes_stay_what_memory_was_laid_out_for() -> None:
    plan = nm.plan("v1-shallow", width=0.1, resolution=32, classes=3)
    params = nm.init(plan, 0)
    for made in (nm.compile(plan, params), nm.compile_training(plan, params, 2, 1)):
        with pytest.raises(AttributeError, match="batch of what is compiled cannot be changed"):
            made.batch = 64


def test_what_is_no_network_and_no_size_is_refused_by_the_classes_too() -> None:
    plan = nm.plan("v1-shallow", width=0.1, resolution=32, classes=3)
    params = nm.init(plan, 0)
    for wrong, expected in (
        ((None, params, 1, 1), "plan must be what npmobilenet.plan returns"),
        ((plan, params, 0, 1), "batch must be a positive integer, found 0"),
        ((plan, params, 1, -3), "threads must be a positive integer, found -3"),
    ):
        with pytest.raises((TypeError, ValueError), match=expected):
            nm.Engine(*wrong)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="graph must be a Graph, found None"):
        nm.TrainingStep(plan, None, None, 4, 1)  # type: ignore[arg-type]
    with pytest.raises(
        ValueError, match=r"rng must be a numpy.random.Generator or None, found str"
    ):
        nm.forward(plan, params, np.zeros((2, 32, 32, 3), np.float32), rng="no")  # type: ignore[arg-type]
