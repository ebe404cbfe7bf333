"""What all exercises with a sliding window share: their small cases and how larger ones are drawn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ...ops.window import Window, window
from ..cases import Draw, in_order
from ..sizes import Sizes

# images, input channels, output channels
CHANNELS = ((1, 1, 1), (1, 2, 1), (1, 1, 2), (1, 2, 2), (2, 1, 1), (2, 2, 2))

PADDING = """stride is a whole number. padding is a whole number p, for p rows and columns of zeros on
every side, or "same", as in TensorFlow: then there are I = ceil(H / stride) rows, which need
max((I - 1) * stride + K - H, 0) rows of zeros, half of them above and half below; an odd one
goes below. Columns likewise; an odd one goes right."""


def place(x: tuple[int, ...], kernel: tuple[int, ...], stride: int, padding: str | int) -> Window:
    """The window over an image; ValueError where it does not fit."""
    return window("the window", (x[1], x[2]), (kernel[0], kernel[1]), stride, padding)


def fits(sizes: Sizes) -> bool:
    """Whether the kernel finds room in the padded image."""
    p = 0 if sizes.padding == "same" else int(sizes.padding or 0)
    room = (sizes.x[1] + 2 * p, sizes.x[2] + 2 * p)
    return sizes.padding == "same" or (room[0] >= sizes.kernel[0] and room[1] >= sizes.kernel[1])


def small(*, outputs: bool, bias: bool = False) -> tuple[Sizes, ...]:
    """3 x 3 on square images first, strides 1 and 2; then oblong, even, 1 x 1, and strides of 3."""
    return in_order(
        _several(_familiar(), outputs, bias),
        _several(_oblong(), outputs, False),
        _several(_even(), outputs, False),
        _several(_one_by_one(), outputs, False),
        _several(_wide_steps(), outputs, False),
    )


def _familiar() -> Iterator[Sizes]:
    for size in (2, 3, 4, 5):
        for stride in (1, 2):
            for padding in ("same", 1, 0):
                yield _one((size, size), (3, 3), stride, padding)


def _oblong() -> Iterator[Sizes]:
    for image in ((2, 3), (3, 2), (3, 5), (4, 3)):
        for stride in (1, 2):
            yield _one(image, (3, 3), stride, "same")
            yield _one(image, (3, 3), stride, 1)
    for kernel in ((1, 3), (3, 1), (2, 3)):
        yield from (_one((3, 3), kernel, stride, "same") for stride in (1, 2))
        yield _one((4, 4), kernel, 1, 0)


def _even() -> Iterator[Sizes]:
    for size in (2, 3, 4):
        for stride in (1, 2):
            for padding in ("same", 1, 0):
                yield _one((size, size), (2, 2), stride, padding)
    yield from (_one((5, 5), (4, 4), stride, "same") for stride in (1, 2))


def _one_by_one() -> Iterator[Sizes]:
    for size in (1, 2, 3):
        for stride in (1, 2):
            yield _one((size, size), (1, 1), stride, "same")
            yield _one((size, size), (1, 1), stride, 0)
    yield from (_one((1, 1), (3, 3), 1, padding) for padding in ("same", 1))


def _wide_steps() -> Iterator[Sizes]:
    for size in (4, 5, 6):
        yield from (_one((size, size), (3, 3), 3, padding) for padding in ("same", 1, 0))
        yield _one((size, size), (2, 2), 3, 0)
    yield from (_one((3, 3), (3, 3), stride, 2) for stride in (1, 2))
    yield _one((4, 4), (5, 5), 2, "same")


def _one(image: tuple[int, int], kernel: tuple[int, int], stride: int, padding: str | int) -> Sizes:
    return Sizes((1, *image, 1), kernel, s=stride, padding=padding)


def _several(group: Iterator[Sizes], outputs: bool, bias: bool) -> Iterator[Sizes]:
    """Each case with one channel; the smallest with more channels and images, and with a bias."""
    for number, sizes in enumerate(s for s in group if fits(s)):
        for n, m, o in CHANNELS if number % 3 == 0 else CHANNELS[:1]:
            if o > 1 and not outputs:
                continue
            found = replace(sizes, x=(n, *sizes.x[1:3], m), o=o if outputs else 0)
            yield found
            if bias:
                yield replace(found, b=True)


def draw(integer: Draw, *, outputs: bool, bias: bool = False) -> Sizes:
    """A larger case, of any window that fits."""
    kernel = integer(1, 4), integer(1, 4)
    chosen = integer(-1, 2)
    p = max(chosen, 0)
    image = tuple(integer(max(1, k - 2 * p if chosen >= 0 else 1), 8) for k in kernel)
    found = Sizes(
        (integer(1, 3), image[0], image[1], integer(1, 3)),
        kernel,
        o=integer(1, 3) if outputs else 0,
        s=integer(1, 3),
        padding="same" if chosen < 0 else p,
        b=bias and bool(integer(0, 1)),
    )
    if integer(0, 5) < 5:
        return found
    # H == W == M: where a confusion of axes gives an array of the right shape
    size = 2 + image[0] % 3
    return Sizes((found.x[0], size, size, size), (3, 3), o=found.o, s=1, padding="same")
