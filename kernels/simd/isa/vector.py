"""A vector of LANES float32 elements as a type of compiled Python.

    v = fma(load(x), broadcast(w), v)          one instruction each
    store(y, v)

Memory is named by addresses: integers, in bytes, as `address(array)` gives them.  The compiler would
turn few Python loops into exactly these instructions, so each is given as LLVM's own (llvm.py).  Nothing
is checked here: whoever plans the buffers answers for the addresses.

A mask is never made: `inside` and `hard_swish_backward` give the gradient that an activation lets
through.
"""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic, models, register_model

from . import llvm
from .lanes import LANES
from .llvm import DOUBLE, FLOAT, INT32, INT64, VECTOR, constant, load_vector, pointer, store_vector


class Vector(types.Type):
    """Numba's name for the type."""

    def __init__(self):
        super().__init__(name=f"float32x{LANES}")


vector = Vector()


@register_model(Vector)
class _Model(models.PrimitiveModel):
    def __init__(self, manager, numba_type):
        super().__init__(manager, numba_type, VECTOR)


# --- memory ----------------------------------------------------------------------------------------


@intrinsic
def address(typing, array):
    """Of the first element of an array."""

    def generate(context, builder, signature, arguments):
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        return builder.ptrtoint(data, INT64)

    return types.int64(array), generate


@intrinsic
def load(typing, at):
    """The vector at an address."""

    def generate(context, builder, signature, arguments):
        return load_vector(builder, arguments[0])

    return vector(types.int64), generate


@intrinsic
def store(typing, at, value):
    """Write a vector to an address."""

    def generate(context, builder, signature, arguments):
        store_vector(builder, arguments[1], arguments[0])
        return context.get_dummy_value()

    return types.void(types.int64, vector), generate


def _element(numba_type, kind, align):
    """How a single element is read and written."""

    @intrinsic
    def read(typing, at):
        def generate(context, builder, signature, arguments):
            return llvm.load_as(builder, kind, align, arguments[0])

        return numba_type(types.int64), generate

    @intrinsic
    def write(typing, at, value):
        def generate(context, builder, signature, arguments):
            at, value = arguments
            builder.store(value, pointer(builder, at, 0, kind)).align = align
            return context.get_dummy_value()

        return types.void(types.int64, numba_type), generate

    return read, write


element_at, set_element = _element(types.float32, FLOAT, 4)
double_at, set_double = _element(types.float64, DOUBLE, 8)


@intrinsic
def offset_at(typing, at):
    """The int32 at an address, from a table of byte offsets."""

    def generate(context, builder, signature, arguments):
        return builder.sext(llvm.load_as(builder, INT32, 4, arguments[0]), INT64)

    return types.int64(types.int64), generate


@intrinsic
def add_double(typing, at, value):
    """Add a vector to the LANES float64 elements at an address."""

    def generate(context, builder, signature, arguments):
        at, value = arguments
        kind = ir.VectorType(DOUBLE, LANES)
        sums = builder.fadd(llvm.load_as(builder, kind, 8, at), builder.fpext(value, kind))
        builder.store(sums, pointer(builder, at, 0, kind)).align = 8
        return context.get_dummy_value()

    return types.void(types.int64, vector), generate


# --- arithmetic ------------------------------------------------------------------------------------


@intrinsic
def broadcast(typing, element):
    """An element in every lane."""

    def generate(context, builder, signature, arguments):
        return llvm.broadcast_element(builder, arguments[0])

    return vector(types.float32), generate


def _lane_by_lane(description, count, operation):
    """An operation on so many vectors, which gives one."""

    @intrinsic
    def of_one(typing, a):
        return vector(vector), generate

    @intrinsic
    def of_two(typing, a, b):
        return vector(vector, vector), generate

    @intrinsic
    def of_three(typing, a, b, c):
        return vector(vector, vector, vector), generate

    @intrinsic
    def of_four(typing, a, b, c, d):
        return vector(vector, vector, vector, vector), generate

    def generate(context, builder, signature, arguments):
        return operation(builder, *arguments)

    found = (of_one, of_two, of_three, of_four)[count - 1]
    found.__doc__ = description
    return found


def _inside(builder, x, low, high, dy):
    out = builder.or_(builder.fcmp_ordered("<=", x, low), builder.fcmp_ordered(">=", x, high))
    return builder.select(out, constant(0), dy)


def _hard_swish_backward(builder, x, dy):
    slope = llvm.multiply_add(builder, x, constant(1 / 3), constant(0.5))
    low = builder.fcmp_ordered("<=", x, constant(-3))
    high = builder.fcmp_ordered(">=", x, constant(3))
    slope = builder.select(low, constant(0), builder.select(high, constant(1), slope))
    return builder.fmul(dy, slope)


add = _lane_by_lane("a + b", 2, lambda builder, a, b: builder.fadd(a, b))
sub = _lane_by_lane("a - b", 2, lambda builder, a, b: builder.fsub(a, b))
mul = _lane_by_lane("a * b", 2, lambda builder, a, b: builder.fmul(a, b))
fma = _lane_by_lane("a*b + c", 3, llvm.multiply_add)
maximum = _lane_by_lane("The larger; a NaN in b stays.", 2, llvm.larger)
minimum = _lane_by_lane("The smaller; a NaN in b stays.", 2, llvm.smaller)
hard_swish = _lane_by_lane("x min(max(x + 3, 0), 6) / 6", 1, llvm.hard_swish_of)
hard_swish_backward = _lane_by_lane(
    "dy times 0 for x <= -3, x/3 + 1/2 between, 1 for x >= 3", 2, _hard_swish_backward
)
inside = _lane_by_lane(
    "dy where low < x < high, else 0; where x is NaN, dy.  A bound that is NaN is none.", 4, _inside
)


@intrinsic
def transpose(typing, x, x_row, y, y_row):
    """LANES rows of LANES elements from x, as columns to y; addresses, and bytes from row to row."""

    def generate(context, builder, signature, arguments):
        x, x_row, y, y_row = arguments
        rows = [
            load_vector(builder, builder.add(x, builder.mul(x_row, INT64(r)))) for r in range(LANES)
        ]
        half = LANES // 2
        # as cards are shuffled: row r meets row r + half, and after log2(LANES) times every element
        # has gone where its row and column are exchanged
        masks = [
            ir.Constant(
                ir.VectorType(INT32, LANES), [q // 2 + q % 2 * LANES + h for q in range(LANES)]
            )
            for h in (0, half)
        ]
        for _ in range(LANES.bit_length() - 1):
            rows = [
                builder.shuffle_vector(rows[r], rows[r + half], mask)
                for r in range(half)
                for mask in masks
            ]
        for r, row in enumerate(rows):
            store_vector(builder, row, builder.add(y, builder.mul(y_row, INT64(r))))
        return context.get_dummy_value()

    return types.void(*[types.int64] * 4), generate
