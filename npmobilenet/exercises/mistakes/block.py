"""Mistakes 34, 40, 75 to 79 in the inverted residual block, both ways."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from ...ops.checks import Array
from .parts.bending import between, clipped
from .parts.block import (
    RELU6,
    STRAIGHT,
    Bend,
    inverted_residual,
    inverted_residual_backward,
)
from .record import Mistake, Outputs, Program, mistakes

INF = float("inf")
RELU: Bend = (clipped(0, INF), between(0, INF))
NEVER = partial(inverted_residual, residual=lambda x, y, stride: False)


def in_front(*bends: Bend) -> Program:
    """Other activations after the three normalisations."""
    return partial(inverted_residual, bends=bends)  # type: ignore[arg-type]


def backward(**how: object) -> Program:
    return partial(inverted_residual_backward, **how)  # type: ignore[arg-type]


def of_normal(x: Array, p: dict[str, Array], stride: int) -> Outputs:
    """The normalised x is added, not x."""
    from .parts.normalising import HONEST_NORM

    y = NEVER(x, p, stride)["y"]
    if stride != 1 or y.shape != x.shape:
        return {"y": y}
    one = x[0, 0, 0] * 0 + 1
    return {"y": y + HONEST_NORM.apply(x, one, one * 0, 1e-3)}


def at_stride_1(x: Array, y: Array, stride: int) -> bool:
    """x is added whatever the channels; it stops where NumPy cannot repeat one of them."""
    return stride == 1


def strided_short_cut(x: Array, p: dict[str, Array], stride: int) -> Outputs:
    """Where the stride is 2, every second pixel of x is added."""
    y = NEVER(x, p, stride)["y"]
    return {"y": y + x[:, ::stride, ::stride] if x.shape[-1] == y.shape[-1] else y}


def shares(english: str, chinese: str, *found: tuple[float, float]) -> Iterator[Mistake]:
    """Other shares of dy, for the branch and for the short cut."""
    ways = [backward(shared=one) for one in found]
    return mistakes(40, (english, chinese), {"inverted_residual_backward": ways})


def first_two(english: str, chinese: str, *found: tuple[Bend, Bend]) -> Iterator[Mistake]:
    """Other activations behind the first two normalisations."""
    ways = [in_front(*bends, STRAIGHT) for bends in found]
    return mistakes(77, (english, chinese), {"inverted_residual": ways})


BLOCKS: list[Mistake] = [
    *shares(
        "You share dy among the two branches, or give one of them half; both get all of it.",
        "你把 dy 分给了两条支路，或者只给了其中一条一半；两条支路都应得到完整的 dy。",
        (0.5, 0.5),
        (1, 0.5),
        (0.5, 1),
    ),
    *shares(
        "dx lacks the dy of the short cut: where x was added, dx gets all of dy as well.",
        "dx 里漏掉了残差支路的 dy：有残差相加时，dx 还要加上完整的 dy。",
        (1, 0),
    ),
    *shares(
        "Where x was added the branch gets no dy: it gets all of it, as the short cut does.",
        "有残差相加时，你的主支路没有得到 dy；它和残差支路一样，应得到完整的 dy。",
        (0, 1),
    ),
    *shares(
        "dx gets the dy of the short cut twice; it gets it once.",
        "残差支路的 dy 在 dx 里加了两次；只应加一次。",
        (1, 2),
    ),
    *mistakes(
        34,
        (
            "ReLU6 passes nothing above 6: your mask only looks at 0.",
            "ReLU6 在大于 6 的地方没有梯度通过：你的掩码只看了 0。",
        ),
        {"inverted_residual_backward": [backward(bend=(RELU6[0], RELU[1])), backward(bend=RELU)]},
    ),
    *mistakes(
        75,
        (
            "The slopes of the activations are missing in your backward pass.",
            "你的反向传播里漏掉了激活函数的斜率。",
        ),
        {"inverted_residual_backward": [backward(bend=(RELU6[0], STRAIGHT[1]))]},
    ),
    *mistakes(
        76,
        (
            "An activation stands behind the projection. The bottleneck is linear: nothing is cut off "
            "there.",
            "投影之后你又加了激活函数。瓶颈是线性的：那里什么都不截断。",
        ),
        {
            "inverted_residual": [
                *[in_front(RELU6, RELU6, bend) for bend in (RELU6, RELU)],
                *[partial(inverted_residual, after_sum=bend[0]) for bend in (RELU6, RELU)],
            ]
        },
    ),
    *first_two(
        "No ReLU6 follows the first normalisation, that of the expansion.",
        "第一次归一化（扩展之后）后面漏掉了 ReLU6。",
        (STRAIGHT, RELU6),
    ),
    *first_two(
        "No ReLU6 follows the second normalisation, that of the depthwise convolution.",
        "第二次归一化（深度卷积之后）后面漏掉了 ReLU6。",
        (RELU6, STRAIGHT),
    ),
    *first_two(
        "No ReLU6 follows the first two normalisations.",
        "前两次归一化后面都漏掉了 ReLU6。",
        (STRAIGHT, STRAIGHT),
    ),
    *first_two(
        "ReLU stands where ReLU6 must: nothing is cut off at 6.",
        "应当用 ReLU6 的地方用了 ReLU：没有在 6 处截断。",
        (RELU, RELU6),
        (RELU6, RELU),
        (RELU, RELU),
    ),
    *first_two(
        "Of the first two normalisations one is followed by ReLU and one by nothing; both are "
        "followed by ReLU6.",
        "前两次归一化一次后面是 ReLU，一次后面什么都没有；两次后面都应当是 ReLU6。",
        (RELU, STRAIGHT),
        (STRAIGHT, RELU),
    ),
    *mistakes(
        77,
        (
            "Your ReLU6 stands in front of the normalisation; it follows it.",
            "你的 ReLU6 放在了归一化之前；它应当在归一化之后。",
        ),
        {"inverted_residual": [partial(inverted_residual, bend_first=True)]},
    ),
    *mistakes(
        78,
        (
            "x is never added: it must be where the stride is 1 and M equals O.",
            "你从未加上 x：步幅为 1 且 M 等于 O 时应当加上。",
        ),
        {"inverted_residual": [NEVER]},
    ),
    *mistakes(
        78,
        (
            "What you add is the normalised x; it must be x as it came.",
            "你加上的是归一化后的 x；应当加上原样的 x。",
        ),
        {"inverted_residual": [of_normal]},
    ),
    *mistakes(
        78,
        (
            "At stride 2 you add every second pixel of x; there nothing is added.",
            "步幅为 2 时你每隔一个像素加了 x；那时什么都不加。",
        ),
        {"inverted_residual": [strided_short_cut]},
    ),
    *mistakes(
        78,
        (
            "You add x where M and O differ too, and one channel is then repeated for all; it is "
            "added only where they are equal.",
            "M 与 O 不同时你也加了 x，其中一方的唯一通道被重复用于所有通道；只有二者相等时才加。",
        ),
        {"inverted_residual": [partial(inverted_residual, residual=at_stride_1)]},
    ),
    *mistakes(
        79,
        (
            "Your ε has another value: here it is 0.001.",
            "你的 ε 取值不同：这里是 0.001。",
        ),
        {
            "inverted_residual": [
                partial(inverted_residual, eps=eps) for eps in (1e-5, 1e-8, 0.01)
            ],
            "inverted_residual_backward": [backward(eps=eps) for eps in (1e-5, 1e-8, 0.01)],
        },
    ),
]
