"""Papers and documentation on eight bits."""

from __future__ import annotations

from math import prod

import numpy as np

from ...datasets.splits import SAMPLE
from ...models.network_plan import plan
from ...models.params import init
from ...predicting.calibration import calibration_images, quantized_model
from ...quantization import channel_ranges, equalised, infer, without_ceiling
from ...quantization.preparing import prepared_plan
from ...weights import load
from .claim import Finding, Source
from .counting import listing

SOURCE = Source("eight-bits", "Papers and documentation on eight bits")


@SOURCE.claim("TensorFlow's documentation: full integer quantization makes a model 4x smaller.")
def four_times_smaller() -> Finding:
    found = {}
    for model in ("v1", "v2", "v3-large", "v3-small"):
        sizes = [
            (name.endswith(".bias"), prod(shape))
            for name, shape in prepared_plan(plan(model)).arrays.items()
        ]
        channels = sum(count for bias, count in sizes if bias)
        weights = sum(count for bias, count in sizes if not bias)
        # a bias keeps its 32 bits; a channel has a scale of its own, 32 bits more
        found[model] = 4 * (weights + channels) / (weights + 8 * channels)
    return Finding(
        {"ratios": listing(found.values(), ".2f")},
        "V1, V2, V3-Large and V3-Small: {ratios} times. Weights shrink fourfold; biases keep 32 "
        "bits, and each channel has a scale.",
        {model: round(ratio) == 4 for model, ratio in found.items()},
    )


@SOURCE.claim(
    "Jacob et al. 2018, section 2.2: the multiplier of a layer, S1 S2 / S3, is always between 0 and 1."
)
def multipliers_below_one() -> Finding:
    model = load("fashion-mnist")
    images = calibration_images(SAMPLE, model.preprocessing, 64)
    qplan = quantized_model(model, images).quantized
    assert qplan is not None
    found = {
        step.name: max(
            qplan[step.inputs[0]].scale[0] * s for s in qplan[f"{step.name}.weight"].scale
        )
        / qplan[step.name].scale[0]
        for step in qplan.steps
        if step.weighted
    }
    above = {name: ratio for name, ratio in found.items() if ratio >= 1}
    return Finding(
        {"layers": len(found), "above": len(above), "most": max(found.values())},
        "Of the {layers} layers of the shipped network, with a scale for each channel, {above} have a "
        "channel whose multiplier is 1 or more; the largest is {most:.3g}.",
        {"every layer": not above},
    )


@SOURCE.claim("Jacob et al. 2018, section 2.3: products of 8 bits are summed in 32 bits.")
def sums_of_32_bits() -> Finding:
    most = {}
    for model in ("v1", "v1-full", "v2", "v3-large"):
        shapes = [shape for name, shape in plan(model).arrays.items() if name.endswith(".weight")]
        taps = max(prod(shape[:-1]) for shape in shapes)
        most[model] = 255 * 255 * taps
    bits = {model: number.bit_length() + 1 for model, number in most.items()}  # and a sign
    return Finding(
        {"bits": listing(bits.values())},
        "The largest sums that V1, V1 with standard convolutions, V2 and V3-Large could have take {bits} "
        "bits, sign included: 16 are too few, 32 are enough.",
        {
            "16 are too few": min(bits.values()) > 16,
            "32 are enough": max(bits.values()) <= 32,
        },
    )


@SOURCE.claim(
    "Nagel et al. 2019, section 3.1: in depthwise layers some channels are far wider than others."
)
def channels_of_all_widths() -> Finding:
    model = load("flowers")
    ratios = {
        name: float(folded.max() / np.median(folded))
        for name, (_, folded) in channel_ranges(model.plan, model.params).items()
    }
    first = list(ratios.values())[:3]
    return Finding(
        {
            "layers": len(ratios),
            "first": listing(first, ".0f"),
            "rest": max(list(ratios.values())[3:]),
        },
        "In the shipped V1 of flowers the widest channel is {first} times the median one in the "
        "first three of {layers} depthwise layers; in the others at most {rest:.1f} times.",
        {"in some layers": max(ratios.values()) > 10},
    )


@SOURCE.claim(
    "Nagel et al. 2019, section 4.1: scaling a channel down in one layer and up in the next leaves the "
    "function as it is."
)
def equalising_changes_nothing() -> Finding:
    x = np.random.default_rng(0).normal(size=(8, 32, 32, 3))
    clipped = plan("v1", width=0.25, resolution=32, dialect="keras")
    params = init(clipped, seed=0, dtype=np.float64)
    for name in [name for name in params if name.endswith(".gamma")]:
        params[name] = params[name] * 3  # so that some numbers reach 6
    free = without_ceiling(clipped)
    scaled = equalised(free, params)
    moved = {
        label: float(np.abs(infer(net, scaled, x) - infer(net, params, x)).max())
        / float(np.abs(infer(net, params, x)).max())
        for label, net in (("ReLU", free), ("ReLU6", clipped))
    }
    return Finding(
        {"relu": 1e-9, "relu6": moved["ReLU6"]},
        "In float64 the logits of a V1 with ReLU move by less than {relu:.0e} of the largest, "
        "those of one with ReLU6, which has a ceiling, by {relu6:.1f} times it.",
        {label: change < 1e-9 for label, change in moved.items()},
        cases=True,
    )
