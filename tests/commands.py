"""Commands run in this process, Python in another, and folders of images to run them on."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from npmobilenet import cli

ROOT = Path(__file__).parents[1]

# of `train`: a small network that learns in a moment
SMALL = ["--model", "v1-shallow", "--width", "0.1", "--resolution", "8", "--dialect", "cifar"]
SMALL += ["--batch", "4", "--lr", "0.01", "--workers", "1"]


def call(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of `npmobilenet WORDS`, run in this process.

    Without the line that says that kernels are compiled, as they are where no test has run before.
    """
    try:
        code = cli.main([str(word) for word in words])
    except SystemExit as end:
        code = int(end.code or 0)
    captured = capsys.readouterr()
    said = captured.err.splitlines(keepends=True)
    err = "".join(line for line in said if not line.startswith("npmobilenet: compiling kernels"))
    return code, captured.out, err


def python(*words: str, folder: Path = ROOT, **variables: str) -> str:
    """What Python prints, with the package found in this checkout."""
    env = {"PYTHONPATH": str(ROOT)} | os.environ | variables
    done = subprocess.run(
        [sys.executable, *words], env=env, cwd=folder, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def folders_of_noise(folder: Path, **counts: int) -> Path:
    """A folder for each part, in each two classes of so many images of noise."""
    rng = np.random.default_rng(0)
    for part, count in counts.items():
        for name in ("a", "b"):
            (folder / part / name).mkdir(parents=True)
            for number in range(count):
                pixels = rng.integers(0, 256, (8, 8, 3), np.uint8)
                Image.fromarray(pixels).save(folder / part / name / f"{number}.png")
    return folder
