"""What this machine can do at most: multiply-adds that never leave the registers, and moving memory.

    fma     acc[k] = acc[k] * a + b      for k accumulators, vectors of as many lanes as the kernels use
    triad   a[q] = b[q] + s * c[q]       two reads and one write for each element (McCalpin's STREAM)

A multiply-add takes some 4 cycles and a core starts two in each, so at least 8 must be under way; with
24 independent accumulators nothing waits for anything.  They fit into the 32 vector registers of
AVX-512 and ARM; where there are 16 registers, 12 accumulators do.

The compiler would turn no Python loop into exactly that, so the loop is given as LLVM instructions.
"""

from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from .simd.isa.lanes import LANES, REGISTERS

__all__ = ["ACCUMULATORS", "LANES", "fma_chains", "numba_fma", "numba_triad"]
ACCUMULATORS = 24 if REGISTERS == 32 else 12


@intrinsic
def fma_chains(typing, rounds, start):
    """Run `rounds` multiply-adds in each accumulator and return the sum of all lanes."""

    def generate(context, builder, signature, arguments):
        element = ir.FloatType()
        vector = ir.VectorType(element, LANES)
        name = f"llvm.fma.v{LANES}f32"
        fma = builder.module.globals.get(name) or ir.Function(
            builder.module, ir.FunctionType(vector, [vector] * 3), name
        )
        rounds, start = arguments
        # acc * 0.5 + 1 settles at 2: neither overflow nor denormals, which are slow
        half, one = (ir.Constant(vector, [value] * LANES) for value in (0.5, 1.0))
        chains = [ir.Constant(vector, ir.Undefined)] * ACCUMULATORS
        for k in range(ACCUMULATORS):
            # each accumulator starts elsewhere, or the compiler would see that they are one
            first = builder.fadd(start, ir.Constant(element, 1 + k / 16))
            for lane in range(LANES):
                place = ir.Constant(ir.IntType(32), lane)
                chains[k] = builder.insert_element(chains[k], first, place)

        before = builder.block
        loop, after = (builder.append_basic_block(name) for name in ("fma", "done"))
        builder.branch(loop)
        builder.position_at_end(loop)
        count = builder.phi(rounds.type)
        count.add_incoming(rounds, before)
        phis = [builder.phi(vector) for _ in chains]
        for phi, chain in zip(phis, chains, strict=True):
            phi.add_incoming(chain, before)
        chains = [builder.call(fma, (phi, half, one)) for phi in phis]
        for phi, chain in zip(phis, chains, strict=True):
            phi.add_incoming(chain, loop)
        left = builder.sub(count, ir.Constant(rounds.type, 1))
        count.add_incoming(left, loop)
        builder.cbranch(builder.icmp_signed(">", left, ir.Constant(rounds.type, 0)), loop, after)
        builder.position_at_end(after)
        total = chains[0]
        for chain in chains[1:]:
            total = builder.fadd(total, chain)
        result = ir.Constant(element, 0.0)
        for lane in range(LANES):
            place = ir.Constant(ir.IntType(32), lane)
            result = builder.fadd(result, builder.extract_element(total, place))
        return result

    return types.float32(types.int64, types.float32), generate


# Without prange: each thread of the measurement runs its own loop, and waits for no other in it.


@njit(nogil=True)
def numba_fma(rounds, start):
    return fma_chains(rounds, start)


@njit(nogil=True, fastmath={"contract"})
def numba_triad(a, b, c, s, rounds):
    for _ in range(rounds):
        for q in range(a.size):
            a[q] = b[q] + s * c[q]
