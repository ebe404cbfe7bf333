"""Tutorial e: MobileNetV2 in Keras."""

from __future__ import annotations

import numpy as np

from ...models.layers import Add, Depthwise, Pointwise
from ...models.network_plan import plan
from .claim import Finding, Source
from .counting import (
    block_of,
    blocks_of,
    conv,
    counted,
    in_millions,
    listing,
    of_kind,
    pointwise,
    weights,
    weights_of,
)

SOURCE = Source("tutorial-e", "Tutorial e: V2 in Keras")

# its final table: alpha -> Top-1, Top-5, 10-5, Size and Stem in millions
TABLE = {
    0.35: (39.914, 17.568, 15.422, "1.7", "0.4"),
    0.50: (34.806, 13.938, 11.976, "2.0", "0.7"),
    0.75: (30.468, 10.824, 9.188, "2.7", "1.4"),
    1.0: (28.664, 9.858, 8.322, "3.5", "2.3"),
    1.3: (25.320, 7.878, 6.728, "5.4", "3.8"),
}


@SOURCE.claim("Other values of alpha give MobileNetV2 of other depths.")
def alpha_is_depth() -> Finding:
    plans = [plan("v2", width=alpha, dialect="keras") for alpha in TABLE]
    depths = {len(of_kind(p, Pointwise) + of_kind(p, Depthwise)) + 2 for p in plans}
    widths = [p["blocks.17.project"].output[-1] for p in plans]
    return Finding(
        {"depths": listing(sorted(depths)), "widths": listing(widths)},
        "All have {depths} layers with weights. Alpha is a width: the last block has {widths} "
        "channels.",
        {"depth": len(depths) > 1},
    )


@SOURCE.claim(
    "Top-1 and Top-5, nothing more being said of these columns, are accuracies in percent."
)
def columns_are_accuracies() -> Finding:
    below = sum(top5 < top1 for top1, top5, *_ in TABLE.values())
    top1, top5 = TABLE[1.0][:2]
    return Finding(
        {"rows": len(TABLE), "below": below, "top1": 100 - top1, "top5": 100 - top5},
        "In {below} of {rows} rows Top-5 is below Top-1, which no accuracy can be, and both "
        "fall as the network grows: they are errors (10-5: of ten crops). At alpha 1 the "
        "accuracies are {top1:.3f} and {top5:.3f} %.",
        {"possible": below == 0},
    )


@SOURCE.claim("Size and Stem are the parameters with and without the top, in millions.")
def size_and_stem() -> Finding:
    agree, largest = 0, 0
    for alpha, (*_, size, stem) in TABLE.items():
        whole = counted("v2", width=alpha, dialect="keras").params.total
        bare = counted("v2", width=alpha, dialect="keras", include_top=False).params.total
        agree += in_millions(whole, size) + in_millions(bare, stem)
        largest = max(largest, whole)
    return Finding(
        {"agree": agree, "cells": 2 * len(TABLE), "largest": largest},
        "{agree} of {cells} cells agree, running statistics counted; the largest is {largest:,}.",
        {"all cells": agree == 2 * len(TABLE)},
    )


@SOURCE.claim("The values of alpha to choose from are 0.35, 0.5, 0.75, 1 and 1.3.")
def list_of_alphas() -> Finding:
    from ...weights.published import SOURCES

    published = {x.width for x in SOURCES.values() if x.family == "keras" and x.model == "v2"}
    missing = sorted(published - set(TABLE))
    params = counted("v2", width=max(published), dialect="keras").params.total
    return Finding(
        {"published": len(published), "missing": listing(missing), "params": params},
        "Keras publishes weights for {published}; {missing} is missing from the list ({params:,} "
        "parameters).",
        {"those exist": set(TABLE) <= published, "no others": not missing},
    )


@SOURCE.claim("After the projection comes no ReLU6 but the addition of the residual.")
def always_an_addition() -> Finding:
    blocks = blocks_of(plan("v2", dialect="tutorial-e"))
    last = [block[-1] for block in blocks]
    adds = sum(isinstance(layer, Add) for layer in last)
    silent = all(x.kind != "activation" for x in last)
    return Finding(
        {"adds": adds, "blocks": len(blocks)},
        "No activation follows in any block; but only {adds} of {blocks} add, where the stride "
        "is 1 and the shapes agree.",
        {"no ReLU6": silent, "an addition": adds == len(blocks)},
    )


@SOURCE.claim("ResNet-50's bottleneck is cheaper than a 3 x 3 convolution of its width.")
def bottleneck_is_cheaper() -> Finding:
    wide, narrow = 256, 64  # He et al. 2016, figure 5
    whole, inside = (14, 14, wide), (14, 14, narrow)
    plain = weights(conv(whole, wide))
    bottle = weights_of(pointwise(whole, narrow), conv(inside, narrow), pointwise(inside, wide))
    return Finding(
        {"plain": plain, "bottle": bottle, "times": plain / bottle},
        "{bottle:,} weights instead of {plain:,}, {times:.1f} times fewer.",
        {"fewer": bottle < plain},
    )


@SOURCE.claim("V2 does the opposite: it expands, filters, and compresses.")
def expands_first() -> Finding:
    block = block_of(plan("v2", dialect="tutorial-e"), 3)
    sizes = [x.output[-1] for x in block if isinstance(x, Pointwise | Depthwise)]
    return Finding(
        {"into": block[0].input[-1], "sizes": listing(sizes)},
        "The third block takes {into} channels to {sizes}.",
        {
            "wider, then narrower": sizes[0] > block[0].input[-1]
            and sizes[-1] < sizes[1] == sizes[0]
        },
    )


@SOURCE.claim("The printed code is Keras' MobileNetV2.")
def printed_code() -> Finding:
    alphas = (*TABLE, 1.4)
    pairs = [[counted("v2", width=a, dialect=d) for d in ("tutorial-e", "keras")] for a in alphas]
    same = sum(ours.params == keras.params and ours.macs == keras.macs for ours, keras in pairs)
    return Finding(
        {
            "same": same,
            "alphas": len(alphas),
            "total": counted("v2", dialect="tutorial-e").params.total,
        },
        "Equal MACs and parameters at {same} of {alphas} widths; {total:,} parameters at alpha 1.",
        {"all": same == len(alphas)},
    )


@SOURCE.claim("Dividing by 255, subtracting a half and doubling brings pixels to -1 ... 1.")
def preprocessing() -> Finding:
    pixels = np.arange(256.0)
    theirs, keras = (pixels / 255 - 0.5) * 2, pixels / 127.5 - 1
    return Finding(
        {"low": theirs.min(), "high": theirs.max(), "pixels": int(np.isclose(theirs, keras).sum())},
        "{low:g} to {high:g}; all {pixels} values of a pixel become what Keras' x / 127.5 - 1 "
        "makes.",
        {
            "range": bool(theirs.min() == -1 and theirs.max() == 1),
            "Keras'": bool(np.allclose(theirs, keras)),
        },
    )


@SOURCE.claim("The weights are files of a repository on GitHub.")
def where_the_weights_are() -> Finding:
    from ...weights.published import SOURCES

    urls = [x.url for x in SOURCES.values() if x.family == "keras" and x.model == "v2"]
    hosts = sorted({url.split("/")[2] for url in urls})
    there = sum("github.com" in url for url in urls)
    return Finding(
        {"files": len(urls), "there": there, "hosts": listing(hosts)},
        "Of the {files} files that Keras now fetches {there} are there; the host is {hosts}.",
        {"GitHub": there == len(urls)},
    )
