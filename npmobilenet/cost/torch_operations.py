"""From what happened in a module to operations, as conventions take them.

Each function that was called is one; what the class of a part and its parameters say to counters stands
with the function that the part is there for.  Attention is several: its dense layers, both products,
its softmax.
"""

from __future__ import annotations

from math import prod
from typing import Any

from . import torch_modules, torch_names
from .brought import Place, operation
from .operations import Operation
from .torch_trace import AtenCall, Event, Frame
from .watching import Watch

WHOLE = "timm attention"  # a class whose inside a counter by classes does not look into


def operations_in(watch: Watch) -> list[tuple[str, Operation]]:
    """(part, operation) in the order of what happened; the same calls of the same part are one.

    Parameters stand with the first operation of their part, those of parts that did not run at the end.
    """
    claimed: set[int] = set()
    found: list[tuple[int, str, Operation]] = []
    ran: set[str] = set()
    for frame in watch.trace.frames:
        if not frame.done:
            continue
        own = torch_modules.params(frame.module, claimed) if frame.name not in ran else {}
        ran.add(frame.name)
        found += [(number, frame.name, x) for number, x in _of_frame(frame, own)]
    found.sort(key=lambda x: x[0])
    merged = _merged([(name, x) for _, name, x in found])
    for module, name in watch.names.items():
        if name not in ran and (own := torch_modules.params(module, claimed)):
            place = Place(name, type(module).__name__.lower(), (), ())
            merged.append((name, operation(place, {}, own, **{"class": ""})))
    return merged


def _merged(found: list[tuple[str, Operation]]) -> list[tuple[str, Operation]]:
    kept: dict[tuple[object, ...], tuple[str, Operation]] = {}
    for name, x in found:
        key = (name, x.layer.name, x.role, *sorted(x.seen.items()))
        if key in kept:
            before = kept[key][1]
            sizes = {s: before.sizes[s] + x.sizes[s] for s in {**before.sizes, **x.sizes}}
            again = operation(before.layer, sizes, before.params, before.role, **before.seen)
            kept[key] = name, again
        else:
            kept[key] = name, x
    return list(kept.values())


def _of_frame(frame: Frame, own: dict[str, int]) -> list[tuple[int, Operation]]:
    """The operations of one call of one part, each with its number in the order of things."""
    kind = torch_names.class_of(frame.module)
    one = torch_modules.is_nn(frame.module) or not any(True for _ in frame.module.children())
    main = next((e for e in frame.events if one and _main(e)), None)
    found = []
    scored = False
    for event in frame.events:
        if event.function == "multi_head_attention_forward":
            found += [(event.number, x) for x in _attention(frame, event, kind, own)]
            continue
        seen, sizes = _seen(event), _sizes(event)
        if event is main:
            _as_a_part(frame, kind, seen, sizes)
        if kind == WHOLE and event.products:
            seen["outermost"] = "attention"
            call = event.aten[0]
            sizes |= {"queries": call.inputs, "scores": call.scores} if not scored else {}
            scored = True
        params = own if event is main else {}
        found.append((event.number, _operation(frame, event, seen, sizes, params, event is main)))
    if main is None and (own or torch_names.class_of(frame.module)):
        seen, sizes = {}, {"inputs": prod(frame.input), "outputs": prod(frame.output)}
        _as_a_part(frame, kind, seen, sizes)
        place = Place(frame.name, torch_modules.kind(frame.module), frame.input, frame.output)
        found.append((frame.number, operation(place, sizes, own, **seen)))
    return found


def _main(event: Event) -> bool:
    """Whether a part may be there for this function, and not for others beside."""
    known = torch_names.KINDS.get(event.function)
    return known not in (None, "elementwise") and (
        known != "matrix product" and event.function != "scaled_dot_product_attention"
    )


def _seen(event: Event) -> dict[str, str]:
    seen = {"op": event.op}
    if event.spelled:
        seen["function"] = event.spelled
    if event.products:
        names = {call.name for call in event.aten}
        stepwise = names & {"mm", "addmm"} and torch_names.KINDS.get(event.function) == "recurrent"
        main = max(event.aten, key=lambda call: call.products).name
        seen["aten"] = "step by step" if stepwise else main
    return seen


def _sizes(event: Event) -> dict[str, int]:
    return {
        "products": event.products,
        "bias_adds": event.outputs if event.bias else 0,
        "inputs": event.inputs,
        "outputs": event.outputs,
        "rows": event.rows,
        "added": sum(call.added for call in event.aten),
        "addmm_adds": sum(call.outputs for call in event.aten if call.name == "addmm"),
    }


