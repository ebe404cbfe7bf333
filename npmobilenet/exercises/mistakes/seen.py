"""Mistakes 44 to 46, which need no wrong program: what was seen when the function was called."""

from __future__ import annotations

from collections.abc import Sequence

from .record import Sentence

CHANGES, DIFFERS, RETURNS = 44, 45, 46


def changes(names: Sequence[str]) -> Sentence:
    """44: arguments that the function changed."""
    those = ", ".join(names)
    return (
        f"Your function changes {those}: the caller's array must stay as it was. Work on a copy.",
        f"你的函数改动了 {those}：调用者的数组必须保持原样。请在副本上计算。",
    )


def differs(name: str) -> Sentence:
    """45: two calls, two answers."""
    return (
        f"Two calls with the same arguments give two different {name}: a cell of np.empty is never "
        "written, or something is kept from the call before.",
        f"用同样的参数调用两次，得到的 {name} 不一样：np.empty 里有的单元从未写入，"
        "或者保留了上一次调用的东西。",
    )


def returns(name: str, found: str, expected: str) -> Sentence:
    """46: another shape or type."""
    return (
        f"You return {name} as {found}; expected {expected}.",
        f"你返回的 {name} 是 {found}；应为 {expected}。",
    )
