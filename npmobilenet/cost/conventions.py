"""Named conventions: one plan, counted as papers and tools count it.

A convention is data: for each kind of operation how often which of its sizes is counted, in which
unit, and which parameters are reported.  What no rule names counts nothing.  Every rule carries its
reason; the tools' totals are reproduced to the last operation (tests/cost/test_conventions.py has
those of four published models, tests/witnesses/test_live_counters.py runs the tools themselves).

    paper         the MobileNet papers' mult-adds
    tf-readme     the tables in the README files of the authors' TensorFlow code
    keras         keras.applications: the papers' operations, count_params' parameters
    fvcore        fvcore 0.1.5, FlopCountAnalysis
    thop          thop 0.1.1, profile
    ptflops       ptflops 0.7.5, backend "pytorch"
    ptflops-aten  ptflops 0.7.5, backend "aten"
    torchinfo     torchinfo 1.8.0, summary
    torch-flops   torch.utils.flop_counter of PyTorch 2.13, forward only
    calflops      calflops 0.3.2, calculate_flops
"""

from __future__ import annotations

from ..models.network_plan import check_plan
from ..ops.checks import shown
from .brought import Brought, Subject
from .brought_modules import THOP_CLASSES
from .brought_rules import BROUGHT
from .convention import Convention, CountingRule, Totals

__all__ = ["CONVENTIONS", "Convention", "CountingRule", "Totals", "convention_named", "totals"]

WEIGHTS = ("weights",)
TRAINED = ("weights", "bias", "gamma", "beta")
STORED = (*TRAINED, "mean", "variance")

MACS, FLOPS = "MACs", "FLOPs"


# kinds: conv covers standard, depthwise and pointwise convolutions and the two 1x1 convolutions of
# squeeze-and-excite; conv_same, batch_norm_act, pool_function and pool_mean are in `operations`
CONVOLUTIONS = ("conv", "conv_same")
DENSE = ("dense", "dense_own")
PRODUCTS = (*CONVOLUTIONS, *DENSE)
NORMS = ("batch_norm", "batch_norm_act")
POOLS = ("pool", "pool_function")

_PAPER = (
    CountingRule(
        PRODUCTS,
        {"products": 1},
        "V1 section 3 counts the products of convolutions and of the classifier, padding included; "
        "bias, batch normalisation, activations and pooling are not mentioned and do not fit",
    ),
)

