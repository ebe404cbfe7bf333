"""Wrong rules of padding, wrong borders and wrong choices of windows, each in a line or two."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ....ops.checks import Array
from .windows import Border, Choice, Line, OutsideError, Padding, Rule, honest_line, zeros_outside

Change = Callable[[Line], Line]


def _same(before: Callable[[Line], int], outputs: Callable[[Line], int]) -> Rule:
    """ "same" with another number of zeros before, and as many after; a whole number is honest."""

    def rule(size: int, kernel: int, stride: int, padding: Padding) -> Line:
        line = honest_line(size, kernel, stride, padding)
        if padding != "same":
            return line
        zeros = before(line)
        return replace(line, before=zeros, after=zeros, outputs=outputs(line))

    return rule


def _fitting(zeros: Callable[[Line], int]) -> Rule:
    """As many windows as fit into so many zeros on both sides."""
    return _same(zeros, lambda line: (line.size + 2 * zeros(line) - line.kernel) // line.step + 1)


def _ceiling(line: Line) -> int:
    return -(-line.size // line.step)


def less_than_half(line: Line) -> int:
    """(K - 1) // 2."""
    return (line.kernel - 1) // 2


def half(line: Line) -> int:
    """K // 2."""
    return line.kernel // 2


def odd_zero_first(size: int, kernel: int, stride: int, padding: Padding) -> Line:
    """ "same" whose odd zero stands above and left."""
    line = honest_line(size, kernel, stride, padding)
    return replace(line, before=line.after, after=line.before)


SYMMETRIC = (_fitting(less_than_half), _fitting(half), _same(half, _ceiling))
# stride 1 has K - 1 zeros, (K - 1) // 2 of them before
STRIDE_AFTERWARDS = _same(less_than_half, _ceiling)


def same_unless_0(size: int, kernel: int, stride: int, padding: Padding) -> Line:
    """ "same" wherever there is any padding."""
    return honest_line(size, kernel, stride, "same" if padding else 0)


def always_same(size: int, kernel: int, stride: int, padding: Padding) -> Line:
    """ "same", whatever was asked for."""
    return honest_line(size, kernel, stride, "same")


def changed(change: Change, where: Callable[[Padding], bool] = lambda padding: True) -> Rule:
    """The honest windows, changed where the padding is one of these."""

    def rule(size: int, kernel: int, stride: int, padding: Padding) -> Line:
        line = honest_line(size, kernel, stride, padding)
        return change(line) if where(padding) else line

    return rule


def is_same(padding: Padding) -> bool:
    return padding == "same"


def is_number(padding: Padding) -> bool:
    return padding != "same"


def shifted(by: int) -> Change:
    """Every window `by` pixels too far."""
    return lambda line: replace(line, shift=by)


