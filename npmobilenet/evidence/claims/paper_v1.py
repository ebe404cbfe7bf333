"""MobileNetV1's paper (arXiv:1704.04861)."""

from __future__ import annotations

from fractions import Fraction

from ...cost.ratio import separable_ratio
from ...models.layers import Conv, Dense, Depthwise, Layer, Pointwise
from ...models.network_plan import plan
from .claim import Finding, Source
from .counting import (
    BILLION,
    MILLION,
    conv,
    counted,
    cut_in_millions,
    depthwise,
    in_millions,
    listing,
    macs_of,
    of_kind,
    params_of,
    pointwise,
    rounds,
    savings,
    vgg16,
    weights_of,
)
from .scaling import scaling_by_alpha, scaling_by_rho

SOURCE = Source("v1", "The paper of MobileNetV1 (arXiv:1704.04861)")

# Table 2: type of layer -> percent of mult-adds, percent of parameters
TABLE_2 = {
    "pointwise": ("94.86", "74.59"),
    "depthwise": ("3.06", "1.06"),
    "conv": ("1.19", "0.02"),
    "dense": ("0.18", "24.33"),
}


@SOURCE.claim("Section 3.1: a separable block costs 1/N + 1/Dk² of a standard convolution.")
def ratio() -> Finding:
    cases = [(64, 3, 112), (512, 3, 14), (1024, 5, 7)]  # N and M, Dk, Df
    found, formula = [], []
    for n, k, size in cases:
        shape = (size, size, n)
        standard = k * k * n * n * size * size
        found.append(Fraction(macs_of(depthwise(shape, k=k), pointwise(shape, n)), standard))
        formula.append(separable_ratio(k=k, n=n))
    return Finding(
        {"found": listing(found), "cases": len(cases)},
        "{cases} layers counted, filters of 3 x 3 and 5 x 5: {found}, exactly the formula.",
        {"1/N + 1/Dk²": found == formula},
    )


@SOURCE.claim("Section 3.1: 3 x 3 separable convolutions compute 8 to 9 times less.")
def eight_to_nine() -> Finding:
    factors = [float(factor) for factor in savings(plan("v1"))]
    whole = counted("v1-full").macs / counted("v1").macs
    return Finding(
        {"least": min(factors), "most": max(factors), "whole": whole},
        "{least:.2f} to {most:.2f} times block by block, {whole:.2f} times for the whole network.",
        {"blocks": all(8 <= round(f) <= 9 for f in factors), "network": 8 <= whole <= 9},
    )


@SOURCE.claim("Section 3.2: counting depthwise and pointwise layers apart there are 28 layers.")
def layers() -> Finding:
    count = sum(len(of_kind(plan("v1"), kind)) for kind in (Conv, Depthwise, Pointwise, Dense))
    return Finding({"count": count}, "{count} layers have weights.", {"28": count == 28})


@SOURCE.claim("Table 1: the depthwise layer at 7 x 7 x 1024 has stride 2.")
def last_stride() -> Finding:
    shape = (7, 7, 1024)
    strided, plain = depthwise(shape, s=2).output, depthwise(shape, s=1).output
    pooled = next(x.input for x in plan("v1").layers if x.name == "pool")
    return Finding(
        {"strided": strided[0], "plain": plain[0], "pooled": pooled[0]},
        "Stride 2 would leave {strided} x {strided}; the table's own next rows, and its pooling "
        "of {pooled} x {pooled}, need the {plain} x {plain} of stride 1.",
        {"stride 2": strided == pooled},
    )


@SOURCE.claim("Table 2: the 3 x 3 convolution does 1.19 % of the mult-adds.")
def stem_share() -> Finding:
    whole = counted("v1")
    stem = next(x for x in whole.layers if x.name == "stem")
    share = Fraction(100 * stem.macs, whole.macs)
    column = sum(Fraction(macs) for macs, _ in TABLE_2.values())
    return Finding(
        {"stem": stem.macs, "all": whole.macs, "share": float(share), "column": float(column)},
        "{stem:,} of {all:,} are {share:.2f} %: two digits are swapped, and the printed column "
        "sums to {column:.2f} %.",
        {"1.19 %": rounds(share, TABLE_2["conv"][0])},
    )


@SOURCE.claim("Table 2: the other seven shares of mult-adds and parameters.")
def other_shares() -> Finding:
    found = counted("v1").shares()
    cells = [
        (kind, column) for kind in TABLE_2 for column in (0, 1) if (kind, column) != ("conv", 0)
    ]
    agree = {
        f"{kind}, {('mult-adds', 'parameters')[column]}": rounds(
            found[kind][column], TABLE_2[kind][column]
        )
        for kind, column in cells
    }
    return Finding(
        {"agree": sum(agree.values()), "cells": len(agree), "pointwise": found["pointwise"][0]},
        "{agree} of {cells} agree, such as {pointwise:.2f} % of the work in pointwise layers; "
        "parameters are weights alone.",
        agree,
    )  # fmt: skip


