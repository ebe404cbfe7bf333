"""How a case is written: `1x2x2x1,3x3,s2,same` is an image, a kernel, a stride and a padding.

    1x2x2x1   the shape of x (of a patch: 3x3x1)      s2        stride
    3x3       the kernel                              same, p1  padding
    o2        filters, output channels                b         with a bias
    t4        channels inside an inverted residual    train, eval
    q1        channels of a squeeze                   eps0.001, momentum0.1
    #7        numbers drawn with that seed; without it they are 1, 2, 3, ... shuffled

The numbers follow from the text, so that a case is had again by writing it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import prod

LARGEST = 10**6  # of any size
SIZED = ("o", "t", "q", "s")  # letters with a number
KNOWN = re.compile(
    r"(?P<dims>\d+(?:x\d+)+)|(?P<sized>[otqs])(?P<number>\d+)|(?P<same>same)|p(?P<padding>\d+)"
    r"|(?P<b>b)|(?P<mode>train|eval)|eps(?P<eps>[\d.e-]+)|momentum(?P<momentum>[\d.e-]+)|#(?P<seed>\d+)"
)


@dataclass(frozen=True)
class Sizes:
    """What a case's text says; a field that its exercise does not have is empty."""

    x: tuple[int, ...] = ()
    kernel: tuple[int, ...] = ()
    o: int = 0
    t: int = 0
    q: int = 0
    s: int = 0
    padding: str | int | None = None
    b: bool = False
    mode: str = ""
    eps: float | None = None
    momentum: float | None = None
    seed: int | None = None

    @property
    def text(self) -> str:
        """The spelling that `parse` reads."""
        parts = ["x".join(map(str, dims)) for dims in (self.x, self.kernel) if dims]
        parts += [f"{letter}{getattr(self, letter)}" for letter in SIZED if getattr(self, letter)]
        if self.padding is not None:
            parts.append("same" if self.padding == "same" else f"p{self.padding}")
        parts += ["b"] * self.b + [self.mode] * bool(self.mode)
        for name in ("eps", "momentum"):
            if (value := getattr(self, name)) is not None:
                parts.append(f"{name}{value:g}")
        return ",".join(parts + ([] if self.seed is None else [f"#{self.seed}"]))

    @property
    def fields(self) -> frozenset[str]:
        """Which fields are there; a bias and a seed may always be."""
        empty = Sizes()
        there = {name for name in vars(empty) if getattr(self, name) != getattr(empty, name)}
        return frozenset(there - {"b", "seed"})

    @property
    def numbers(self) -> int:
        """About how many numbers a person has before them: those of x and of the filters."""
        channels = self.x[-1] if len(self.x) == 4 else 1
        wide = (self.o or 1) + (self.t or 0) + (self.q or 0)
        return prod(self.x) + prod(self.kernel) * channels * wide + self.b * self.o


def parse(text: str, example: Sizes) -> Sizes:
    """The sizes that a text says, of the same fields as `example`.  ValueError, one line, else."""
    found: dict[str, object] = {}
    for token in text.split(","):
        match = KNOWN.fullmatch(token.strip())
        if match is None:
            raise _unknown(text, token, example)
        for name, value in _read(match, found, example).items():
            if name in found:
                raise _unknown(text, token, example)
            found[name] = value
    sizes = Sizes(**found)  # type: ignore[arg-type]
    lengths = [(len(s.x), len(s.kernel)) for s in (sizes, example)]
    if sizes.fields != example.fields or lengths[0] != lengths[1]:
        raise ValueError(f"case: expected one like {example.text}, found {text!r}")
    dims = (*sizes.x, *sizes.kernel)
    if 0 in dims or any(getattr(sizes, letter) == 0 for letter in SIZED if letter in found):
        raise ValueError(f"case: every size must be at least 1, found {text!r}")
    numbers = [*dims, *(value for value in vars(sizes).values() if isinstance(value, int))]
    if max(numbers) > LARGEST:
        raise ValueError(f"case: every size must be at most {LARGEST:,}, found {text!r}")
    return sizes


def _read(match: re.Match[str], found: dict[str, object], example: Sizes) -> dict[str, object]:
    """The field that one token sets."""
    if match["dims"]:
        dims = tuple(int(part) for part in match["dims"].split("x"))
        image = bool(example.x) and "x" not in found
        return {"x" if image else "kernel": dims}
    if match["sized"]:
        return {match["sized"]: int(match["number"])}
    if match["same"] or match["padding"]:
        return {"padding": "same" if match["same"] else int(match["padding"])}
    for name in ("eps", "momentum"):
        if match[name]:
            try:
                return {name: float(match[name])}
            except ValueError:
                raise ValueError(f"case: {name} must be a number, found {match[name]!r}") from None
    if match["seed"]:
        return {"seed": int(match["seed"])}
    return {"b": True} if match["b"] else {"mode": match["mode"]}


def _unknown(text: str, token: str, example: Sizes) -> ValueError:
    return ValueError(
        f"case: {token.strip()!r} is not understood, or there twice, in {text!r}; "
        f"expected one like {example.text}"
    )


def in_words(sizes: Sizes) -> str:
    """one image of 2 x 2, one channel, kernel 3 x 3, stride 2, padding "same"."""
    parts = []
    if len(sizes.x) == 3:
        parts += [f"a patch of {sizes.x[0]} x {sizes.x[1]}", _many(sizes.x[2], "channel")]
    elif sizes.x:
        n, h, w, c = sizes.x
        parts += [f"{_many(n, 'image')} of {h} x {w}", _many(c, "channel")]
    if sizes.kernel:
        parts.append(f"kernel {' x '.join(map(str, sizes.kernel))}")
    if sizes.t:
        parts.append(f"{sizes.t} channels inside")
    if sizes.q:
        parts.append(f"squeezed to {sizes.q}")
    if sizes.o:
        parts.append(_many(sizes.o, "output channel"))
    if sizes.s:
        parts.append(f"stride {sizes.s}")
    if sizes.padding is not None:
        parts.append('padding "same"' if sizes.padding == "same" else f"padding {sizes.padding}")
    if sizes.b:
        parts.append("a bias")
    if sizes.mode:
        parts.append("in training" if sizes.mode == "train" else "in evaluation")
    for name in ("eps", "momentum"):
        if (value := getattr(sizes, name)) is not None:
            parts.append(f"{name} {value:g}")
    return ", ".join(parts)


def _many(number: int, what: str) -> str:
    return f"one {what}" if number == 1 else f"{number} {what}s"
