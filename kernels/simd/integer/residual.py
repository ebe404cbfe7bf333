"""The phase of the integer microkernels that adds a map, the residual, to what was just computed."""

from ..isa import llvm
from ..isa.llvm import INT32, INT64, after, load
from ..tiles.microkernel import phase
from .quads import CHANNELS, INTS, broadcast, every, widened
from .requantise import DOUBLE, SINGLE, either, grouped, twice

# What an addition has to know, int32 each; a: what was just computed, b: the map that is added
ADDING = {
    SINGLE: ["zero", "bottom", "top", "bias", "a", "b", "shift"],
    DOUBLE: [
        "zero",
        "bottom",
        "top",
        "a_zero",
        "a",
        "a_right",
        "b_zero",
        "b",
        "b_right",
        "left",
        "sum",
        "right",
    ],
}


def sum_of(builder, rounding, fact, a, b):
    """Two quantised vectors, widened, as their requantised sum; fact(name): a vector of a constant.

    single    (bias + a ma + b mb) >> shift, half a step being in the bias
    double    both shifted left by 20 bits and brought to one scale, and their sum to that of the result
    """
    if rounding == SINGLE:
        total = builder.add(fact("bias"), builder.mul(a, fact("a")))
        return builder.ashr(builder.add(total, builder.mul(b, fact("b"))), fact("shift"))
    none = every(INTS, 0)

    def rounded(value, left, multiplier, right):
        less = builder.sext(builder.icmp_unsigned("!=", right, none), INTS)
        return twice(builder, value, left, multiplier, right, less)

    parts = [
        rounded(
            builder.sub(value, fact(f"{name}_zero")), every(INTS, 20), fact(name),
            fact(f"{name}_right"),
        )
        for name, value in (("a", a), ("b", b))
    ]  # fmt: skip
    return rounded(builder.add(*parts), fact("left"), fact("sum"), fact("right"))


def facts_at(builder, address, names):
    """Constants of so many names, int32 at an address: as scalars, and as a function to vectors."""
    scalars = {name: load(builder, INT32, address, 4 * q) for q, name in enumerate(names)}
    return scalars, lambda name: broadcast(builder, scalars[name])


def residual(rounding):
    """added: a map that is added, laid out like y; adding: address of ADDING, 0 for none."""

    @phase("added added_at added_plane adding")
    def emit(builder, given, groups):
        before = builder.block
        with builder.if_then(builder.icmp_signed("!=", given.adding, INT64(0))):
            scalars, fact = facts_at(builder, given.adding, ADDING[rounding])
            bounds = [builder.sext(scalars[name], INT64) for name in ("zero", "bottom", "top")]
            changed = []
            for group in groups:
                values = []
                for row, own in group.pixels(builder):
                    place = builder.add(
                        given.added, llvm.offset_at(builder, given.added_at, 4 * row)
                    )
                    place = after(builder, place, given.added_plane, group.v)
                    other = load(builder, CHANNELS, place, align=1)
                    own, other = widened(builder, own), widened(builder, other)
                    values.append(sum_of(builder, rounding, fact, own, other))
                (found,) = grouped(builder, group.v, values, *bounds)
                changed.append(found)
            inside = builder.block
        return [
            either(builder, (group, before), (other, inside))
            for group, other in zip(groups, changed, strict=True)
        ]

    return emit
