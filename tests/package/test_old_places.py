"""What outside code imports from where it used to stand is still found there, and is the very same."""

from importlib import import_module

import pytest

# the old place, the name, the place it is in now
MOVED = [
    ("weights.importing", "read_class_names", "names"),
    ("training.transforms", "Preprocessing", "images.preprocessing"),
    ("training.transforms", "framed", "images.preprocessing"),
    ("training.transforms", "open_image", "images.decode"),
    ("training.loader", "batches", "datasets.loader"),
    ("training.subsets", "hold_out", "datasets.subsets"),
    ("training.datasets", "ImageFolder", "datasets.folder"),
    ("training.datasets", "ArrayImages", "datasets.arrays"),
    ("training.predict", "evaluate", "predicting.evaluation"),
    ("training.predict", "predictor", "predicting.predictor"),
    ("training.checkpoint", "load_checkpoint", "training.run.checkpoint"),
    ("training.config", "Config", "training.config"),
    ("training.optimizers", "Sgd", "training.optimizers"),
    ("engine.training_optimizer", "FusedOptimizer", "training.fused_optimizer"),
    ("cost.foreign", "count_module", "cost.torch_count"),
    ("kernels.simd.team", "claim", "kernels.simd.runtime.work_stealing"),
]


@pytest.mark.parametrize(("old", "name", "now"), MOVED)
def test_old_place(old: str, name: str, now: str) -> None:
    places = (import_module(f"npmobilenet.{place}") for place in (old, now))
    first, second = (getattr(place, name) for place in places)
    assert first is second
