"""Rules of the counters that look at modules and at what is patched: thop, ptflops, torchinfo."""

from __future__ import annotations

from .brought_kinds import (
    ACTIVATIONS,
    CONVOLUTIONS,
    DENSE,
    NORMS,
    POOL_FUNCTIONS,
    POOLS,
    TRANSPOSED,
    plain,
    rule,
)

THOP = (
    rule("class", (*CONVOLUTIONS, *DENSE), "products without the bias", products=1),
    rule(
        "class",
        TRANSPOSED,
        "as if each number that comes out met the whole filter, whatever the stride",
        filter_places=1,
    ),
    rule(
        "class",
        ("batch_norm", "instance_norm", "layer_norm"),
        "two for each number, doubled where there are gamma and beta",
        inputs=4,
    ),
    rule(
        "class",
        plain(("batch_norm", "instance_norm", "layer_norm")),
        "two for each number",
        inputs=2,
    ),
    rule("class", ("prelu",), "one for each number", inputs=1),
    rule(
        "class",
        ("softmax",),
        "an exponential, an addition and a division for each number, and one addition less a row",
        inputs=3,
        rows=-1,
    ),
    rule("class", ("avg_pool",), "one for each number that comes out", outputs=1),
    rule(
        "class",
        ("adaptive_avg_pool",),
        "an addition for each number that goes in, a division for each that comes out",
        inputs=1,
        outputs=1,
    ),
    rule("class", ("upsample_nearest",), "one for each number that comes out", outputs=1),
    rule("class", ("upsample_linear",), "five for each number that comes out", outputs=5),
    rule("class", ("upsample_bilinear",), "eleven for each number that comes out", outputs=11),
    rule("class", ("upsample_bicubic",), "259 for each number that comes out", outputs=259),
    rule(
        "class",
        ("lstm",),
        "products, both biases, eight for each number of the state",
        products=1,
        bias_adds=1,
        states=8,
    ),
    rule(
        "class",
        ("gru",),
        "products, both biases, seven for each number of the state",
        products=1,
        bias_adds=1,
        states=7,
    ),
    rule(
        "class",
        ("rnn",),
        "products, both biases, one for each number of the state",
        products=1,
        bias_adds=1,
        states=1,
    ),
)

PTFLOPS = (
    rule(
        "outermost",
        (*CONVOLUTIONS, *TRANSPOSED, *DENSE, "attention_dense"),
        "products, and one for each bias that is added; F.linear and F.conv2d outside these modules "
        "have no rule",
        products=1,
        bias_adds=1,
    ),
    rule(
        "outermost",
        ("attention",),
        "of nn.MultiheadAttention and of timm's Attention: products, a scale for each number of the "
        "queries, a softmax for each score; of timm's no dense layer inside it is counted then",
        products=1,
        queries=1,
        scores=1,
    ),
    rule(
        "outermost",
        ("batch_norm", "instance_norm", "group_norm"),
        "one for each number, doubled with gamma and beta",
        inputs=2,
    ),
    rule(
        "outermost",
        ("layer_norm", *plain(NORMS)),
        "one for each number; nn.LayerNorm has no attribute called affine, so it is not doubled",
        inputs=1,
    ),
    rule(
        "outermost",
        ("relu", "relu6", "prelu", "elu", "leaky_relu", "gelu", *POOLS),
        "one for each number, as a module",
        inputs=1,
    ),
    rule(
        "outermost",
        ("upsample_nearest", "upsample_linear", "upsample_bilinear", "upsample_bicubic"),
        "one for each number that comes out, as a module",
        outputs=1,
    ),
    rule(
        "outermost",
        ("lstm",),
        "products, both biases, ten for each number of the state",
        products=1,
        bias_adds=1,
        states=10,
    ),
    rule(
        "outermost",
        ("gru",),
        "products, both biases, seven for each number of the state",
        products=1,
        bias_adds=1,
        states=7,
    ),
    rule(
        "outermost",
        ("rnn",),
        "products, both biases, one for each number of the state",
        products=1,
        bias_adds=1,
        states=1,
    ),
    rule(
        "function",
        (
            *ACTIVATIONS,
            *POOL_FUNCTIONS,
        ),
        "patched functions, also where a module calls them: one for each number that goes in",
        inputs=1,
    ),
    rule(
        "function",
        ("F.interpolate", "F.upsample"),
        "a patched function: one for each number that comes out",
        outputs=1,
    ),
    rule(
        "function",
        tuple(f"{of}.{name}" for of in ("torch", "Tensor") for name in ("matmul", "mm", "bmm")),
        "patched, but not the operator @: products, once more where a module was counted",
        products=1,
    ),
    rule(
        "function",
        ("torch.addmm", "Tensor.addmm", "torch.baddbmm"),
        "products and additions",
        products=1,
        added=1,
    ),
    rule(
        "function",
        ("torch.add", "Tensor.add", "torch.mul", "Tensor.mul"),
        "patched, but not the operators + and *: one for each number that comes out",
        outputs=1,
    ),
)

TORCHINFO = (
    rule(
        "leaf",
        ("conv", "dense"),
        "parameters times output pixels, of weight and bias alike",
        products=1,
        bias_adds=1,
    ),
    rule(
        "leaf",
        ("transposed conv",),
        "the same of a transposed convolution: as if each output pixel met the whole filter",
        filter_places=1,
        bias_adds=1,
    ),
    rule(
        "leaf",
        ("other",),
        "weight and bias once a sample, however many rows a dense layer has (tokens, time steps); other "
        "parameters with these words in their names once for each of the first two axes of the output; "
        "modules with modules inside, as nn.MultiheadAttention, count nothing",
        weights_a_sample=1,
        weights_a_step=1,
    ),
)

# classes whose parameters thop sees; all other conventions see all parameters
THOP_CLASSES = (
    *CONVOLUTIONS, *TRANSPOSED, *DENSE, "prelu", "lstm", "gru", "rnn",
    *(name for name in (*NORMS, *plain(NORMS)) if not name.startswith("group")),
)  # fmt: skip
