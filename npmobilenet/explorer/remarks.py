"""What is unusual about a page, in a sentence each, English and Chinese.  A usual page has none."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import numpy as np

from ..images.preprocessing import Preprocessing
from ..models.network_plan import Plan
from ..ops.checks import Array
from ..text import displayed
from .looking import Seen

Remark = tuple[str, str]
FEW = 10  # classes that are listed
LARGE = 4_000_000  # bytes of weights in a page that are worth a word
WORDS = {"chelsea": ("cat", "a cat", "一只猫"), "ankle-boot": ("boot", "an ankle boot", "一只短靴")}


def of_model(plan: Plan, params: Mapping[str, Array], named: bool, fresh: bool) -> Iterator[Remark]:
    """named: whether its classes have names of their own."""
    if fresh:
        yield (
            "These weights are fresh random numbers: cost and geometry are the network's, its answers "
            "mean nothing.",
            "这些权重是刚生成的随机数：计算量和形状是真实的，网络给出的答案没有意义。",
        )
    if not plan.include_top:
        yield (
            "This network has no classifier: it ends with a map of features, so there is no class, "
            "no loss and nothing to go backwards from.",
            "这个网络没有分类器，以特征图结束：没有类别，没有损失，也就没有反向传播的起点。",
        )
    elif not named and not fresh:
        yield (
            f"These weights come without names of their {plan.classes:,} classes, which are numbered.",
            f"这些权重不带 {plan.classes:,} 个类别的名称，因此用编号表示。",
        )
    height, width = plan.resolution
    if height != width:
        yield (
            f"This network looks at {height} × {width} pixels (height × width), not at a square.",
            f"这个网络看的是 {height} × {width} 像素（高 × 宽），不是正方形。",
        )
    broken = [name for name, value in params.items() if not np.isfinite(value).all()]
    if broken:
        count = sum(int((~np.isfinite(params[name])).sum()) for name in broken)
        yield (
            f"{count:,} of the weights are not finite numbers, the first in {broken[0]}: "
            "whatever they reach is no number either.",
            f"有 {count:,} 个权重不是有限的数，第一个在 {broken[0]} 中：它们影响到的一切也都不是数。",
        )


def of_answer(plan: Plan, params: Mapping[str, Array], logits: Array) -> Iterator[Remark]:
    """Where finite weights give no finite answer."""
    finite = all(np.isfinite(value).all() for value in params.values())
    wrong = int((~np.isfinite(logits)).sum())
    if finite and wrong:
        yield (
            f"{wrong:,} of the {logits.size:,} outputs of {plan.layers[-1].name} are not finite "
            "numbers: the weights are too large.",
            f"{plan.layers[-1].name} 的 {logits.size:,} 个输出中有 {wrong:,} 个不是有限的数：权重过大。",
        )


def of_image(seen: Seen, how: Preprocessing, classes: tuple[str, ...]) -> Iterator[Remark]:
    """What was done to the image, and why a shipped picture may be called something that it is not."""
    height, width = seen.size
    rows, columns = how.resolution
    if how.channels == 3 and not seen.coloured:
        yield (
            "The image is grey: red, green and blue are the same in every pixel.",
            "图像是灰度的：每个像素的红、绿、蓝都相同。",
        )
    if how.channels == 1 and seen.coloured:
        yield (
            "The image has colours, which this network does not see: it was made grey.",
            "图像是彩色的，而这个网络看不到颜色：图像已转为灰度。",
        )
    if abs(height * columns - width * rows) > max(height, width, rows, columns):
        done = (
            ("it was squeezed", "被压缩了")
            if how.resize is None
            else ("only its middle is seen", "只看中间部分")
        )
        yield (
            f"The image has {height} × {width} pixels and the network looks at {rows} × {columns}: "
            f"{done[0]}.",
            f"图像有 {height} × {width} 像素，网络看的是 {rows} × {columns}：{done[1]}。",
        )
    if seen.shipped and classes:
        yield from _of_shipped(seen, classes)


def _of_shipped(seen: Seen, classes: tuple[str, ...]) -> Iterator[Remark]:
    word, thing, thing_zh = WORDS[seen.shipped]
    if any(word in re.findall(r"\w+", name.lower()) for name in classes):
        return
    count = len(classes)
    listed = count <= FEW and sum(map(len, classes)) < 200
    names = f" ({', '.join(map(displayed, classes))})" if listed else ""
    names_zh = f"（{'、'.join(map(displayed, classes))}）" if listed else ""
    yield (
        f"The photograph that comes with the package is {thing}, and this network knows nothing but "
        f"its {count:,} classes{names}: it can only choose among them.",
        f"随附的照片是{thing_zh}，而这个网络只知道它的 {count:,} 个类别{names_zh}：它只能从中选择。",
    )


def of_rounding(kept: str, moved: float | None, source: str, overflow: bool) -> Iterator[Remark]:
    """moved: how far the outputs did, None where weights are stored as they are."""
    if overflow:
        yield (
            f"Some weights are too large for half precision (65,504 at most): they are kept as {kept}.",
            f"有些权重超出半精度的范围（最大 65,504），因此保存为 {kept}。",
        )
    if moved is not None:
        less = "half precision" if kept == "float16" else "single precision"
        less_zh = "半精度" if kept == "float16" else "单精度"
        yield (
            f"The weights were rounded from {source} to {less}, which moved the network's outputs for "
            f"this image by at most {moved:.2g}.",
            f"权重从 {source} 舍入为{less_zh}，这张图像的网络输出最多变化了 {moved:.2g}。",
        )


def of_size(size: int) -> Iterator[Remark]:
    """size: bytes that the weights take in the page."""
    if size > LARGE:
        yield (
            f"The weights alone take {size / 1e6:.1f} MB of this page: opening it takes a moment.",
            f"仅权重就占本页 {size / 1e6:.1f} MB：打开需要一点时间。",
        )


def without_times(why: str) -> Remark:
    """Times were asked for and could not be measured."""
    return f"No times were measured: {why}.", f"没有测量时间：{why}。"
