// Grouped convolution: channels and filters stand in G groups, and a filter sees its own group alone.
//
//     y[i, j, o] = b[o] + sum_uvp x[s i + d u, t j + e v, P g + p] w[u, v, p, o],   g = floor(o / Q)
//
// with P = M/G channels and Q = O/G filters in a group: a G-th of a standard convolution's products.  One
// group is the standard convolution, as many groups as channels the depthwise one.  Backwards each product
// sends its gradient both ways, as in every convolution.

// x (N, H, W, M), w (K, L, P, O), b (O) or null -> {y (N, I, J, O), cache}
function* groupedConv2d(x, w, b = null, { groups, stride, padding, dilation } = {}) {
  const [N, H, W, M] = x.shape;
  const [K, L, P, O] = w.shape;
  const place = windowOf([H, W], [K, L], stride, padding, dilation);
  const y = array([N, ...place.output, O]);
  for (const [met, share] of meetings(place, N)) {
    for (let k = 0; k < met.length; k += 3) {
      const [output, input, tap] = [met[k] * O, met[k + 1] * M, met[k + 2] * P * O];
      for (let o = 0; o < O; o++) {
        const first = input + P * Math.floor((o * groups) / O);
        let sum = 0;
        for (let p = 0; p < P; p++) sum += x.data[first + p] * w.data[tap + p * O + o];
        y.data[output + o] += sum;
      }
    }
    yield share;
  }
  if (b) addBias(y, b);
  return { y, cache: { x, w, b, place, groups } };
}

// dy (N, I, J, O) -> {dx, dw, db}
function* groupedConv2dBackward(dy, { x, w, b, place, groups }) {
  const [N, , , M] = x.shape;
  const [P, O] = w.shape.slice(2);
  const [dx, dw] = [array(x.shape), array(w.shape)];
  for (const [met, share] of meetings(place, N)) {
    for (let k = 0; k < met.length; k += 3) {
      const [output, input, tap] = [met[k] * O, met[k + 1] * M, met[k + 2] * P * O];
      for (let o = 0; o < O; o++) {
        const first = input + P * Math.floor((o * groups) / O);
        const gradient = dy.data[output + o];
        for (let p = 0; p < P; p++) {
          dx.data[first + p] += gradient * w.data[tap + p * O + o];
          dw.data[tap + p * O + o] += gradient * x.data[first + p];
        }
      }
    }
    yield share;
  }
  return { dx, dw, db: b && biasGradient(dy) };
}
