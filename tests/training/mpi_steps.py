"""What ranks compute, compared on the ranks themselves: mpiexec -n N python -m this FILE MODELS.

Every rank also takes the steps of the whole batch alone, and the first one writes how far they are apart.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

import npmobilenet as nm
from npmobilenet.ranks.world import Ranks, world
from npmobilenet.training.compiled_step import CompiledStep
from npmobilenet.training.optimizers import Sgd
from npmobilenet.training.parts import Share
from npmobilenet.training.shared_step import SharedStep
from npmobilenet.training.step import State, Step
from tests.engine.kinks import moved_off

ALONE = Ranks()
CLASSES = 5


def network(model: str) -> nm.Plan:
    return nm.plan(model, width=0.25, resolution=64, classes=CLASSES)


def batch(count: int, seed: int, dtype: Any) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    return rng.standard_normal((count, 64, 64, 3)).astype(dtype), rng.integers(0, CLASSES, count)


def apart(found: dict[str, Any], expected: dict[str, Any]) -> float:
    """The largest difference of any array, by that array's largest entry."""
    assert list(found) == list(expected)
    return max(
        float(np.abs(found[n] - e).max() / max(np.abs(e).max(), 1e-3)) for n, e in expected.items()
    )


def learnt(
    take: Any,
    params: dict[str, Any],
    shared: Share | None,
    counts: list[int],
    dtype: Any = np.float64,
) -> dict[str, Any]:
    """Everything that moves, and the losses, after a step on each of so many images."""
    step = take.parts.step if shared else take
    state: State = step.start({name: value.astype(dtype) for name, value in params.items()})
    losses = []
    for number, count in enumerate(counts):
        x, labels = batch(count, number, dtype)
        given: dict[str, Any] = {"lr": 0.001, "rng": np.random.default_rng(number)}
        if shared:
            own = shared.rows(count)
            x, labels = x[own], labels[own]
            given["of"] = count
        losses.append(take(state, x, labels, **given)[0])
    return {**state.params, **state.optimizer, "losses": np.array(losses)}


def synchronised(ranks: Ranks, model: str, steps: int) -> float:
    """N ranks with SyncBN against one rank, float64; the batch does not divide."""
    plan, step = network(model), Step.of(network(model), Sgd())
    share = Share(ranks.rank, ranks.size, joined=True)
    counts = [4 * ranks.size + 1] * (steps - 1) + [3 * ranks.size + 1]
    together = learnt(SharedStep(step, ranks, share), nm.init(plan, 1), share, counts)
    return apart(together, learnt(step, nm.init(plan, 1), None, counts))


def accumulated(ranks: Ranks, model: str, steps: int) -> float:
    """k parts one after the other against k ranks without SyncBN, float64."""
    plan, step = network(model), Step.of(network(model), Sgd())
    share, alone = Share(ranks.rank, ranks.size), Share(0, 1, ranks.size)
    counts = [4 * ranks.size + 3] * (steps - 1) + [3 * ranks.size + 1]
    together = learnt(SharedStep(step, ranks, share), nm.init(plan, 1), share, counts)
    return apart(together, learnt(SharedStep(step, ALONE, alone), nm.init(plan, 1), alone, counts))


def frozen(ranks: Ranks, model: str, steps: int) -> float:
    """Parts in space and time against one large batch, statistics frozen, float64."""
    plan, step = network(model), Step.of(network(model), Sgd(), ("*.gamma", "*.beta"))
    share = Share(ranks.rank, ranks.size, 2)
    counts = [4 * ranks.size + 3] * steps
    together = learnt(SharedStep(step, ranks, share), nm.init(plan, 1), share, counts)
    return apart(together, learnt(step, nm.init(plan, 1), None, counts))


def shortest_batch(ranks: Ranks) -> float:
    """A batch of one image: other ranks have nothing, and with SyncBN wait all the same."""
    plan, step = network("v1"), Step.of(network("v1"), Sgd(), ("*.gamma", "*.beta"))
    share = Share(ranks.rank, ranks.size)
    together = learnt(SharedStep(step, ranks, share), nm.init(plan, 1), share, [1, 5])
    return apart(together, learnt(step, nm.init(plan, 1), None, [1, 5]))


def length(arrays: Any, expected: dict[str, Any]) -> float:
    return float(np.sqrt(sum(((arrays[n] - e) ** 2).sum() for n, e in expected.items())))


def gradients(ranks: Ranks, model: str, fixed: bool) -> list[float]:
    """How far the compiled gradients of all ranks, and those of one, are from float64.

    fixed: normalisations are, or else each rank has the same images in another order, whose statistics
    are the whole batch's; the network has been moved off its kinks either way.
    """
    plan = network(model)
    step = Step.of(plan, Sgd(), ("*.gamma", "*.beta") if fixed else ())
    x, labels = batch(4, 5, np.float32)
    rng = np.random.default_rng(1)
    orders = [rng.permutation(4) for _ in range(ranks.size)]
    if fixed:
        x, labels = batch(4 * ranks.size, 5, np.float32)
    else:
        x, labels = (np.concatenate([a[order] for order in orders]) for a in (x, labels))
    params, nearest = moved_off(plan, nm.init(plan, 1), x, step.frozen)
    assert nearest > 1e-5
    double = {name: value.astype(np.float64) for name, value in params.items()}
    *_, back = step.look(step.start(double), x.astype(np.float64), labels, np.random.default_rng(0))
    expected = back(1.0)
    share = Share(ranks.rank, ranks.size)
    compiled = CompiledStep(step, 4, 1)
    take = SharedStep(compiled, ranks, share)
    own = share.rows(len(x))
    take(step.start(params), x[own], labels[own], lr=0.0, rng=np.random.default_rng(0), of=len(x))
    together = length(compiled.first.grads, expected)
    alone = CompiledStep(step, len(x), 1)
    alone(step.start(params), x, labels, lr=0.0, rng=np.random.default_rng(0))
    whole = {name: np.zeros_like(value) for name, value in expected.items()}
    return [f / length(whole, expected) for f in (together, length(alone.first.grads, expected))]


def bits(ranks: Ranks) -> bool:
    """The compiled step, twice: the same bits, and on all ranks."""
    plan, step = network("v1"), Step.of(network("v1"), Sgd())
    share = Share(ranks.rank, ranks.size, 2)
    found = []
    for _ in range(2):
        take = SharedStep(CompiledStep(step, 2, 1), ranks, share)
        take.parts.step.start = step.start  # type: ignore[union-attr]
        found.append(learnt(take, nm.init(plan, 1), share, [4 * ranks.size + 1] * 3, np.float32))
        texts = ranks.gather({name: a.tobytes() for name, a in found[-1].items()})
        if any(text != texts[0] for text in texts):
            return False
    return all(a.tobytes() == found[1][name].tobytes() for name, a in found[0].items())


def main(file: str, models: str) -> None:
    ranks = world()
    first = models.split(",")
    steps = 10 if len(first) > 1 else 3
    found: dict[str, Any] = {}
    for model in first:
        for what in (synchronised, accumulated, frozen):
            found[f"{what.__name__} {model}"] = what(ranks, model, steps)
        for fixed in (False, True):
            name = f"gradients {model} {'fixed' if fixed else 'moving'}"
            found[name] = gradients(ranks, model, fixed)
    found["shortest batch"], found["bits"] = shortest_batch(ranks), bits(ranks)
    if ranks.first:
        Path(file).write_text(json.dumps(found), encoding="utf-8")
    ranks.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
