"""Mistakes 34 to 39, 68 to 73: activations and squeeze-excite, forwards and backwards."""

from __future__ import annotations

from functools import partial

import numpy as np

from ...ops.checks import Array
from .parts.bending import (
    Curve,
    backward_of,
    between,
    clipped,
    curve_of,
    hard_gate,
    hard_gate_slope,
    product_rule,
    sigmoid,
    sigmoid_slope,
    squeeze_excite,
    squeeze_excite_backward,
    times_gate,
)
from .record import Mistake, Outputs, Program, Sentence, mistakes

INF = float("inf")
# dy, unlike x, may stand on a kink: there the slope of either side
MASKS: tuple[Curve, ...] = (
    between(0, 6),
    between(0, INF),
    lambda x: np.asarray((x >= 0) & (x <= 6), float),
    lambda x: np.asarray((x >= 0) & (x < 6), float),
    lambda x: np.asarray((x > 0) & (x <= 6), float),
    lambda x: np.asarray(x >= 0, float),
)
RELU6, RELU6_SLOPE = clipped(0, 6), between(0, 6)
HARD, HARD_SLOPE = hard_gate(), hard_gate_slope()
SWISH_SLOPE = product_rule(HARD, HARD_SLOPE)
SWISH_SLOPES: tuple[Curve, ...] = (
    SWISH_SLOPE,
    lambda x: np.where(x < -3, 0, np.where(x > 3, 1, (2 * x + 3) / 6)),
    lambda x: np.where(x <= -3, 0, np.where(x > 3, 1, (2 * x + 3) / 6)),
    lambda x: np.where(x < -3, 0, np.where(x >= 3, 1, (2 * x + 3) / 6)),
    lambda x: np.where(x <= -3, 0, np.where(x >= 3, 1, (2 * x + 3) / 6)),
)
# slope, highest value, of every gate that is not ours; dividing by 3 for 6 is slope 1/3, twice as high
GATES: tuple[tuple[Curve, Curve], ...] = (
    (hard_gate(0.2), hard_gate_slope(0.2)),
    (lambda x: clipped(0, 6)(x + 3) / 3, lambda x: between(-3, 3)(x) / 3),
    (hard_gate(1 / 6, INF), hard_gate_slope(1 / 6, INF)),
    (lambda x: x / 6 + 0.5, lambda x: x * 0 + 1 / 6),
    (sigmoid, sigmoid_slope),
    (hard_gate(0.25), hard_gate_slope(0.25)),
    (lambda x: clipped(0, 6)(x + 3), between(-3, 3)),
    (lambda x: clipped(0, 6)(x) / 6, lambda x: between(0, 6)(x) / 6),
    (lambda x: clipped(0, 1)(x / 6), lambda x: between(0, 6)(x) / 6),
    (lambda x: clipped(0, 6)(x), between(0, 6)),
)


def curves(*found: Curve) -> list[Program]:
    return [partial(curve_of, curve=curve) for curve in found]


def slopes(*found: Curve) -> list[Program]:
    return [partial(backward_of, slope=slope) for slope in found]


def asking_dy(*found: Curve) -> list[Program]:
    return [partial(backward_of, slope=slope, asked=lambda dy, x: dy) for slope in found]


def mask_of_both(dy: Array, x: Array) -> Outputs:
    """ReLU's "guided" gradient: both must be above 0."""
    return {"dx": dy * between(0, 6)(x) * (dy > 0)}


GATE: Sentence = (
    "Your gate is a different one. Here it is min(max(x + 3, 0), 6) / 6: it rises by 1/6, from 0 at −3 "
    "to 1 at 3, and stops there.",
    "你的门控函数不对。这里是 min(max(x + 3, 0), 6) / 6：斜率 1/6，从 −3 处的 0 升到 3 处的 1，"
    "之后不再上升。",
)
# the first of GATES
GATE_OF_PADDLE: Sentence = (
    f"{GATE[0]} (Yours rises by 0.2, as Paddle's does.)",
    f"{GATE[1]}（你的斜率是 0.2，那是 Paddle 的写法。）",
)


def gates(*found: tuple[Curve, Curve]) -> dict[str, list[Program]]:
    """Other gates, forwards and backwards."""
    return {
        "hard_swish": curves(*[times_gate(gate) for gate, _ in found]),
        "hard_swish_backward": slopes(*[product_rule(*gate) for gate in found]),
        "squeeze_excite": [partial(squeeze_excite, gate=gate) for gate, _ in found],
        "squeeze_excite_backward": [partial(squeeze_excite_backward, gate=gate) for gate in found],
    }


