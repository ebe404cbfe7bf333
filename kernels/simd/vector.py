"""A vector of LANES float32 numbers as a type of compiled Python.

    v = fma(load(x), broadcast(w), v)          one instruction each
    store(y, v)

Memory is named by addresses: whole numbers, in bytes, as `address(array)` gives them.  The compiler
would turn few Python loops into exactly these instructions, so each is given as LLVM's own.
Nothing is checked here: whoever plans the buffers answers for the addresses.
"""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, models, register_model

from .lanes import LANES

FLOAT, BYTE, INT32, INT64 = ir.FloatType(), ir.IntType(8), ir.IntType(32), ir.IntType(64)
VECTOR = ir.VectorType(FLOAT, LANES)


class Vector(types.Type):
    """Numba's name for the type."""

    def __init__(self):
        super().__init__(name=f"float32x{LANES}")


vector = Vector()


@register_model(Vector)
class _Model(models.PrimitiveModel):
    def __init__(self, manager, numba_type):
        super().__init__(manager, numba_type, VECTOR)


# --- LLVM's side: used by the intrinsics here and by the tiles -------------------------------------


def constant(value):
    """A vector of equal numbers known now."""
    return ir.Constant(VECTOR, [ir.Constant(FLOAT, float(value))] * LANES)


def pointer(builder, place, offset, kind):
    """place + offset bytes as a pointer to `kind`; the offset is a value, or an integer known now."""
    base = builder.inttoptr(place, BYTE.as_pointer())
    if isinstance(offset, int):
        offset = INT64(offset)
    return builder.bitcast(builder.gep(base, [offset]), kind.as_pointer())


def load_vector(builder, place, offset=0):
    value = builder.load(pointer(builder, place, offset, VECTOR))
    value.align = 4
    return value


def store_vector(builder, value, place, offset=0):
    builder.store(value, pointer(builder, place, offset, VECTOR)).align = 4


def load_number(builder, place, offset=0):
    value = builder.load(pointer(builder, place, offset, FLOAT))
    value.align = 4
    return value


def spread(builder, number):
    """One number in every lane."""
    one = builder.insert_element(ir.Constant(VECTOR, ir.Undefined), number, INT32(0))
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


def hard_swished(builder, x):
    """x min(max(x + 3, 0), 6) / 6."""
    gate = builder.fadd(x, constant(3))
    gate = smaller(builder, constant(6), larger(builder, constant(0), gate))
    return builder.fmul(builder.fmul(x, gate), constant(1 / 6))


def prefetch(builder, place, offset=0):
    """Ask for the cache line at an address, which is needed soon; into the second cache."""
    byte = BYTE.as_pointer()
    kind = ir.FunctionType(ir.VoidType(), [byte, INT32, INT32, INT32])
    function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
    builder.call(function, [pointer(builder, place, offset, BYTE), INT32(0), INT32(2), INT32(1)])


def counted(builder, count, carried, body):
    """index = 0 .. count - 1 (one at least): carried = body(index, carried); the last carried."""
    before = builder.block
    loop, after = builder.append_basic_block("loop"), builder.append_basic_block("done")
    builder.branch(loop)
    builder.position_at_end(loop)
    index = builder.phi(INT64)
    phis = [builder.phi(value.type) for value in carried]
    now = body(index, list(phis))
    following, end = builder.add(index, INT64(1)), builder.block
    for phi, first, later in zip(
        [index, *phis], [INT64(0), *carried], [following, *now], strict=True
    ):
        phi.add_incoming(first, before)
        phi.add_incoming(later, end)
    builder.cbranch(builder.icmp_signed("<", following, count), loop, after)
    builder.position_at_end(after)
    return now


# --- Python's side ---------------------------------------------------------------------------------


@intrinsic
def address(typing, array):
    """Of the first element of an array."""

    def generate(context, builder, signature, arguments):
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        return builder.ptrtoint(data, INT64)

    return types.int64(array), generate


@intrinsic
def load(typing, place):
    """The vector at an address."""

    def generate(context, builder, signature, arguments):
        return load_vector(builder, arguments[0])

    return vector(types.int64), generate


@intrinsic
def store(typing, place, value):
    """Write a vector to an address."""

    def generate(context, builder, signature, arguments):
        store_vector(builder, arguments[1], arguments[0])
        return context.get_dummy_value()

    return types.void(types.int64, vector), generate


@intrinsic
def number_at(typing, place):
    """The one number at an address."""

    def generate(context, builder, signature, arguments):
        return load_number(builder, arguments[0])

    return types.float32(types.int64), generate


@intrinsic
def offset_at(typing, place):
    """The int32 at an address, from a table of byte offsets."""

    def generate(context, builder, signature, arguments):
        number = builder.load(pointer(builder, arguments[0], 0, INT32))
        return builder.sext(number, INT64)

    return types.int64(types.int64), generate


@intrinsic
def set_number(typing, place, number):
    """Write one number to an address."""

    def generate(context, builder, signature, arguments):
        place, number = arguments
        builder.store(number, pointer(builder, place, 0, FLOAT)).align = 4
        return context.get_dummy_value()

    return types.void(types.int64, types.float32), generate


@intrinsic
def broadcast(typing, place):
    """The number at an address, in every lane."""

    def generate(context, builder, signature, arguments):
        return spread(builder, load_number(builder, arguments[0]))

    return vector(types.int64), generate


@intrinsic
def splat(typing, number):
    """A number in every lane."""

    def generate(context, builder, signature, arguments):
        return spread(builder, arguments[0])

    return vector(types.float32), generate


@intrinsic
def fma(typing, a, b, c):
    """a*b + c."""

    def generate(context, builder, signature, arguments):
        return multiply_add(builder, *arguments)

    return vector(vector, vector, vector), generate


def _lane_by_lane(name, operation):
    @intrinsic
    def of_two(typing, a, b):
        def generate(context, builder, signature, arguments):
            return operation(builder, *arguments)

        return vector(vector, vector), generate

    of_two.__doc__ = name
    return of_two


add = _lane_by_lane("a + b", lambda builder, a, b: builder.fadd(a, b))
mul = _lane_by_lane("a * b", lambda builder, a, b: builder.fmul(a, b))
maximum = _lane_by_lane("The larger; a NaN in b stays.", larger)
minimum = _lane_by_lane("The smaller; a NaN in b stays.", smaller)


@intrinsic
def hard_swish(typing, x):
    """x min(max(x + 3, 0), 6) / 6."""

    def generate(context, builder, signature, arguments):
        return hard_swished(builder, *arguments)

    return vector(vector), generate


@intrinsic
def transpose(typing, x, x_row, y, y_row):
    """LANES rows of LANES numbers from x, as columns to y; addresses, and bytes from row to row."""

    def generate(context, builder, signature, arguments):
        x, x_row, y, y_row = arguments
        rows = [
            load_vector(builder, builder.add(x, builder.mul(x_row, INT64(r)))) for r in range(LANES)
        ]
        half = LANES // 2
        # as cards are shuffled: row r meets row r + half, and after log2(LANES) times every number
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
