"""The manifest's sentences: what operators compute, how sums become 8 bits, what files are."""

_PRODUCT = "x is the input and zx its zero point, w the weight and zw its, b the bias, s the stride"
_WINDOW = (
    "sum over ky, kx, in of (x[n, s*y + ky - top, s*x + kx - left, in] - zx) * (w[{w}] - zw[{o}])"
)
_PADDED = f"{_PRODUCT}; outside the map x is padding.value"

OPERATORS = {
    "conv2d": "accumulators[n, y, x, out] = b[out] + "
    + _WINDOW.format(w="ky, kx, in, out", o="out")
    + f"; {_PADDED}",
    "grouped_conv2d": "as conv2d, but filter out sees only the channels of its own group: those from "
    "G * floor(out / (outs / groups)) on, G = ins / groups of them; " + _PADDED,
    "depthwise_conv2d": "accumulators[n, y, x, c] = b[c] + sum over ky, kx of "
    "(x[n, s*y + ky - top, s*x + kx - left, c] - zx) * (w[ky, kx, c] - zw[c]); " + _PADDED,
    "pointwise_conv2d": "accumulators[n, y, x, out] = b[out] + sum over in of "
    f"(x[n, y, x, in] - zx) * (w[in, out] - zw[out]); {_PRODUCT}; without y and x for (n, c)",
    "dense": "accumulators[n, out] = b[out] + sum over in of (x[n, in] - zx) * (w[in, out] - zw[out]); "
    + _PRODUCT,
    "add": "a is input, b input_2.  requantise double: accumulators = scaled((a - za) * 2^20, ma, ra) + "
    "scaled((b - zb) * 2^20, mb, rb), scaled as the rule double; requantise shift: accumulators = "
    "ma * (a - za) + mb * (b - zb); ma, mb are operand_multiplier, ra, rb operand_shift",
    "multiply": "accumulators = (x - zx) * (g - zg), x is input, g input_2; a g of (n, c) is one factor "
    "for all pixels of a channel",
    "mean": "accumulators[n, c] = sum over y, x of (x[n, y, x, c] - zx)",
    "avg_pool2d": "accumulators[n, y, x, c] = sum over the pixels of the window that lie in the map of "
    "x, without a zero point; area is how many they are",
    "max_pool2d": "output = the largest x of the window that lies in the map",
    "hard_swish": "output = table[the byte of x, read as a number from 0 to 255]",
    "hard_sigmoid": "output = table[the byte of x, read as a number from 0 to 255]",
    "requantize": "output = table[the byte of x, read as a number from 0 to 255]",
    "softmax": "output = exp(scale * x[n, c]) / sum over d of exp(scale * x[n, d]), in fixed point",
}

_END = "output = min(max(r + zero_point, clamp[0]), clamp[1])"

RULES = {
    "double": "t = accumulator * 2^-shift where shift is below 0, else accumulator, kept in 32 bits; "
    "h = floor((t * multiplier + 2^30) / 2^31) in 64 bits; r = h / 2^shift where shift is above 0, to "
    f"the nearest integer, of two equally near that further from 0, else h; {_END}",
    "single": "r = float32(float32(accumulator) * factor) to the nearest integer, of two equally near "
    f"the even one; factor is float32; {_END}",
    "exact": "r = float64(accumulator * factor) to the nearest integer, of two equally near that "
    f"further from 0; factor is float64; {_END}",
    "shift": f"r = floor((accumulator + 2^(shift - 1)) / 2^shift); {_END}",
    "area": "r = accumulator / area, to the nearest integer, of two equally near that further from 0; "
    + _END,
}

FILES = {
    "names": "a folder for each layer, in it NAME.npy and NAME.hex for each tensor, and layer.h",
    "npy": "NumPy's format: numpy.load",
    "hex": "$readmemh: a word a line, two's complement, bits / 4 hexadecimal digits, no address; floats "
    "as the bits of IEEE 754",
    "h": "C: all tensors of the layer, and its sizes as an enum",
    "order": "the last axis moves fastest: of shape (N, H, W, C) element (n, y, x, c) is word "
    "((n * H + y) * W + x) * C + c",
    "real": "a tensor with scale and zero_point holds the real numbers scale * (word - zero_point); of "
    "several scales each belongs to one index of the last axis; bias and accumulators of convolutions "
    "and dense layers have the scale of input times that of weight",
}
