"""Wrong arguments of what is not an operator: each is refused by a check that names it, in one line.

Of a kind that Python or NumPy would let pass, or trip over further down: a text where names are wanted,
arrays that are masked, numbers that are none, sizes that no memory holds.
"""

import traceback
from collections.abc import Callable, Iterator
from dataclasses import fields
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

import npmobilenet as nm
from npmobilenet.cost import memory_cost, training_cost
from npmobilenet.cost.conventions import totals
from npmobilenet.cost.parameters import parameter_sums
from npmobilenet.datasets.arrays import ArrayImages
from npmobilenet.datasets.loader import batches
from npmobilenet.datasets.subsets import hold_out
from npmobilenet.images.augment import Augment
from npmobilenet.images.preprocessing import Preprocessing
from npmobilenet.models.folding import fold_batch_norm
from npmobilenet.predicting.evaluation import evaluate
from npmobilenet.predicting.predictor import predictor
from npmobilenet.training.config import Config, Data, Distillation, Network, Train
from npmobilenet.training.loop import train
from npmobilenet.training.optimizers import OPTIMIZERS, Sgd, clipped
from npmobilenet.training.schedules import SCHEDULES

NAN, INF = float("nan"), float("inf")
ODD: list[Any] = [None, "a", 3, 1.5, True, NAN, INF, [], (), {}, 1j, b"x", -1, [[1]], 10**400]
PLAN = nm.plan("v1-shallow", width=0.1, resolution=32, classes=3)
PARAMS = nm.init(PLAN, 0)
X = np.zeros((2, 32, 32, 3), np.float32)
HOW = Preprocessing(resolution=(32, 32), resize=36, channels=3, mean=(0.5,) * 3, std=(0.5,) * 3)
MODEL = nm.Model(PLAN, PARAMS, ("a", "b", "c"), HOW)
IMAGES = np.zeros((6, 32, 32, 3), np.uint8)
DATA = ArrayImages(IMAGES, [0, 1, 2] * 2, MODEL.classes)
LOGITS, TAPE, _ = nm.forward(PLAN, PARAMS, X, rung="numpy")
GREY = Preprocessing(resolution=(32, 32), resize=None, channels=1, mean=(0.5,), std=(0.5,))


def refusal(call: Callable[[], Any]) -> str:
    """Its one line, after seeing that a `raise` of this package made it."""
    with pytest.raises((ValueError, TypeError)) as caught:
        call()
    last = traceback.extract_tb(caught.value.__traceback__)[-1]
    assert "npmobilenet" in last.filename
    assert (last.line or "").strip().startswith("raise"), last
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


def cast(dtype: Any) -> dict[str, Any]:
    return {name: value.astype(dtype) for name, value in PARAMS.items()}


PLANS = {
    "init": lambda plan: nm.init(plan, 0),
    "infer": lambda plan: nm.infer(plan, PARAMS, X),
    "forward": lambda plan: nm.forward(plan, PARAMS, X),
    "backward": lambda plan: nm.backward(plan, LOGITS, TAPE),
    "intermediates": lambda plan: nm.intermediates(plan, PARAMS, X),
    "fold_batch_norm": lambda plan: fold_batch_norm(plan, PARAMS),
    "cost": nm.cost,
    "block_ratios": nm.block_ratios,
    "training_cost": training_cost,
    "memory_cost": memory_cost,
    "totals": lambda plan: totals(plan, "paper"),
    "parameter_sums": parameter_sums,
    "Model": lambda plan: nm.Model(plan, PARAMS, MODEL.classes, HOW),
    "export_weights": lambda plan: nm.export_weights(plan, PARAMS, "x.h5", "keras"),
}


@pytest.mark.parametrize("name", PLANS)
def test_no_plan(name: str) -> None:
    """A model's name, a table, the class itself: none of them is a plan."""
    for wrong in (None, "v1", 3, {}, nm.Plan):
        assert refusal(lambda wrong=wrong: PLANS[name](wrong)).startswith("plan must be what ")


