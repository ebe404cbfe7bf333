"""Draws chapter 6 of the book, which is in English alone: python docs/pictures/book_backwards.py."""

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
    SKY,
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


def rotated_filter(_say: Say) -> dw.Drawing:
    """Which outputs have read an input, at stride 2, along one axis; and dy among zeros."""
    d = panel(
        440,
        "The gradient of a depthwise convolution's input",
        "Forwards, stride 2: each output reads three inputs",
    )
    cell, left = 46, 120
    word(d, 24, 148, "inputs x", 15)
    word(d, 24, 80, "outputs y", 15)
    for a in range(9):
        box(d, left + a * cell, 120, cell, cell, PINK if a == 4 else BLUE, f"x{a}", 15)
    for i in range(4):
        centre = left + (2 * i + 1) * cell
        box(d, centre, 54, cell, 36, ORANGE if i in (1, 2) else ZERO, f"y{i}", 15)
        for u in range(3):
            strong = 2 * i + u == 4
            tip = centre + cell / 2 + 8 * (u - 1)
            arrow(
                d,
                (left + (2 * i + u + 0.5) * cell, 119),
                (tip, 92),
                color=INK if strong else "#8b8b86",
                width=2.4 if strong else 1.2,
            )
    word(d, 24, 198, "y1 reads x4 by weight c, y2 by weight a:  dx4 = c dy1 + a dy2", 15)
    line(d, 24, 220, 616, 220)
    word(d, 24, 256, "Backwards: dy among zeros, the filter rotated", 16, bold=True)
    word(d, 24, 306, "dy", 15)
    small = 41
    dilated = ["0", "0", "dy0", "0", "dy1", "0", "dy2", "0", "dy3", "0", "0"]
    for q, name in enumerate(dilated):
        fill = ZERO if name == "0" else ORANGE if name in ("dy1", "dy2") else SKY
        box(d, left + 40 + (q - 1) * small, 280, small, small, fill, name, 15)
    word(d, 24, 366, "filter for dx4", 15)
    for q, name in enumerate(("c", "b", "a")):
        box(d, left + 40 + (3 + q) * small, 340, small, small, GREEN, name, 15)
    frame(d, left + 40 + 3 * small, 280, 3 * small, small)
    word(d, 24, 418, "c dy1 + b 0 + a dy2: a convolution of stride 1, for every input", 15)
    return d


def dy_among_zeros(_say: Say) -> dw.Drawing:
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
    d = panel(430, "dy among zeros", "Stride 2: dy among zeros, and the filter rotated")
    cell = 42
    nonzero = [(int(i), int(j)) for i, j in np.argwhere(dilated)]
    grid(d, 24, 58, dilated.astype(int), ZERO, cell, nonzero, POINTWISE)
    frame(d, 24 + 2 * cell, 58 + 2 * cell, 3 * cell, 3 * cell, SECOND)
    word(d, 24, 378, "dy (2 × 2), dilated", 15)
    grid(d, 346, 58, w.astype(int), DEPTHWISE, 38)
    word(d, 346, 194, "the filter w", 15)
    grid(d, 490, 58, w[::-1, ::-1].astype(int), DEPTHWISE, 38)
    word(d, 490, 194, "w, rotated", 15)
    words(d, 346, 250, ("under the frame,", "the zeros left out:"), 15)
    word(d, 346, 304, " + ".join(terms), 16)
    box(d, 346, 322, 200, 42, GATE, f"dx[2, 2] = {dx[0, 2, 2, 0]:g}", 17)
    word(d, 24, 408, "Each place of the frame gives one number of dx.", 15, color=SOFT)
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


def nudge(_say: Say) -> dw.Drawing:
    """The loss of the shipped network over one weight, computed again at every place, and the tangent."""
    place, start, slope, steps, losses = nudged()
    here = losses[len(steps) // 2]
    tangent = [here + slope * step for step in steps]
    top, low = max(*losses, *tangent), min(*losses, *tangent)

    def at(step: float, loss: float) -> tuple[float, float]:
        return 356 + 244 * step / abs(start), 330 - 240 * (loss - low) / (top - low)

    d = panel(400, "A nudge", "One weight is moved, the loss computed again")
    line(d, 112, 330, 600, 330)
    curve(d, [at(s, v) for s, v in zip(steps, tangent, strict=True)], SECOND, 2.5, "7 5")
    curve(d, [at(s, v) for s, v in zip(steps, losses, strict=True)], STRONG)
    dot(d, *at(0, here), 7, INK)
    for step in (-abs(start), 0.0, abs(start)):
        line(d, at(step, low)[0], 326, at(step, low)[0], 334, INK)
        word(d, at(step, low)[0], 354, f"{start + step:.3f}", 14, "middle", SOFT)
    word(d, 356, 380, f"the weight w[{', '.join(map(str, place))}]", 15, "middle")
    for loss in (losses[0], here):
        word(d, 102, at(0, loss)[1] + 5, f"{loss:.4f}", 14, "end", SOFT)
    curve(d, [(190, 66), (226, 66)], STRONG)
    word(d, 234, 71, "the loss, computed", 15)
    curve(d, [(190, 94), (226, 94)], SECOND, 2.5, "7 5")
    said = f"{slope:.6f}".replace("-", "\u2212")
    word(d, 234, 99, f"the slope that backward said, {said}", 15)
    return d


PICTURES = {"rotated-filter": rotated_filter, "dy-among-zeros": dy_among_zeros, "nudge": nudge}

if __name__ == "__main__":
    write(PICTURES)
