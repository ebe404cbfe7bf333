"""Which tests belong to which file of the kernels."""

from __future__ import annotations

from .running import Tests

_DRAWN = "tests/ops/test_operators.py::test_operator_convinces_every_witness"


def _operators(*names: str, more: tuple[str, ...] = ()) -> Tests:
    """Drawn cases of these operators, and other tests."""
    return Tests((*(f"{_DRAWN}[{name}]" for name in names), *more), names=names)


_RUNG = "tests/kernels/test_simd_rung.py"
_INTEGER_RUNGS = "tests/kernels/test_integer_rungs.py"


def _integers(*names: str) -> Tests:
    """Drawn cases of these, and all other tests of integers."""
    first = (f"{_INTEGER_RUNGS}::test_rungs_agree[{name}]" for name in names)
    words = (*first, _INTEGER_RUNGS, "tests/ops/test_integers.py")
    return Tests(words, way="integers", names=names)


PLAIN: dict[str, Tests] = {
    "activations.py": _operators("relu", "relu6", more=("tests/ops/test_not_finite.py",)),
    "batchnorm.py": _operators(
        "batch_norm train",
        "batch_norm eval",
        more=(
            "tests/kernels/test_shares.py",
            "tests/ops/test_not_finite.py",
            "tests/ops/test_operator_details.py",
        ),
    ),
    "conv.py": _operators("conv2d", more=(f"{_RUNG}::test_convolutions",)),
    "depthwise.py": _operators("depthwise_conv2d", more=(_RUNG, "tests/kernels/test_shares.py")),
    "fake_quantize.py": _operators("fake_quantize", more=("tests/ops/test_fake_quantize.py",)),
    "grouped.py": _operators("grouped_conv2d"),
    "optimizers.py": Tests(
        (
            "tests/kernels/test_optimizer_rungs.py",
            "tests/training/test_optimizers.py",
            "tests/engine/test_training_step_optimizer.py",
        ),
        way="optimizers",
    ),
    "pointwise.py": _operators("pointwise_conv2d", "dense", more=(f"{_RUNG}::test_products",)),
    "pool.py": _operators(
        "avg_pool2d",
        "max_pool2d",
        "global_avg_pool",
        more=("tests/ops/test_operator_details.py", "tests/ops/test_strides.py"),
    ),
    "integer/conv.py": _integers("conv2d", "grouped_conv2d"),
    "integer/depthwise.py": _integers("depthwise_conv2d"),
    "integer/elementwise.py": _integers("add", "multiply"),
    "integer/pointwise.py": _integers("pointwise_conv2d", "dense"),
    "integer/pool.py": _integers("mean", "avg_pool2d", "max_pool2d"),
    "integer/requantise.py": _integers("conv2d", "dense", "requantize"),
    "integer/softmax.py": _integers("softmax"),
    "integer/tables.py": _integers("hard_swish", "hard_sigmoid"),
}
_MODELS = "tests/engine/test_engine.py::test_every_model_in_every_dialect"
_DETAILS = "tests/engine/test_engine_details.py"
_OTHERS = "tests/engine/test_training_step_gradients.py"
_GRADIENTS = f"{_OTHERS}::test_gradients_are_as_good_as_pytorchs"
_INTEGER_RUNG = "tests/engine/test_integer_rung.py"
_INTEGER_ENGINE = "tests/engine/test_integer_engine.py"

_ENGINE = Tests(
    (
        f"{_MODELS}[v1-cifar]",
        f"{_MODELS}[v3-small-paper]",
        f"{_MODELS}[v1-full-cifar]",
        f"{_MODELS}[v4-conv-medium-paper]",
        f"{_DETAILS}::test_windows_that_no_microkernel_has",
        f"{_DETAILS}::test_activations_that_no_tile_has",
        f"{_DETAILS}::test_batches",
        f"{_DETAILS}::test_expansions_that_are_made_band_by_band",
        "tests/engine/test_engine.py::test_any_size",
    ),
    compiled=True,
    way="inference",
)
_STEP = Tests(
    (
        f"{_GRADIENTS}[v1-cifar-asked0]",
        f"{_GRADIENTS}[v3-small-paper-asked2]",
        f"{_OTHERS}::test_frozen_normalisations_use_and_keep_their_estimates",
        f"{_GRADIENTS}[v1-full-cifar-asked3]",
        f"{_GRADIENTS}[v2-torchvision-asked1]",
        f"{_OTHERS}::test_an_exponential_activation",
        f"{_OTHERS}::test_maps_that_are_done_band_by_band",
        "tests/engine/test_training_step_contract.py::test_same_bits_for_any_number_of_threads_and_again",
    ),
    compiled=True,
    way="training",
)
# of both passes: what a training step has of the microkernels besides
_TILES = Tests((*_ENGINE.words, *_STEP.words[:2]), compiled=True, way="inference")
_RUNGS = Tests(
    tuple(
        f"{_RUNG}::test_{name}"
        for name in ("products", "windows", "windows_that_no_microkernel_has", "convolutions")
    ),
    compiled=True,
    names=("conv2d", "depthwise_conv2d", "pointwise_conv2d", "dense"),
)
_BYTES = Tests(
    (_INTEGER_RUNG, _INTEGER_ENGINE),
    compiled=True,
    way="integers",
    names=("conv2d", "depthwise_conv2d", "pointwise_conv2d", "dense"),
)

COMPILED: dict[str, Tests] = {
    **{f"simd/infer/{name}.py": _ENGINE for name in ("conv", "depthwise", "maps", "pointwise")},
    **{f"simd/tiles/{name}.py": _TILES for name in ("depthwise", "epilogue", "gemm", "microkernel")},
    **{f"simd/nhwc/{name}.py": _RUNGS for name in ("depthwise", "product")},
    **{
        f"simd/train/{name}.py": _STEP
        for name in ("conv", "depthwise", "elementwise", "maps", "norm", "pack", "pointwise")
    },
    **{
        f"simd/integer/{name}.py": _BYTES
        for name in (
            "joined", "maps", "pack", "product", "quads", "requantise", "residual", "rung",
            "stores", "storing", "window",
        )
    },
    "simd/runtime/parts.py": _STEP,
}  # fmt: skip
TESTS = PLAIN | COMPILED
