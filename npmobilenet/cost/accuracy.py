"""Top-1 accuracies on ImageNet as the authors print them: quoted, not measured here.

"paper" are the papers' tables: V1 (arXiv:1704.04861) Tables 4 to 9, V2 (1801.04381) Table 4, V3
(1905.02244, fifth version) Table 9.  "checkpoints" are the networks that the authors released later
(TensorFlow models, research/slim/nets/mobilenet_v1.md and mobilenet/README.md): the only place where
all sixteen networks of V1's Figures 4 and 5 have a number, a few tenths off the paper's where both do.
"""

from __future__ import annotations

SOURCES = ("paper", "checkpoints")

Grid = dict[tuple[float, int], float]  # (width, resolution) -> per cent

PAPER: dict[str, Grid] = {
    "v1": {
        (1.0, 224): 70.6,
        (0.75, 224): 68.4,
        (0.5, 224): 63.7,
        (0.25, 224): 50.6,
        (1.0, 192): 69.1,
        (1.0, 160): 67.2,
        (1.0, 128): 64.4,
        (0.5, 160): 60.2,
    },
    "v1-full": {(1.0, 224): 71.7},
    "v1-shallow": {(1.0, 224): 65.3},
    "v2": {(1.4, 224): 74.7, (1.0, 224): 72.0},
    "v3-large": {
        (1.25, 224): 76.6,
        (1.0, 224): 75.2,
        (0.75, 224): 73.3,
        (0.5, 224): 68.8,
        (0.35, 224): 64.2,
        (1.0, 256): 76.0,
        (1.0, 192): 73.7,
        (1.0, 160): 71.7,
        (1.0, 128): 68.4,
        (1.0, 96): 63.3,
    },
    "v3-small": {
        (1.25, 224): 70.4,
        (1.0, 224): 67.5,
        (0.75, 224): 65.4,
        (0.5, 224): 58.0,
        (0.35, 224): 49.8,
        (1.0, 256): 68.5,
        (1.0, 160): 62.8,
        (1.0, 128): 57.3,
        (1.0, 96): 51.7,
    },
}


def _grid(resolutions: tuple[int, ...], rows: dict[float, tuple[float, ...]]) -> Grid:
    return {
        (width, resolution): percent
        for width, row in rows.items()
        for resolution, percent in zip(resolutions, row, strict=True)
    }


CHECKPOINTS: dict[str, Grid] = {
    "v1": _grid(
        (224, 192, 160, 128),
        {
            1.0: (70.9, 70.0, 68.0, 65.2),
            0.75: (68.4, 67.2, 65.3, 62.1),
            0.5: (63.3, 61.7, 59.1, 56.3),
            0.25: (49.8, 47.7, 45.5, 41.5),
        },
    ),
    "v2": {
        (1.4, 224): 75.0,
        (1.3, 224): 74.4,
        **_grid(
            (224, 192, 160, 128, 96),
            {
                1.0: (71.8, 70.7, 68.8, 65.3, 60.3),
                0.75: (69.8, 68.7, 66.4, 63.2, 58.8),
                0.5: (65.4, 63.9, 61.0, 57.7, 51.2),
                0.35: (60.3, 58.2, 55.7, 50.8, 45.5),
            },
        ),
    },
    "v3-large": {(1.0, 224): 75.2, (0.75, 224): 73.3},
    "v3-small": {(1.0, 224): 67.5, (0.75, 224): 65.4},
    "v3-large-minimalistic": {(1.0, 224): 72.3},
    "v3-small-minimalistic": {(1.0, 224): 61.9},
}


def printed(model: str, width: float, resolution: tuple[int, int], source: str) -> float | None:
    """Top-1 per cent of a network in "paper" or "checkpoints", or None where it is not printed."""
    tables = PAPER if source == "paper" else CHECKPOINTS
    height, wide = resolution
    return tables.get(model, {}).get((width, height)) if height == wide else None