def _operation(
    frame: Frame,
    event: Event,
    seen: dict[str, str],
    sizes: dict[str, int],
    params: dict[str, int],
    is_part: bool,
) -> Operation:
    kind = torch_names.KINDS.get(event.function, event.function)
    if is_part and torch_modules.is_nn(frame.module):
        kind = torch_modules.kind(frame.module)
    name = frame.name
    if not is_part:
        name = event.function if name == "(itself)" else f"{name}.{event.function}"
    return operation(Place(name, kind, event.input, event.output), sizes, params, **seen)


def _as_a_part(frame: Frame, kind: str, seen: dict[str, str], sizes: dict[str, int]) -> None:
    """Adds what a part's class and parameters say to those who look at them."""
    seen["class"] = kind
    if not _inside_a_whole(frame) and kind != WHOLE:
        seen["outermost"] = kind
    module = frame.module
    if kind in ("lstm", "gru", "rnn"):
        _recurrent(module, frame, sizes)
    if kind == "transposed conv" and module.bias is not None:
        axes = zip(
            frame.input[-len(module.kernel_size) :],
            module.kernel_size, module.stride, module.padding, module.dilation, strict=True,
        )  # fmt: skip
        places = prod((n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, s, p, d in axes)
        sizes["forward_bias_adds"] = prod(frame.input[:1]) * places * module.out_channels
    if any(True for _ in module.children()):
        return
    named = dict(module.named_parameters())
    batch, steps = prod(frame.output[:1]), prod(frame.output[:2])
    places = prod(frame.output[:1] + frame.output[2:])
    both = {n: p.numel() for n, p in named.items() if n in ("weight", "bias")}
    others = sum(p.numel() for n, p in named.items() if n not in both and _weighty(n))
    times = places if "Conv" in type(module).__name__ else batch
    whole = times * sum(both.values())
    if not (whole or others):
        return
    sizes["filter_places"] = times * both.get("weight", 0)
    products, biases = sizes.get("products", 0), sizes.get("bias_adds", 0)
    if whole == products + biases and not others:
        seen["leaf"] = "conv"
    elif whole == sizes["filter_places"] + biases and kind == "transposed conv":
        seen["leaf"] = kind
    else:
        seen["leaf"] = "other"
        sizes |= {"weights_a_sample": whole, "weights_a_step": steps * others}


def _weighty(name: str) -> bool:
    return "weight" in name or "bias" in name


def _recurrent(module: Any, frame: Frame, sizes: dict[str, int]) -> None:
    """Steps, and with them biases that are added and numbers of the state."""
    steps = prod(frame.input[:-1])
    layers = getattr(module, "num_layers", 1) * (1 + getattr(module, "bidirectional", False))
    biases = sum(p.numel() for name, p in module.named_parameters() if "bias" in name)
    sizes |= {"bias_adds": steps * biases, "states": steps * layers * module.hidden_size}


def _inside_a_whole(frame: Frame) -> bool:
    around = frame.within
    while around is not None:
        if torch_names.class_of(around.module) == WHOLE:
            return True
        around = around.within
    return False


def _attention(frame: Frame, event: Event, kind: str, own: dict[str, int]) -> list[Operation]:
    """nn.MultiheadAttention: its dense layers, its two products, its softmax; parameters first."""
    found: list[Operation] = []
    place = Place(frame.name, torch_modules.kind(frame.module), event.input, event.output)
    biased = getattr(frame.module, "in_proj_bias", None) is not None
    scored = False
    for call in event.aten:
        seen = {"aten": call.name} if call.products else {}
        sizes = _call_sizes(call)
        if kind == "attention":
            seen["class"] = kind
        if call.name in ("mm", "addmm", "linear"):
            seen |= {"op": "linear"} | ({"outermost": "attention_dense"} if kind else {})
            sizes["bias_adds"] = call.outputs if biased or call.name == "addmm" else 0
            role = "dense layers of attention"
        elif call.products:
            fused = call.name.startswith("_scaled")
            seen["op"] = "scaled_dot_product_attention" if fused else call.name
            seen |= {} if fused else {"function": f"torch.{call.name}"}
            if kind:
                seen["outermost"] = kind
            sizes |= {"queries": call.inputs, "scores": call.scores} if not scored else {}
            scored, role = True, "attention"
        else:
            seen, role = seen | {"op": "softmax", "function": "F.softmax"}, "softmax of attention"
        found.append(operation(place, sizes, own if not found else {}, role, **seen))
    if not found and own:
        found.append(operation(place, {}, own, **{"class": kind}))
    return found


def _call_sizes(call: AtenCall) -> dict[str, int]:
    return {
        "products": call.products,
        "inputs": call.inputs,
        "outputs": call.outputs,
        "added": call.added,
    }
