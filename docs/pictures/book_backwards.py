"""Draws chapter 6 of the book: python docs/pictures/book_backwards.py."""

from functools import cache

import drawsvg as dw
import numpy as np
from panel import (
    BLUE,
    DEPTHWISE,
    GATE,
    GREEN,
    INK,
    ORANGE,
    PINK,
    POINTWISE,
    SECOND,
    SOFT,
    STRONG,
    ZERO,
    Say,
    arrow,
    box,
    curve,
    dot,
    frame,
    grid,
    line,
    panel,
    word,
    words,
    write,
)

import npmobilenet as nm
from npmobilenet.explorer.looking import seen


def rotated_filter(say: Say) -> dw.Drawing:
    """The chapter's five numbers at stride 2: who has read an input, and dy among zeros."""
    x, w, dy = np.arange(1, 6), np.arange(1, 4), np.array([1, 10])
    arrays = x.reshape(1, 1, 5, 1).astype(float), w.reshape(1, 3, 1).astype(float)
    _, cache = nm.depthwise_conv2d(*arrays, stride=2, padding="valid")
    dx, _ = nm.depthwise_conv2d_backward(dy.reshape(1, 1, 2, 1).astype(float), cache)
    d = panel(
        440,
        say("The gradient of a depthwise convolution's input", "深度卷积的输入的梯度"),
        say(
            "Forwards, stride 2: each output reads three inputs", "前向，步长 2：每个输出读三个输入"
        ),
    )
    cell, left = 76, 150
    word(d, 24, 152, say("inputs x", "输入 x"), 15)
    word(d, 24, 76, say("outputs y", "输出 y"), 15)
    for a, number in enumerate(x):
        box(d, left + a * cell, 126, cell, 44, PINK if a == 2 else BLUE, f"x{a} = {number}", 15)
    for i, number in enumerate(dy):
        middle = left + (2 * i + 1.5) * cell
        box(d, middle - 62, 52, 124, 36, ORANGE, f"y{i}, dy{i} = {number}", 15)
        for u in range(3):
            strong = 2 * i + u == 2
            foot, tip = left + (2 * i + u + 0.5) * cell, middle + 24 * (u - 1)
            arrow(
                d,
                (foot, 125),
                (tip, 90),
                color=INK if strong else "#8b8b86",
                width=2.4 if strong else 1.2,
            )
    reads = say("y0 reads x2 by w2 = 3, y1 by w0 = 1:", "y0 用 w2 = 3 读 x2，y1 用 w0 = 1：")
    total = f"dx2 = {w[2]}·{dy[0]} + {w[0]}·{dy[1]} = {dx[0, 0, 2, 0]:g}"
    word(d, 24, 202, f"{reads}  {total}", 15)
    line(d, 24, 222, 616, 222)
    heading = say("Backwards: dy among zeros, the filter rotated", "反向：dy 中间填零，卷积核旋转")
    word(d, 24, 256, heading, 16, bold=True)
    word(d, 24, 306, "dy", 15)
    small = 56
    dilated = np.zeros(7, int)
    dilated[2:5:2] = dy
    under = dilated[2:5]
    assert (w[::-1] * under).sum() == dx[0, 0, 2, 0]
    for q, number in enumerate(dilated):
        box(d, left + q * small, 280, small, small, ORANGE if number else ZERO, number, 16)
    word(d, 24, 374, say("filter for dx2", "dx2 的卷积核"), 15)
    for q, number in enumerate(w[::-1]):
        box(d, left + (2 + q) * small, 344, small, small, GREEN, number, 16)
    frame(d, left + 2 * small, 280, 3 * small, small)
    terms = " + ".join(f"{a}·{b}" for a, b in zip(w[::-1], under, strict=True))
    same = say("; moved on by one it gives dx3", "；往右移一格就得 dx3")
    word(d, 24, 424, f"{terms} = {dx[0, 0, 2, 0]:g}{same}", 15)
    return d


