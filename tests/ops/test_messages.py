"""Bad arguments: one line that names the operator or argument, and nothing reaches a kernel.

Each row is a call and the words its message must begin with or contain.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import npmobilenet as nm
from npmobilenet.cost import separable_ratio
from npmobilenet.images.preprocessing import Preprocessing
from npmobilenet.training.config import Config, Train
from npmobilenet.training.optimizers import Sgd
from npmobilenet.weights import Model

X = np.ones((2, 4, 4, 3))
ROWS_ = np.ones((5, 3))
V = np.ones(3)
RNG = np.random.default_rng(0)
PLAN = nm.plan("v1", width=0.25, resolution=32, classes=3)
PARAMS = nm.init(PLAN, 0)
IMAGE = np.zeros((2, 32, 32, 3), np.float32)

# operator -> (function, arguments that are right): what is wrong with them is planted below
RIGHT: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "conv2d": (nm.conv2d, {"x": X, "w": np.ones((3, 3, 3, 2)), "b": np.ones(2)}),
    "depthwise_conv2d": (nm.depthwise_conv2d, {"x": X, "w": np.ones((3, 3, 3)), "b": V}),
    "grouped_conv2d": (
        nm.grouped_conv2d,
        {"x": X, "w": np.ones((3, 3, 1, 6)), "b": np.ones(6), "groups": 3},
    ),
    "pointwise_conv2d": (nm.pointwise_conv2d, {"x": X, "w": np.ones((3, 2)), "b": np.ones(2)}),
    "dense": (nm.dense, {"x": ROWS_, "w": np.ones((3, 2)), "b": np.ones(2)}),
    "batch_norm": (
        nm.batch_norm,
        {"x": X, "gamma": V, "beta": V, "mean": V, "variance": V, "train": False},
    ),
    "avg_pool2d": (nm.avg_pool2d, {"x": X, "kernel_size": 2}),
    "max_pool2d": (nm.max_pool2d, {"x": X, "kernel_size": 2}),
    "global_avg_pool": (nm.global_avg_pool, {"x": X}),
    "relu": (nm.relu, {"x": X}),
    "relu6": (nm.relu6, {"x": X}),
    "sigmoid": (nm.sigmoid, {"x": X}),
    "swish": (nm.swish, {"x": X}),
    "hard_sigmoid": (nm.hard_sigmoid, {"x": X}),
    "hard_swish": (nm.hard_swish, {"x": X}),
    "dropout": (nm.dropout, {"x": X, "rate": 0.5, "rng": RNG, "train": True}),
    "softmax_cross_entropy": (
        nm.softmax_cross_entropy,
        {"logits": ROWS_, "labels": np.array([0, 1, 2, 1, 0])},
    ),
    "softmax": (nm.softmax, {"logits": ROWS_}),
    "log_softmax": (nm.log_softmax, {"logits": ROWS_}),
    "add": (nm.add, {"a": X, "b": X}),
    "scale_channels": (nm.scale_channels, {"x": X, "g": np.ones((2, 3))}),
}
VECTORS = ("gamma", "beta", "mean", "variance")

# operator, what is wrong, words of the message
ROWS: list[tuple[str, dict[str, Any], str]] = [
    ("conv2d", {"w": np.ones((3, 3, 4, 2))}, "w has filters of 4 channels but x has 3"),
    ("conv2d", {"w": np.ones((3, 3, 1, 2))}, "3 channels; 3 groups of them are what grouped_conv2d"),
    ("pointwise_conv2d", {"w": np.ones((1, 4))}, "(M, O); 3 groups of them are what grouped_conv2d"),
    ("conv2d", {"w": np.ones((3, 3, 3))}, "w must have shape (K, L, M, O)"),
    ("conv2d", {"padding": "sam"}, "padding must be"),
    ("conv2d", {"padding": (1, 1, 1)}, "padding must be"),
    ("conv2d", {"padding": -1}, "padding must be"),
    ("conv2d", {"padding": ()}, "padding must be"),
    ("conv2d", {"padding": 1.5}, "padding must be"),
    ("conv2d", {"padding": None}, "padding must be"),
    ("conv2d", {"dilation": 0}, "dilation must be a positive integer"),
    ("conv2d", {"dilation": 5, "padding": 0}, "window spans 11x11 inputs"),
    ("conv2d", {"w": np.ones((5, 5, 3, 2)), "padding": "valid"}, "padded input is only 4x4"),
    ("depthwise_conv2d", {"w": np.ones((3, 3, 4))}, "each channel needs its own filter"),
    ("depthwise_conv2d", {"w": np.ones((3, 3, 3, 1))}, "w must have shape (K, L, M)"),
    ("pointwise_conv2d", {"w": np.ones((4, 2))}, "w has 4 rows but x has 3 channels"),
    ("dense", {"w": np.ones((4, 2))}, "w has 4 rows but x has 3 channels"),
    ("dense", {"x": X}, "x must have shape (N, M)"),
    *(("batch_norm", {name: np.ones(4)}, f"{name} must have shape (3,)") for name in VECTORS),
    *(("batch_norm", {name: np.ones((1, 3))}, f"{name} must have shape (C)") for name in VECTORS),
    ("batch_norm", {"x": X[:1, :1, :1], "train": True}, "more than one value for each channel"),
    ("batch_norm", {"x": X[0]}, "x must have shape"),
    ("avg_pool2d", {"kernel_size": 0}, "kernel_size must be a positive integer"),
    ("avg_pool2d", {"kernel_size": None}, "kernel_size must be a positive integer"),
    ("avg_pool2d", {"kernel_size": 5}, "5x5 window spans 5x5 inputs"),
    ("avg_pool2d", {"kernel_size": 2, "padding": 2}, "nothing but padding"),
    ("avg_pool2d", {"kernel_size": 7, "stride": 2, "ceil_mode": True}, "7x7 window spans"),
    ("avg_pool2d", {"ceil_mode": 1}, "ceil_mode must be True or False, found 1"),
    ("max_pool2d", {"kernel_size": 2, "padding": 2}, "nothing but padding"),
    ("max_pool2d", {"kernel_size": 0}, "kernel_size must be a positive integer"),
    ("max_pool2d", {"dilation": 0}, "dilation must be a positive integer"),
    *(
        ("grouped_conv2d", {"groups": bad}, "groups must divide the 3 channels of x and the 6 filters")
        for bad in (0, -3, 2, 4, 1.0, True, None, "3")
    ),
    ("grouped_conv2d", {"groups": 1}, "filters of 1 channels but 1 groups of x have 3"),
    ("grouped_conv2d", {"w": np.ones((3, 3, 3))}, "w must have shape (K, L, M/groups, O)"),
    ("relu", {"rung": "loops"}, "rung must be one of numpy, numba"),
    ("relu6", {"rung": "loops"}, "rung must be one of numpy, numba"),
    ("dropout", {"rate": 1.1}, "rate must be within 0..1, found 1.1"),
    ("dropout", {"rate": float("nan")}, "rate must be"),
    ("dropout", {"mode": "sometimes"}, "mode must be"),
    ("dropout", {"rng": None}, "draws from rng"),
    ("dropout", {"rng": 3}, "rng"),
    ("hard_sigmoid", {"slope": 0.0}, "slope"),
    ("softmax_cross_entropy", {"labels": np.array([0, 1, 3, 0, 0])}, "label 3 is outside 0..2"),
    ("softmax_cross_entropy", {"labels": np.array([0, -1, 0, 0, 0])}, "label -1 is outside"),
    ("softmax_cross_entropy", {"labels": np.ones(5)}, "labels must be 5 integers"),
    ("softmax_cross_entropy", {"labels": np.zeros(4, int)}, "labels must be 5 integers"),
    ("softmax_cross_entropy", {"weight": np.ones(4)}, "weight must be 3 numbers of at least 0"),
    ("softmax_cross_entropy", {"weight": np.array([1, -1, 1])}, "weight must be 3 numbers of at least 0"),
    ("softmax_cross_entropy", {"weight": np.array([1, np.nan, 1])}, "weight must be 3 numbers"),
    ("softmax_cross_entropy", {"weight": [[1], [2, 3]]}, "weight must be 3 numbers of at least 0"),
    ("softmax_cross_entropy", {"ignore_index": 1.5}, "ignore_index must be an integer, found 1.5"),
    ("softmax_cross_entropy", {"ignore_index": 0, "labels": np.zeros(5, int)}, "the mean of nothing"),
    ("softmax_cross_entropy", {"ignore_index": 0, "labels": np.eye(3)[[0] * 5]}, "are integers"),
    ("softmax_cross_entropy", {"reduction": "average"}, 'reduction must be "mean", "sum" or "none"'),
    ("softmax_cross_entropy", {"label_smoothing": 1.5}, "label_smoothing must be within 0..1"),
    ("scale_channels", {"x": ROWS_}, "x must have shape (N, H, W, C)"),
    *(
        ("scale_channels", {"g": np.ones(shape)}, f"g must be (2, 3) for x {X.shape}, found {shape}")
        for shape in ((1, 3), (2, 1), (3, 2))
    ),
    ("scale_channels", {"g": V}, "g must have shape (N, C)"),
    ("scale_channels", {"g": np.ones((2, 1, 1, 3))}, "g must have shape (N, C)"),
    ("scale_channels", {"g": np.ones((2, 3), np.float32)}, "x is float64 but g is float32"),
    ("add", {"b": X[:1]}, "one shape and dtype"),
    ("add", {"b": X.astype(np.float32)}, "one shape and dtype"),
]  # fmt: skip
SLIDING = (
    "conv2d",
    "depthwise_conv2d",
    "grouped_conv2d",
    "pointwise_conv2d",
    "avg_pool2d",
    "max_pool2d",
)
for _name, (_function, _right) in RIGHT.items():
    _first = next(iter(_right))
    _array = _right[_first]
    ROWS += [
        (_name, {_first: _array.astype(np.int64)}, "float32 or float64"),
        (_name, {_first: _array.astype(np.float16)}, "float32 or float64"),
        (_name, {_first: _array.tolist()}, "NumPy array, found list"),
        (_name, {_first: _array[:, :0]}, "none of them 0"),
        (_name, {_first: np.array(1.0)}, "shape"),
    ]
    if "w" in _right:
        ROWS += [
            (_name, {"w": _right["w"].astype(np.float32)}, "x is float64 but w is float32"),
            (_name, {"w": _right["w"].tolist()}, "w must be a NumPy array, found list"),
            (_name, {"b": np.ones(7)}, "b must have shape"),
            (_name, {"b": np.ones((1, 2))}, "b must have shape"),
            (_name, {"b": V.astype(np.float32)}, "b "),
            (_name, {"b": [1.0, 2.0]}, "b must be a NumPy array, found list"),
        ]
    if "w" in _right or "pool" in _name or _name in ("batch_norm", "relu", "relu6"):
        ROWS.append((_name, {"rung": "simd?"}, "rung must be one of"))
    if _name in SLIDING:
        ROWS += [
            (_name, {"stride": bad}, "stride must be a positive integer")
            for bad in (0, -1, (1, 2, 3), (1, 0), 1.5, "2")
        ]


def message_of(call: Callable[[], Any]) -> str:
    """The one line of the ValueError or TypeError that a call must end in."""
    with pytest.raises((ValueError, TypeError)) as caught:
        call()
    message = str(caught.value)
    assert len(message.splitlines()) == 1, f"not one line: {message!r}"
    return message


@pytest.mark.parametrize(("name", "wrong", "words"), ROWS)
def test_operator_refuses(name: str, wrong: dict[str, Any], words: str) -> None:
    """The message begins with the operator's name and says what was expected."""
    function, right = RIGHT[name]
    function(**right)  # is right
    message = message_of(lambda: function(**right | wrong))
    assert message.startswith(f"{name}: ")
    assert words in message


