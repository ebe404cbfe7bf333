"""The wrong ways to find windows, as lists of `Reads`: each list is one mistake."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import floor

from . import rules
from .windows import Border, Line, Reads, Rule, zeros_outside

# what may be found beyond a padded image: nothing, an error, or a slice that is too short
BEYOND: tuple[Border, ...] = (
    zeros_outside, rules.stops_outside, rules.cut_slices, rules.cut_taps,
)  # fmt: skip


def beyond(ways: list[Reads]) -> list[Reads]:
    """The same windows where whoever leaves the padded image finds something else than 0."""
    return [replace(reads, border=border) for reads in ways for border in BEYOND[1:]]


def by_rule(*found: Rule, border: Border = zeros_outside) -> list[Reads]:
    return [Reads(rule=rule, border=border) for rule in found]


def one_axis(reads: Reads) -> list[Reads]:
    """The other windows along both axes, along the rows alone, along the columns alone."""
    return [reads, replace(reads, only="rows"), replace(reads, only="columns")]


def _count_of_rows(rows: Line, columns: Line) -> Line:
    return replace(columns, outputs=rows.outputs)


def _line_of_rows(rows: Line, columns: Line) -> Line:
    return replace(
        columns, outputs=rows.outputs, before=rows.before, after=rows.after, kernel=columns.kernel
    )


def _count_of_padded_rows(rows: Line, columns: Line) -> Line:
    padded = rows.size + rows.before + rows.after
    return replace(columns, outputs=(padded - columns.kernel) // columns.step + 1)


def _padded_by(line: Line, other: Line) -> Line:
    """The other axis' zeros, and the windows that fit."""
    outputs = (line.size + other.before + other.after - line.kernel) // line.step + 1
    return replace(line, before=other.before, after=other.after, outputs=outputs)


def _followers() -> Iterator[Reads]:
    """One axis takes the other's count of windows, or its zeros too; outside is 0, or all stops."""
    for border in BEYOND:
        yield Reads(border=border, columns=_count_of_padded_rows)
        yield Reads(border=border, rows=lambda r, c: _count_of_padded_rows(c, r))
        yield Reads(border=border, measured=lambda size: (size[0], size[0]))
        yield Reads(border=border, measured=lambda size: (size[1], size[1]))
        for follow in (_count_of_rows, _line_of_rows):
            yield Reads(border=border, columns=follow)
            yield Reads(border=border, rows=lambda r, c, follow=follow: follow(c, r))  # type: ignore[misc]


def _shifts() -> list[Reads]:
    """Too far down or right, then too far up or left; what is read outside is 0."""
    return [way for by in (1, -1) for way in one_axis(Reads(rule=rules.changed(rules.shifted(by))))]


def _shifts_in_padded() -> list[Reads]:
    """In a padded array: it stops behind the end, and begins again before the beginning."""
    return [
        way
        for by, border in (
            (1, rules.stops_outside),
            (1, rules.cut_slices),
            (-1, rules.round_the_padded),
        )
        for way in one_axis(Reads(rule=rules.changed(rules.shifted(by)), border=border))
    ]


# other windows than "same" has: fewer with the right zeros, with those that fit so many, and more
FLOORS = [
    way
    for other in (rules.floor_windows, rules.floor_windows_and_zeros, rules.one_window_more)
    for way in one_axis(Reads(rule=rules.changed(other, rules.is_same)))
]
# and fewer than fit where the padding is a number
FEWER = by_rule(
    rules.changed(rules.floor_windows),
    rules.changed(rules.floor_windows_and_zeros),
    rules.changed(rules.floor_windows, rules.is_number),
    rules.changed(rules.one_window_less),
    rules.changed(rules.one_window_less, rules.is_number),
)
UNPADDED = by_rule(
    rules.changed(rules.no_zeros),
    rules.changed(rules.no_zeros_all_windows),
)
UNPADDED_WITH_ROOM = by_rule(
    rules.changed(rules.no_zeros),
    rules.changed(rules.no_zeros, rules.is_same),
    border=rules.needs_room,
)
UNPADDED_SOMEWHERE = by_rule(
    rules.changed(rules.no_zeros, rules.is_same),
    rules.changed(rules.no_zeros, rules.is_number),
    rules.changed(rules.no_zeros_all_windows, rules.is_same),
    rules.changed(rules.no_zeros_all_windows, rules.is_number),
)
INSIDE = [
    *by_rule(rules.changed(rules.below_zero(floor), rules.is_same)),
    *by_rule(rules.changed(rules.below_zero(floor), rules.is_same), border=rules.from_the_end),
]
# where the windows start backwards does not ask what lies behind the image
ONLY_BEFORE = by_rule(rules.changed(rules.zeros(lambda p: p, lambda p: 0), rules.is_number))
ONE_SIDE = by_rule(
    rules.changed(rules.zeros(lambda p: 0, lambda p: p), rules.is_number),
    rules.changed(rules.zeros(lambda p: p // 2, lambda p: p - p // 2), rules.is_number),
    rules.changed(rules.zeros_before(lambda p: p // 2), rules.is_number),
    rules.changed(rules.zeros_before(lambda p: 2 * p), rules.is_number),
)
# along both axes, along the rows alone, along the columns alone
NO_STRIDE_BOTH, NO_STRIDE_DOWN, NO_STRIDE_RIGHT = zip(
    *[
        one_axis(Reads(rule=rule))
        for rule in (
            rules.stride_one,
            rules.changed(rules.step_one),
            rules.changed(rules.all_windows),
        )
    ],
    strict=True,
)
NO_STRIDE = [*NO_STRIDE_BOTH, *NO_STRIDE_DOWN, *NO_STRIDE_RIGHT]
SHORT = [
    way
    for which in (slice(-1, None), slice(0, 1))
    for way in one_axis(Reads(choice=rules.without_taps(which)))
]
EXCHANGED = [
    Reads(
        rows=lambda r, c: replace(r, before=c.before),
        columns=lambda r, c: replace(c, before=r.before),
    )
]
EXCHANGED_AND_FITTING = [
    Reads(border=border, rows=_padded_by, columns=lambda r, c: _padded_by(c, r))
    for border in (zeros_outside, rules.needs_room)
]
SHIFTS, SHIFTS_IN_PADDED = _shifts(), _shifts_in_padded()
FOLLOWERS = list(_followers())
SYMMETRIC = by_rule(*rules.SYMMETRIC)
# sliding_window_view stops where the padded image is smaller than the filter
SYMMETRIC_WITH_ROOM = by_rule(*rules.SYMMETRIC[:2], border=rules.needs_room)
ODD_FIRST = by_rule(rules.odd_zero_first)
ALWAYS_SAME = by_rule(rules.always_same, rules.same_unless_0)
AFTERWARDS = by_rule(rules.STRIDE_AFTERWARDS)
BORDERS = [
    Reads(border=border)
    for border in (*rules.BORDERS, rules.from_the_end, rules.from_the_end_or_nothing)
]
BORDERS_OR_STOPS = [Reads(border=rules.from_the_end_or_stops)]
WHOLE = [Reads(choice=rules.whole_windows)]