TAKERS: dict[str, Callable[[Any], Any]] = {
    "infer": lambda params: nm.infer(PLAN, params, X),
    "forward": lambda params: nm.forward(PLAN, params, X),
    "intermediates": lambda params: nm.intermediates(PLAN, params, X),
    "compile": lambda params: nm.compile(PLAN, params),
    "compile_training": lambda params: nm.compile_training(PLAN, params, 2),
    "fold_batch_norm": lambda params: fold_batch_norm(PLAN, params),
    "Model": lambda params: nm.Model(PLAN, params, MODEL.classes, HOW),
    "export_weights": lambda params: nm.export_weights(PLAN, params, "x.h5", "keras"),
}


@pytest.mark.parametrize("name", TAKERS)
@pytest.mark.parametrize(
    ("params", "words"),
    [(None, "a dict of arrays"), ([], "a dict of arrays"), ({}, "missing"),
     (PARAMS | {1: X}, "unexpected 1"),
     *((cast(dtype), "params must be float32 or float64, found")
       for dtype in ("f2", "i4", ">f4", "c8", "O", "g")),
     (PARAMS | {"classifier.bias": np.ma.zeros(3, "f4")}, "must be an array, found MaskedArray"),
     (PARAMS | {"classifier.weight": PARAMS["classifier.weight"].view(np.matrix)}, "found matrix")],
)  # fmt: skip
def test_no_params(name: str, params: Any, words: str) -> None:
    """Everything that takes parameters asks the same of them."""
    if name.startswith("compile") and not find_spec("numba"):
        pytest.skip("needs numba")
    assert words in refusal(lambda: TAKERS[name](params))


