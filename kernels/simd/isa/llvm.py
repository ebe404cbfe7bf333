"""LLVM's side of the vectors: what the intrinsics of vector.py and the microkernels are made of.

Memory is named by addresses: integers, in bytes.  A distance may be a value of the compiled program, or a
Python integer that is known while it is compiled; the latter ends up inside the instruction.
"""

from inspect import Parameter, Signature

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from .lanes import LANES

FLOAT, DOUBLE, BYTE = ir.FloatType(), ir.DoubleType(), ir.IntType(8)
INT32, INT64 = ir.IntType(32), ir.IntType(64)
VECTOR = ir.VectorType(FLOAT, LANES)


def emitted(result=types.void, **kinds):
    """The function below it, emit(builder, *values), as a function of compiled Python: it gives the code.

    result: the type of what it gives; kinds: those of its arguments, by name.
    """

    def declared(emit):
        def typed(typing, *arguments):
            def generate(context, builder, signature, values):
                found = emit(builder, *values)
                return context.get_dummy_value() if found is None else found

            return result(*kinds.values()), generate

        typed.__name__, typed.__doc__ = emit.__name__, emit.__doc__
        # Numba matches arguments with parameters, so they must be there by name, each only once
        ordinary = Parameter.POSITIONAL_OR_KEYWORD
        typed.__signature__ = Signature([Parameter(name, ordinary) for name in ("typing", *kinds)])
        return intrinsic(typed)

    return declared


def call_llvm(builder, name, result, *values):
    """Call one of LLVM's own intrinsics."""
    kind = ir.FunctionType(result, [value.type for value in values])
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), values)


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


def pointer(builder, address, kind, offset=0):
    """address + offset bytes, which are known now, as a pointer to a value of a kind."""
    base = builder.inttoptr(address, BYTE.as_pointer())
    return builder.bitcast(builder.gep(base, [INT64(offset)]), kind.as_pointer())


def load(builder, kind, address, offset=0, align=4):
    """The value of a kind at an address."""
    value = builder.load(pointer(builder, address, kind, offset))
    value.align = align
    return value


def store(builder, value, address, offset=0, align=4):
    """Write a value to an address."""
    builder.store(value, pointer(builder, address, value.type, offset)).align = align


def load_vectors(builder, start, distance, count, first=0):
    """`count` vectors, `distance` bytes apart, from the one numbered `first` on."""
    positions = range(first, first + count)
    if isinstance(distance, int):
        return [load(builder, VECTOR, start, q * distance) for q in positions]
    return [load(builder, VECTOR, after(builder, start, distance, q)) for q in positions]


def offset_at(builder, address, offset=0):
    """The int32 at an address, from a table of byte offsets."""
    return builder.sext(load(builder, INT32, address, offset), INT64)


def broadcast_element(builder, element):
    """One element in every lane."""
    one = builder.insert_element(ir.Constant(VECTOR, ir.Undefined), element, INT32(0))
    everywhere = ir.Constant(ir.VectorType(INT32, LANES), [0] * LANES)
    return builder.shuffle_vector(one, ir.Constant(VECTOR, ir.Undefined), everywhere)


def multiply_add(builder, a, b, c):
    """a*b + c, rounded once where the CPU can."""
    return call_llvm(builder, f"llvm.fmuladd.v{LANES}f32", VECTOR, a, b, c)


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
    line, how = pointer(builder, address, BYTE, offset), (INT32(0), INT32(2), INT32(1))
    call_llvm(builder, "llvm.prefetch.p0", ir.VoidType(), line, *how)


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