def dy_among_zeros(say: Say) -> dw.Drawing:
    """A 2 x 2 dy at stride 2, dilated, and the window that gives the middle of a 5 x 5 dx."""
    dy = np.array([[1.0, 10.0], [100.0, 1000.0]])
    w = np.arange(1.0, 10.0).reshape(3, 3)
    dilated = np.zeros((7, 7))
    dilated[2:5:2, 2:5:2] = dy
    _, cache = nm.depthwise_conv2d(np.zeros((1, 5, 5, 1)), w[..., None], stride=2, padding="valid")
    dx, _ = nm.depthwise_conv2d_backward(dy[None, :, :, None], cache)
    under = list(zip(w[::-1, ::-1].flat, dilated[2:5, 2:5].flat, strict=True))
    assert sum(a * b for a, b in under) == dx[0, 2, 2, 0]
    terms = [f"{a:g}·{b:g}" for a, b in under if b]
    heading = say(
        "Stride 2: dy among zeros, and the filter rotated", "步长 2：dy 中间填零，卷积核旋转"
    )
    d = panel(430, say("dy among zeros", "中间填零的 dy"), heading)
    cell = 42
    nonzero = [(int(i), int(j)) for i, j in np.argwhere(dilated)]
    grid(d, 24, 58, dilated.astype(int), ZERO, cell, nonzero, POINTWISE)
    frame(d, 24 + 2 * cell, 58 + 2 * cell, 3 * cell, 3 * cell, SECOND)
    word(d, 24, 378, say("dy (2 × 2), dilated", "dy（2 × 2），中间填零"), 15)
    grid(d, 346, 58, w.astype(int), DEPTHWISE, 38)
    word(d, 346, 194, say("the filter w", "卷积核 w"), 15)
    grid(d, 490, 58, w[::-1, ::-1].astype(int), DEPTHWISE, 38)
    word(d, 490, 194, say("w, rotated", "w，旋转后"), 15)
    under_it = say("under the frame,", "框里的数，"), say("the zeros left out:", "零略去：")
    words(d, 346, 250, under_it, 15)
    word(d, 346, 304, " + ".join(terms), 16)
    box(d, 346, 322, 200, 42, GATE, f"dx[2, 2] = {dx[0, 2, 2, 0]:g}", 17)
    note = say("Each place of the frame gives one number of dx.", "框的每个位置给出 dx 的一个数。")
    word(d, 24, 408, note, 15, color=SOFT)
    return d


@cache
def nudged() -> tuple[tuple[int, ...], float, float, list[float], list[float]]:
    """The weight's place and value, its slope by backward, and steps from it with their losses."""
    model = nm.load("fashion-mnist")
    plan, name = model.plan, "blocks.2.depthwise.weight"
    params = {key: value.astype(np.float64) for key, value in model.params.items()}
    x = seen("ankle-boot", model.preprocessing).prepared(model.preprocessing)
    label = np.array([model.classes.index("Ankle boot")])

    logits, tape, _ = nm.forward(plan, params, x, train=False)
    _, cache = nm.softmax_cross_entropy(logits, label)
    grads = nm.backward(plan, nm.softmax_cross_entropy_backward(1.0, cache), tape)[name]
    place = tuple(int(k) for k in np.unravel_index(np.abs(grads).argmax(), grads.shape))
    start = float(params[name][place])
    steps = np.linspace(-1, 1, 21) * abs(start)
    losses = []
    for step in steps:
        weights = params[name].copy()
        weights[place] += step
        logits = nm.infer(plan, params | {name: weights}, x)
        losses.append(float(nm.softmax_cross_entropy(logits, label)[0]))
    return place, start, float(grads[place]), list(steps), losses


def nudge(say: Say) -> dw.Drawing:
    """The loss of the shipped network over one weight, computed again at every place, and the tangent."""
    place, start, slope, steps, losses = nudged()
    here = losses[len(steps) // 2]
    tangent = [here + slope * step for step in steps]
    top, low = max(*losses, *tangent), min(*losses, *tangent)

    def at(step: float, loss: float) -> tuple[float, float]:
        return 356 + 244 * step / abs(start), 330 - 240 * (loss - low) / (top - low)

    heading = say("One weight is moved, the loss computed again", "挪动一个权重，重新计算损失")
    d = panel(400, say("A nudge", "挪一挪"), heading)
    line(d, 112, 330, 600, 330)
    curve(d, [at(s, v) for s, v in zip(steps, tangent, strict=True)], SECOND, 2.5, "7 5")
    curve(d, [at(s, v) for s, v in zip(steps, losses, strict=True)], STRONG)
    dot(d, *at(0, here), 7, INK)
    for step in (-abs(start), 0.0, abs(start)):
        line(d, at(step, low)[0], 326, at(step, low)[0], 334, INK)
        word(d, at(step, low)[0], 354, f"{start + step:.3f}", 14, "middle", SOFT)
    weight = f"{say('the weight', '权重')} w[{', '.join(map(str, place))}]"
    word(d, 356, 380, weight, 15, "middle")
    for loss in (losses[0], here):
        word(d, 102, at(0, loss)[1] + 5, f"{loss:.4f}", 14, "end", SOFT)
    curve(d, [(190, 66), (226, 66)], STRONG)
    word(d, 234, 71, say("the loss, computed", "算出的损失"), 15)
    curve(d, [(190, 94), (226, 94)], SECOND, 2.5, "7 5")
    said = f"{slope:.6f}".replace("-", "\u2212")
    word(d, 234, 99, f"{say('the slope that backward said,', 'backward 给出的斜率')} {said}", 15)
    return d


PICTURES = {"rotated-filter": rotated_filter, "dy-among-zeros": dy_among_zeros, "nudge": nudge}

if __name__ == "__main__":
    write(PICTURES)
