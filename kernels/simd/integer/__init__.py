"""Eight bits: maps of bytes, sums of 32 bits, and what brings the one back to the other.

    quads.py        four bytes in a lane: their products, and how channels of four pixels get there
    requantise.py   sums to bytes, as LiteRT's reference kernels and as XNNPACK round
    residual.py     a map added to them; stores.py where they go
    product.py      the microkernel and the stage of pointwise and standard convolutions
    window.py       those of depthwise convolutions
    maps.py         what is done without weights

docs/integers-engine.md draws the ideas.  Signed tensors are kept shifted by 128, so that all maps are
unsigned; a weight that no signed byte holds is two.
"""
