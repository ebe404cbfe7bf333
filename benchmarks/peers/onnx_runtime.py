"""ONNX Runtime's CPU provider."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime


def load(folder: Path, threads: int) -> Callable[[], Any]:
    """A session with every optimisation; its threads spin between the layers of a run."""
    images = np.load(folder / "images.npy").transpose(0, 3, 1, 2).copy()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.add_session_config_entry("session.intra_op.allow_spinning", "1")
    options.add_free_dimension_override_by_name("N", len(images))
    session = onnxruntime.InferenceSession(
        folder / "network.onnx", options, providers=["CPUExecutionProvider"]
    )
    return lambda: session.run(None, {"image": images})[0]
