// Which input pixels an output pixel sees.
//
//     output row i sees the input rows  s i + d u - top,  u = 0 .. K-1
//
// with stride s, dilation d and `top` rows of zeros above the map; columns j and v likewise with stride t,
// dilation e and `left`.  Padding is "same" (TensorFlow: ceil(H/s) outputs, the odd zero below and
// right), "symmetric" (PyTorch: as many zeros on every side), "valid" or 0 (none), p, [p, q], or
// [top, bottom, left, right].

function pairOf(value) {
  return Array.isArray(value) ? value : [value, value];
}

// size [H, W] of the map, kernel [K, L] -> {output: [I, J], sides: [top, bottom, left, right], ...}
function windowOf(size, kernel, stride = 1, padding = "same", dilation = 1) {
  stride = pairOf(stride);
  dilation = pairOf(dilation);
  const spans = kernel.map((taps, axis) => dilation[axis] * (taps - 1) + 1);
  const sides = sidesOf(size, spans, stride, padding);
  const output = size.map((length, axis) => {
    const padded = sides[2 * axis] + length + sides[2 * axis + 1];
    return Math.floor((padded - spans[axis]) / stride[axis]) + 1;
  });
  return { size, kernel, stride, dilation, sides, output };
}

function sidesOf(size, spans, stride, padding) {
  if (padding === "same")
    return size.flatMap((length, axis) => {
      const outputs = Math.ceil(length / stride[axis]);
      const zeros = Math.max((outputs - 1) * stride[axis] + spans[axis] - length, 0);
      return [Math.floor(zeros / 2), Math.ceil(zeros / 2)];
    });
  if (padding === "symmetric") padding = spans.map((span) => Math.floor((span - 1) / 2));
  if (padding === "valid") padding = 0;
  if (Array.isArray(padding) && padding.length === 4) return padding;
  const [p, q] = pairOf(padding);
  return [p, p, q, q];
}

// The taps [first, end) of a window that lie within the map: first + d u is from 0 to size - 1.  The
// others would multiply padding, that is zeros, and are left out of every sum.
function tapsInside(first, d, taps, size) {
  const begin = first < 0 ? Math.ceil(-first / d) : 0;
  const end = Math.min(taps, Math.floor((size - 1 - first) / d) + 1);
  return [begin, end];
}

// Who meets whom, output row by output row of N images: yields [met, share], a list of threes (output
// pixel, input pixel, tap), and how much of all that is.  Pixels are counted through all images,
// (n H + i) W + j, taps through the window, u L + v.
//
// Forwards, each meeting adds x[input] w[tap] to y[output].  Backwards the gradient of that product
// goes both ways at the same meeting: dy[output] w[tap] to dx[input], dy[output] x[input] to dw[tap].
function* meetings(place, N) {
  const [I, J] = place.output;
  const room = new Int32Array(3 * J * sizeOf(place.kernel)); // the same for every row
  for (let row = 0; row < N * I; row++) {
    const count = meetInRow(place, Math.floor(row / I), row % I, room);
    yield [room.subarray(0, count), (row + 1) / (N * I)];
  }
}

// Fills `met` with the meetings of output row i of image n -> how many numbers those are
function meetInRow({ size, kernel, stride, dilation, sides, output }, n, i, met) {
  const [[H, W], [K, L], [I, J]] = [size, kernel, output];
  const [[s, t], [d, e], [top, , left]] = [stride, dilation, sides];
  let count = 0;
  const firstRow = s * i - top;
  const [beginU, endU] = tapsInside(firstRow, d, K, H);
  for (let j = 0; j < J; j++) {
    const firstColumn = t * j - left;
    const [beginV, endV] = tapsInside(firstColumn, e, L, W);
    for (let u = beginU; u < endU; u++) {
      for (let v = beginV; v < endV; v++) {
        met[count++] = (n * I + i) * J + j;
        met[count++] = (n * H + firstRow + d * u) * W + firstColumn + e * v;
        met[count++] = u * L + v;
      }
    }
  }
  return count;
}