@SOURCE.claim("Table 3: one layer of 14 x 14 x 512 becomes separable, thinner, then smaller.")
def one_layer_shrinks() -> Finding:
    shape, thin, small = (14, 14, 512), (14, 14, 384), (10, 10, 384)
    rows: dict[str, tuple[list[Layer], str, str]] = {
        "standard": ([conv(shape, 512)], "462", "2.36"),
        "separable": ([depthwise(shape), pointwise(shape, 512)], "52.3", "0.27"),
        "alpha 0.75": ([depthwise(thin), pointwise(thin, 384)], "29.6", "0.15"),
        "rho 0.714": ([depthwise(small), pointwise(small, 384)], "15.1", "0.15"),
    }
    macs = {name: macs_of(*found) for name, (found, *_) in rows.items()}
    weights = {name: weights_of(*found) for name, (found, *_) in rows.items()}
    return Finding(
        {"macs": listing(macs.values(), ","), "weights": listing(weights.values(), ",")},
        "{macs} MACs; {weights} weights.",
        {name: in_millions(macs[name], printed) and in_millions(weights[name], parameters)
         for name, (_, printed, parameters) in rows.items()},
    )  # fmt: skip


@SOURCE.claim("Table 4: 4866 M mult-adds with standard convolutions, 569 M with separable ones.")
def full_convolutions() -> Finding:
    full, small = counted("v1-full"), counted("v1")
    top = plan("v1")["classifier"].macs
    return Finding(
        {"full": full.macs, "bare": full.macs - top, "small": small.macs},
        "{small:,} includes the classifier, and with it the other is {full:,}; the printed "
        "number is the one without: {bare:,}.",
        {"569": in_millions(small.macs, "569"), "4866": in_millions(full.macs, "4866")},
    )


@SOURCE.claim("Table 5: a shallow network, without five blocks, has 307 M and 2.9 M.")
def shallow() -> Finding:
    found = counted("v1-shallow")
    return Finding(
        {"macs": found.macs, "params": found.params.trainable},
        "{macs:,} MACs, {params:,} parameters.",
        {"mult-adds": in_millions(found.macs, "307"),
         "parameters": in_millions(found.params.trainable, "2.9")},
    )  # fmt: skip


@SOURCE.claim("Section 3.3: the width multiplier reduces cost and parameters by roughly alpha².")
def alpha_squared() -> Finding:
    return scaling_by_alpha()


@SOURCE.claim("Section 3.4: the resolution multiplier reduces cost by rho².")
def rho_squared() -> Finding:
    return scaling_by_rho()


@SOURCE.claim("Table 8: VGG16 has 15300 M mult-adds and 138 M parameters.")
def vgg_figures() -> Finding:
    convolutions, tops = vgg16()
    bare, whole = macs_of(*convolutions), macs_of(*convolutions, *tops)
    params = params_of([*convolutions, *tops])
    return Finding(
        {"bare": bare, "whole": whole, "params": params},
        "{params:,} parameters. Its convolutions alone make {bare:,} MACs; with the dense "
        "layers, which MobileNet's 569 M include, it is {whole:,}.",
        {"parameters": in_millions(params, "138"),
         "mult-adds": rounds(Fraction(whole, 100 * MILLION), "153")},
    )  # fmt: skip


@SOURCE.claim("Section 4.2: MobileNet is 32 times smaller and 27 times less compute than VGG16.")
def beside_vgg() -> Finding:
    convolutions, tops = vgg16()
    small = counted("v1")
    size = params_of([*convolutions, *tops]) / small.params.trainable
    work = macs_of(*convolutions, *tops) / small.macs
    return Finding(
        {"size": size, "work": work},
        "{size:.1f} times fewer parameters, {work:.1f} times fewer MACs.",
        {"32": int(size) == 32, "27": int(work) == 27},
    )


@SOURCE.claim("Table 9: at alpha 0.5 and 160 pixels, 76 M mult-adds and 1.32 M parameters.")
def half_at_160() -> Finding:
    found = counted("v1", width=0.5, resolution=160)
    weights = found.params.weights
    return Finding(
        {"macs": found.macs, "weights": weights, "params": found.params.trainable},
        "{macs:,} MACs, which rounded are 77 M. 1.32 M are the {weights:,} weights; with biases "
        "and batch normalisation it is {params:,}.",
        {"rounded": in_millions(found.macs, "76") and in_millions(weights, "1.32"),
         "mult-adds cut": cut_in_millions(found.macs, "76") and in_millions(weights, "1.32")},
        cases=True,
    )  # fmt: skip


@SOURCE.claim("Section 4.4: PlaNet with MobileNet, 13 M parameters, takes 0.58 million mult-adds.")
def geolocalisation() -> Finding:
    classes = 10 * MILLION // 1024  # 10 M parameters in the last layer, says the same sentence
    found = counted("v1", classes=classes)
    return Finding(
        {"macs": found.macs, "params": found.params.trainable, "classes": classes,
         "billions": found.macs / BILLION},
        "A last layer of 10 M weights is one of {classes:,} classes: {params:,} parameters and "
        "{macs:,} mult-adds, {billions:.2f} billion.",
        {"13 M": in_millions(found.params.trainable, "13"),
         "0.58 million": in_millions(found.macs, "0.58")},
    )  # fmt: skip


@SOURCE.claim("Table 12: at alpha 0.25, 45 M mult-adds at 224 pixels and 15 M at 128.")
def face_attributes() -> Finding:
    found = {size: counted("v1", width=0.25, resolution=size).macs for size in (224, 128)}
    bare = {
        size: counted("v1", width=0.25, resolution=size, include_top=False).macs for size in found
    }
    return Finding(
        {"large": found[224], "small": found[128], "bare": bare[224], "bare_small": bare[128]},
        "{large:,} and {small:,} with 1000 classes, {bare:,} and {bare_small:,} with none; the "
        "paper's own Table 6 says 41 M.",
        {"45": any(in_millions(c[224], "45") for c in (found, bare)),
         "15": any(in_millions(c[128], "15") for c in (found, bare))},
    )  # fmt: skip
