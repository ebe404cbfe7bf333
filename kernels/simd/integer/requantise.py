"""The phase of the integer microkernels after the products: sums of 32 bits back to bytes.

    single    the sum as float32, times a scale, to the nearest integer (ties to even): XNNPACK
    double    the sum times a multiplier of 31 bits, to the nearest; that shifted, to the nearest again
              (ties away from zero): LiteRT's reference kernels, in products of 64 bits
    exact     the sum times a scale of float64, to the nearest (ties away from zero): their dense layers

Then the zero point is added, and the result clamped.  After a ReLU there is mostly nothing to do: the
zero point is the lowest byte, and narrowing clamps by itself.  What a vector of channels needs lies in
one piece, its constants: the bias, then the scale, or left shift, multiplier, right shift and whether
there is one.

Values leave as bytes of four pixels at a time, packed together, for residual.py and stores.py.
"""

from dataclasses import dataclass
from typing import Any

from llvmlite import ir

from ..isa import llvm
from ..isa.lanes import BYTES, LANES, PACKS
from ..isa.llvm import INT32, INT64, call_llvm, load
from ..tiles.microkernel import phase
from .quads import FLOATS, INTS, WIDE, broadcast, every, narrowed, pick

SINGLE, DOUBLE, EXACT = "single", "double", "exact"
# for the lower bound: zero point 0, all 256 bytes allowed, and all factors below 1
PLAIN = -1
VECTORS = {SINGLE: 2, DOUBLE: 5, EXACT: 3}  # that the constants of a vector of channels are
DOUBLES = ir.VectorType(llvm.DOUBLE, LANES)
LONGS = ir.VectorType(INT64, LANES // 2)
EVEN = 0x4B400000  # 1.5 * 2**23, whose float32 neighbours are one apart
_ROUND = {16: "avx512.mask.cvtps2dq.512", 8: "avx.cvt.ps2dq.256", 4: "sse2.cvtps2dq"}[LANES]


@dataclass(frozen=True)
class Group:
    """The bytes of up to four pixels, from `row` on, of vector `v`."""

    v: int
    row: int
    count: int
    bytes: Any

    def pixels(self, builder):
        """Number and bytes of each."""
        for q in range(self.count):
            yield self.row + q, pick(builder, self.bytes, range(q * LANES, (q + 1) * LANES))


def from_bias(rounding):
    """constants: address of those of nr vectors."""

    @phase("constants")
    def emit(builder, given, _):
        step = VECTORS[rounding] * BYTES
        return [load(builder, INTS, given.constants, v * step) for v in range(given.nr)] * given.mr

    return emit


def once(builder, total, scale, most):
    """Single rounding; what is above `most`, as float32, is clamped later anyway.  None: nothing is."""
    product = builder.fmul(builder.sitofp(total, FLOATS), scale)
    if most is not None:
        product = llvm.smaller(builder, most, product)
    if PACKS:
        beside = (every(INTS, 0), ir.IntType(16)(0xFFFF), INT32(4)) if LANES == 16 else ()
        return call_llvm(builder, f"llvm.x86.{_ROUND}", INTS, product, *beside)
    product = llvm.smaller(builder, llvm.constant(1024), product)
    return to_even(builder, llvm.larger(builder, llvm.constant(-1024), product))


def to_even(builder, value):
    """A small float32 to the nearest integer, ties to even."""
    magic = builder.bitcast(every(INTS, EVEN), FLOATS)
    return builder.sub(builder.bitcast(builder.fadd(value, magic), INTS), every(INTS, EVEN))


def away(builder, value):
    """A float that 32 bits hold to the nearest integer, ties away from zero."""
    kind = value.type
    whole = builder.fptosi(value, INTS)
    rest = builder.fsub(value, builder.sitofp(whole, kind))
    for sign, half, change in ((">=", 0.5, builder.add), ("<=", -0.5, builder.sub)):
        limit = ir.Constant(kind, [ir.Constant(kind.element, half)] * LANES)
        whole = change(whole, builder.zext(builder.fcmp_ordered(sign, rest, limit), INTS))
    return whole


def twice(builder, total, left, multiplier, right, less, plain=False):
    """Double rounding: h = (total m + 2**30) >> 31, and h >> right to the nearest, ties away from zero.

    A product has 64 bits.  Those of even lanes and of odd ones are made apart, from where the lanes are,
    and what counts of each ends up in its own lane.  Ties are away from zero if one is first taken off
    what is negative.  less: -1 where something is shifted out, else 0.  plain: nothing is shifted to the
    left, and no matter what a negative total becomes, if it is not more than 0.
    """
    total = total if plain else builder.shl(total, left)
    even, odd = (
        builder.add(
            builder.mul(half(builder, total), half(builder, multiplier)), _every_long(1 << 30)
        )
        for half in (_evens, _odds)
    )
    even, odd = builder.lshr(even, _every_long(31)), builder.shl(odd, _every_long(1))
    mask = [lane + LANES * (lane % 2) for lane in range(LANES)]
    high = builder.shuffle_vector(
        builder.bitcast(even, INTS), builder.bitcast(odd, INTS),
        ir.Constant(ir.VectorType(INT32, LANES), mask),
    )  # fmt: skip
    zero, one = every(INTS, 0), every(INTS, 1)
    if not plain:
        negative = builder.icmp_signed("<", high, zero)
        high = builder.select(negative, builder.add(high, less), high)
    whole = builder.ashr(high, right)
    last = builder.lshr(builder.shl(one, right), one)  # of the bits that are shifted out
    up = builder.icmp_unsigned("!=", builder.and_(high, last), zero)
    return builder.select(up, builder.sub(whole, less), whole)


def _every_long(value):
    return every(LONGS, value)


def _evens(builder, value):
    """Lanes 0, 2, 4 ... as integers of 64 bits."""
    pairs = builder.bitcast(value, LONGS)
    return builder.ashr(builder.shl(pairs, _every_long(32)), _every_long(32))


def _odds(builder, value):
    return builder.ashr(builder.bitcast(value, LONGS), _every_long(32))


def exactly(builder, total, scale):
    """One rounding of a float64."""

    def every(value):
        return ir.Constant(DOUBLES, [ir.Constant(llvm.DOUBLE, value)] * LANES)

    product = builder.fmul(builder.sitofp(total, DOUBLES), scale)
    for sign, bound in (("<", -1024.0), (">", 1024.0)):  # beyond every bound, and 32 bits hold it
        beyond = builder.fcmp_ordered(sign, product, every(bound))
        product = builder.select(beyond, every(bound), product)
    return away(builder, product)


_ROUNDED = {SINGLE: once, DOUBLE: twice, EXACT: exactly}
_CONSTANTS = {SINGLE: [FLOATS], DOUBLE: [INTS] * 4, EXACT: [DOUBLES]}  # behind the bias


def requantised(rounding):
    """Sums to groups of bytes.  zero, bottom, top: integers of the unsigned result; PLAIN for bottom."""

    @phase("zero bottom top")
    def emit(builder, given, sums):
        whole = given.zero, given.bottom, given.top
        if rounding == EXACT:
            return _requantised(builder, rounding, given, sums, whole)
        plain = builder.icmp_signed("==", given.bottom, INT64(PLAIN))
        with builder.if_else(plain) as (yes, no):
            with yes:
                quick = _requantised(builder, rounding, given, sums, None)
                after_quick = builder.block
            with no:
                any_ = _requantised(builder, rounding, given, sums, whole)
                after_any = builder.block
        return [
            either(builder, (one, after_quick), (other, after_any))
            for one, other in zip(quick, any_, strict=True)
        ]

    return emit


def _requantised(builder, rounding, given, sums, bounds):
    """bounds: zero, bottom and top; None where all bytes are allowed, and factors are below 1."""
    step, plain, groups = VECTORS[rounding] * BYTES, bounds is None, []
    zero, bottom, top = bounds or (INT64(0), INT64(0), INT64(255))
    limit = builder.sitofp(broadcast(builder, builder.trunc(builder.sub(top, zero), INT32)), FLOATS)
    last = {SINGLE: [None if plain else limit], DOUBLE: [plain], EXACT: []}[rounding]
    for v in range(given.nr):
        own = [
            load(builder, kind, given.constants, v * step + (1 + q) * BYTES)
            for q, kind in enumerate(_CONSTANTS[rounding])
        ]
        column = [_ROUNDED[rounding](builder, total, *own, *last) for total in sums[v :: given.nr]]
        groups += grouped(builder, v, column, zero, bottom, top)
    return groups


def either(builder, *found):
    """A group that comes from one of two blocks of code."""
    (group, _), *_ = found
    phi = builder.phi(WIDE)
    for each, block in found:
        phi.add_incoming(each.bytes, block)
    return Group(group.v, group.row, group.count, phi)


def grouped(builder, v, column, zero, bottom, top):
    """Integers of one vector, pixel after pixel, as groups."""
    for row in range(0, len(column), 4):
        values = column[row : row + 4]
        filled = values + values[-1:] * (4 - len(values))
        bytes_ = narrowed(builder, filled, zero, bottom, top)
        yield Group(v, row, len(values), bytes_)
