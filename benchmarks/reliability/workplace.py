"""A small network, images, a table and weights of others: what commands are tried on."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

CLASSES = ("cat", "dog")
TABLE = """like = "v4"
dialect = "cifar"
resolution = 28
stem = 4
last = 8
rows = [{block = "separable", out = 4}, {block = "uib", k1 = 0, k2 = 3, t = 2, out = 4, s = 2}]
"""


def picture(seed: int, size: tuple[int, int] = (40, 36), kind: str = "PNG") -> bytes:
    """Noise, as a file of that kind."""
    pixels = np.random.default_rng(seed).integers(0, 256, (*size, 3), np.uint8)
    kept = BytesIO()
    Image.fromarray(pixels).save(kept, kind)
    return kept.getvalue()


def network(path: Path, classes: Sequence[str] = CLASSES) -> Path:
    """The smallest V1 with random weights."""
    import npmobilenet as nm
    from npmobilenet.images.preprocessing import Preprocessing

    plan = nm.plan("v1", width=0.1, resolution=32, classes=len(classes))
    model = nm.Model(plan, nm.init(plan, 0), tuple(classes), Preprocessing.imagenet(32))
    nm.save(model, path)
    return path


def images(
    folder: Path,
    classes: Sequence[str] = CLASSES,
    count: int = 2,
    measured: int | None = None,
    size: tuple[int, int] = (40, 36),
    kind: str = "PNG",
) -> Path:
    """train/ and val/, a folder a class in each, no two images alike; measured: so many in val/."""
    seeds = iter(range(10**6))
    for part, many in (("train", count), ("val", count if measured is None else measured)):
        for name in classes:
            inside = folder / part / name
            inside.mkdir(parents=True)
            for k in range(many):
                path = inside / f"{k}.{kind.lower()}"
                path.write_bytes(picture(next(seeds), size, kind))
    return folder
