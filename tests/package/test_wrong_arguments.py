"""Wrong arguments of what is not an operator: each is refused by a check that names it, in one line.

Of a kind that Python or NumPy would let pass, or trip over further down: a text where names are wanted,
arrays that are masked, numbers that are none, sizes that no memory holds.
"""

import traceback
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import npmobilenet as nm
from npmobilenet.cost import memory_cost, training_cost
from npmobilenet.cost.conventions import totals
from npmobilenet.cost.parameters import parameter_sums
from npmobilenet.cost.separable import separable_cost
from npmobilenet.datasets import idx
from npmobilenet.datasets.arrays import ArrayImages
from npmobilenet.datasets.folder import ImageFiles
from npmobilenet.datasets.loader import batches, count_batches
from npmobilenet.datasets.splits import load_splits
from npmobilenet.datasets.subsets import hold_out
from npmobilenet.evidence.claims import check as judge_claims
from npmobilenet.images.augment import Augment
from npmobilenet.images.decode import open_image
from npmobilenet.images.mixing import mixed
from npmobilenet.images.preprocessing import Preprocessing
from npmobilenet.limits import at_most
from npmobilenet.models.folding import fold_batch_norm
from npmobilenet.ops.integers import Quantization
from npmobilenet.ops.integers.scales import bounds
from npmobilenet.pictures import keep
from npmobilenet.predicting.evaluation import evaluate
from npmobilenet.predicting.predictor import predictor
from npmobilenet.training.config import Config, Data, Distillation, Network, Train
from npmobilenet.training.loop import train
from npmobilenet.training.optimizers import OPTIMIZERS, Sgd, clipped
from npmobilenet.training.schedules import SCHEDULES
from npmobilenet.weights.preprocessing import known

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


RNG = np.random.default_rng(0)
HUGE = 10**5000  # more digits than Python writes
LARGE: dict[str, tuple[Callable[[], Any], str]] = {
    "classes": (lambda: nm.plan("v1", classes=HUGE), "classes must be below 2^63"),
    "channels": (lambda: nm.plan("v1", channels=2**63), "channels must be below 2^63, found 9223372"),
    "divisor": (lambda: nm.plan("v3-small", divisor=HUGE), "divisor must be below 2^63"),
    "divisor V4": (lambda: nm.plan("v4-conv-small", divisor=HUGE), "divisor must be below 2^63"),
    "no top": (lambda: nm.plan("v1", include_top=False, classes=HUGE), "there are no classes"),
    "model": (lambda: nm.plan(HUGE), "model must be one of v1, "),
    "Plan": (lambda: replace(PLAN, classes=HUGE), "Plan: classes must be below 2^63"),
    "mode": (lambda: nm.dropout(X, 0.1, train=False, mode=HUGE), 'mode must be "inverted" or "down'),
    "shift": (lambda: Augment(shift=HUGE), "shift must be below 2^63"),
    "resize": (lambda: replace(HOW, resize=HUGE), "must be whole pixels above zero and below 2^31"),
    "resize of weights": (lambda: known(resize=HUGE), 'resize must be pixels or "stretch"'),
    "n": (lambda: count_batches(HUGE, 1), "n must be below 2^63"),
    "batch_size": (lambda: count_batches(1, HUGE), "batch_size must be below 2^63"),
    "load_splits": (lambda: load_splits("x", HUGE), "load_splits: channels must be 1 or 3"),
    "ImageFiles": (lambda: ImageFiles([], np.arange(0), (), HUGE), "channels must be 1 or 3"),
    "open_image": (lambda: open_image("x", HUGE), "open_image: channels must be 1 or 3"),
    "mixed": (lambda: mixed(X, np.zeros(2, int), HUGE, Augment(), RNG), "must be at most 1,048,576"),
    "separable_ratio": (lambda: nm.separable_ratio(k=3, n=HUGE), "n must be below 2^63"),
    "in a tuple": (lambda: nm.separable_ratio(k=3, n=(HUGE,)), "found a tuple of thousands of digits"),
}  # fmt: skip