@pytest.mark.parametrize(
    "name", [name for name in RIGHT if name not in ("softmax", "softmax_cross_entropy", "add")]
)
def test_backward_refuses_another_dy(name: str) -> None:
    """dy must have the shape and dtype of y: of another shape or precision it is refused."""
    function, right = RIGHT[name]
    y, cache, *_ = function(**right)
    backward = getattr(nm, f"{name}_backward")
    for wrong in (y[:1], y[..., None], y.astype(np.float32), y.tolist(), np.moveaxis(y, 0, -1)):
        message = message_of(lambda wrong=wrong: backward(wrong, cache))
        assert message.startswith(f"{name}: dy must be float64 ")


def changed(name: str, value: Any) -> dict[str, Any]:
    return PARAMS | {name: value}


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in PARAMS.items() if key != name}


WEIGHT = PARAMS["stem.weight"]
LOGITS, TAPE, _ = nm.forward(PLAN, PARAMS, IMAGE, rung="numpy")  # nothing to compile
OTHER = nm.plan("v1-full", width=0.25, resolution=32, classes=3)
GREY = Preprocessing(resolution=(32, 32), resize=None, channels=3, mean=(0,) * 3, std=(1,) * 3)
NETWORK: dict[str, tuple[Callable[[], Any], str]] = {
    "unknown model": (lambda: nm.plan("v9"), "model must be one of v1"),
    "model list": (lambda: nm.plan(["v1"]), "model must be one of v1"),
    "unknown dialect": (lambda: nm.plan("v1", dialect="latin"), "dialect must be one of paper"),
    "dialect list": (lambda: nm.plan("v1", dialect=["paper"]), "dialect must be one of paper"),
    **{
        f"{name} {bad!r}": (lambda name=name, bad=bad: nm.plan("v1", **{name: bad}), name)
        for name, values in {
            "width": (0, -1, 17, float("nan"), float("inf"), "0.5"),
            "resolution": (0, -3, (1, 2, 3), (0, 5), (), "224", 224.0, (1.5, 2)),
            "classes": (0, -1, 2.5, "10", True),
            "channels": (0, 1.5, None),
            "divisor": (0, -8, 4.0),
        }.items()
        for bad in values
    },
    "classes of no top": (
        lambda: nm.plan("v1", include_top=False, classes=10),
        "without the top there are no classes, found classes=10",
    ),
    "missing array": (
        lambda: nm.forward(PLAN, without("classifier.bias"), IMAGE),
        "params do not fit v1: missing classifier.bias",
    ),
    "many missing": (lambda: nm.infer(PLAN, {}, IMAGE), "stem_norm.beta and 134 more"),
    "unexpected array": (
        lambda: nm.forward(PLAN, changed("head.weight", WEIGHT), IMAGE),
        "unexpected head.weight",
    ),
    "array's shape": (
        lambda: nm.infer(PLAN, changed("stem.weight", WEIGHT[:2]), IMAGE),
        "stem.weight must be (3, 3, 3, 8), found (2, 3, 3, 8)",
    ),
    "array's dtype": (
        lambda: nm.infer(PLAN, changed("classifier.bias", np.zeros(3)), IMAGE),
        "params must share one dtype: classifier.bias is float64",
    ),
    "array a list": (lambda: nm.infer(PLAN, changed("classifier.bias", [0, 0]), IMAGE), "bias"),
    "x channels first": (
        lambda: nm.forward(PLAN, PARAMS, IMAGE.transpose(0, 3, 1, 2)),
        "v1: x must have shape (N, 32, 32, 3)",
    ),
    "x without batch": (lambda: nm.infer(PLAN, PARAMS, IMAGE[0]), "v1: x must have shape"),
    "x a list": (lambda: nm.infer(PLAN, PARAMS, IMAGE.tolist()), "found list"),
    "x bytes": (lambda: nm.infer(PLAN, PARAMS, IMAGE.astype(np.uint8)), "x is uint8 but"),
    "x double": (lambda: nm.infer(PLAN, PARAMS, IMAGE.astype(np.float64)), "x is float64 but"),
    "rung": (lambda: nm.infer(PLAN, PARAMS, IMAGE, rung="gpu"), "rung must be one of"),
    "dlogits": (lambda: nm.backward(PLAN, LOGITS[:1], TAPE), "dy must be float32 (2, 3)"),
    "tape of another plan": (lambda: nm.backward(OTHER, LOGITS, TAPE), "tape"),
    "init's dtype": (lambda: nm.init(PLAN, 0, dtype=np.int64), "dtype"),
    "init's seed": (lambda: nm.init(PLAN, -1), "seed"),
    "k of separable_ratio": (lambda: separable_ratio(k=0, n=4), "separable_ratio: k must be"),
    "n of separable_ratio": (lambda: separable_ratio(k=3, n=0), "separable_ratio: n must be"),
    "k below 0": (lambda: separable_ratio(k=-3, n=64), "separable_ratio: k must be"),
    "optimizer": (
        lambda: Config.from_document({"optimizer": {"name": "lion"}}),
        "optimizer.name must be one of sgd, rmsprop, rmsprop-torch, adam, adamw, found 'lion'",
    ),
    "lr": (lambda: Sgd(lr=0), "lr must be above 0, found 0"),
    "lr nan": (lambda: Sgd(lr=float("nan")), "lr must be above 0"),
    "epochs": (lambda: Train(epochs=0), "epochs must be above 0"),
    "batch": (lambda: Train(batch=-1), "batch must be above 0"),
    "schedule": (
        lambda: Config.from_document({"schedule": {"name": "steps"}}),
        "schedule.name must be one of constant, cosine, piecewise, exponential",
    ),
    "number of class names": (
        lambda: Model(PLAN, PARAMS, ("a", "b"), GREY),
        "the network has 3 classes, 2 names are given",
    ),
}


@pytest.mark.parametrize("case", NETWORK)
def test_network_refuses(case: str) -> None:
    """Plans, parameters, images and settings that cannot be are refused by name, in one line."""
    call, words = NETWORK[case]
    assert words in message_of(call)