NORMS, ARRAYS = ["stem_nrm"], ["stem.wieght"]
CALLS: dict[str, tuple[Callable[[], Any], str]] = {
    "frozen": (lambda: nm.forward(PLAN, PARAMS, X, frozen=NORMS), "did you mean stem_norm?"),
    "frozen text": (lambda: nm.forward(PLAN, PARAMS, X, frozen="stem_norm"), "frozen must be a list"),
    "frozen None": (lambda: nm.forward(PLAN, PARAMS, X, frozen=None), "frozen must be a list"),
    "trained": (lambda: nm.backward(PLAN, LOGITS, TAPE, trained=ARRAYS), "did you mean stem.weight?"),
    "trained text": (lambda: nm.backward(PLAN, LOGITS, TAPE, trained="stem.weight"), "must be a list"),
    "train": (lambda: nm.forward(PLAN, PARAMS, X, train="no"), "train must be True or False"),
    "image_gradient": (lambda: nm.backward(PLAN, LOGITS, TAPE, image_gradient=1), "image_gradient must"),
    "include_top": (lambda: nm.plan("v1", include_top="no"), "include_top must be True or False"),
    "names text": (lambda: nm.intermediates(PLAN, PARAMS, X, "stem"), "names must be a list"),
    "x masked": (lambda: nm.infer(PLAN, PARAMS, np.ma.array(X)), "x must have shape"),
    "dtype None": (lambda: nm.init(PLAN, 0, None), "dtype must be float32 or float64"),
    "dtype word": (lambda: nm.init(PLAN, 0, "banana"), "dtype must be float32 or float64"),
    "stride huge": (lambda: nm.pointwise_conv2d(X, np.ones((3, 2), "f4"), stride=2**31), "stride must"),
    "padding huge": (lambda: nm.avg_pool2d(X, 2, padding=10**6, count_padding=True), "padding (1000000"),
    "dilation huge": (lambda: nm.conv2d(X, np.ones((3, 3, 3, 2), "f4"), dilation=10**6), "padding ("),
    "eps": (lambda: nm.batch_norm(X, *[X[0, 0, 0]] * 4, train=True, eps=INF), "eps must be"),
    "momentum": (lambda: nm.batch_norm(X, *[X[0, 0, 0]] * 4, train=True, momentum=1j), "momentum must"),
    "slope": (lambda: nm.hard_sigmoid(X, slope=1e300), "slope must be above 0"),
    "rate": (lambda: nm.dropout(X, "a", train=False), "rate must be"),
    "dloss": (lambda: nm.softmax_cross_entropy_backward(
        NAN, nm.softmax_cross_entropy(LOGITS, [0, 1])[1]), "dloss must be"),
    "labels ragged": (lambda: nm.softmax_cross_entropy(LOGITS, [[0], [1, 2]]), "labels must be"),
    "labels masked": (lambda: nm.softmax_cross_entropy(LOGITS, np.ma.array([0, 1])), "labels must be"),
    "resolution": (lambda: Preprocessing(resolution=32, **{k: v for k, v in vars(HOW).items()
                                                            if k != "resolution"}), "must be tuples"),
    "document": (lambda: Preprocessing.from_json("a"), "preprocessing: expected an object"),
    "classes twice": (lambda: nm.Model(PLAN, PARAMS, ("a", "b", "a"), HOW), "two are 'a'"),
    "classes text": (lambda: nm.Model(PLAN, PARAMS, "abc", HOW), "classes must be a tuple of names"),
    "classes numbers": (lambda: nm.Model(PLAN, PARAMS, (1, 2, 3), HOW), "classes must be a tuple"),
    "preprocessing": (lambda: nm.Model(PLAN, PARAMS, MODEL.classes, None), "must be a Preprocessing"),
    "channels": (lambda: nm.Model(PLAN, PARAMS, MODEL.classes, GREY), "network's 3 channels, found 1"),
    "notes": (lambda: nm.Model(PLAN, PARAMS, MODEL.classes, HOW, {}, 3), "notes must be a dict"),
    "save": (lambda: nm.save(PARAMS, "x"), "model must be a Model"),
    "save nowhere": (lambda: nm.save(MODEL, ""), "path must be the name of a file"),
    "load bytes": (lambda: nm.load(b"flowers"), "path must be the name of a file"),
    "import": (lambda: nm.import_weights(None, "keras"), "path must be the name of a file"),
    "family": (lambda: nm.import_weights("x", ["keras"]), "family must be one of"),
    "export": (lambda: nm.export_weights(PLAN, PARAMS, 3, "keras"), "path must be the name of a file"),
    "images": (lambda: ArrayImages(None, [0], ("a",)), "images must be an array"),
    "labels half": (lambda: ArrayImages(IMAGES, [0.5] * 6, ("a",)), "labels must be integers"),
    "labels NaN": (lambda: ArrayImages(IMAGES, [NAN] * 6, ("a",)), "labels must be integers"),
    "class text": (lambda: ArrayImages(IMAGES, [0] * 6, "abc"), "classes must be a list of names"),
    "batch half": (lambda: batches(DATA, batch_size=1.5, preprocessing=HOW), "batch_size must be"),
    "no data": (lambda: batches([], batch_size=1, preprocessing=HOW), "dataset must be a Dataset"),
    "share": (lambda: hold_out(DATA, "a", 0), "holdout must be above 0"),
    "seed": (lambda: hold_out(DATA, 0.5, None), "seed must be an integer"),
    "section": (lambda: Config.from_document({"trian": {}}), "unknown key trian; did you mean train?"),
    "table": (lambda: Config.from_document({"train": 3}), "train must be a table of keys"),
    "record": (lambda: Config(train=3), "train must be of the kind Train"),
    "train data": (lambda: train(PLAN, None, None, HOW, Config(), "x"), "training must be a Dataset"),
    "train measured": (lambda: train(PLAN, DATA, 3, HOW, Config(), "x"), "validation must be a Dataset"),
    "train config": (lambda: train(PLAN, DATA, None, HOW, {}, "x"), "config must be a Config"),
    "train targets": (lambda: train(PLAN, DATA, None, HOW, Config(), "x", targets=[[1]]), "targets must"),
    "predictor": (lambda: predictor(None, 1), "model must be a Model"),
    "evaluate": (lambda: evaluate(MODEL, None), "dataset must be a Dataset"),
    "batch text": (lambda: evaluate(MODEL, DATA, batch_size="a"), "batch_size must be an integer"),
    "no model": (lambda: evaluate(None, DATA), "model must be a Model"),
    "norm": (lambda: clipped({}, "a"), "norm must be at least 0"),
}  # fmt: skip


@pytest.mark.parametrize("dtype", [(None, None), ("f4", ()), [], ("f8", "f8")])
def test_a_dtype_is_one_word(dtype: Any) -> None:
    assert "dtype must be float32 or float64, found" in refusal(lambda: nm.init(PLAN, 0, dtype))


