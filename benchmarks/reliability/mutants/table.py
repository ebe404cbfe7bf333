"""Which tests belong to which file of the kernels."""

from __future__ import annotations

from .running import Tests

_DRAWN = "tests/ops/test_operators.py::test_operator_convinces_every_witness"


def _operators(*names: str, more: tuple[str, ...] = ()) -> Tests:
    """Drawn cases of these operators, and other tests."""
    return Tests((*(f"{_DRAWN}[{name}]" for name in names), *more))


_RUNG = "tests/kernels/test_simd_rung.py"
_INTEGERS = Tests(("tests/kernels/test_integer_rungs.py", "tests/ops/test_integers.py"))

PLAIN: dict[str, Tests] = {
    "activations.py": _operators("relu", "relu6", more=("tests/ops/test_not_finite.py",)),
    "batchnorm.py": _operators(
        "batch_norm train", "batch_norm eval", more=("tests/ops/test_not_finite.py", "tests/ops/test_operator_details.py")
    ),
    "conv.py": _operators("conv2d", more=(f"{_RUNG}::test_convolutions",)),
    "depthwise.py": _operators("depthwise_conv2d", more=(f"{_RUNG}::test_windows",)),
    "fake_quantize.py": _operators("fake_quantize", more=("tests/ops/test_fake_quantize.py",)),
    "grouped.py": _operators("grouped_conv2d"),
    "optimizers.py": Tests(
        ("tests/kernels/test_optimizer_rungs.py", "tests/training/test_optimizers.py", "tests/engine/test_training_step_optimizer.py")
    ),
    "pointwise.py": _operators("pointwise_conv2d", "dense", more=(f"{_RUNG}::test_products",)),
    "pool.py": _operators("avg_pool2d", "max_pool2d", "global_avg_pool", more=("tests/ops/test_operator_details.py", "tests/ops/test_strides.py")),
    "integer/conv.py": _INTEGERS,
    "integer/depthwise.py": _INTEGERS,
    "integer/elementwise.py": _INTEGERS,
    "integer/pointwise.py": _INTEGERS,
    "integer/pool.py": _INTEGERS,
    "integer/requantise.py": _INTEGERS,
    "integer/softmax.py": _INTEGERS,
    "integer/tables.py": _INTEGERS,
}
COMPILED: dict[str, Tests] = {}
TESTS = PLAIN | COMPILED
