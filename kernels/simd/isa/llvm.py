"""LLVM's side of the vectors: what the intrinsics of vector.py and the microkernels are made of.

Memory is named by addresses: integers, in bytes.  A distance may be a value of the compiled program, or a
Python integer that is known while it is compiled; the latter ends up inside the instruction.
"""

from llvmlite import ir
from numba.core import cgutils

from .lanes import LANES

FLOAT, DOUBLE, BYTE = ir.FloatType(), ir.DoubleType(), ir.IntType(8)
INT32, INT64 = ir.IntType(32), ir.IntType(64)
VECTOR = ir.VectorType(FLOAT, LANES)


def constant(value):
    """A vector of equal elements known now."""
    return ir.Constant(VECTOR, [ir.Constant(FLOAT, float(value))] * LANES)


def after(builder, address, distance, count=1):
    """address + count * distance; count is known now."""
    if isinstance(distance, int):
        distance, count = INT64(distance * count), distance * count
    elif count != 1:
        distance = builder.mul(distance, INT64(count))
    return builder.add(address, distance) if count else address


def pointer(builder, address, offset, kind):
    """address + offset bytes as a pointer to `kind`."""
    base = builder.inttoptr(address, BYTE.as_pointer())
    if isinstance(offset, int):
        offset = INT64(offset)
    return builder.bitcast(builder.gep(base, [offset]), kind.as_pointer())


def load_as(builder, kind, align, address, offset=0):
    """The value of a kind at an address."""
    value = builder.load(pointer(builder, address, offset, kind))
    value.align = align
    return value


def load_vector(builder, address, offset=0):
    return load_as(builder, VECTOR, 4, address, offset)


def load_element(builder, address, offset=0):
    return load_as(builder, FLOAT, 4, address, offset)


def load_vectors(builder, start, distance, count, first=0):
    """`count` vectors, `distance` bytes apart, from the one numbered `first` on."""
    positions = range(first, first + count)
    if isinstance(distance, int):
        return [load_vector(builder, start, q * distance) for q in positions]
    return [load_vector(builder, after(builder, start, distance, q)) for q in positions]


def store_vector(builder, value, address, offset=0):
    builder.store(value, pointer(builder, address, offset, VECTOR)).align = 4


def broadcast_element(builder, element):
    """One element in every lane."""
    one = builder.insert_element(ir.Constant(VECTOR, ir.Undefined), element, INT32(0))
    everywhere = ir.Constant(ir.VectorType(INT32, LANES), [0] * LANES)
    return builder.shuffle_vector(one, ir.Constant(VECTOR, ir.Undefined), everywhere)


def multiply_add(builder, a, b, c):
    """a*b + c, rounded once where the CPU can."""
    kind = ir.FunctionType(VECTOR, [VECTOR] * 3)
    name = f"llvm.fmuladd.v{LANES}f32"
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), [a, b, c])


def larger(builder, a, b):
    """Lane by lane; a NaN in b stays.  One instruction on x86."""
    return builder.select(builder.fcmp_ordered(">", a, b), a, b)


def smaller(builder, a, b):
    return builder.select(builder.fcmp_ordered("<", a, b), a, b)


def hard_swish_of(builder, x):
    """x min(max(x + 3, 0), 6) / 6."""
    gate = builder.fadd(x, constant(3))
    gate = smaller(builder, constant(6), larger(builder, constant(0), gate))
    return builder.fmul(builder.fmul(x, gate), constant(1 / 6))


def prefetch(builder, address, offset=0):
    """Ask for the cache line at an address, which is needed soon; into L2."""
    byte = BYTE.as_pointer()
    kind = ir.FunctionType(ir.VoidType(), [byte, INT32, INT32, INT32])
    function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
    builder.call(function, [pointer(builder, address, offset, BYTE), INT32(0), INT32(2), INT32(1)])


def loop(builder, count, carried, body):
    """index = 0 .. count - 1 (one at least): carried = body(index, carried); the last carried."""
    before = builder.block
    inside, end = builder.append_basic_block("loop"), builder.append_basic_block("done")
    builder.branch(inside)
    builder.position_at_end(inside)
    index = builder.phi(INT64)
    phis = [builder.phi(value.type) for value in carried]
    now = body(index, list(phis))
    following, last = builder.add(index, INT64(1)), builder.block
    for phi, first, later in zip(
        [index, *phis], [INT64(0), *carried], [following, *now], strict=True
    ):
        phi.add_incoming(first, before)
        phi.add_incoming(later, last)
    builder.cbranch(builder.icmp_signed("<", following, count), inside, end)
    builder.position_at_end(end)
    return now


def either(builder, condition, values, yes, no):
    """Every value through `yes` or through `no`, with one branch for all of them."""
    ends = []
    with builder.if_else(condition) as branches:
        for branch, change in zip(branches, (yes, no), strict=True):
            with branch:
                ends.append(([change(value) for value in values], builder.block))
    merged = [builder.phi(VECTOR) for _ in values]
    for changed, block in ends:
        for phi, value in zip(merged, changed, strict=True):
            phi.add_incoming(value, block)
    return merged