@pytest.mark.parametrize("what", [PLAN, "v1"])
def test_what_has_a_size_of_its_own_is_not_counted_on_nonsense(what: Any) -> None:
    for example in (object(), [object()], {"x": X}):
        assert "expected shapes, arrays or tensors" in refusal(
            lambda example=example: nm.count(what, example)
        )
    assert "keywords must be a dict, found int" in refusal(lambda: nm.count(what, keywords=3))
    assert nm.count(what, "1x3x32x32").macs == nm.count(what, X).macs == nm.count(what).macs


@pytest.mark.parametrize("name", CALLS)
def test_calls(name: str) -> None:
    call, words = CALLS[name]
    assert words in refusal(call)


@pytest.mark.parametrize(
    "kind",
    [
        Data,
        Network,
        Distillation,
        Train,
        Augment,
        *OPTIMIZERS.values(),
        *SCHEDULES.values(),
        nm.Dialect,
    ],
)
def test_records(kind: Any) -> None:
    """No value of any type gets past a record: it is right, or it is refused by name."""
    base = {"name": "x"} if kind is nm.Dialect else {}
    for field in fields(kind):
        for value in ODD:
            try:
                made = kind(**base | {field.name: value})
            except (ValueError, TypeError):
                refusal(lambda f=field, v=value: kind(**base | {f.name: v}))
            else:
                assert not isinstance(getattr(made, field.name), complex | bytes), (
                    field.name,
                    value,
                )


def compiled() -> Iterator[tuple[Callable[[], Any], str]]:
    """Calls of both engines, which Numba has to be there for."""
    from npmobilenet.training.fused_optimizer import FusedOptimizer

    engine, step = nm.compile(PLAN, PARAMS, 2, 1), nm.compile_training(PLAN, PARAMS, 2, 1)
    rng, y = np.random.default_rng(0), np.array([0, 1])
    for batch in (0, 1.5, "a", None, True, 2**31, 2**63, 10**30):
        yield lambda b=batch: nm.compile(PLAN, PARAMS, b, 1), "batch must be"
        yield lambda b=batch: nm.compile_training(PLAN, PARAMS, b, 1), "batch must be"
        yield lambda b=batch: step.sized(b), "batch must be"
    yield lambda: nm.compile(PLAN, PARAMS, 1, 2**40), "threads must be"
    for names in (["stem_nrm"], "stem_norm", None, [3]):
        yield lambda n=names: nm.compile_training(PLAN, PARAMS, 2, 1, frozen=n), "frozen"
    for names in (["stem.wieght"], "stem.weight", 3, [3], []):
        yield (
            lambda n=names: nm.compile_training(PLAN, PARAMS, 2, 1, trained=n),
            "trained",
        )
    yield lambda: engine.time_stages(None), "engine: x must be float32"
    yield lambda: engine.time_stages(X[:1], 0), "rounds 1 or more"
    yield lambda: engine(np.ma.array(X)), "x must be float32"
    yield lambda: step(X, y, rng=rng, label_smoothing="a"), "label_smoothing must be"
    yield lambda: step.load(cast(complex)), "float32 or float64, found complex128"
    for dtype in (int, complex, "U4", object, ">f4", np.float16):
        step.forward(X)
        yield (
            lambda d=dtype: step.backward(np.ones((2, 3)).astype(d)),
            "dlogits must be float",
        )
    yield lambda: FusedOptimizer(step, None), "must be an Optimizer"
    yield lambda: FusedOptimizer(engine, Sgd()), "must be a TrainingStep, found Engine"
    for setting in ("clip", "ema"):
        for value in (-1, NAN, "a", None):
            yield lambda k=setting, v=value: FusedOptimizer(step, Sgd(), **{k: v}), setting
    moves = FusedOptimizer(step, Sgd())
    before = {name: value.copy() for name, value in step.params.items()}
    for lr in (NAN, INF, "a", None, [1], -0.1):
        yield lambda lr=lr: moves(lr), "lr must be at least 0"
    assert all(np.array_equal(step.params[name], value) for name, value in before.items())


def test_engines() -> None:
    pytest.importorskip("numba")
    for call, words in compiled():
        assert words in refusal(call)