CONVENTIONS: dict[str, Convention] = {
    convention.name: convention
    for convention in (
        Convention(
            name="paper",
            brought=BROUGHT["paper"],
            unit=MACS,
            rules=_PAPER,
            params=WEIGHTS,
            params_why="weights alone: V1's Table 2 has 24.33 % in the classifier, which is "
            "1,024,000 of 4,209,088; with biases and batch normalisation it would be 24.22 %",
        ),
        Convention(
            name="tf-readme",
            brought=BROUGHT["tf-readme"],
            unit=MACS,
            rules=_PAPER,
            background=True,
            params=WEIGHTS,
            params_by_version={"v1": ("weights", "bias", "beta", "mean", "variance")},
            params_why="V2 and V3: weights alone.  V1: inferred, for nothing else gives all of 4.24, "
            "2.59, 1.34 and 0.47 M: weights, bias and three of the four numbers of batch "
            "normalisation, as if it had no gamma.  1001 classes: class 0 is the background",
        ),
        Convention(
            name="keras",
            brought=BROUGHT["keras"],
            unit=MACS,
            rules=_PAPER,
            params=STORED,
            params_why="count_params counts all variables, so the running mean and variance too",
        ),
        Convention(
            name="fvcore",
            brought=BROUGHT["fvcore"],
            unit=MACS,
            rules=(
                CountingRule(
                    PRODUCTS,
                    {"products": 1},
                    "a fused multiply-add is one flop; biases are left out",
                ),
                CountingRule(
                    NORMS,
                    {"inputs": 2},
                    "at inference a scale and a shift for each number; traced operators are "
                    "counted, so the class around them does not matter",
                ),
                CountingRule(
                    POOLS,
                    {"inputs": 1},
                    "one for each number that goes in; a pooling written as x.mean, all activations, "
                    "additions and gates have no rule and only a warning",
                ),
            ),
            params=TRAINED,
            params_why="parameter_count counts parameters, not buffers",
        ),
        Convention(
            name="thop",
            brought=BROUGHT["thop"],
            unit=MACS,
            rules=(
                CountingRule(
                    ("conv", "dense"),
                    {"products": 1},
                    "products without the bias, by exact class: subclasses are not seen",
                ),
                CountingRule(
                    ("batch_norm",),
                    {"inputs": 4},
                    "two for each number, doubled where there are gamma and beta, also at inference",
                ),
                CountingRule(
                    ("pool",),
                    {"inputs": 1, "outputs": 1},
                    "an addition for each number that goes in, a division for each that comes out; "
                    "a function instead of a module is not seen",
                ),
            ),
            params=TRAINED,
            classes=THOP_CLASSES,
            unseen=("batch_norm_act", "conv_same", "dense_own"),
            params_why="parameters of the modules it has a rule for, by exact class: timm's own "
            "batch normalisation, padded convolutions and V3 classifier are not among them",
        ),
        Convention(
            name="ptflops",
            brought=BROUGHT["ptflops"],
            unit=MACS,
            rules=(
                CountingRule(
                    ("conv", "dense"),
                    {"products": 1, "bias_adds": 1},
                    "products, and one for each bias that is added; subclasses are not seen",
                ),
                CountingRule(
                    ("batch_norm",),
                    {"inputs": 2},
                    "one for each number, doubled with gamma and beta",
                ),
                CountingRule(
                    ("relu",),
                    {"inputs": 2},
                    "one for each number as a module and one more as the patched function that the "
                    "module calls",
                ),
                CountingRule(
                    ("relu6", "swish"),
                    {"inputs": 1},
                    "nn.ReLU6 calls hardtanh, which is not patched: counted once, as a module; "
                    "nn.SiLU has no module rule: counted once, as a function; hard swish and hard "
                    "sigmoid have neither",
                ),
                CountingRule(
                    ("pool",), {"inputs": 2}, "as for ReLU: the module and the function it calls"
                ),
                CountingRule(("pool_function",), {"inputs": 1}, "the function alone"),
            ),
            params=TRAINED,
            params_why="all parameters that require a gradient",
        ),
        Convention(
            name="ptflops-aten",
            brought=BROUGHT["ptflops-aten"],
            unit=MACS,
            rules=(
                CountingRule(
                    PRODUCTS,
                    {"products": 1, "bias_adds": 1},
                    "convolution and addmm are all that is dispatched here and has a rule; "
                    "both add the bias",
                ),
            ),
            params=TRAINED,
            params_why="all parameters that require a gradient",
        ),
        Convention(
            name="torchinfo",
            brought=BROUGHT["torchinfo"],
            unit=MACS,
            rules=(
                CountingRule(
                    PRODUCTS,
                    {"products": 1, "bias_adds": 1},
                    "parameters times output pixels, of weight and bias alike",
                ),
                CountingRule(
                    ("batch_norm",),
                    {"affine": 1},
                    "gamma and beta count once, not for each pixel, as in a dense layer; a class "
                    "with modules inside, as timm's, counts nothing",
                ),
            ),
            params=TRAINED,
            params_why="named parameters, not buffers",
        ),
        Convention(
            name="torch-flops",
            brought=BROUGHT["torch-flops"],
            unit=FLOPS,
            rules=(
                CountingRule(
                    PRODUCTS,
                    {"products": 2},
                    "a multiplication and an addition for each product of a convolution or matrix "
                    "product; biases ride along in addmm and are left out",
                ),
            ),
            params=TRAINED,
            params_why="it reports none; these are model.parameters()",
        ),
        Convention(
            name="calflops",
            brought=BROUGHT["calflops"],
            unit=FLOPS,
            rules=(
                CountingRule(
                    CONVOLUTIONS,
                    {"products": 2, "bias_adds": 1},
                    "two for each product, one for each bias that is added",
                ),
                CountingRule(DENSE, {"products": 2}, "of a dense layer the bias is forgotten"),
                CountingRule(
                    NORMS,
                    {"inputs": 2},
                    "at inference a scale and a shift for each number; F.batch_norm is patched, so "
                    "the class around it does not matter",
                ),
                CountingRule(
                    (*POOLS, "relu", "swish"),
                    {"inputs": 1},
                    "patched functions: one for each number; ReLU6, hard swish and hard sigmoid "
                    "modules call others, and the + and * operators are not patched",
                ),
            ),
            params=TRAINED,
            params_why="all parameters that require a gradient",
        ),
    )
}


def convention_named(name: str) -> Convention:
    """The convention of that name; ValueError for an unknown one."""
    if not isinstance(name, str) or name not in CONVENTIONS:
        known = ", ".join(CONVENTIONS)
        raise ValueError(f"convention must be one of {known}, found {shown(name)}")
    return CONVENTIONS[name]


def totals(plan: Subject, name: str) -> Totals:
    """Operations and parameters of a plan, or of something brought, in the convention of that name."""
    if not isinstance(plan, Brought):
        check_plan(plan)
    return convention_named(name).totals(plan)
