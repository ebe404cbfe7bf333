// Batch normalisation: each channel shifted and scaled.
//
//     xhat[p, c] = (x[p, c] - mean[c]) / sqrt(variance[c] + eps)
//     y[p, c]    = gamma[c] xhat[p, c] + beta[c]
//
// p runs over all pixels of all images.  In evaluation, which is what this page computes, mean and variance
// are constants that training has left behind.  In training they are the batch's own: then they are
// functions of x too, which adds two terms to dx.
//
//     dbeta[c]  = sum_p dy[p, c]
//     dgamma[c] = sum_p dy[p, c] xhat[p, c]
//     dx[p, c]  = gamma[c] / sqrt(variance[c] + eps) (dy[p, c] - dbeta[c]/P - xhat[p, c] dgamma[c]/P)
//                                                    in evaluation dy[p, c] alone

// x (N, H, W, C) or (N, C), the others (C) -> {y, cache, mean, variance}; the last two are the running
// estimates, in training moved towards the batch: (1 - momentum) old + momentum batch.
function* batchNorm(x, gamma, beta, { mean, variance, train = false, eps, momentum = 0.1 }) {
  const C = gamma.data.length;
  const P = x.data.length / C;
  const used = train ? batchStatistics(x.data, P, C) : { mean, variance };
  const y = array(x.shape);
  const inverse = used.variance.data.map((value) => 1 / Math.sqrt(value + eps));
  for (const [from, to] of stretches(P, Math.ceil(STRETCH / C))) {
    normalise(x.data, used.mean.data, inverse, gamma.data, beta.data, y.data, C, from, to);
    yield to / P;
  }
  const cache = { x, gamma, mean: used.mean, inverse, train };
  if (!train) return { y, cache, mean, variance };
  const towards = ({ shape, data }, batch) =>
    array(shape, data.map((old, c) => (1 - momentum) * old + momentum * batch[c]));
  // the running variance estimates that of all images: divided by P - 1, where the batch's own is by P
  const unbiased = used.variance.data.map((value) => (value * P) / (P - 1));
  return { y, cache, mean: towards(mean, used.mean.data), variance: towards(variance, unbiased) };
}

function normalise(x, mean, inverse, gamma, beta, y, C, from, to) {
  for (let p = from; p < to; p++) {
    for (let c = 0; c < C; c++) {
      const xhat = (x[p * C + c] - mean[c]) * inverse[c];
      y[p * C + c] = gamma[c] * xhat + beta[c];
    }
  }
}

// The variance in a second pass, around the mean: E[x²] - E[x]² would lose its digits.
function batchStatistics(x, P, C) {
  const [mean, variance] = [array([C]), array([C])];
  for (let k = 0; k < P * C; k++) mean.data[k % C] += x[k] / P;
  for (let k = 0; k < P * C; k++) variance.data[k % C] += (x[k] - mean.data[k % C]) ** 2 / P;
  return { mean, variance };
}

// dy as y -> {dx, dgamma, dbeta}
function* batchNormBackward(dy, { x, gamma, mean, inverse, train }) {
  const C = gamma.data.length;
  const P = x.data.length / C;
  const [dx, dgamma, dbeta] = [array(x.shape), array([C]), array([C])];
  const parts = [...stretches(P, Math.ceil(STRETCH / C))];
  for (const [from, to] of parts) {
    addAffineGradients(dy.data, x.data, mean.data, inverse, dgamma.data, dbeta.data, C, from, to);
    yield to / P / 2;
  }
  // in evaluation mean and variance do not move with x: their two terms are zero
  const moves = [dbeta, dgamma].map(({ data }) => data.map((sum) => (train ? sum / P : 0)));
  const scale = inverse.map((value, c) => gamma.data[c] * value);
  for (const [from, to] of parts) {
    inputGradient(dy.data, x.data, mean.data, inverse, scale, ...moves, dx.data, C, from, to);
    yield 0.5 + to / P / 2;
  }
  return { dx, dgamma, dbeta };
}

function addAffineGradients(dy, x, mean, inverse, dgamma, dbeta, C, from, to) {
  for (let p = from; p < to; p++) {
    for (let c = 0; c < C; c++) {
      dgamma[c] += dy[p * C + c] * (x[p * C + c] - mean[c]) * inverse[c];
      dbeta[c] += dy[p * C + c];
    }
  }
}

function inputGradient(dy, x, mean, inverse, scale, level, slope, dx, C, from, to) {
  for (let p = from; p < to; p++) {
    for (let c = 0; c < C; c++) {
      const xhat = (x[p * C + c] - mean[c]) * inverse[c];
      dx[p * C + c] = scale[c] * (dy[p * C + c] - level[c] - slope[c] * xhat);
    }
  }
}
