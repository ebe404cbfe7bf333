"""The conventions' rules for what is brought: each looks from the side from which its tool looks.

A rule belongs to one side of an operation (brought.py says which there are).  Tools that look from two
sides count an operation twice if both of their rules fit.  The rules were read from the tools' code;
tests/witnesses/test_brought_counters.py runs the tools beside them.
"""

from __future__ import annotations

from collections.abc import Mapping

from .convention import CountingRule

ANY = "any"  # the side of a rule that holds for every operation

# classes, as `class` and `outermost` have them (torch_names.py)
CONVOLUTIONS, TRANSPOSED, DENSE = ("conv",), ("transposed conv",), ("dense",)
NORMS = ("batch_norm", "instance_norm", "group_norm", "layer_norm")
MAX_POOLS = ("max_pool", "adaptive_max_pool")
POOLS = ("avg_pool", "adaptive_avg_pool", *MAX_POOLS)
# operators by which matrices are multiplied
MATRICES = ("linear", "matmul", "mm", "bmm", "addmm", "einsum")


def _plain(names: tuple[str, ...]) -> tuple[str, ...]:
    """The same without gamma and beta."""
    return tuple(f"{name}_plain" for name in names)


def _rule(side: str, kinds: tuple[str, ...], why: str, **counts: int) -> CountingRule:
    return CountingRule(kinds, counts, why, side)


_PRODUCTS = (
    _rule(
        ANY,
        ("every operation",),
        "products of convolutions and matrices, those of attention and of recurrent layers too, which "
        "the MobileNet papers do not have",
        products=1,
    ),
)

_FVCORE = (
    _rule(
        "op",
        (*CONVOLUTIONS, *TRANSPOSED, *MATRICES),
        "products; scaled_dot_product_attention, baddbmm and the recurrent operators have no rule",
        products=1,
    ),
    _rule("op", ("batch_norm",), "at inference a scale and a shift", inputs=2),
    _rule("op", ("batch_norm_plain",), "without gamma and beta one", inputs=1),
    _rule("op", NORMS[1:], "a rough estimate, as its code says", inputs=5),
    _rule("op", _plain(NORMS[1:]), "without gamma and beta one less", inputs=4),
    _rule("op", ("adaptive_avg_pool2d",), "one for each number that goes in", inputs=1),
    _rule("op", ("upsample_nearest2d",), "one for each number that comes out", outputs=1),
    _rule(
        "op",
        ("upsample_bilinear2d", "grid_sampler"),
        "four neighbours of each number that comes out",
        outputs=4,
    ),
)

_THOP = (
    _rule("class", (*CONVOLUTIONS, *DENSE), "products without the bias", products=1),
    _rule(
        "class",
        TRANSPOSED,
        "as if each number that comes out met the whole filter, whatever the stride",
        filter_places=1,
    ),
    _rule(
        "class",
        ("batch_norm", "instance_norm", "layer_norm"),
        "two for each number, doubled where there are gamma and beta",
        inputs=4,
    ),
    _rule(
        "class",
        _plain(("batch_norm", "instance_norm", "layer_norm")),
        "two for each number",
        inputs=2,
    ),
    _rule("class", ("prelu",), "one for each number", inputs=1),
    _rule(
        "class",
        ("softmax",),
        "an exponential, an addition and a division for each number, and one addition less a row",
        inputs=3,
        rows=-1,
    ),
    _rule("class", ("avg_pool",), "one for each number that comes out", outputs=1),
    _rule(
        "class",
        ("adaptive_avg_pool",),
        "an addition for each number that goes in, a division for each that comes out",
        inputs=1,
        outputs=1,
    ),
    _rule("class", ("upsample_nearest",), "one for each number that comes out", outputs=1),
    _rule("class", ("upsample_linear",), "five for each number that comes out", outputs=5),
    _rule("class", ("upsample_bilinear",), "eleven for each number that comes out", outputs=11),
    _rule("class", ("upsample_bicubic",), "259 for each number that comes out", outputs=259),
    _rule(
        "class",
        ("lstm",),
        "products, both biases, eight for each number of the state",
        products=1,
        bias_adds=1,
        states=8,
    ),
    _rule(
        "class",
        ("gru",),
        "products, both biases, seven for each number of the state",
        products=1,
        bias_adds=1,
        states=7,
    ),
    _rule(
        "class",
        ("rnn",),
        "products, both biases, one for each number of the state",
        products=1,
        bias_adds=1,
        states=1,
    ),
)

