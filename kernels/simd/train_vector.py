"""What training needs of a vector beside what inference does: differences, masks, double sums.

A mask is never made: `inside` and `hard_swish_slope` give the gradient that an activation lets through.
"""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from .lanes import LANES
from .vector import (
    INT64,
    constant,
    multiply_add,
    pointer,
    vector,
)

DOUBLE = ir.DoubleType()


@intrinsic
def sub(typing, a, b):
    """a - b."""

    def generate(context, builder, signature, arguments):
        return builder.fsub(*arguments)

    return vector(vector, vector), generate


@intrinsic
def inside(typing, x, low, high, dy):
    """dy where low < x < high, else 0; where x is NaN, dy.  A bound that is NaN is none."""

    def generate(context, builder, signature, arguments):
        x, low, high, dy = arguments
        out = builder.or_(builder.fcmp_ordered("<=", x, low), builder.fcmp_ordered(">=", x, high))
        return builder.select(out, constant(0), dy)

    return vector(vector, vector, vector, vector), generate


@intrinsic
def hard_swish_backward(typing, x, dy):
    """dy times 0 for x <= -3, x/3 + 1/2 between, 1 for x >= 3."""

    def generate(context, builder, signature, arguments):
        x, dy = arguments
        slope = multiply_add(builder, x, constant(1 / 3), constant(0.5))
        low = builder.fcmp_ordered("<=", x, constant(-3))
        high = builder.fcmp_ordered(">=", x, constant(3))
        slope = builder.select(low, constant(0), builder.select(high, constant(1), slope))
        return builder.fmul(dy, slope)

    return vector(vector, vector), generate


@intrinsic
def double_at(typing, place):
    """The float64 number at an address."""

    def generate(context, builder, signature, arguments):
        value = builder.load(pointer(builder, arguments[0], 0, DOUBLE))
        value.align = 8
        return value

    return types.float64(types.int64), generate


@intrinsic
def set_double(typing, place, number):
    """Write a float64 number to an address."""

    def generate(context, builder, signature, arguments):
        place, number = arguments
        builder.store(number, pointer(builder, place, 0, DOUBLE)).align = 8
        return context.get_dummy_value()

    return types.void(types.int64, types.float64), generate


@intrinsic
def add_double(typing, place, value):
    """Add a vector to the LANES float64 numbers at an address."""

    def generate(context, builder, signature, arguments):
        place, value = arguments
        kind = ir.VectorType(DOUBLE, LANES)
        where = pointer(builder, place, 0, kind)
        before = builder.load(where)
        before.align = 8
        builder.store(builder.fadd(before, builder.fpext(value, kind)), where).align = 8
        return context.get_dummy_value()

    return types.void(types.int64, vector), generate


@intrinsic
def invoke(typing, code, a, b, c, d, e, f, g, h):
    """Call the function of eight whole numbers at an address."""

    def generate(context, builder, signature, arguments):
        code, *arguments = arguments
        kind = ir.FunctionType(ir.VoidType(), [INT64] * 8)
        builder.call(builder.inttoptr(code, kind.as_pointer()), arguments)
        return context.get_dummy_value()

    return types.void(*[types.int64] * 9), generate


INVOKED = types.void(*[types.int64] * 8)  # the signature of what is invoked
