"""Convolutions as matrix products, forwards and backwards: pointwise and dense; conv.py adds windows.

    y = x @ w + bias        dw = x^T @ dy        dx = dy @ w^T

A work item is a share of the pixels, and of that a piece of the output's (backwards: the input's)
channels.  Shares follow from the shapes alone, so that sums over shares are the same for any number of
threads.  A share is done a tile of pixels at a time: their inputs (backwards: their dy too) are made once
in a scratch that stays in L2, and multiplied with every micropanel of weights.
"""

from ...routines import compiled_routine
from ..isa.lanes import BYTES, LANES
from ..runtime.parts import made, panel_at, panel_count, part, span, zero
from ..runtime.work_item import INVOKED, descriptor, invoke, stage
from ..tiles import gemm
from ..tuning import TILES, TRAIN_UNROLL
from .maps import GATE, GIVEN, GRADIENT, gradient, inputs, seen
from .norm import BACKWARD_SUMS, COEFFICIENTS, FORWARD_SUMS, accumulate_moments, norm_backward

CUT = "pixels shares pieces grain tile "
_PANELS = "main split vectors many rest "  # many, rest: routines for panels of either width
PRODUCT = CUT + _PANELS + "height panels bias y y_plane y_sums y_blocks "
GRADIENTS = (  # dw and dx
    CUT + _PANELS + "t_main t_split t_vectors t_many t_rest transposed filters zeros "
    "g g_share g_block g_row " + GIVEN
)
FORWARD = descriptor(seen("x") + GATE + "x_blocks " + PRODUCT)
BACKWARD = descriptor(seen("x") + GATE + "x_blocks " + GRADIENTS + GRADIENT)