_PTFLOPS = (
    _rule(
        "outermost",
        (*CONVOLUTIONS, *TRANSPOSED, *DENSE, "attention_dense"),
        "products, and one for each bias that is added; F.linear and F.conv2d outside these modules "
        "have no rule",
        products=1,
        bias_adds=1,
    ),
    _rule(
        "outermost",
        ("attention",),
        "of nn.MultiheadAttention and of timm's Attention: products, a scale for each number of the "
        "queries, a softmax for each score; of timm's no dense layer inside it is counted then",
        products=1,
        queries=1,
        scores=1,
    ),
    _rule(
        "outermost",
        ("batch_norm", "instance_norm", "group_norm"),
        "one for each number, doubled with gamma and beta",
        inputs=2,
    ),
    _rule(
        "outermost",
        ("layer_norm", *_plain(NORMS)),
        "one for each number; nn.LayerNorm has no attribute called affine, so it is not doubled",
        inputs=1,
    ),
    _rule(
        "outermost",
        ("relu", "relu6", "prelu", "elu", "leaky_relu", "gelu", *POOLS),
        "one for each number, as a module",
        inputs=1,
    ),
    _rule(
        "outermost",
        ("upsample_nearest", "upsample_linear", "upsample_bilinear", "upsample_bicubic"),
        "one for each number that comes out, as a module",
        outputs=1,
    ),
    _rule(
        "outermost",
        ("lstm",),
        "products, both biases, ten for each number of the state",
        products=1,
        bias_adds=1,
        states=10,
    ),
    _rule(
        "outermost",
        ("gru",),
        "products, both biases, seven for each number of the state",
        products=1,
        bias_adds=1,
        states=7,
    ),
    _rule(
        "outermost",
        ("rnn",),
        "products, both biases, one for each number of the state",
        products=1,
        bias_adds=1,
        states=1,
    ),
    _rule(
        "function",
        (
            *(f"F.{name}" for name in "relu relu6 prelu elu gelu silu softmax".split()),
            *(f"F.{pool}{n}d" for pool in POOLS for n in (1, 2, 3)),
        ),
        "patched functions, also where a module calls them: one for each number that goes in",
        inputs=1,
    ),
    _rule(
        "function",
        ("F.interpolate", "F.upsample"),
        "a patched function: one for each number that comes out",
        outputs=1,
    ),
    _rule(
        "function",
        tuple(f"{of}.{name}" for of in ("torch", "Tensor") for name in ("matmul", "mm", "bmm")),
        "patched, but not the operator @: products, once more where a module was counted",
        products=1,
    ),
    _rule(
        "function",
        ("torch.addmm", "Tensor.addmm", "torch.baddbmm"),
        "products and additions",
        products=1,
        added=1,
    ),
    _rule(
        "function",
        ("torch.add", "Tensor.add", "torch.mul", "Tensor.mul"),
        "patched, but not the operators + and *: one for each number that comes out",
        outputs=1,
    ),
)

_PTFLOPS_ATEN = (
    _rule("aten", ("convolution", "addmm"), "products and the bias", products=1, bias_adds=1),
    _rule(
        "aten",
        ("mm", "bmm"),
        "products; a fused attention and a fused recurrent layer have no rule",
        products=1,
    ),
)

_TORCHINFO = (
    _rule(
        "leaf",
        ("conv", "dense"),
        "parameters times output pixels, of weight and bias alike",
        products=1,
        bias_adds=1,
    ),
    _rule(
        "leaf",
        ("transposed conv",),
        "the same of a transposed convolution: as if each output pixel met the whole filter",
        filter_places=1,
        bias_adds=1,
    ),
    _rule(
        "leaf",
        ("other",),
        "weight and bias once a sample, however many rows a dense layer has (tokens, time steps); other "
        "parameters with these words in their names once for each of the first two axes of the output; "
        "modules with modules inside, as nn.MultiheadAttention, count nothing",
        weights_a_sample=1,
        weights_a_step=1,
    ),
)

_TORCH_FLOPS = (
    _rule(
        "aten",
        ("convolution", "mm", "addmm", "bmm", "baddbmm"),
        "a multiplication and an addition for each product; the fused attention and the fused "
        "recurrent layer of the processor have no rule",
        products=2,
    ),
)

_CALFLOPS = (
    _rule(
        "op",
        CONVOLUTIONS,
        "two for each product, one for each bias that is added",
        products=2,
        bias_adds=1,
    ),
    _rule("op", TRANSPOSED, "two for each product", products=2),
    _rule("op", ("linear",), "of a dense layer the bias is forgotten", products=2),
    _rule(
        "function",
        ("torch.matmul", "Tensor.matmul", "torch.einsum"),
        "two for each product; mm, bmm and the operator @ are not patched",
        products=2,
    ),
    _rule("op", ("batch_norm",), "at inference a scale and a shift", inputs=2),
    _rule("op", ("batch_norm_plain",), "without gamma and beta one", inputs=1),
    _rule("op", NORMS[1:], "an estimate", inputs=5),
    _rule("op", _plain(NORMS[1:]), "without gamma and beta one less", inputs=4),
    _rule(
        "function",
        (
            *(f"F.{n}" for n in "relu relu6 prelu elu leaky_relu gelu silu softmax".split()),
            *(f"F.{pool}{n}d" for pool in POOLS for n in (1, 2, 3)),
            "F.interpolate",
        ),
        "patched functions: one for each number that goes in",
        inputs=1,
    ),
    _rule(
        "function",
        ("torch.add", "Tensor.add", "torch.mul", "Tensor.mul"),
        "patched, but not the operators + and *: one for each number that comes out",
        outputs=1,
    ),
    *(
        _rule(
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
    "thop": _THOP,
    "ptflops": _PTFLOPS,
    "ptflops-aten": _PTFLOPS_ATEN,
    "torchinfo": _TORCHINFO,
    "torch-flops": _TORCH_FLOPS,
    "calflops": _CALFLOPS,
}
# classes whose parameters thop sees; all other conventions see all parameters
THOP_CLASSES = (
    *CONVOLUTIONS, *TRANSPOSED, *DENSE, *_plain(NORMS), "prelu", "lstm", "gru", "rnn",
    "batch_norm", "instance_norm", "layer_norm",
)  # fmt: skip
