"""Which dict of a checkpoint holds the weights, where training scripts keep several.

timm keeps state_dict and state_dict_ema, torchvision's references model and model_ema; DeepSpeed has
module, Lightning state_dict.  The average over training (EMA) is taken where there is one, as timm
does: it is what was evaluated.  Which was taken is said.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .torch_pickles import Unread

Sets = dict[str, dict[str, Any]]  # dotted path in the file -> name -> tensor

USUAL = ("state_dict", "model", "model_state_dict")  # where training scripts put the weights
_AVERAGE = re.compile(r"(^|[^a-z])(ema|average|averaged|avg|swa|shadow)([^a-z]|$)", re.IGNORECASE)
_NOT_WEIGHTS = re.compile(r"optim|sched|scaler", re.IGNORECASE)
_DEEPEST = 6


def chosen(path: Path, content: Any, entry: str | None) -> tuple[dict[str, Any], tuple[str, ...]]:
    """name -> tensor of the set that is asked for or usual, and sentences on what else there is.

    ValueError, one line with the file's name, where there is no such set, or none at all.
    """
    sets = _sets(content)
    if not sets:
        raise ValueError(f"{path}: {_why_none(content)}")
    if entry is not None:
        if entry in sets:
            return sets[entry], ()
        return _under(path, sets, entry), ()
    most = max(map(len, sets.values()))
    there = {name: found for name, found in sets.items() if 2 * len(found) >= most}
    # an average of what was trained alone lacks the running statistics, about a third of all
    whole = [name for name, found in there.items() if 5 * len(found) >= 4 * most]
    name = min(whole, key=lambda name: (_rank(name), -len(there[name])))
    others = [other for other in there if other != name]
    if not others:
        return there[name], ()
    average = " (an average over training)" if is_average(name) else ""
    return there[name], (
        f"taken: {name or 'the outermost'}{average}; the file also has "
        f"{' and '.join(other or 'the outermost' for other in others)}: --entry {others[0]}",
    )


def named(path: Path, tensors: Mapping[str, Any], entry: str | None) -> Mapping[str, Any]:
    """The tensors whose names begin with `entry`, without it; all where it is None."""
    return tensors if entry is None else _under(path, {"": dict(tensors)}, entry)


def is_average(name: str) -> bool:
    """Whether something is called as averages over training are: ema, swa, ..."""
    return _AVERAGE.search(name) is not None


def _sets(content: Any) -> Sets:
    """Every dict in a file that has tensors, but those of optimisers."""
    found: Sets = {}
    todo, seen = [("", content, 0)], set()
    while todo:
        path, value, depth = todo.pop(0)
        if not isinstance(value, Mapping) or id(value) in seen or depth > _DEEPEST:
            continue
        seen.add(id(value))
        inside = {name: x for name, x in value.items() if isinstance(name, str)}
        tensors = {name: x for name, x in inside.items() if _is_tensor(x)}
        if any(x.dim() for x in tensors.values()):
            found[path] = tensors
        for name, x in inside.items():
            if not _NOT_WEIGHTS.search(name):
                todo.append((f"{path}.{name}" if path else name, x, depth + 1))
    return found


def _is_tensor(value: Any) -> bool:
    import torch

    return isinstance(value, torch.Tensor)


def _rank(name: str) -> int:
    if is_average(name):
        return 0
    return 1 + USUAL.index(name) if name in USUAL else 1 + len(USUAL)


def _under(path: Path, sets: Sets, entry: str) -> dict[str, Any]:
    """The tensors of the first set that has names which begin with `entry`."""
    start = entry.rstrip(".") + "."
    for name, tensors in sets.items():
        inside = start.removeprefix(f"{name}.") if name else start
        found = {
            x.removeprefix(inside): value for x, value in tensors.items() if x.startswith(inside)
        }
        if found:
            return found
    there = [name for name in sets if name]
    largest = max(sets.values(), key=len)
    there += sorted({x.partition(".")[0] for x in largest if "." in x})[: 8 - len(there)]
    raise ValueError(f"{path}: has no entry {entry!r}; there is {', '.join(there) or 'none'}")


def _why_none(content: Any) -> str:
    """What a file without any tensors under names holds instead."""
    inside = content.items() if isinstance(content, Mapping) else [("", content)]
    for name, value in inside:
        if isinstance(value, Unread) and (not name or name in (*USUAL, "ema", "net", "network")):
            return (
                f"torch cannot load it as weights alone: {name + ' is' if name else 'it holds'} a whole "
                f"object ({value.of}); in the program that made it: "
                "torch.save(model.state_dict(), 'weights.pth')"
            )
    if not isinstance(content, Mapping):
        return f"holds a {type(content).__name__}, not a state dict of tensors"
    held = [f"{name!r:.40} is a {_class_of(x)}" for name, x in content.items()]
    return f"holds no state dict of tensors; {', '.join(held[:3]) or 'it is empty'}"


def _class_of(value: Any) -> str:
    name: str = getattr(value, "of", type(value).__name__)
    return (
        "NumPy array; weights are torch.Tensor"
        if name.endswith("multiarray._reconstruct")
        else name
    )