def no_zeros(line: Line) -> Line:
    """No padding, and only the windows that fit."""
    return replace(line, before=0, after=0, outputs=(line.size - line.kernel) // line.step + 1)


def no_zeros_all_windows(line: Line) -> Line:
    """No padding, but as many windows as there are."""
    return replace(line, before=0, after=0)


def stride_one(size: int, kernel: int, stride: int, padding: Padding) -> Line:
    """The windows of stride 1."""
    return honest_line(size, kernel, 1, padding)


def step_one(line: Line) -> Line:
    """The zeros and the number of windows are right; they stand side by side."""
    return replace(line, step=1)


def all_windows(line: Line) -> Line:
    """The zeros are right; windows stand wherever there is room."""
    room = line.size + line.before + line.after
    return replace(line, step=1, outputs=room - line.kernel + 1)


def floor_windows(line: Line) -> Line:
    """H // s windows; the zeros are right."""
    return replace(line, outputs=line.size // line.step)


def floor_windows_and_zeros(line: Line) -> Line:
    """H // s windows, and the zeros that go with them."""
    outputs = line.size // line.step
    total = max((outputs - 1) * line.step + line.kernel - line.size, 0)
    return replace(line, outputs=outputs, before=total // 2, after=total - total // 2)


def one_window_less(line: Line) -> Line:
    """The + 1 is missing."""
    return replace(line, outputs=line.outputs - 1)


def one_window_more(line: Line) -> Line:
    """H // s + 1 windows."""
    return replace(line, outputs=line.size // line.step + 1)


def below_zero(rounded: Callable[[float], int]) -> Change:
    """ "same" that may ask for less than no zeros: the window starts inside."""

    def change(line: Line) -> Line:
        total = (line.outputs - 1) * line.step + line.kernel - line.size
        before = rounded(total / 2)
        return replace(line, before=before, after=total - before)

    return change


def zeros_before(before: Callable[[int], int]) -> Change:
    """Of p zeros, others before; as many windows as p zeros on both sides have."""
    return lambda line: replace(line, before=before(line.before))


def zeros(before: Callable[[int], int], after: Callable[[int], int]) -> Change:
    """Of p zeros, other numbers before and after, and the windows that fit."""

    def change(line: Line) -> Line:
        first, last = before(line.before), after(line.before)
        outputs = (line.size + first + last - line.kernel) // line.step + 1
        return replace(line, before=first, after=last, outputs=outputs)

    return change


def stops_outside(at: Array, line: Line) -> tuple[Array, Array]:
    """A padded array has an end: whoever reads beyond it stops."""
    if at.size and (at.min() < -line.before or at.max() >= line.size + line.after):
        raise OutsideError("a window leaves the padded image")
    return zeros_outside(at, line)


def cut_slices(at: Array, line: Line) -> tuple[Array, Array]:
    """A slice that reaches beyond a padded array is shorter, and one row alone meets all taps."""
    inside = (at >= -line.before) & (at < line.size + line.after)
    whole, one = inside.all(axis=1), inside.sum(axis=1) == 1
    none = ~inside.any(axis=1) & (line.kernel == 1)
    if not (whole | one | none).all() or (at < -line.before).any():
        raise OutsideError("a slice of the padded image has another size than the filter")
    alone = np.take_along_axis(at, inside.argmax(axis=1)[:, None], axis=1)
    return zeros_outside(np.where(one[:, None], alone, np.where(inside, at, line.size)), line)


def cut_taps(at: Array, line: Line) -> tuple[Array, Array]:
    """For every tap a slice with a step: one that is too short must be 1, and is then repeated."""
    at = at.copy()
    for tap in range(at.shape[1]):
        inside = (at[:, tap] >= -line.before) & (at[:, tap] < line.size + line.after)
        if inside.sum() == 1:
            at[:, tap] = at[inside.argmax(), tap]
        elif not inside.all():
            raise OutsideError("a slice of the padded image is too short")
    return zeros_outside(at, line)


def round_the_padded(at: Array, line: Line) -> tuple[Array, Array]:
    """Before a padded array's beginning Python reads its end, beyond its end nothing."""
    length = line.size + line.before + line.after
    if at.size and at.max() >= line.size + line.after:
        raise OutsideError("a window leaves the padded image")
    return zeros_outside(np.where(at < -line.before, at + length, at), line)


def needs_room(at: Array, line: Line) -> tuple[Array, Array]:
    """sliding_window_view wants a window at least, and stops where there is none."""
    if not len(at):
        raise OutsideError("the padded image is smaller than the filter")
    return zeros_outside(at, line)


def nearest(at: Array, line: Line) -> tuple[Array, Array]:
    """np.pad's "edge"."""
    return np.clip(at, 0, line.size - 1), np.ones_like(at, dtype=bool)


def wrapped(at: Array, line: Line) -> tuple[Array, Array]:
    """np.pad's "wrap"."""
    return at % line.size, np.ones_like(at, dtype=bool)


def mirrored(at: Array, line: Line) -> tuple[Array, Array]:
    """np.pad's "reflect": the border itself is not repeated."""
    at = at % max(2 * line.size - 2, 1)
    return np.minimum(at, 2 * line.size - 2 - at), np.ones_like(at, dtype=bool)


def mirrored_with_border(at: Array, line: Line) -> tuple[Array, Array]:
    """np.pad's "symmetric"."""
    at = at % (2 * line.size)
    return np.minimum(at, 2 * line.size - 1 - at), np.ones_like(at, dtype=bool)


def from_the_end(at: Array, line: Line) -> tuple[Array, Array]:
    """An index below 0 counts from the end, as Python's do; beyond the end is 0."""
    if at.size and at.min() < -line.size:
        raise OutsideError("an index is further below 0 than the image is long")
    return zeros_outside(np.where(at < 0, at + line.size, at), line)


def from_the_end_or_nothing(at: Array, line: Line) -> tuple[Array, Array]:
    """An index below 0 counts from the end, unless it is further below than the image is long."""
    return zeros_outside(np.where(at < 0, at + line.size, at), line)


def from_the_end_or_stops(at: Array, line: Line) -> tuple[Array, Array]:
    """An index below 0 counts from the end; one beyond it stops."""
    if at.size and at.max() >= line.size:
        raise OutsideError("a window leaves the image")
    return from_the_end(at, line)


BORDERS: tuple[Border, ...] = (nearest, mirrored, mirrored_with_border, wrapped)


def last_window(reads: Array) -> Array:
    """Of the windows that read a row only the last counts: (I, K, H) -> (I, K, H)."""
    return _last(reads, axis=(0, 1))


def last_tap(reads: Array) -> Array:
    """Of the taps that read a row only the last counts."""
    return _last(reads, axis=(1, 0))


def _last(reads: Array, axis: tuple[int, int]) -> Array:
    """Along the first axis only the last that reads anything; the other is summed over to see it."""
    reader = np.asarray(reads.any(axis=axis[1]))  # (windows or taps, H)
    later: Array = np.cumsum(reader[::-1], axis=0)[::-1] - reader
    keep = np.expand_dims(reader & (later == 0), axis[1])
    return np.asarray(reads * keep)


def last_window_of_tap(reads: Array) -> Array:
    """Of the windows in which a tap reads something only the last counts."""
    reader = np.asarray(reads.any(axis=2))  # (I, K)
    later: Array = np.cumsum(reader[::-1], axis=0)[::-1] - reader
    return np.asarray(reads * (reader & (later == 0))[:, :, None])


def without_taps(which: slice) -> Choice:
    """Some taps of every window meet nothing."""

    def choice(reads: Array) -> Array:
        reads[:, which] = 0
        return reads

    return choice


def whole_windows(reads: Array) -> Array:
    """Only windows that lie wholly within the image."""
    inside = np.asarray(reads.any(axis=2)).all(axis=1)
    return np.asarray(reads * np.asarray(inside)[:, None, None])
