// The operators without weights of their own: pooling, adding, gates, dropout.

// x (N, H, W, M) -> {y (N, M), cache}: the mean of each channel
function* globalAvgPool(x) {
  const [N, H, W, M] = x.shape;
  const y = array([N, M]);
  for (let p = 0; p < N * H * W; p++) {
    addMultiple(1, x.data, p * M, y.data, Math.floor(p / (H * W)) * M, M);
    if (p % W === 0) yield p / (N * H * W);
  }
  for (let k = 0; k < N * M; k++) y.data[k] /= H * W;
  return { y, cache: { shape: x.shape } };
}

// dy (N, M) -> {dx (N, H, W, M)}: each pixel had an equal part in the mean
function* globalAvgPoolBackward(dy, { shape }) {
  const [N, H, W, M] = shape;
  const dx = array(shape);
  for (let p = 0; p < N * H * W; p++) {
    addMultiple(1 / (H * W), dy.data, Math.floor(p / (H * W)) * M, dx.data, p * M, M);
    if (p % W === 0) yield p / (N * H * W);
  }
  return { dx };
}

// a and b of one shape -> {y, cache}, y = a + b: the residual connection
function* add(a, b) {
  const y = array(a.shape);
  for (let k = 0; k < y.data.length; k++) y.data[k] = a.data[k] + b.data[k];
  yield 1;
  return { y, cache: {} };
}

// Both branches get all of dy.
function* addBackward(dy) {
  yield 1;
  return { da: dy, db: dy };
}

// x (N, H, W, C), g (N, C) -> {y, cache}, y[n, i, j, c] = x[n, i, j, c] g[n, c]: each channel times its
// gate, squeeze-and-excite's last step
function* scaleChannels(x, g) {
  const [N, H, W, C] = x.shape;
  const y = array(x.shape);
  for (let p = 0; p < N * H * W; p++) {
    addProducts(x.data, p * C, g.data, Math.floor(p / (H * W)) * C, y.data, p * C, C);
    if (p % W === 0) yield p / (N * H * W);
  }
  return { y, cache: { x, g } };
}

// dy (N, H, W, C) -> {dx, dg}: either factor is the other's gradient, and a gate met every pixel
function* scaleChannelsBackward(dy, { x, g }) {
  const [N, H, W, C] = x.shape;
  const [dx, dg] = [array(x.shape), array(g.shape)];
  for (let p = 0; p < N * H * W; p++) {
    const gate = Math.floor(p / (H * W)) * C;
    addProducts(dy.data, p * C, g.data, gate, dx.data, p * C, C);
    addProducts(dy.data, p * C, x.data, p * C, dg.data, gate, C);
    if (p % W === 0) yield p / (N * H * W);
  }
  return { dx, dg };
}

// Dropout as it is in evaluation: mode "inverted" (PyTorch, Keras) does nothing, "downscale_in_infer"
// (PaddleClas) multiplies by the share that survived in training.
function* dropout(x, { rate, mode = "inverted" }) {
  const factor = mode === "inverted" ? 1 : 1 - rate;
  yield 1;
  return { y: array(x.shape, x.data.map((value) => value * factor)), cache: { factor } };
}

function* dropoutBackward(dy, { factor }) {
  yield 1;
  return { dx: array(dy.shape, dy.data.map((value) => value * factor)) };
}
