"""Arithmetic on 8-bit integers, one file an operator: the formula, then its rungs, slowest first.

    requantise.py   sums of 32 bits back to 8        elementwise.py   residual add, product
    conv.py         standard, grouped convolution    pool.py          mean, average, largest
    depthwise.py    depthwise convolution            tables.py        one byte to one byte
    pointwise.py    pointwise and dense              softmax.py       probabilities

An integer q stands for the real number scale * (q - zero).  Products of two such numbers are summed in
32 bits, which wrap around where a sum does not fit, and requantise.py brings the sums to the scale of
the result.  All rungs give the same bits.
"""
