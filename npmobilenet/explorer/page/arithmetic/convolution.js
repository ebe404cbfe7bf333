// Convolutions: standard, depthwise and pointwise, and the dense layer, forwards and backwards.
//
//     conv2d           y[i, j, o] = b[o] + sum_uvm x[s i + d u, t j + e v, m] w[u, v, m, o]
//     depthwiseConv2d  y[i, j, m] = b[m] + sum_uv  x[s i + d u, t j + e v, m] w[u, v, m]
//     pointwiseConv2d  y[i, j, o] = b[o] + sum_m   x[s i, t j, m] w[m, o]
//     dense            y[o]       = b[o] + sum_m   x[m] w[m, o]
//
// over the padded x, for each image n.  K L M O multiplications a pixel for the standard one, K L M and
// M O for its two halves.  Every product x w above sends its gradient both ways:
//
//     dx[s i + d u, t j + e v, m] += dy[i, j, o] w[u, v, m, o]
//     dw[u, v, m, o]              += dy[i, j, o] x[s i + d u, t j + e v, m]
//
// A convolution is a pointwise one for each tap (u, v), a pointwise one is a dense layer for each pixel.
// Generators go through the rows; what is done in a row is a plain function, which browsers make fast
// sooner.

// x (N, H, W, M), w (K, L, M, O), b (O) or null -> {y (N, I, J, O), cache}
function* conv2d(x, w, b = null, { stride, padding, dilation } = {}) {
  const [N, H, W, M] = x.shape;
  const [K, L, , O] = w.shape;
  const place = windowOf([H, W], [K, L], stride, padding, dilation);
  const y = array([N, ...place.output, O]);
  for (const [met, share] of meetings(place, N)) {
    convolveRow(met, x.data, w.data, y.data, M, O);
    yield share;
  }
  if (b) addBias(y, b);
  return { y, cache: { x, w, b, place } };
}

function convolveRow(met, x, w, y, M, O) {
  for (let k = 0; k < met.length; k += 3) {
    const output = met[k] * O;
    const input = met[k + 1] * M;
    const tap = met[k + 2] * M * O;
    addVectorTimesMatrix(x, input, M, w, tap, O, y, output);
  }
}

// dy (N, I, J, O) -> {dx, dw, db}
function* conv2dBackward(dy, { x, w, b, place }) {
  const [M, O] = w.shape.slice(2);
  const [dx, dw] = [array(x.shape), array(w.shape)];
  for (const [met, share] of meetings(place, x.shape[0])) {
    convolveRowBackward(met, dy.data, x.data, w.data, dx.data, dw.data, M, O);
    yield share;
  }
  return { dx, dw, db: b && biasGradient(dy) };
}

function convolveRowBackward(met, dy, x, w, dx, dw, M, O) {
  for (let k = 0; k < met.length; k += 3) {
    const output = met[k] * O;
    const input = met[k + 1] * M;
    const tap = met[k + 2] * M * O;
    addMatrixTimesVector(dy, output, O, w, tap, M, dx, input);
    addOuterProduct(x, input, M, dy, output, O, dw, tap);
  }
}

// x (N, H, W, M), w (K, L, M), b (M) or null -> {y (N, I, J, M), cache}
function* depthwiseConv2d(x, w, b = null, { stride, padding, dilation } = {}) {
  const [N, H, W, M] = x.shape;
  const [K, L] = w.shape;
  const place = windowOf([H, W], [K, L], stride, padding, dilation);
  const y = array([N, ...place.output, M]);
  for (const [met, share] of meetings(place, N)) {
    convolveRowDepthwise(met, x.data, w.data, y.data, M);
    yield share;
  }
  if (b) addBias(y, b);
  return { y, cache: { x, w, b, place } };
}

function convolveRowDepthwise(met, x, w, y, M) {
  for (let k = 0; k < met.length; k += 3) {
    const output = met[k] * M;
    const input = met[k + 1] * M;
    const tap = met[k + 2] * M;
    addProducts(x, input, w, tap, y, output, M);
  }
}

// dy (N, I, J, M) -> {dx, dw, db}
function* depthwiseConv2dBackward(dy, { x, w, b, place }) {
  const [dx, dw] = [array(x.shape), array(w.shape)];
  const [N, , , M] = x.shape;
  for (const [met, share] of meetings(place, N)) {
    convolveRowDepthwiseBackward(met, dy.data, x.data, w.data, dx.data, dw.data, M);
    yield share;
  }
  return { dx, dw, db: b && biasGradient(dy) };
}

function convolveRowDepthwiseBackward(met, dy, x, w, dx, dw, M) {
  for (let k = 0; k < met.length; k += 3) {
    const output = met[k] * M;
    const input = met[k + 1] * M;
    const tap = met[k + 2] * M;
    addProducts(dy, output, w, tap, dx, input, M);
    addProducts(dy, output, x, input, dw, tap, M);
  }
}

// x (N, H, W, M), w (M, O), b (O) or null -> {y (N, I, J, O), cache}: a convolution whose window is a
// single pixel, so that no padding is needed; a stride skips pixels.
function* pointwiseConv2d(x, w, b = null, { stride = 1 } = {}) {
  const asFilters = array([1, 1, ...w.shape], w.data);
  const { y, cache } = yield* conv2d(x, asFilters, b, { stride, padding: "valid" });
  return { y, cache };
}

function* pointwiseConv2dBackward(dy, cache) {
  const { dx, dw, db } = yield* conv2dBackward(dy, cache);
  return { dx, dw: array(dw.shape.slice(2), dw.data), db };
}

// x (N, M), w (M, O), b (O) or null -> {y (N, O), cache}: images of one pixel.
function* dense(x, w, b = null) {
  const [N, M] = x.shape;
  const { y, cache } = yield* pointwiseConv2d(array([N, 1, 1, M], x.data), w, b);
  return { y: array([N, w.shape[1]], y.data), cache };
}

function* denseBackward(dy, cache) {
  const [N, O] = dy.shape;
  const { dx, dw, db } = yield* pointwiseConv2dBackward(array([N, 1, 1, O], dy.data), cache);
  return { dx: array([N, dx.shape[3]], dx.data), dw, db };
}
