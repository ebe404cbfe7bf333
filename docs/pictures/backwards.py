"""Draws the pictures of docs/backwards.md: python docs/pictures/backwards.py."""

from drawing import BLUE, FAINT, GREEN, GREY, ORANGE, PINK, SKY, Drawing, write


def rotated_filter() -> Drawing:
    """Which outputs have read an input, at stride 2, along one axis; and dy among zeros."""
    d = Drawing(980, 400, "The gradient of a depthwise convolution's input")
    cell, left = 46, 190
    names = ["a", "b", "c"]
    d.text(20, 34, "Forwards, stride 2: each output reads three inputs", bold=True, size=16)
    d.text(20, 160, "inputs x")
    d.text(20, 84, "outputs y")
    for a in range(9):
        d.box(left + a * cell, 134, cell, cell, PINK if a == 4 else BLUE, f"x{a}")
    for i in range(4):
        centre = left + (2 * i + 1) * cell
        d.box(centre, 58, cell, cell, ORANGE if i in (1, 2) else GREY, f"y{i}")
        for u in range(3):
            strong = 2 * i + u == 4
            d.arrow(
                left + (2 * i + u + 0.5) * cell, 134, centre + cell / 2, 106,
                *(() if strong else (FAINT,)),
            )  # fmt: skip
    d.lines(
        640, 84,
        ["x4 is read by y1, through weight c,", "and by y2, through weight a:", "",
         "dx4 = c dy1 + a dy2"], size=14,
    )  # fmt: skip
    d.text(20, 238, "Backwards: dy among zeros, the filter rotated", bold=True, size=16)
    d.text(20, 292, "dy, dilated")
    dilated = ["0", "0", "dy0", "0", "dy1", "0", "dy2", "0", "dy3", "0", "0"]
    for q, name in enumerate(dilated):
        fill = GREY if name == "0" else ORANGE if name in ("dy1", "dy2") else SKY
        d.box(left + (q - 1) * cell, 264, cell, cell, fill, name)
    d.text(20, 352, "filter for dx4")
    for q, name in enumerate(reversed(names)):
        d.box(left + (3 + q) * cell, 326, cell, cell, GREEN, name)
    d.frame(left + 3 * cell, 264, 3 * cell, cell)
    d.lines(
        720, 292, ["c dy1 + b 0 + a dy2,", "of stride 1, for every input"], size=14,
    )  # fmt: skip
    return d


def stages_of_a_step() -> Drawing:
    """A depthwise and a pointwise convolution in both passes: what lies in memory, what is made."""
    d = Drawing(1010, 470, "What a training step keeps")
    maps = [(40, "y0"), (400, "y1"), (760, "y2")]
    d.text(20, 34, "Forwards", bold=True, size=16)
    for x, name in maps:
        d.box(x, 60, 90, 70, BLUE, name)
        d.text(x + 45, 148, "raw sums, in memory", "middle", 11.5, FAINT)
    for x, kind in ((170, "depthwise"), (530, "pointwise")):
        d.box(x, 56, 190, 34, GREEN, "v = activation(norm(y))")
        d.text(x + 95, 106, f"in the cache, then {kind}", "middle", 12)
        d.text(x + 95, 124, "sums of y, y² on the way", "middle", 12)
        d.arrow(x - 40, 95, x - 4, 95)
        d.arrow(x + 192, 95, x + 226, 95)
    d.text(20, 206, "Backwards", bold=True, size=16)
    for x, name in maps:
        d.box(x, 232, 90, 52, BLUE, name)
        d.box(x, 290, 90, 52, PINK, name.replace("y", "du"))
        d.text(x + 45, 360, "in memory", "middle", 11.5, FAINT)
    for x, kind in ((170, "depthwise"), (530, "pointwise")):
        d.box(x, 226, 190, 30, GREEN, "v, made again from y")
        d.box(x, 262, 190, 30, GREEN, "dy, made from du and y")
        d.box(x, 298, 190, 30, ORANGE, "dw and dv, from both")
        d.text(x + 95, 346, "du = dv · slope, and its two sums", "middle", 12)
        d.arrow(x + 226, 277, x + 194, 277)
        d.arrow(x - 4, 313, x - 36, 313)
        d.arrow(x - 36, 243, x - 4, 243)
        d.text(x + 95, 366, kind, "middle", 12, FAINT)
    d.lines(
        20, 408,
        [
            "Blue and pink lie in memory and are written once; green and orange are some pixels at a "
            "time, in a thread's scratch.",
            "Each du is multiplied by its activation's slope when it is stored. Its sums Σ du and "
            "Σ du (y - centre) are those",
            "of batch normalisation, which makes dy of it while it is read.",
        ],
        size=13,
    )  # fmt: skip
    return d


PICTURES = {"rotated-filter": rotated_filter, "stages-of-a-step": stages_of_a_step}


if __name__ == "__main__":
    write(PICTURES)
