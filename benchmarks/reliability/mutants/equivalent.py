"""Mutants that no test can catch, because they compute the same: each with the reason.

`python -m benchmarks.reliability mutants` does not take the reason's word: it computes CASES random cases
with and without the change.  "bits": all results are the same bits; "rounding": sums are made in another
order, and nothing but their rounding differs.
"""

from __future__ import annotations

from .changing import Mutant

CASES = 1000
_SHARES = "shares of a sum: how many there are decides in which order it is made, and nothing else"
_CUT = "how rows are cut into work for threads; each element is computed once, in one order"
_FETCHED = "lines of cache asked for early: nothing is computed from them"
_TYPES = "LLVM takes an instruction by the types that it is given, whatever its name says of them"
_BOUND = "both sides of the bound give the value of the bound"

# file, function, kind, the code after the change: what is the same, and why
EQUIVALENT: dict[tuple[str, str, str, str], tuple[str, str]] = {
    ("activations.py", "numba_clip", "bound", "value >= high"): ("bits", _BOUND),
    ("batchnorm.py", "numba_squares", "bound", "range(first, fours - 1, 4)"): (
        "bits",
        "fours - first is a multiple of 4, so the last step begins before fours - 1 too",
    ),
    ("batchnorm.py", "numba_statistics", "extreme", "max(16, P)"): ("rounding", _SHARES),
    ("batchnorm.py", "numba_backward_affine", "extreme", "max(16, P)"): ("rounding", _SHARES),
    ("conv.py", "numba_backward_weight", "constant", "9"): ("bits", _CUT),
    ("depthwise.py", "numba_backward_weight", "extreme", "max(16, dy.shape[0] * dy.shape[1])"): (
        "rounding",
        _SHARES,
    ),
    ("fake_quantize.py", "numba_forward", "bound", "q >= greatest"): ("bits", _BOUND),
    ("pointwise.py", "numba_product", "product", "P * 8"): ("bits", _CUT),
    ("pointwise.py", "numba_product", "extreme", "max(8, P // 8)"): ("bits", _CUT),
    ("integer/conv.py", "requantised", "constant", "2"): (
        "bits",
        "NumPy finds the size that is given as any negative number",
    ),
    ("integer/pool.py", "numba_averages", "index", "sums[n, i - 1, j]"): (
        "bits",
        "memory for sums, all zero: each row still has one of its own",
    ),
    ("integer/requantise.py", "numpy_high_product", "constant", "2"): (
        "bits",
        "a multiplier is below 2**31, so that the product stays below both bounds",
    ),
    ("simd/infer/pointwise.py", "_panel", "sign", "last + first"): (
        "bits",
        "pixels of the chunk before are computed once more, to the same values",
    ),
    (
        "simd/tiles/depthwise.py",
        "forward_rows",
        "bound",
        "range(0, stride * given.mr * BYTES - 1, 64)",
    ): ("bits", _FETCHED),
    ("simd/tiles/depthwise.py", "seen", "sign", "count + 1"): (
        "bits",
        "inputs are loaded that no window sees, and the compiler drops loads that nobody uses",
    ),
    ("simd/tiles/epilogue.py", "fetching_rows", "constant", "2"): ("bits", _FETCHED),
    (
        "simd/tiles/gemm.py",
        "blocked",
        "bound",
        "range(0 + 1, unroll * given.nr * BYTES, 64)",
    ): ("bits", _FETCHED),
    ("simd/train/depthwise.py", "_forward", "constant", "2"): (
        "bits",
        "a pixel too many, over which the next row is written: so it is on one thread, as mutants run; "
        "another may have written that row before",
    ),
    ("simd/train/pack.py", "_row", "constant", "2"): ("bits", "any negative number says zeros"),
    ("simd/integer/maps.py", "byte_at", "constant", "2"): (
        "bits",
        "how a single byte is said to lie makes no other instruction",
    ),
    ("simd/integer/pack.py", "panels", "bound", "range(0, split * LANES - 1, main * LANES)"): (
        "bits",
        "split is a multiple of main, so the last step begins before split * LANES - 1 too",
    ),
    ("simd/integer/quads.py", "narrowed", "product", "4 + LANES"): ("bits", _TYPES),
    ("simd/integer/quads.py", "narrowed", "constant", "3"): ("bits", _TYPES),
    ("simd/integer/product.py", "_row", "bound", "s.columns > rows"): (
        "bits",
        "as many columns as a tile has rows are computed one by one",
    ),
    ("simd/integer/requantise.py", "grouped", "constant", "2"): (
        "bits",
        "pixels that fill up a group of four, and are not stored",
    ),
    ("simd/integer/stores.py", "neighbours", "constant", "1"): (
        "bits",
        "the distance of planes, of which there is one",
    ),
    ("simd/integer/stores.py", "scattered", "bound", "given.mr - 0"): (
        "bits",
        "neighbours are taken for others and stored one by one, to the same places",
    ),
}


def reason(mutant: Mutant) -> tuple[str, str] | None:
    """What stays the same, and why; None where nobody has said so."""
    return EQUIVALENT.get(mutant.key)
