"""Draws chapter 6 of the book, which is in English alone: python docs/pictures/book_backwards.py."""

import drawsvg as dw
import numpy as np
from panel import (
    DEPTHWISE,
    GATE,
    INK,
    POINTWISE,
    SECOND,
    SOFT,
    STRONG,
    ZERO,
    Say,
    box,
    curve,
    line,
    panel,
    word,
    write,
)

import npmobilenet as nm
from npmobilenet.explorer.looking import seen

CELL = 44


def grid(d: dw.Drawing, x: float, y: float, numbers: np.ndarray, fill: str) -> None:
    """Numbers in boxes; zeros are padding."""
    for (i, j), number in np.ndenumerate(numbers):
        color = ZERO if number == 0 else fill
        box(d, x + CELL * j, y + CELL * i, CELL, CELL, color, int(number), 14, "#8b8b86")


def dy_among_zeros(_: Say) -> dw.Drawing:
    """A 2 x 2 dy at stride 2, dilated, and the window that gives the middle of a 5 x 5 dx."""
    dy = np.array([[1.0, 10.0], [100.0, 1000.0]])
    w = np.arange(1.0, 10.0).reshape(3, 3)
    dilated = np.zeros((7, 7))
    dilated[2:5:2, 2:5:2] = dy
    _, cache = nm.depthwise_conv2d(np.zeros((1, 5, 5, 1)), w[..., None], stride=2, padding="valid")
    dx, _ = nm.depthwise_conv2d_backward(dy[None, :, :, None], cache)
    terms = [
        f"{int(a)}·{int(b)}"
        for a, b in zip(w[::-1, ::-1].flat, dilated[2:5, 2:5].flat, strict=True)
        if b
    ]
    d = panel(860, 420, "dy among zeros")
    word(
        d,
        30,
        34,
        "Stride 2: dy among zeros, and the filter rotated",
        16,
        bold=True,
    )
    grid(d, 30, 60, dy, POINTWISE)
    word(d, 30, 172, "dy, 2 × 2", 14, color=SOFT)
    grid(d, 170, 60, dilated, POINTWISE)
    word(d, 170, 396, "dy, dilated", 14, color=SOFT)
    d.append(
        dw.Rectangle(
            170 + 2 * CELL,
            60 + 2 * CELL,
            3 * CELL,
            3 * CELL,
            fill="none",
            stroke=SECOND,
            stroke_width=4,
        )
    )
    grid(d, 540, 60, w, DEPTHWISE)
    word(d, 540, 216, "the filter w", 14, color=SOFT)
    grid(d, 700, 60, w[::-1, ::-1], DEPTHWISE)
    word(d, 700, 216, "w, rotated", 14, color=SOFT)
    word(d, 540, 270, "under the frame, the zeros left out:", 14)
    word(d, 540, 296, " + ".join(terms), 15)
    box(d, 540, 316, 190, 40, GATE, f"dx[2, 2] = {int(dx[0, 2, 2, 0])}", 16)
    return d


def nudge(_: Say) -> dw.Drawing:
    """The loss of the shipped network over one weight, computed again at every place, and the tangent."""
    model = nm.load("fashion-mnist")
    plan, name = model.plan, "blocks.2.depthwise.weight"
    params = {key: value.astype(np.float64) for key, value in model.params.items()}
    x = seen("ankle-boot", model.preprocessing).prepared(model.preprocessing)
    label = np.array([model.classes.index("Ankle boot")])

    def loss_at(weights: np.ndarray) -> float:
        logits = nm.infer(plan, params | {name: weights}, x)
        return float(nm.softmax_cross_entropy(logits, label)[0])

    logits, tape, _ = nm.forward(plan, params, x, train=False)
    _, cache = nm.softmax_cross_entropy(logits, label)
    grads = nm.backward(plan, nm.softmax_cross_entropy_backward(1.0, cache), tape)[name]
    place = np.unravel_index(np.abs(grads).argmax(), grads.shape)
    slope, start = float(grads[place]), float(params[name][place])
    steps = np.linspace(-1, 1, 41) * abs(start)
    losses = []
    for step in steps:
        weights = params[name].copy()
        weights[place] += step
        losses.append(loss_at(weights))
    d = panel(860, 380, "A nudge")
    word(
        d,
        30,
        34,
        "One weight is moved: the loss, computed again, and the slope that backward said",
        16,
        bold=True,
    )
    here = losses[20]
    tangent = here + slope * steps
    top, low = max(max(losses), tangent.max()), min(min(losses), tangent.min())

    def at(step: float, loss: float) -> tuple[float, float]:
        return 450 + 330 * step / abs(start), 320 - 250 * (loss - low) / (top - low)

    line(d, 120, 320, 780, 320)
    curve(d, [at(s, v) for s, v in zip(steps, tangent, strict=True)], SECOND, 2, "7 5")
    curve(d, [at(s, v) for s, v in zip(steps, losses, strict=True)], STRONG)
    d.append(dw.Circle(*(round(v, 1) for v in at(0, here)), 6, fill=INK))
    word(d, 450, 346, f"w[{', '.join(map(str, place))}] = {start:.3f}", 14, "middle")
    word(d, 120, 346, f"{start - abs(start):.3f}", 13, "middle", SOFT)
    word(d, 780, 346, f"{start + abs(start):.3f}", 13, "middle", SOFT)
    word(d, 30, 60, "loss", 13, color=SOFT)
    word(d, 110, 320 - 250 * (here - low) / (top - low) + 4, f"{here:.4f}", 13, "end", SOFT)
    word(d, 110, at(0, losses[0])[1] + 4, f"{losses[0]:.4f}", 13, "end", SOFT)
    curve(d, [(560, 62), (592, 62)], STRONG)
    word(d, 600, 67, "loss", 14)
    curve(d, [(670, 62), (702, 62)], SECOND, 2, "7 5")
    word(d, 710, 67, f"dw = {slope:.6f}", 14)
    return d


PICTURES = {"dy-among-zeros": dy_among_zeros, "nudge": nudge}

if __name__ == "__main__":
    write(PICTURES)
