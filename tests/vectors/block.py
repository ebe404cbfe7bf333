"""One block of a small MobileNetV2 as vectors, and a program in C that computes it again."""

import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

import npmobilenet as nm
from npmobilenet.vectors import random_params, write
from tests.commands import ROOT

Array = Any
PROGRAM = ROOT / "docs/examples/v2_block.c"
COMPILER = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")


@cache
def network(
    rounding: str = "double", **how: Any
) -> tuple[nm.QuantizedPlan, dict[str, Array], Array]:
    """A quantised network with random weights, and an image beyond what its ranges are made for.

    So some results are clamped, above and below.
    """
    plan = nm.plan("v2", width=0.35, resolution=32, classes=5)
    x = np.random.default_rng(0).uniform(-1, 1, (1, 32, 32, 3)).astype(np.float32)
    qplan, arrays = nm.quantize(plan, random_params(plan, 0), [x * 0.5], rounding=rounding, **how)
    return qplan, arrays, x


def write_block(folder: Path) -> Path:
    """The vectors of its third block, which has all four layers."""
    write(*network(), folder, layers=["blocks.3"])
    return folder


def compiled(vectors: Path, source: str, folder: Path) -> Path:
    """What a program writes that was compiled with the vectors' headers."""
    assert COMPILER
    folder.mkdir()
    (folder / "block.c").write_text(source, encoding="utf-8")
    words = [COMPILER, "-O1", "-std=c99", "-w", "-I", str(vectors), "block.c", "-o", "block"]
    subprocess.run(words, cwd=folder, check=True)
    (folder / "theirs").mkdir()
    subprocess.run([folder / "block", folder / "theirs"], check=True)
    return folder / "theirs"
