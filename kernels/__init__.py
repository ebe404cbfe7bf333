"""The arithmetic of MobileNet, one file an operator: the formula, then its rungs, slowest first.

    conv.py        standard convolution        pool.py         average and global average pool
    depthwise.py   depthwise convolution       batchnorm.py    batch normalisation
    pointwise.py   pointwise convolution,      activations.py  ReLU and ReLU6
                   and so the dense layer      optimizers.py   SGD, RMSProp, Adam

The rungs of one file have identical signatures and give the same result:

    loops_*   the formula, index by index, in Python
    numpy_*   whole arrays at a time
    numba_*   the loops again, compiled, and shared between the cores
    simd_*    convolutions and products on vector registers (simd/)

`RUNGS`, at the end of a file or of its rungs, lists them.
Kernels check nothing: `npmobilenet.ops` validates shapes and types, pads, and chooses the rung.
They write into arrays handed to them, so that the caller decides where results are stored.
"""
