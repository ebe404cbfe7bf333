"""Commands run in this process, and folders of images to run them on."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from npmobilenet import cli

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
