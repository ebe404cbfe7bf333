"""The conventions' rules for what is brought: each looks from the side from which its tool looks.

A rule belongs to one side of an operation (brought.py says which there are).  Tools that look from two
sides count an operation twice if both of their rules fit.  Rules of counters that look at modules are
in brought_modules.py.  All were read from the tools' code; tests/witnesses/test_brought_counters.py
runs the tools beside them.
"""

from __future__ import annotations

from collections.abc import Mapping

from .brought_kinds import (
    ACTIVATIONS,
    CONVOLUTIONS,
    MATRICES,
    NORMS,
    POOL_FUNCTIONS,
    TRANSPOSED,
    plain,
    rule,
)
from .brought_modules import PTFLOPS, THOP, TORCHINFO
from .convention import ANY, CountingRule

_PRODUCTS = (
    rule(
        ANY,
        ("every operation",),
        "products of convolutions and matrices, those of attention and of recurrent layers too, which "
        "the MobileNet papers do not have",
        products=1,
    ),
)

_FVCORE = (
    rule(
        "op",
        (*CONVOLUTIONS, *TRANSPOSED, *MATRICES, "cell"),
        "products; scaled_dot_product_attention, baddbmm and recurrent layers have no rule, cells are "
        "traced as dense layers",
        products=1,
    ),
    rule("op", ("batch_norm",), "at inference a scale and a shift", inputs=2),
    rule("op", ("batch_norm_plain",), "without gamma and beta one", inputs=1),
    rule("op", NORMS[1:], "a rough estimate, as its code says", inputs=5),
    rule("op", plain(NORMS[1:]), "without gamma and beta one less", inputs=4),
    rule("op", ("adaptive_avg_pool2d",), "one for each number that goes in", inputs=1),
    rule("op", ("upsample_nearest2d",), "one for each number that comes out", outputs=1),
    rule(
        "op",
        ("upsample_bilinear2d", "grid_sampler"),
        "four neighbours of each number that comes out",
        outputs=4,
    ),
)

_PTFLOPS_ATEN = (
    rule("aten", ("convolution", "addmm"), "products and the bias", products=1, bias_adds=1),
    rule(
        "aten",
        ("mm", "bmm"),
        "products; a fused attention and a fused recurrent layer have no rule",
        products=1,
    ),
    rule(
        "aten",
        ("step by step",),
        "a recurrent layer that PyTorch runs step by step: products, and biases where addmm adds them",
        products=1,
        addmm_adds=1,
    ),
)

_TORCH_FLOPS = (
    rule(
        "aten",
        ("convolution", "mm", "addmm", "bmm", "baddbmm", "step by step"),
        "a multiplication and an addition for each product; the fused attention and the fused "
        "recurrent layer of the processor have no rule",
        products=2,
    ),
)

_CALFLOPS = (
    rule(
        "op",
        CONVOLUTIONS,
        "two for each product, one for each bias that is added",
        products=2,
        bias_adds=1,
    ),
    rule(
        "op",
        TRANSPOSED,
        "two for each product, one for each bias of as many places as a forward convolution would have",
        products=2,
        forward_bias_adds=1,
    ),
    rule("op", ("linear",), "of a dense layer the bias is forgotten", products=2),
    rule(
        "function",
        ("torch.matmul", "Tensor.matmul", "torch.einsum"),
        "two for each product; mm, bmm and the operator @ are not patched",
        products=2,
    ),
    rule("op", ("batch_norm",), "at inference a scale and a shift", inputs=2),
    rule("op", ("batch_norm_plain",), "without gamma and beta one", inputs=1),
    rule("op", NORMS[1:], "an estimate", inputs=5),
    rule("op", plain(NORMS[1:]), "without gamma and beta one less", inputs=4),
    rule(
        "function",
        (
            *ACTIVATIONS,
            "F.leaky_relu",
            *POOL_FUNCTIONS,
            "F.interpolate",
        ),
        "patched functions: one for each number that goes in",
        inputs=1,
    ),
    rule(
        "function",
        ("torch.add", "Tensor.add", "torch.mul", "Tensor.mul"),
        "patched, but not the operators + and *: one for each number that comes out",
        outputs=1,
    ),
    *(
        rule(
            "class",
            (name,),
            "two for each product less one for each gate, both biases, what the state takes",
            products=2,
            bias_adds=1,
            states=states,
        )
        for name, states in (("lstm", 2), ("gru", 1), ("rnn", -1))
    ),
)

BROUGHT: Mapping[str, tuple[CountingRule, ...]] = {
    "paper": _PRODUCTS,
    "tf-readme": _PRODUCTS,
    "keras": _PRODUCTS,
    "fvcore": _FVCORE,
    "thop": THOP,
    "ptflops": PTFLOPS,
    "ptflops-aten": _PTFLOPS_ATEN,
    "torchinfo": TORCHINFO,
    "torch-flops": _TORCH_FLOPS,
    "calflops": _CALFLOPS,
}
