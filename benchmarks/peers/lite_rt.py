"""LiteRT, formerly TensorFlow Lite, whose float32 arithmetic is XNNPACK's."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter


def load(folder: Path, threads: int) -> Callable[[], Any]:
    """An interpreter; the XNNPACK delegate is its default."""
    images = np.load(folder / "images.npy")
    interpreter = Interpreter(str(folder / "network.tflite"), num_threads=threads)
    interpreter.allocate_tensors()
    (image,), (result,) = interpreter.get_input_details(), interpreter.get_output_details()

    def call() -> Any:
        interpreter.set_tensor(image["index"], images)
        interpreter.invoke()
        return interpreter.get_tensor(result["index"])

    return call
