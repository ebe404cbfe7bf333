"""Quads: four bytes in one 32-bit lane, which one instruction multiplies and adds up.

    dot(total, x, w)     total + x0 w0 + x1 w1 + x2 w2 + x3 w3      in every lane, exactly

x are unsigned bytes and w signed ones.  Where there is VNNI that is `vpdpbusd`.  Elsewhere x86 has an
instruction for two products of 16 bits, and bytes are widened: even ones and odd ones, each exactly.
(Its instruction for bytes clips sums of two at 16 bits, and is of no use.)  Any other processor gets
the formula in 32 bits, four times.
"""

from llvmlite import ir

from ..isa.lanes import LANES, PACKS, VNNI
from ..isa.llvm import BYTE, INT32, call_llvm, load

INTS = ir.VectorType(INT32, LANES)
SHORT = ir.IntType(16)
SHORTS = ir.VectorType(SHORT, 2 * LANES)
WIDE = ir.VectorType(BYTE, 4 * LANES)  # LANES channels of four pixels
CHANNELS = ir.VectorType(BYTE, LANES)  # of one pixel
FLOATS = ir.VectorType(ir.FloatType(), LANES)

_NAMES = {
    16: ("vpdpbusd.512", "avx512.pmaddw.d.512", "avx512.packssdw.512", "avx512.packuswb.512"),
    8: ("vpdpbusd.256", "avx2.pmadd.wd", "avx2.packssdw", "avx2.packuswb"),
    4: ("vpdpbusd.128", "sse2.pmadd.wd", "sse2.packssdw.128", "sse2.packuswb.128"),
}
_DOT, _PAIRS, _TO_SHORTS, _TO_BYTES = _NAMES[LANES]


def every(kind, value):
    """A vector of a kind whose elements all are an integer known now."""
    return ir.Constant(kind, [ir.Constant(kind.element, value)] * kind.count)


def broadcast(builder, value, kind=INTS):
    """An integer in every lane."""
    if value.type.width > kind.element.width:
        value = builder.trunc(value, kind.element)
    undefined = ir.Constant(kind, ir.Undefined)
    one = builder.insert_element(undefined, value, INT32(0))
    mask = ir.Constant(ir.VectorType(INT32, kind.count), [0] * kind.count)
    return builder.shuffle_vector(one, undefined, mask)


def pick(builder, vector, places):
    """The elements of a vector at these places."""
    mask = ir.Constant(ir.VectorType(INT32, len(places)), list(places))
    return builder.shuffle_vector(vector, ir.Constant(vector.type, ir.Undefined), mask)


def dot(builder, total, x, w):
    """total + the four products of each lane."""
    if VNNI:
        return call_llvm(builder, f"llvm.x86.avx512.{_DOT}", INTS, total, x, w)
    if PACKS:
        return _in_pairs(builder, total, x, w)
    for shift in range(0, 32, 8):
        byte = builder.and_(builder.lshr(x, every(INTS, shift)), every(INTS, 255))
        weight = builder.ashr(builder.shl(w, every(INTS, 24 - shift)), every(INTS, 24))
        total = builder.add(total, builder.mul(byte, weight))
    return total


def _in_pairs(builder, total, x, w):
    """Bytes 0 and 2 of a quad, then 1 and 3, as 16-bit integers."""
    x, w = builder.bitcast(x, SHORTS), builder.bitcast(w, SHORTS)
    eight = every(SHORTS, 8)
    evens = builder.and_(x, every(SHORTS, 255)), builder.ashr(builder.shl(w, eight), eight)
    odds = builder.lshr(x, eight), builder.ashr(w, eight)
    for pair in evens, odds:
        total = builder.add(total, call_llvm(builder, f"llvm.x86.{_PAIRS}", INTS, *pair))
    return total


def across(builder, address):
    """LANES channels of the pixel at an address and of the three after it, a quad to each channel."""
    pixels = load(builder, WIDE, address, align=1)
    return builder.bitcast(
        pick(builder, pixels, [t * LANES + c for c in range(LANES) for t in range(4)]), INTS
    )


def widened(builder, channels):
    """Unsigned bytes as integers of 32 bits."""
    return builder.zext(channels, INTS)


def narrowed(builder, values, zero, bottom, top):
    """Four vectors of integers, plus the zero point and clamped, as the bytes of four pixels.

    zero, bottom, top: integers; 0 <= bottom <= top <= 255.  Known now to be 0, 0 and 255 they are free.
    """
    if PACKS:
        pairs = [
            call_llvm(builder, f"llvm.x86.{_TO_SHORTS}", SHORTS, *values[q : q + 2]) for q in (0, 2)
        ]
        if not _is(zero, 0):
            shift = broadcast(builder, zero, SHORTS)
            add = f"llvm.sadd.sat.v{2 * LANES}i16"
            pairs = [call_llvm(builder, add, SHORTS, pair, shift) for pair in pairs]
        packed = call_llvm(builder, f"llvm.x86.{_TO_BYTES}", WIDE, *pairs)
        # each part of four lanes has been packed by itself: what they hold is put in order
        parts = LANES // 4
        order = [4 * part + pixel for pixel in range(4) for part in range(parts)]
        packed = builder.bitcast(pick(builder, builder.bitcast(packed, INTS), order), WIDE)
        for name, bound, free in (("umax", bottom, 0), ("umin", top, 255)):
            if not _is(bound, free):
                one = broadcast(builder, bound, WIDE)
                packed = call_llvm(builder, f"llvm.{name}.v{4 * LANES}i8", WIDE, packed, one)
        return packed
    ends = [builder.sub(bound, zero) for bound in (bottom, top)]
    low, high, shift = (broadcast(builder, value) for value in (*ends, zero))
    whole = None
    for value in values:
        for name, bound in (("smax", low), ("smin", high)):
            value = call_llvm(builder, f"llvm.{name}.v{LANES}i32", INTS, value, bound)
        part = builder.trunc(builder.add(value, shift), CHANNELS)
        whole = part if whole is None else _joined(builder, whole, part)
    return whole


def _is(value, number):
    """Whether an integer is known to be this one."""
    return isinstance(value, ir.Constant) and value.constant == number


def _joined(builder, whole, part):
    """A vector of bytes with LANES more behind it."""
    size = whole.type.count
    filled = pick(builder, part, [q % LANES for q in range(size)])  # as long as the other
    mask = ir.Constant(ir.VectorType(INT32, size + LANES), list(range(size + LANES)))
    return builder.shuffle_vector(whole, filled, mask)
