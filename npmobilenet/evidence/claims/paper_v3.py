"""MobileNetV3's paper (arXiv:1905.02244)."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np

from ... import ops
from ...models.dialects import PAPER
from ...models.layers import Dense
from ...models.network_plan import plan
from ...models.rows import V3_SMALL
from ...models.widths import make_divisible
from . import tails
from .claim import Finding, Source
from .counting import (
    MILLION,
    counted,
    cut_in_millions,
    dense,
    in_millions,
    listing,
    macs_of,
    of_kind,
    params_of,
    rounds,
    weights_of,
)

SOURCE = Source("v3", "The paper of MobileNetV3 (arXiv:1905.02244)")

OLD_HEAD = replace(PAPER, name="paper, version 4", v3_small_head=1280)
# appendix, Table 9, at 224 pixels: model, alpha -> million mult-adds
TABLE_9 = {
    ("v3-large", 1.25): "356", ("v3-large", 1.0): "217", ("v3-large", 0.75): "155",
    ("v3-large", 0.5): "69", ("v3-large", 0.35): "40", ("v3-small", 1.25): "91",
    ("v3-small", 1.0): "57", ("v3-small", 0.75): "44", ("v3-small", 0.5): "21",
    ("v3-small", 0.35): "12",
}  # fmt: skip


@SOURCE.claim(
    "Table 2: the last 1x1 convolution of V3-Small, 576 channels, has squeeze-and-excite."
)
def gate_on_the_last() -> Finding:
    width = V3_SMALL.last
    quarter = make_divisible(width / 4)
    gate = params_of([dense(width, quarter), dense(quarter, width)])
    bare = counted("v3-small").params.trainable
    return Finding(
        {"gate": gate, "bare": bare, "both": bare + gate},
        "It would add {gate:,} parameters: {both:,}, where Table 3 says 2.5 M. Without it: "
        "{bare:,}. No implementation has it, the authors' included.",
        {"2.5 M with it": in_millions(bare + gate, "2.5")},
    )


@SOURCE.claim("Table 3: V3-Large has 219 M mult-adds and 5.4 M parameters.")
def large() -> Finding:
    found = counted("v3-large")
    params = found.params
    return Finding(
        {"macs": found.macs, "weights": params.weights, "params": params.trainable},
        "{macs:,} MACs, as the appendix says (217 M); {params:,} parameters, of which "
        "{weights:,} weights are 5.4 M when cut.",
        {"219": in_millions(found.macs, "219"),
         "5.4": cut_in_millions(params.weights, "5.4") or in_millions(params.trainable, "5.4")},
    )  # fmt: skip


@SOURCE.claim("Table 3 before version 5: V3-Small has 66 M mult-adds and 2.9 M parameters.")
def small_of_old() -> Finding:
    old, new = (counted("v3-small", dialect=dialect) for dialect in (OLD_HEAD, PAPER))
    return Finding(
        {"params": old.params.trainable, "new": new.params.trainable, "macs": old.macs,
         "new_macs": new.macs},
        "With the head of 1280 channels that Table 2 then had: {params:,} parameters, but "
        "{macs:,} MACs. Version 5 has 1024 ({new:,} and {new_macs:,}).",
        {"2.9 M with a head of 1280": in_millions(old.params.trainable, "2.9"),
         "66 M": in_millions(old.macs, "66") or in_millions(new.macs, "66")},
    )  # fmt: skip


@SOURCE.claim("Table 3 before version 5: at 0.75 V3-Small has 44 M mult-adds and 2.4 M parameters.")
def narrow_small_of_old() -> Finding:
    old, new = (counted("v3-small", dialect=dialect, width=0.75) for dialect in (OLD_HEAD, PAPER))
    return Finding(
        {"params": old.params.trainable, "macs": old.macs, "new": new.params.trainable,
         "new_macs": new.macs},
        "With the head of 1280 {params:,} parameters and {macs:,} MACs; with version 5's 1024 "
        "{new:,} and {new_macs:,}.",
        {"2.4 M": in_millions(old.params.trainable, "2.4"), "44 M": in_millions(old.macs, "44")},
    )  # fmt: skip


@SOURCE.claim(
    "Version 5: V3-Small has 56 M mult-adds (Table 3), 57 M (Table 9), and 2.5 M parameters."
)
def small() -> Finding:
    found = counted("v3-small")
    return Finding(
        {"macs": found.macs, "params": found.params.trainable},
        "One number, {macs:,}, once cut and once rounded; {params:,} parameters.",
        {"56, cut": cut_in_millions(found.macs, "56"), "57": in_millions(found.macs, "57"),
         "2.5": in_millions(found.params.trainable, "2.5")},
    )  # fmt: skip


@SOURCE.claim("Appendix, Table 9: the mult-adds at five widths of each network.")
def widths() -> Finding:
    found = {case: counted(case[0], width=case[1]).macs for case in TABLE_9}
    exact = {f"{m} {a:g}": in_millions(found[m, a], TABLE_9[m, a]) for m, a in TABLE_9}
    off = max(abs(found[case] - int(TABLE_9[case]) * MILLION) for case in TABLE_9)
    wrong = [name for name, agrees in exact.items() if not agrees]
    return Finding(
        {"exact": sum(exact.values()), "rows": len(exact), "off": off / MILLION,
         "wrong": listing(wrong) if wrong else "none"},
        "{exact} of {rows} agree when rounded, none is off by more than {off:.1f} M. The "
        "others: {wrong}.",
        {"rounded": all(exact.values()), "within 1 M": off < MILLION},
    )  # fmt: skip


@SOURCE.claim("Section 5.1: the new last stage saves 30 million mult-adds.")
def last_stage() -> Finding:
    old, new = macs_of(*tails.original()), macs_of(*tails.efficient())
    more = weights_of(*tails.efficient()) - weights_of(*tails.original())
    return Finding(
        {"old": old, "new": new, "saved": old - new, "more": more},
        "{old:,} become {new:,}: {saved:,} saved (and {more:,} weights more).",
        {"30 M, to one digit": rounds(Fraction(old - new, 10 * MILLION), "3")},
    )


@SOURCE.claim("Section 5.1: 16 instead of 32 filters in the stem save 10 million mult-adds.")
def sixteen_filters() -> Finding:
    stem = {n: plan("v3-large")["stem"].macs // 16 * n for n in (32, 16)}
    saved = tails.beginning(32) - tails.beginning(16)
    return Finding(
        {"stem": stem[32] - stem[16], "saved": saved},
        "{stem:,} in the stem itself, {saved:,} with the first block, which then filters half "
        "the channels.",
        {"10 M": in_millions(saved, "10")},
    )


@SOURCE.claim("Section 5.3: squeeze-and-excite squeezes to a quarter of the expansion.")
def a_quarter() -> Finding:
    found = {}
    for name in ("paddle", "paper"):
        squeezes = [
            (x.input[-1], x.output[-1])
            for model in ("v3-large", "v3-small")
            for x in of_kind(plan(model, dialect=name), Dense)
            if x.name.endswith(".squeeze")
        ]
        found[name] = sum(4 * inner == wide for wide, inner in squeezes), len(squeezes)
    (paddle, _), (paper, count) = found.values()
    return Finding(
        {"paper": paper, "paddle": paddle, "count": count, "narrow": make_divisible(72 / 4)},
        "PaddleClas has exactly that, {paddle} of {count} times. The authors' code makes it a "
        "multiple of 8: {narrow} for 72, a quarter only {paper} of {count} times.",
        {"PaddleClas": paddle == count, "the authors' code": paper == count},
        cases=True,
    )


@SOURCE.claim("Section 5.2: hard-swish = x relu6(x + 3) / 6, a piecewise form near swish.")
def hard_swish() -> Finding:
    x = np.linspace(-8, 8, 16_001)
    formula = x * ops.relu6(x + 3, rung="numpy")[0] / 6
    same = float(np.abs(ops.hard_swish(x)[0] - formula).max())
    gap = np.abs(ops.hard_swish(x)[0] - ops.swish(x)[0])
    return Finding(
        {"gap": float(gap.max()), "at": float(abs(x[gap.argmax()])), "points": x.size},
        "Our operator is that formula at {points:,} points; from swish it is at most {gap:.3f} "
        "away, at |x| = {at:.1f}.",
        {"formula": same < 1e-12, "near swish": bool(gap.max() < 0.2)},
    )
