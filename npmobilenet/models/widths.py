"""How many channels a layer has once the width multiplier alpha is applied."""

from collections.abc import Callable


def make_divisible(channels: float, divisor: int = 8) -> int:
    """The nearest multiple of `divisor`, at least one, and never below 90 % of `channels`.

    18 -> 24, 12 -> 16, 60 -> 64: what V2's and V3's authors do after multiplying by alpha.
    """
    rounded = max(divisor, int(channels + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * channels else rounded


# rule(channels * alpha, divisor): what a dialect's `rounding` names
ROUNDING: dict[str, Callable[[float, int], int]] = {
    "floor": lambda channels, divisor: max(1, int(channels)),
    "floor-min": lambda channels, divisor: max(divisor, int(channels)),
    "divisible": make_divisible,
    "floor-divisible": lambda channels, divisor: make_divisible(int(channels), divisor),
}
