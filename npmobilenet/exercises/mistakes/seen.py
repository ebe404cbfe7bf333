"""Mistakes 44 to 46, which need no wrong program: what was seen when the function was called."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .record import Sentence

CHANGES, DIFFERS, RETURNS = 44, 45, 46
# what may be returned, as it is said in English, and in Chinese
KINDS = (
    (r"an array of shape (\(.*\)) and type (\w+)", r"形状为 \1、类型为 \2 的数组"),
    (r"an array of shape (\(.*\))", r"形状为 \1 的数组"),
    (r"an array of (\w+)", r"类型为 \1 的数组"),
    (r"a tuple of (\d+), (\(.*\))", r"含 \1 项的元组 \2"),
    (r"a (tuple|list) of (\d+)", r"含 \2 项的 \1"),
    (r"a dict with a gradient for every name in p", "字典，p 里的每个名字都有一个梯度"),
    (r"a number", "一个数"),
    (r"an? (\w+) of (\w+)", r"类型为 \2 的 \1"),
    (r"an? (\w+)", r"\1"),
)


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
        f"Two calls with the same arguments give two different {name}: your function answers "
        "differently each time. A cell of np.empty is never written, something is kept from the call "
        "before, or numbers are drawn at random.",
        f"用同样的参数调用两次，得到的 {name} 不一样：你的函数每次的回答都不同。np.empty 里有的单元"
        "从未写入，或者保留了上一次调用的东西，或者用了随机数。",
    )


def returns(name: str, found: str, expected: str) -> Sentence:
    """46: another shape or type, of an output or, without a name, of the whole result."""
    if not name and found == "None":
        return (
            f"You return None, as a function without `return` does; expected {expected}.",
            f"你返回的是 None，没有 `return` 的函数就是这样；应为{_chinese(expected)}。",
        )
    return (
        f"You return {name}{' as ' if name else ''}{found}; expected {expected}.",
        f"你返回的{f' {name} ' if name else ''}是{_chinese(found)}；应为{_chinese(expected)}。",
    )


def infinite(name: str, nan: bool) -> Sentence:
    """46: inf or nan among the numbers, which is compared with no wrong program."""
    if nan:
        return (
            f"Your {name} has nan in it: nan comes of 0 / 0, of inf − inf, and of the root of a "
            "number below 0.",
            f"你的 {name} 里有 nan，它来自 0 / 0、inf − inf，或者负数的平方根。",
        )
    return (
        f"Your {name} has inf in it: inf comes of a division by 0, or of a number that is too large.",
        f"你的 {name} 里有 inf，它来自除以 0，或者来自太大的数。",
    )


def single_precision(name: str) -> Sentence:
    """46: right but for rounding, which was proved by what the function does not see."""
    return (
        f"Your {name} is right but for rounding: somewhere you compute in single precision (float32), "
        "which keeps about 7 digits. Keep to float64.",
        f"你的 {name} 只差在舍入上：你在某处用了单精度（float32），它只保留约 7 位有效数字。"
        "请始终使用 float64。",
    )


def misnames(missing: str, unknown: str) -> Sentence:
    """46: a dict of gradients with other names than p has."""
    if missing:
        return (
            f"The dict that you return has no {missing!r}; it has a gradient for every name in p.",
            f"你返回的字典里没有 {missing!r}；p 里的每个名字都要有一个梯度。",
        )
    return (
        f"The dict that you return has {unknown!r} in it; it has the names that p has, and no other.",
        f"你返回的字典里多了 {unknown!r}；它应当只有 p 里的那些名字。",
    )


def _chinese(kind: str) -> str:
    """A kind of KINDS; with a space in front where it begins with Latin letters."""
    for english, chinese in KINDS:
        if match := re.fullmatch(english, kind):
            kind = match.expand(chinese)
            break
    return f" {kind}" if kind[0].isascii() else kind
