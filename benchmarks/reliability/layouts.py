"""However arrays lie in memory: the bits of contiguous ones, or a refusal; arguments are not changed."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

import npmobilenet as nm
from npmobilenet.ops import integers
from npmobilenet.ops.rungs import running

from .calls import integer_operators, networks, operators
from .calls.guards import Guards
from .calls.judging import of_error
from .calls.subjects import Call, Draw
from .hazard import Found, Hazard, Size
from .laid import LAID, Array

SEED = 5
TURNS: Mapping[Size, int] = {"tiny": 1, "quick": 2, "whole": 12}


# of other numbers: a refusal, or what the same numbers give as they should be
CAST: dict[str, Callable[[Array], Array]] = {
    "big-endian": lambda x: x.astype(x.dtype.newbyteorder(">")),
    "float16": lambda x: x.astype(np.float16),
    "int32": lambda x: x.astype(np.int32),
    "int8 or uint8": lambda x: x.astype(np.uint8 if x.dtype == np.int8 else np.int8),
    "bool": lambda x: x > 0,
}


def _laid(value: Any, way: Callable[[Array], Array]) -> Any:
    if isinstance(value, dict):
        return {name: _laid(each, way) for name, each in value.items()}
    plain = isinstance(value, np.ndarray) and value.ndim and value.dtype.kind in "fiu"
    return way(value) if plain else value


def _straight(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _straight(each) for name, each in value.items()}
    return np.array(value, order="C") if isinstance(value, np.ndarray) else value


def _bytes(value: Any) -> list[tuple[Any, bytes]]:
    """Everything that a call gives, whatever it is in."""
    if isinstance(value, np.ndarray):
        return [(value.shape, np.ascontiguousarray(value).tobytes())]
    if isinstance(value, Mapping):
        return [pair for name in sorted(value) for pair in _bytes(value[name])]
    if isinstance(value, tuple | list):
        return [pair for each in value for pair in _bytes(each)]
    return [((), repr(value).encode())] if isinstance(value, bool | int | float) else []


Run = Callable[[Callable[[Array], Array], dict[str, Any]], Any]


def _operator(name: str, draw: Draw) -> tuple[dict[str, Any], Run]:
    good, _ = operators.MADE[name](draw)

    def run(way: Callable[[Array], Array], given: dict[str, Any]) -> Any:
        given = given | {"rng": np.random.default_rng(0)} if "rng" in given else given
        returned = getattr(nm, name)(**given)
        if name == "softmax":
            return returned, nm.softmax_backward(way(np.ones_like(returned)), returned)
        y, cache, *more = returned
        dy = 1.0 if not isinstance(y, np.ndarray) else np.random.default_rng(1).random(y.shape)
        dy = way(dy.astype(y.dtype)) if isinstance(dy, np.ndarray) else dy
        held = np.array(dy)
        gradients = getattr(nm, f"{name}_backward")(dy, cache)
        if not np.array_equal(held, dy):
            raise AssertionError("dy was changed")
        return y, gradients, more

    return good, run


def _integer(name: str, draw: Draw) -> tuple[dict[str, Any], Run]:
    good, _ = integer_operators.MADE[name](draw)
    return good, lambda way, given: getattr(integers, name)(**given)


def _network(name: str, draw: Draw) -> tuple[dict[str, Any], Run]:
    plan, params, x = networks.PLAN, networks.params(), networks.images().copy()
    train = {"train": True, "rng": np.random.default_rng(0)}
    qplan, arrays = networks.quantized()

    def learn(way: Callable[[Array], Array], given: dict[str, Any]) -> Any:
        step = nm.compile_training(plan, given["params"], 2, 1)
        logits, _ = step.forward(given["x"], rng=np.random.default_rng(0))
        logits = logits.copy()
        return logits, step.backward(way(np.ones_like(logits)))

    calls: dict[str, Run] = {
        "infer": lambda way, given: nm.infer(plan, **given),
        "forward": lambda way, given: (
            lambda y, tape, s: (y, s, nm.backward(plan, way(np.ones_like(y)), tape))
        )(*nm.forward(plan, **given, **(train | {"rng": np.random.default_rng(0)}))),
        "engine": lambda way, given: nm.compile(plan, given["params"], 2, 1)(given["x"]),
        "step": learn,
        "infer of integers": lambda way, given: nm.infer(qplan, **given),
        "engine of integers": lambda way, given: nm.compile(qplan, given["params"], 2, 1)(
            given["x"]
        ),
    }
    return {"params": arrays if "integers" in name else params, "x": x}, calls[name]


NETWORKS = ("infer", "forward", "engine", "step", "infer of integers", "engine of integers")
NO_ARRAYS = ("Quantization",)


def _judged(good: dict[str, Any], run: Run, how: str, only: str) -> str:
    """What is wrong with a call whose arrays lie so; only: one argument alone, "" for all."""
    way = LAID.get(how) or CAST[how]
    given = {k: _laid(v, way) if not only or k == only else v for k, v in good.items()}
    arrays = [(v, np.array(v)) for v in given.values() if isinstance(v, np.ndarray)]
    arrays += [(v, np.array(v)) for d in given.values() if isinstance(d, dict) for v in d.values()]
    of_dy = way if not only and how in LAID and how != "no images" else np.asarray
    error: Exception | None = None
    found: Any = None
    try:
        found = _bytes(run(of_dy, given))
    except AssertionError as changed:
        return str(changed)
    except Exception as raised:
        error = raised
    if any(not np.array_equal(a, b, equal_nan=a.dtype.kind == "f") for a, b in arrays):
        return "an argument was changed"
    if error is not None:
        said = of_error(error, Call(run, given, {}, {only: ("",)}), only)
        if said or how in CAST or how == "no images":
            return said
        return f"refused: {error}"
    straight = {k: _straight(v) for k, v in given.items()}
    if how in CAST:
        straight = {
            k: np.asarray(v, good[k].dtype) if isinstance(v, np.ndarray) else v
            for k, v in straight.items()
        }
    wanted = _bytes(run(lambda dy: np.ascontiguousarray(of_dy(dy)), straight))
    return "" if found == wanted else "another result than of contiguous arrays"


def prove(size: Size) -> Found:
    """Each operator and network, drawn some times, in each layout: all arguments so, and one of them."""
    tried: Counter[str] = Counter()
    bad: list[str] = []
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for title, how, only, said in _cases(size):
            tried[how] += 1
            if said:
                bad.append(f"{title}, {only or 'all'} {how}: {said}")
    return Found(tried.total(), tuple(bad), {"layouts and dtypes": len(tried)})


def _cases(size: Size) -> Iterator[tuple[str, str, str, str]]:
    """What was called, how its arrays lay, which of them, and what went wrong."""
    makers: dict[str, Callable[[Draw], tuple[dict[str, Any], Run]]] = {
        name: lambda draw, name=name: _operator(name, draw) for name in operators.MADE
    }
    if size != "tiny":
        listed = (name for name in integer_operators.MADE if name not in NO_ARRAYS)
        makers |= {f"integers.{n}": lambda draw, n=n: _integer(n, draw) for n in listed}
    for place, (title, make) in enumerate(makers.items()):
        for turn in range(TURNS[size]):
            rungs = ("numpy",) if size == "tiny" else running()
            draw = Draw(np.random.default_rng((SEED, place, turn)), Guards("bytes"), rungs)
            good, run = make(draw)
            yield from _each(f"{title} ({SEED}, {place}, {turn})", good, run, size)
    if size != "tiny":
        for name in NETWORKS:
            good, run = _network(name, draw)
            yield from _each(name, good, run, size)


def _each(
    title: str, good: dict[str, Any], run: Run, size: Size
) -> Iterator[tuple[str, str, str, str]]:
    arrays = [k for k, v in good.items() if isinstance(v, np.ndarray | dict)]
    batched = [k for k in ("x", "logits", "a", "b", "g", "labels") if k in arrays]
    for how in (*LAID, *CAST):
        if how == "no images":
            if title.startswith("batch_norm") and good.get("train"):
                continue  # of nothing there are no statistics
            yield title, how, "", _of_nothing(good, run, _of_batch(title, good, batched))
            continue
        alone = arrays[:1] if how in CAST else ["", *(arrays if size == "whole" else [])]
        for only in alone:
            yield title, how, only, _judged(good, run, how, only)


def _of_nothing(good: dict[str, Any], run: Run, names: list[str]) -> str:
    """What is wrong with a batch without images; of a loss without images there is no mean."""
    fixed = {k: v for k, v in good.items() if k not in names}
    fixed |= {"reduction": "sum"} if "reduction" in good else {}
    part = {k: good[k] for k in names}
    return _judged(part, lambda way, given: run(way, fixed | given), "no images", "")


def _of_batch(title: str, good: dict[str, Any], names: list[str]) -> list[str]:
    """Arguments whose first axis is the batch."""
    biased = "conv2d" in title or "dense" in title
    return [k for k in names if not (k == "b" and biased) and isinstance(good[k], np.ndarray)]


HAZARD = Hazard(
    title="strides, byte order, read-only and other arrays",
    must="the bits that contiguous arrays give, or a refusal in one line; arguments unchanged",
    prove=prove,
)
