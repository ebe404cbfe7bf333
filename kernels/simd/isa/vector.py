"""A vector of LANES float32 elements as a type of compiled Python.

    v = fma(load(x), broadcast(w), v)          one instruction each
    store(y, v)

Memory is named by addresses: integers, in bytes, as `address(array)` gives them.  The compiler would
turn few Python loops into exactly these instructions, so each is given as LLVM's own (llvm.py).  Nothing
is checked here: whoever plans the buffers answers for the addresses.
"""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic, models, register_model

from . import llvm
from .lanes import LANES
from .llvm import DOUBLE, FLOAT, INT32, INT64, VECTOR, constant, emitted


class Vector(types.Type):
    """Numba's name for the type."""


vector = Vector(f"float32x{LANES}")


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


def _memory(numba_type, kind, align=4):
    """How a value of a kind is read, and written."""

    @emitted(numba_type, at=types.int64)
    def read(builder, at):
        return llvm.load(builder, kind, at, align=align)

    @emitted(at=types.int64, value=numba_type)
    def write(builder, at, value):
        llvm.store(builder, value, at, align=align)

    return read, write


load, store = _memory(vector, VECTOR)
element_at, set_element = _memory(types.float32, FLOAT)
double_at, set_double = _memory(types.float64, DOUBLE, align=8)
offset_at = emitted(types.int64, at=types.int64)(llvm.offset_at)


@emitted(at=types.int64, value=vector)
def add_double(builder, at, value):
    """Add a vector to the LANES float64 elements at an address."""
    kind = ir.VectorType(DOUBLE, LANES)
    before = llvm.load(builder, kind, at, align=8)
    llvm.store(builder, builder.fadd(before, builder.fpext(value, kind)), at, align=8)


@emitted(x=types.int64, x_row=types.int64, y=types.int64, y_row=types.int64)
def transpose(builder, x, x_row, y, y_row):
    """LANES rows of LANES elements from x, as columns to y; addresses, and bytes from row to row."""
    rows, half = llvm.load_vectors(builder, x, x_row, LANES), LANES // 2
    # as cards are shuffled: row r meets row r + half, and after log2(LANES) times every element
    # has gone where its row and column are exchanged
    kind = ir.VectorType(INT32, LANES)
    masks = [
        ir.Constant(kind, [q // 2 + q % 2 * LANES + h for q in range(LANES)]) for h in (0, half)
    ]
    for _ in range(LANES.bit_length() - 1):
        pairs = zip(rows[:half], rows[half:], strict=True)
        rows = [builder.shuffle_vector(*pair, mask) for pair in pairs for mask in masks]
    for r, row in enumerate(rows):
        llvm.store(builder, row, llvm.after(builder, y, y_row, r))


# --- arithmetic, lane by lane ----------------------------------------------------------------------


def _inside(builder, x, low, high, dy):
    """dy where low < x < high, or x is NaN, else 0; a bound that is NaN is none.  No mask is made."""
    out = builder.or_(builder.fcmp_ordered("<=", x, low), builder.fcmp_ordered(">=", x, high))
    return builder.select(out, constant(0), dy)


def _hard_swish_backward(builder, x, dy):
    """dy times 0 for x <= -3, x/3 + 1/2 between, 1 for x >= 3."""
    slope = llvm.multiply_add(builder, x, constant(1 / 3), constant(0.5))
    low = builder.fcmp_ordered("<=", x, constant(-3))
    high = builder.fcmp_ordered(">=", x, constant(3))
    slope = builder.select(low, constant(0), builder.select(high, constant(1), slope))
    return builder.fmul(dy, slope)


def _of_vectors(operands, emit):
    """An operation on vectors that gives one."""
    return emitted(vector, **dict.fromkeys(operands.split(), vector))(emit)


broadcast = emitted(vector, element=types.float32)(llvm.broadcast_element)
add = _of_vectors("a b", ir.IRBuilder.fadd)
sub = _of_vectors("a b", ir.IRBuilder.fsub)
mul = _of_vectors("a b", ir.IRBuilder.fmul)
fma = _of_vectors("a b c", llvm.multiply_add)
maximum = _of_vectors("a b", llvm.larger)
minimum = _of_vectors("a b", llvm.smaller)
hard_swish = _of_vectors("x", llvm.hard_swish_of)
hard_swish_backward = _of_vectors("x dy", _hard_swish_backward)
inside = _of_vectors("x low high dy", _inside)
