"""TFLite files damaged on purpose, each read in a process that may take only so much memory.

    python -m tests.weights.tflite_damage COUNT

reads COUNT of them and prints a line for each that was neither refused in one line nor read and run.
The seeds are files of our own: int8 with metadata and labels, uint8 with a softmax, and float32.
"""

import random
import resource
import signal
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import npmobilenet as nm
from npmobilenet.images.preprocessing import Preprocessing
from npmobilenet.weights import WeightsMismatch, import_weights
from npmobilenet.weights.tflite_build import Graph
from tests.weights.tflite_files import drawn, pictures

MEMORY = 400_000_000  # bytes beyond what the process had before
SECONDS = 20  # of processors, for one file
LONGEST = 400  # characters of a refusal
EXTREMES = (0, 1, 2, 255, 2**15, 2**16, 2**24, 2**31 - 1, 2**31, 2**32 - 4, 2**32 - 1)
Edit = Callable[[Graph, random.Random], None]
IMAGES = Preprocessing(
    resolution=(32, 32), resize=40, channels=3, mean=(0.5,) * 3, std=(0.5,) * 3,
    interpolation="bilinear",
)  # fmt: skip


@cache
def seed(kind: str) -> tuple[Any, dict[str, Any], dict[str, Any]]:
    """Network, arrays and settings of a file of this kind."""
    models = {"int8": ("v1", "keras"), "uint8": ("v2", "keras"), "float": ("v3-small", "paper")}
    model, dialect = models[kind]
    plan = nm.plan(model, dialect=dialect, width=0.25, resolution=32, classes=5)
    about = {"classes": list("abcde"), "preprocessing": IMAGES} if kind == "int8" else {}
    if kind == "float":
        return plan, drawn(plan), about
    images = pictures(plan, 2)
    return *nm.quantize(plan, drawn(plan), images, dtype=kind, softmax=True), about


def written(path: Path, kind: str, edit: Edit | None = None, number: int = 0) -> None:
    """A seed, or one whose tensors, operators and constants an edit changes before they are packed."""
    packed = Graph.packed

    def damaged(graph: Graph, *ends: Any) -> bytes:
        if edit:
            edit(graph, random.Random(number))
        return packed(graph, *ends)

    network, arrays, about = seed(kind)
    with patch.object(Graph, "packed", damaged):
        nm.export_tflite(network, arrays, path, **about)


def tensors(graph: Graph, dice: random.Random) -> None:
    """One tensor is another shape, type, constant or scale, or has an enormous name."""
    k = dice.randrange(len(graph.tensors))
    found = graph.tensors[k]
    shape = list(found.shape)
    if shape:
        shape[dice.randrange(len(shape))] = dice.choice((0, -1, 1, 2**16, 2**31 - 1))
    changes: list[dict[str, Any]] = [
        {"shape": tuple(shape)},
        {"shape": tuple(dice.choice((1, 7, 2**31 - 1)) for _ in range(dice.randrange(9)))},
        {"shape": (1,) * 10**5},
        {"dtype": dice.choice(("float16", "float64", "string", "bool", "int8", "int32", "int64"))},
        {"buffer": dice.choice((0, 1, 5, 10**6, 2**31, dice.randrange(len(graph.buffers))))},
        {"name": dice.choice(("", "\n\x1b[2J", "x" * 10**6))},
        {"numbers": None},
        {"axis": dice.choice((-1, 0, 1, 2, 3, 2**31 - 1))},
    ]
    change = dice.choice(changes)
    if found.numbers and dice.random() < 0.4:
        change = {"numbers": Hostile(found.numbers, dice)}
    graph.tensors[k] = replace(found, **change)


class Hostile:
    """Scales and zero points that no Quantization has."""

    def __init__(self, numbers: nm.ops.integers.Quantization, dice: random.Random) -> None:
        count = len(numbers.scale)
        scale = dice.choice((0.0, -1.0, 1e-45, 3e38, float("nan"), float("inf"), 0.1))
        counts = (0, 1, 2, count, count + 1, 10**5)
        self.dtype = numbers.dtype
        self.scale = (scale,) * dice.choice(counts)
        self.zero_point = (dice.choice((0, 3, -(2**31), 2**63 - 1)),) * dice.choice(counts)


def operators(graph: Graph, dice: random.Random) -> None:
    """One operator reads, writes or is something else: cycles, numbers out of range, other options."""
    k = dice.randrange(len(graph.operators))
    found, anywhere = graph.operators[k], dice.choice((-2, -1, 0, 5, 10**6, 2**31 - 1))
    inputs, other = list(found.inputs), dice.randrange(len(graph.tensors))
    inputs[dice.randrange(len(inputs))] = dice.choice((anywhere, other, found.output))
    options: dict[str, Any] = dict(found.options)
    if options:
        options[dice.choice(list(options))] = dice.choice((0, 1, 2, 4, 100))
    changes: list[dict[str, Any]] = [
        {"inputs": inputs},
        {"inputs": [*found.inputs, other]},
        {"inputs": [] if dice.random() < 0.5 else [other] * 10**5},
        {"output": dice.choice((anywhere, other))},
        {"code": dice.choice((dice.randrange(len(graph.codes)), 10**6))},
        {"table": ""},
        {"options": options},
    ]
    graph.operators[k] = replace(found, **dice.choice(changes))