@pytest.mark.parametrize("name", LARGE)
def test_integers_too_large(name: str) -> None:
    """Of thousands of digits, which no message could hold, or just more than anybody counts."""
    call, words = LARGE[name]
    found = refusal(call)
    assert words in found
    assert len(found) < 250


@pytest.mark.parametrize("name", [[3], "x" * 5000, HUGE], ids=["list", "long", "huge"])
def test_layers_of_no_name(name: Any) -> None:
    with pytest.raises(KeyError, match="no layer ") as caught:
        PLAN[name]
    assert len(str(caught.value)) < 150


def test_seeds_of_any_size() -> None:
    """NumPy's own way to draw a seed gives 128 bits."""
    assert nm.init(PLAN, 2**127)["stem.weight"].any()
    assert len(list(batches(DATA, batch_size=6, preprocessing=HOW, seed=2**127, shuffle=True))) == 1


TEXTS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "mode": (lambda x: nm.dropout(X, 0.1, train=False, mode=x), "dropout: mode must be"),
    "like": (lambda x: nm.plan("v1", like=x), "plan: like must be one of v1, v2, v3, v4"),
    "activation": (lambda x: bounds(Quantization("int8", (0.1,), (0,)), x), "activation must be"),
    "interpolation": (lambda x: known(interpolation=x), "interpolation must be one of"),
    "resize": (lambda x: known(resize=x), "resize must be pixels or"),
    "n": (lambda x: nm.separable_ratio(k=3, n=x), "n must be a positive integer"),
    "m": (lambda x: separable_cost(k=3, m=x, n=3, df=3), "m must be a positive integer"),
    "alpha": (lambda x: separable_cost(k=3, m=3, n=3, df=3, alpha=x), "alpha must be a number above 0"),
    "batch": (lambda x: memory_cost(PLAN, batch=x), "batch must be a positive integer"),
    "dtype": (lambda x: memory_cost(PLAN, dtype=x), "memory: dtype must be float32 or float64"),
    "optimizer": (lambda x: memory_cost(PLAN, optimizer=x), "optimizer must be one of plain, sgd, adam"),
    "family": (lambda x: nm.export_weights(PLAN, PARAMS, "x", x), "family must be one of keras, "),
    "part": (lambda x: idx.read_part(Path(), x), "idx files have the parts train and t10k, not"),
    "source": (lambda x: judge_claims(x), "source must be one of"),
    "picture": (lambda x: keep(Image.new("L", (1, 1)), [x]), "path must be the name of a file, found"),
    "key": (lambda x: nm.plan("own", rows={3: x}), "unknown key 3; did you mean"),
}  # fmt: skip


class Unspeakable:
    def __repr__(self) -> str:
        raise KeyError("no words")


@pytest.mark.parametrize("name", TEXTS)
def test_values_of_other_kinds(name: str) -> None:
    """Arrays, whose truth is ambiguous, long texts and what has no repr are said in one short line."""
    call, words = TEXTS[name]
    many = {k: np.zeros(30) for k in range(4)}
    for wrong in (np.zeros((9, 9)), many, "x" * 5000, [], Unspeakable()):
        found = refusal(lambda wrong=wrong: call(wrong))
        assert words in found
        assert len(found) < 250


@pytest.mark.parametrize(
    "asked", [{"classes": 10**9}, {"channels": 10**9}, {"classes": 10**16}, {"classes": 2**63 - 1}]
)
def test_arrays_too_large_to_draw(asked: dict[str, int]) -> None:
    """Refused before memory is taken; where somebody asks for more, by the memory, in a line too."""
    plan = nm.plan("v1", resolution=32, **asked)
    words = "more than the 1.1 GB allowed; where it is right: NPMOBILENET_LARGEST"
    assert words in refusal(lambda: nm.init(plan, 0))
    if asked["classes" if "classes" in asked else "channels"] > 10**15:
        with at_most(2**90):
            assert "do not fit into memory" in refusal(lambda: nm.init(plan, 0))


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
