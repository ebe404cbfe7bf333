"""Other libraries as witnesses, imported when a test asks for them; without them it is skipped."""

import importlib
import os
import sys
import warnings
from typing import Any

import pytest


def foreign(module: str) -> Any:
    """A module, or pytest.skip; what it warns of while it is imported is not our business."""
    os.environ.setdefault("KERAS_BACKEND", "torch")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if module.split(".")[0] in ("timm", "torchvision"):
            _prepare_torchvision()
        return pytest.importorskip(module)


def _prepare_torchvision() -> None:
    """Make `import torchvision` succeed where its compiled operators are missing.

    It registers what two of them return, and cannot where they do not exist; nothing here calls them.
    """
    pytest.importorskip("torch")
    try:
        importlib.import_module("torchvision")
    except ModuleNotFoundError:
        return
    except RuntimeError:
        for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
            del sys.modules[name]
        from torch import library

        for operator in ("nms", "qnms"):
            schema = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
            library.define(f"torchvision::{operator}", schema)