ACTIVATIONS: list[Mistake] = [
    *mistakes(
        34,
        (
            "Nothing passes above 6: your mask only looks at 0.",
            "大于 6 的地方没有梯度通过：你的掩码只看了 0。",
        ),
        {"relu6_backward": slopes(between(0, INF))},
    ),
    *mistakes(
        34,
        (
            "Nothing passes below 0: your mask only looks at 6.",
            "小于 0 的地方没有梯度通过：你的掩码只看了 6。",
        ),
        {"relu6_backward": slopes(between(-INF, 6))},
    ),
    *mistakes(
        35,
        (
            "Your mask asks dy. It must ask x, the number that went in.",
            "你的掩码判断的是 dy。它应当判断 x，也就是输入的数。",
        ),
        {
            "relu6_backward": [*asking_dy(*MASKS), mask_of_both],
            "hard_swish_backward": asking_dy(
                *SWISH_SLOPES, *[product_rule(*gate) for gate in GATES]
            ),
        },
    ),
    *mistakes(
        68,
        (
            "Only one of the two cuts is there: y lies between 0 and 6.",
            "两处截断你只做了一处：y 应当在 0 和 6 之间。",
        ),
        {"relu6": curves(clipped(0, INF), clipped(-INF, 6))},
    ),
    *mistakes(
        68,
        (
            "Your function is a different one: y is x itself between 0 and 6, 0 below, 6 above.",
            "你的截断是另一个函数：x 在 0 与 6 之间时 y 就是 x，以下为 0，以上为 6。",
        ),
        {
            "relu6": curves(
                clipped(-6, 6),
                lambda x: clipped(0, 6)(x) / 6,
                lambda x: clipped(0, 6)(x + 3),
                lambda x: x * between(0, 6)(x),
                lambda x: np.abs(clipped(-6, 6)(x)),
            )
        },
    ),
    *mistakes(36, GATE_OF_PADDLE, gates(GATES[0])),
    *mistakes(36, GATE, gates(*GATES[1:])),
    *mistakes(
        69,
        (
            "x is not multiplied by its gate: you return the gate alone.",
            "x 没有乘以它的门控：你只返回了门控本身。",
        ),
        {
            "hard_swish": curves(HARD, *[gate for gate, _ in GATES]),
            "squeeze_excite": [
                partial(squeeze_excite, joined=lambda x, gate: np.broadcast_to(gate, x.shape)),
                partial(squeeze_excite, joined=lambda x, gate: gate),
                partial(squeeze_excite, joined=lambda x, gate: gate[:, 0, 0]),
            ],
        },
    ),
    *mistakes(
        37,
        (
            "The product rule is missing: x changes its gate too.",
            "漏掉了乘积法则：x 也会改变它自己的门控。",
        ),
        {
            "hard_swish_backward": slopes(
                HARD, *[gate for gate, _ in GATES], HARD_SLOPE, lambda x: x * HARD_SLOPE(x)
            )
        },
    ),
    *mistakes(
        70,
        (
            "The slope ends in the wrong place: it is 0 below −3, (2x + 3) / 6 between, 1 above 3.",
            "斜率分段不对：x 小于 −3 时为 0，中间为 (2x + 3) / 6，大于 3 时为 1。",
        ),
        {
            "hard_swish_backward": slopes(
                lambda x: (2 * x + 3) / 6,
                lambda x: (2 * x + 3) / 6 * between(-3, 3)(x),
                lambda x: (2 * x + 3) / 6 * between(-3, INF)(x),
                lambda x: np.where(x < 3, (2 * x + 3) / 6, 1),
                lambda x: np.where(x <= -3, 0, np.where(x >= 3, 1, (x + 3) / 6)),
                lambda x: np.where(x <= -3, 0, np.where(x >= 3, 1, (2 * x + 3) / 3)),
                lambda x: clipped(0, 1)((2 * x + 3) / 6),
                lambda x: HARD(x) + x / 6,
                lambda x: HARD(x) + x / 6 * between(-3, INF)(x),
                lambda x: HARD(x) + x / 6 * between(-INF, 3)(x),
            )
        },
    ),
]
