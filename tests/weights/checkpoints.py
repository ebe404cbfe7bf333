"""State dicts as training programs keep them, made here, and what should come of them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import npmobilenet as nm
from npmobilenet.weights.families import FAMILIES

torch = pytest.importorskip("torch")
State = dict[str, Any]
HEAD = ("classifier.weight", "classifier.bias")
PLANS = {
    "torchvision": nm.plan("v2", width=0.35, classes=5, resolution=32, dialect="torchvision"),
    "v3": nm.plan("v3-small", width=0.35, classes=5, resolution=32, dialect="torchvision"),
    "timm": nm.plan("v1", width=0.25, classes=5, resolution=32, dialect="timm"),
}


def state_of(which: str, seed: int = 0) -> State:
    """A network's state dict, as torch keeps it, counters of batches included."""
    family = "torchvision" if which == "v3" else which
    plan = PLANS[which]
    arrays = FAMILIES[family].outgoing(plan, nm.init(plan, seed))
    state = {name: torch.from_numpy(np.array(value)) for name, value in arrays.items()}
    counters = [name for name in state if name.endswith("running_mean")]
    return state | {
        x.replace("running_mean", "num_batches_tracked"): torch.tensor(3) for x in counters
    }


RAW, OTHER = state_of("torchvision"), state_of("torchvision", 1)
V3, TIMM = state_of("v3"), state_of("timm")


def under(prefix: str, state: State) -> State:
    return {prefix + name: value for name, value in state.items()}


def renamed(state: State, **names: str) -> State:
    """Layers under other names: those given begin with a layer's name, with _ for its dots."""
    pairs = {old.replace("_", "."): new for old, new in names.items()}

    def other(name: str) -> str:
        for old, new in pairs.items():
            if name.startswith(old + "."):
                return new + name.removeprefix(old)
        return name

    return {other(name): value for name, value in state.items()}


def imported(content: Any, which: str, path: Path, **options: Any) -> Any:
    """What comes of a file with that content, the network being said: detection has its own tests."""
    torch.save(content, path)
    plan, family = PLANS[which], "torchvision" if which == "v3" else which
    settings = {"model": plan.model, "width": plan.width, "resolution": (32, 32)} | options
    return nm.import_weights(path, family, **settings)


def same(found: Any, which: str, seed: int = 0) -> None:
    """Every array of the network of that seed, to the bit."""
    params = nm.init(PLANS[which], seed)
    assert list(found.model.params) == list(params)
    for name, value in params.items():
        assert np.array_equal(found.model.params[name], value), name
