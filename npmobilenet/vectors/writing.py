"""A folder of vectors: every layer of a quantised network on some images, as files for hardware."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from io import BytesIO
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from ..disk import write_whole
from ..ops import checks
from ..ops.checks import Array, shown
from ..ops.integers.numbers import LIMITS
from ..ops.integers.overflow import largest_sum
from ..quantization.fitting import check_arrays
from ..quantization.network import intermediates
from ..quantization.plan import QuantizedPlan, Step
from ..text import names_visible
from .document import MANIFEST, Tensor, entry_of, manifest_of, tensors_of, text_of
from .files import c_header, hex_text
from .outputs import back_of, computed, finished, table
from .steps import case_of, softmax_case
from .sums import TABLES, Case, accumulated

FORMATS = ("npy", "hex", "h")


@names_visible
def write(
    qplan: QuantizedPlan,
    arrays: Mapping[str, Array],
    x: Array,
    folder: str | PathLike[str],
    *,
    layers: Collection[str] | None = None,
    formats: Collection[str] = FORMATS,
    about: Mapping[str, Any] | None = None,
    progress: Callable[[int], None] = lambda done: None,
) -> dict[str, Any]:
    """Write what every layer reads, multiplies by, adds up and puts out: a golden model for hardware.

    qplan, arrays   as `npmobilenet.quantize` gives them
    x               images (N, H, W, C), as `npmobilenet.infer` takes them
    folder          a new or empty one: in it a folder for each layer, and manifest.json, written last
    layers          names of steps, or of blocks, which stand for all their steps; None: all
    formats         of "npy", "hex", "h", at least one of the first two
    about           what else the manifest says: where weights and images come from
    progress        called with how many layers are written

    Returns the manifest.  Every output was computed twice, in one go and by its accumulators; they are
    equal.  ValueError for names that no step has, and where folder is not empty.
    """
    checks.instance("vectors.write", "qplan", qplan, QuantizedPlan)
    if not isinstance(folder, str | PathLike):
        raise TypeError(f"vectors.write: folder must be a path, found {shown(folder)}")
    checks.function("vectors.write", "progress", progress, none=False)
    folder = Path(folder)
    check_arrays(qplan, arrays)
    wanted = chosen(qplan, layers)
    formats = _formats(formats)
    _require_empty(folder)
    needed = {source for step in wanted for source in step.inputs}
    needed |= {step.name for step in wanted} | ({"softmax"} if _softmax(qplan, layers) else set())
    values = intermediates(qplan, arrays, x, sorted(needed))
    entries = []
    folder.mkdir(parents=True, exist_ok=True)
    for done, (name, kind, sources, case) in enumerate(
        _cases(qplan, arrays, wanted, values, layers), start=1
    ):
        tensors, entry = _layer(name, kind, sources, case, values[name])
        _save(folder, name, entry, {key: t.values for key, t in tensors.items()}, formats)
        entries.append(entry)
        progress(done)
    facts = {"formats": list(formats), "dtype": qplan.dtype, "count": len(x), **(about or {})}
    document = manifest_of(facts, qplan.rounding, entries)
    write_whole(folder / MANIFEST, text_of(document).encode())
    return document


def chosen(qplan: QuantizedPlan, layers: Collection[str] | None) -> list[Step]:
    """Steps by their names or the names of their blocks, in the order they run."""
    if layers is None:
        return list(qplan.steps)
    if not isinstance(layers, tuple | list | set | frozenset) or not all(
        isinstance(name, str) for name in layers
    ):
        raise TypeError(f"layers must be a list of names, found {shown(layers)}")
    found = set()
    for name in layers:
        fitting = {s.name for s in qplan.steps if s.name == name or s.name.startswith(f"{name}.")}
        if not fitting and not (name == "softmax" and "softmax" in qplan.numbers):
            first = ", ".join(step.name for step in qplan.steps[:4])
            raise ValueError(
                f"no layer or block {name!r} in the quantised {qplan.plan.model}, "
                f"whose first ones are {first}"
            )
        found |= fitting
    return [step for step in qplan.steps if step.name in found]


def _softmax(qplan: QuantizedPlan, layers: Collection[str] | None) -> bool:
    return "softmax" in qplan.numbers and (layers is None or "softmax" in layers)


def _formats(given: Collection[str]) -> list[str]:
    if isinstance(given, str | bytes) or not isinstance(given, tuple | list | set | frozenset):
        raise TypeError(f"formats must be a list of names, found {shown(given)}")
    unknown = [name for name in given if name not in FORMATS]
    if unknown or not {"npy", "hex"} & set(given):
        raise ValueError(
            f"formats must be of {', '.join(FORMATS)}, with npy or hex among them, found "
            f"{', '.join(map(str, given)) or 'none'}"
        )
    return [name for name in FORMATS if name in given]


def _require_empty(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder}: is a file; vectors are written into a folder")
    if folder.is_dir() and any(folder.iterdir()):
        raise ValueError(f"{folder}: is not empty; vectors are written into a new folder")


def _cases(
    qplan: QuantizedPlan,
    arrays: Mapping[str, Array],
    steps: list[Step],
    values: Mapping[str, Array],
    layers: Collection[str] | None,
) -> Iterator[tuple[str, str, tuple[str, ...], Case]]:
    """(name, kind, sources, case) of each layer."""
    for step in steps:
        inputs = [values[source] for source in step.inputs]
        yield step.name, step.layer.kind, step.inputs, case_of(qplan, arrays, step, inputs)
    if _softmax(qplan, layers):
        logits = qplan.output
        yield "softmax", "softmax", (logits,), softmax_case(qplan, values[logits])


def _layer(
    name: str, kind: str, sources: tuple[str, ...], case: Case, output: Array
) -> tuple[dict[str, Tensor], dict[str, Any]]:
    sums = accumulated(case)
    back = back_of(case) if sums is not None else None
    again = finished(sums, back) if sums is not None and back else computed(case)
    if not np.array_equal(again, output):
        raise AssertionError(f"{name}: its accumulators give another output than the network has")
    rows = table(case) if case.operator in TABLES else None
    tensors = tensors_of(case, back, sums, output, rows)
    return tensors, entry_of(name, kind, sources, case, back, tensors, _accumulator(case, sums))


def _accumulator(case: Case, sums: Array | None) -> dict[str, Any] | None:
    """How many bits it needs whatever comes, and between which numbers it lay at the end."""
    if sums is None:
        return None
    bits = _largest(case).bit_length() + 1
    return {"bits": bits, "least": int(sums.min(initial=0)), "greatest": int(sums.max(initial=0))}


def _largest(case: Case) -> int:
    """How large a sum, or its negative, can become."""
    if case.weight is not None:
        assert case.w_q is not None
        return largest_sum(case.weight, case.bias, case.x_q[0], case.w_q)
    ends = np.array(LIMITS[case.x_q[0].dtype])
    if len(case.inputs) == 2:  # at their corners a sum and a product are largest
        inputs = tuple(corner.reshape(4, 1) for corner in np.meshgrid(ends, ends))
    else:
        inputs = (np.broadcast_to(ends.reshape(2, 1, 1, 1), (2, *case.inputs[0].shape[1:3], 1)),)
    sums = accumulated(case.changed(inputs=inputs))
    assert sums is not None
    return int(np.abs(sums.astype(np.int64)).max())


def _save(
    folder: Path,
    name: str,
    entry: Mapping[str, Any],
    arrays: Mapping[str, Array],
    formats: list[str],
) -> None:
    place = folder / name
    place.mkdir()
    for key, values in arrays.items():
        if "npy" in formats:
            content = BytesIO()
            np.save(content, values)
            write_whole(place / f"{key}.npy", content.getvalue())
        if "hex" in formats:
            write_whole(place / f"{key}.hex", hex_text(values))
    if "h" in formats:
        about = f"{entry['operator']}; all about it is in {MANIFEST}"
        text = c_header(name, about, _sizes(entry), arrays)
        write_whole(place / "layer.h", text.encode())


def _sizes(entry: Mapping[str, Any]) -> dict[str, int]:
    """What a program in C needs of the manifest, as names of an enum."""
    tensors = entry["tensors"]
    found: dict[str, int] = {}
    for key, prefix in (("input", ""), ("output", "out_")):
        about = tensors[key]
        found |= {
            f"{prefix}{axis}": n for axis, n in zip(about["axes"], about["shape"], strict=True)
        }
    for key in ("input", "input_2"):
        if key in tensors:
            found[f"{key}_zero"] = tensors[key]["zero_point"][0]
    if "weight" in tensors and len(tensors["weight"]["zero_point"]) == 1:
        found["weight_zero"] = tensors["weight"]["zero_point"][0]
    if "padding" in entry:
        (ky, kx), (sy, sx) = entry["kernel"], entry["stride"]
        found |= {"ky": ky, "kx": kx, "stride_y": sy, "stride_x": sx}
        found |= {
            "pad_value" if side == "value" else f"pad_{side}": number
            for side, number in entry["padding"].items()
        }
    if "groups" in entry:
        found["groups"] = entry["groups"]
    if "clamp" in entry:
        low, high = entry["clamp"]
        found |= {"output_zero": entry["zero_point"], "low": low, "high": high}
    return found