def counts(graph: Graph, dice: random.Random) -> None:
    """Parts are lost, doubled, turned round, or far too many."""
    parts: list[Any] = dice.choice((graph.tensors, graph.operators, graph.buffers, graph.codes))
    k = dice.randrange(len(parts))
    what = dice.randrange(5)
    if what == 0:
        del parts[k:]
    elif what == 1:
        del parts[k]
    elif what == 2:
        parts.insert(k, parts[k])
    elif what == 3:
        parts.reverse()
    else:
        parts.extend([parts[k]] * 6000)


def constants(graph: Graph, dice: random.Random) -> None:
    """The bytes of a constant are too few, too many, or of other numbers."""
    k = dice.randrange(1, len(graph.buffers))
    data = graph.buffers[k]
    changed = (data[:-1], data * 3, b"", b"\xff" * len(data), b"\x00" * len(data), data[::-1])
    graph.buffers[k] = dice.choice(changed)


def flipped(content: bytearray, dice: random.Random, structure: int) -> bytearray:
    """Some bits are others."""
    for _ in range(dice.choice((1, 1, 2, 8))):
        content[dice.randrange(structure)] ^= 1 << dice.randrange(8)
    return content


def truncated(content: bytearray, dice: random.Random, structure: int) -> bytearray:
    """The end is missing."""
    return content[: dice.randrange(dice.choice((structure, len(content))))]


def swapped(content: bytearray, dice: random.Random, structure: int) -> bytearray:
    """Two words change places."""
    a, b = (4 * dice.randrange(structure // 4) for _ in range(2))
    content[a : a + 4], content[b : b + 4] = content[b : b + 4], content[a : a + 4]
    return content


def extreme(content: bytearray, dice: random.Random, structure: int) -> bytearray:
    """A word is as small or as large as it can be, or as the file is long."""
    at, value = 4 * dice.randrange(structure // 4), dice.choice((*EXTREMES, len(content)))
    content[at : at + 4] = value.to_bytes(4, "little")
    return content


EDITS: tuple[Edit, ...] = (tensors, operators, counts, constants)
BYTES = (flipped, truncated, swapped, extreme)


def damaged_files(folder: Path, count: int, first: int = 0) -> Iterator[tuple[str, Path]]:
    """Each of so many damaged files, and how it came about."""
    seeds = {}
    for kind in ("int8", "uint8", "float"):
        written(folder / kind, kind)
        seeds[kind] = (folder / kind).read_bytes()
    path = folder / "damaged.tflite"
    for k in range(first, count):
        dice, kind = random.Random(k), ("int8", "uint8", "float")[k % 3]
        how: Any = (*EDITS, *BYTES)[k // 3 % 8]
        if how in EDITS:
            for number in range(k, 10**6, 10_000):
                with suppress(Exception):  # what no flatbuffer can hold: 2**31 in a field of 8 bits
                    written(path, kind, how, number)
                    break
        else:
            content = bytearray(seeds[kind])
            end = content.rfind(b"PK\1\2")  # the tables come first, then constants, then the labels
            structure = len(content) // 4 if dice.random() < 0.8 or end < 0 else len(content)
            path.write_bytes(how(content, dice, structure))
        yield f"{k} {kind} {how.__name__}", path


def outcome(path: Path) -> str:
    """ "" where a file is refused in one line, or read and run; else what happened."""
    try:
        found = import_weights(path, "tflite").model
        nm.infer(found.network, found.params, pictures(found.plan))
    except ValueError as error:  # of a mismatch the first line, which the difference follows
        said = str(error).partition("\n  ")[0] if isinstance(error, WeightsMismatch) else str(error)
        right = said.startswith(f"{path}: ") and said.isprintable() and len(said) < LONGEST
        return "" if right else f"said {said[:LONGEST]!r}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "run"


@contextmanager
def bounded() -> Iterator[None]:
    """Little more memory than there is, and so many seconds."""

    def late(*_: object) -> None:
        raise TimeoutError(f"not done in {SECONDS} s")

    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + MEMORY
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (limit, before[1]))
    signal.signal(signal.SIGPROF, late)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        resource.setrlimit(resource.RLIMIT_AS, before)


def main(count: int) -> int:
    """How many went wrong."""
    warnings.simplefilter("error")
    wrong = refused = run = 0
    with tempfile.TemporaryDirectory() as folder:
        for kind in ("int8", "uint8", "float"):  # what runs later is compiled now
            written(Path(folder) / "seed.tflite", kind)
            assert (found := outcome(Path(folder) / "seed.tflite")) == "run", found
        for how, path in damaged_files(Path(folder), count):
            with bounded():
                found = outcome(path)
            run, refused = run + (found == "run"), refused + (not found)
            if found not in ("", "run"):
                wrong += 1
                print(f"{how}: {found}".replace(folder, ""), flush=True)
    print(f"{refused} refused, {run} read and run, {wrong} wrong")
    return wrong


if __name__ == "__main__":
    raise SystemExit(bool(main(int(sys.argv[1]))))
