"""One format's cases, judged, in a process of its own: python -m ... FORMAT SEED START END FOLDER.

Says a line of JSON a case; what it is at stands in FOLDER/at, for whoever finds it dead or hanging.
"""

from __future__ import annotations

import contextlib
import io
import json
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from npmobilenet.cli import main as command
from npmobilenet.predicting.model import Model
from npmobilenet.weights.mismatch import WeightsMismatch

from .mutations import mutated
from .originals import FAMILIES, NATIVE, Original, original

MEMORY = 300  # megabytes, beside twice the file
SECONDS = 20.0
SEARCHED = 20  # in every twentieth case it is found out which network a file is
HEADROOM = 6 << 30  # bytes of addresses


def decides(model: Model) -> dict[str, Any]:
    """Everything of a model that decides an answer or is shown."""
    arrays = {
        k: (v.dtype.str, v.shape, v.tobytes()) for k, v in {**model.params, **model.extra}.items()
    }
    quantized = model.quantized
    return {
        "plan": (model.plan.asked, repr(model.plan.dialect), repr(model.plan.layers)),
        "classes": model.classes,
        "preprocessing": model.preprocessing.to_json(),
        "notes": {k: v for k, v in model.notes.items() if k != "imported from"},
        "numbers": quantized
        and (repr(dict(quantized.numbers)), quantized.rounding, quantized.pooling),
        "arrays": arrays,
    }


def peak() -> int:
    """Megabytes that this process took at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def cases(name: str, seed: int, start: int, end: int, folder: Path) -> Iterator[dict[str, Any]]:
    """What came of each case: {"took": "refused", "the same" or the parts that differ, "bad": [...]}."""
    made = original(name, folder)
    whole = folder / f"whole{made.suffix}"
    whole.write_bytes(made.content)
    model, _ = made.read(whole)
    usual = {searched: made.read(whole, searched)[1] for searched in (False, True)}
    want = decides(model)
    image = folder / "image.png"
    Image.fromarray(np.zeros((40, 40, 3), np.uint8)).save(image)
    for index in range(start, end):
        rng = np.random.default_rng((seed, index))
        what, content = mutated(made, rng)
        (folder / "at").write_text(json.dumps([index, what]), encoding="utf-8")
        if content != made.content:
            case = _case(name, made, content, want, usual, index, image, folder)
            yield {"index": index, "what": what, **case}


def _case(
    name: str,
    made: Original,
    content: bytes,
    want: dict[str, Any],
    usual: dict[bool, tuple[str, ...]],
    index: int,
    image: Path,
    folder: Path,
) -> dict[str, Any]:
    path = folder / f"damaged{made.suffix}"
    path.write_bytes(content)
    bad: list[str] = []
    before, started, said = peak(), time.monotonic(), False
    try:
        searched = index % SEARCHED == 0
        model, told = made.read(path, searched)
        found = decides(model)
        parts = [part for part in want if found[part] != want[part]]
        took = ", ".join(parts) or "the same"
        said = any(note.startswith("warning: ") for note in set(told) - set(usual[searched]))
        if parts and name in NATIVE:
            bad.append(f"taken with another {took}")
        if not all(np.isfinite(v).all() for v in model.params.values() if v.dtype.kind == "f"):
            bad.append("taken with NaN or infinity")
    except (ValueError, OSError) as error:
        took = "refused"
        lines = 30 if isinstance(error, WeightsMismatch) else 1  # which lays the names side by side
        if not 0 < len(str(error).splitlines()) <= lines or len(str(error)) > 2000:
            bad.append(f"refused in {len(str(error)):,} characters: {str(error)[:80]!r}")
    except Exception as error:
        took = "refused"
        bad.append(f"{type(error).__name__} from reading: {str(error)[:80]}")
    if index % 25 == 0 or (name in NATIVE and took not in ("refused", "the same")):
        bad += _commanded(name, path, image, folder, took)
    if (seconds := time.monotonic() - started) > SECONDS:
        bad.append(f"took {seconds:.0f} s")
    if (more := peak() - before) > 2 * len(content) // 2**20 + MEMORY:
        bad.append(f"took {more} MB")
    return {"took": took, "said": said, "bad": bad, "mb": more, "s": round(seconds, 2)}


def _commanded(name: str, path: Path, image: Path, folder: Path, took: str) -> list[str]:
    """The same file through the command; what is bad of that."""
    words = ["predict", str(image), "--weights", str(path)]
    if name not in NATIVE:
        output = str(folder / "out.safetensors")
        words = ["weights", "import", str(path), "--from", FAMILIES[name], "--output", output]
    out, err = io.StringIO(), io.StringIO()
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code: Any = command(words)
    except SystemExit as error:
        code = error.code
    except Exception as error:
        return [f"traceback from {words[0]}: {type(error).__name__}: {str(error)[:80]}"]
    if code == 0 and took == "refused":
        return [f"{words[0]} takes what is refused"]
    if code and not err.getvalue().startswith("npmobilenet"):
        return [f"{words[0]} ends with {code} and says {err.getvalue()[:80]!r}"]
    return []


def main(words: list[str]) -> int:
    """Say what came of the cases."""
    name, seed, start, end, folder = words
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + HEADROOM, used + HEADROOM))
    for case in cases(name, int(seed), int(start), int(end), Path(folder)):
        print(json.dumps(case), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