def _panel(vectors):
    rows = TILES[vectors]
    some = max(2, rows // 2)
    many, few, one = (gemm.pointwise_bias(r, vectors, TRAIN_UNROLL) for r in (rows, some, 1))

    @made("panel", vectors)
    def panel(bias, x, x_plane, count, turns, w, y, y_plane):
        """`count` pixels of one panel."""
        p, end = 0, count * BYTES
        while end - p >= rows * BYTES:
            many(bias, x + p, x_plane, turns, w, y + p, y_plane)
            p += rows * BYTES
        while end - p >= some * BYTES:
            few(bias, x + p, x_plane, turns, w, y + p, y_plane)
            p += some * BYTES
        while p < end:
            one(bias, x + p, x_plane, turns, w, y + p, y_plane)
            p += BYTES

    return compiled_routine(panel, INVOKED)


def _outer(vectors):
    # the lanes of a block of x, in as few microkernels as there are registers for, of one or two sizes
    count = -(-LANES // TILES[vectors])
    small, large = LANES // count, -(-LANES // count)
    lower, higher = (gemm.outer_product(rows, vectors) for rows in (small, large))

    @made("outer", vectors)
    def outer(before, before_row, x, d, d_plane, count, g, g_row):
        """g = before + x^T d: all lanes of a block of x, one panel of g, `count` pixels."""
        r = 0
        while r < LANES:
            of, to = before + r * before_row, g + r * g_row
            if (LANES - r) % small == 0:
                lower(of, before_row, x + 4 * r, d, d_plane, count, to, g_row)
                r += small
            else:
                higher(of, before_row, x + 4 * r, d, d_plane, count, to, g_row)
                r += large

    return compiled_routine(outer, INVOKED)


panels = {v: _panel(v) for v in TILES}
outers = {v: _outer(v) for v in TILES}


def forward(module, name, fields, inputs):
    """The stage of a product, for a module.  inputs(s, x, x_plane, first, count, 0, blocks) makes x."""

    @stage(fields)
    @made(name, module=module)  # whoever imports that finds it
    def product(s, b, item):
        """y = x @ w + bias for a share of the pixels and some panels, and its moments."""
        number, piece = item // s.pieces, item % s.pieces
        first, last = span(s.pixels, number, s.shares, s.grain)
        panels = panel_count(s.main, s.split, s.vectors)
        low, high = piece * panels // s.pieces, (piece + 1) * panels // s.pieces
        x, plane = b.scratch, (s.tile + 1) * BYTES
        for p in range(first, last, s.tile):
            count = min(s.tile, last - p)
            inputs(s, x, plane, p, count, 0, s.x_blocks)
            for panel in range(low, high):
                block, width = panel_at(panel, s.main, s.split, s.vectors)
                w, y = s.panels + block * s.height * BYTES, s.y + block * s.y_plane + p * BYTES
                code = s.many if block < s.split else s.rest
                bias, turns = s.bias + block * BYTES, s.height // TRAIN_UNROLL
                invoke(code, bias, x, plane, count, turns, w, y, s.y_plane)
                for v in range(width if s.y_sums else 0):
                    sums = s.y_sums + (number * s.y_blocks + block + v) * FORWARD_SUMS
                    accumulate_moments(y + v * s.y_plane, count, sums, p == first)

    return product


@part
def _add_filters(s, number, x, d, plane, count, low, high, fresh):
    """dw += x^T dy of some pixels, rows of blocks low .. high of x, into the share of this number."""
    for panel in range(panel_count(s.main, s.split, s.vectors)):
        block, width = panel_at(panel, s.main, s.split, s.vectors)
        code = s.many if block < s.split else s.rest
        g, row = s.g + number * s.g_share + block * s.g_block, s.g_row or width * BYTES
        for k in range(low, high):
            to = g + k * LANES * row
            before, before_row = (s.zeros, 0) if fresh else (to, row)
            of = x + (k - low) * plane
            invoke(code, before, before_row, of, d + block * plane, plane, count, to, row)


@part
def input_gradient(s, x, d, plane, count, low, high):
    """dv = dy w^T of blocks low .. high, over x, which is no longer needed."""
    turns, block = (s.filters + TRAIN_UNROLL - 1) // TRAIN_UNROLL, low
    while block < high:
        code = s.t_many if block < s.t_split else s.t_rest
        w = s.transposed + block * turns * TRAIN_UNROLL * BYTES
        invoke(code, s.zeros, d, plane, count, turns, w, x + (block - low) * plane, plane)
        block += s.t_main if block < s.t_split else s.t_vectors - s.t_split


def backward(module, name, fields, inputs, give):
    """The stage of a product's gradients.

    inputs(s, x, x_plane, first, count, low, high) makes blocks low .. high of x;
    give(s, x, d, plane, first, count, low, high, number, fresh) makes dx of them.
    """

    @stage(fields)
    @made(name, module=module)  # whoever imports that finds it
    def product(s, b, item):
        """dw = x^T dy and dx = dy w^T for a share of the pixels and some of the input's channels."""
        number, piece = item // s.pieces, item % s.pieces
        first, last = span(s.pixels, number, s.shares, s.grain)
        cut = s.t_main, s.t_split, s.t_vectors
        panels = panel_count(*cut)
        low, _ = panel_at(piece * panels // s.pieces, *cut)
        high, _ = panel_at((piece + 1) * panels // s.pieces, *cut)
        if piece == s.pieces - 1:
            high = s.t_vectors
        d, plane = b.scratch, (s.tile + 1) * BYTES
        x = d + s.y_blocks * plane
        for p in range(first, last, s.tile):
            count = min(s.tile, last - p)
            for block in range(s.y_blocks):
                at, c = block * s.y_plane + p * BYTES, s.y_coefficients + block * COEFFICIENTS
                norm_backward(s.dy + at, s.y + at, d + block * plane, count, c, s.normal)
            inputs(s, x, plane, p, count, low, high)
            _add_filters(s, number, x, d, plane, count, low, high, p == first)
            give(s, x, d, plane, p, count, low, high, number, p == first)

    return product


@part
def _give(s, x, d, plane, first, count, low, high, number, fresh):
    input_gradient(s, x, d, plane, count, low, high)
    if s.complete and fresh:
        zero(s.sums + (number * s.x_blocks + low) * BACKWARD_SUMS, 4 * (high - low))
    for k in range(low, high):
        gradient(s, x + (k - low) * plane, k, first * BYTES, count, number, s.x_blocks)


pointwise_forward = forward(__name__, "pointwise_forward", FORWARD, inputs)
pointwise_backward = backward(__name__, "pointwise_backward", BACKWARD, inputs, _give)
