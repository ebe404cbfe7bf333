// Softmax and cross-entropy: from logits z to probabilities, to one number that training makes small.
//
//     probability[k] = exp(z[k]) / sum_l exp(z[l])
//     loss           = - mean over images of  sum_k q[k] log probability[k],   q is 1 at the label
//     dz[k]          = (probability[k] - q[k]) / N

// logits (N, classes) -> probabilities (N, classes).  The largest logit is taken off first: exp(0) = 1
// does not overflow, and the quotient is the same.
function softmax(logits) {
  const [N, classes] = logits.shape;
  const probabilities = array(logits.shape);
  for (let n = 0; n < N; n++) {
    const z = logits.data.subarray(n * classes, (n + 1) * classes);
    const largest = z.reduce((a, b) => Math.max(a, b), -Infinity);
    const e = z.map((value) => Math.exp(value - largest));
    const sum = e.reduce((a, b) => a + b, 0);
    probabilities.data.set(e.map((value) => value / sum), n * classes);
  }
  return probabilities;
}

// logits (N, classes), labels: N class numbers -> {y: array of one number, the loss, cache}.
// Label smoothing e gives every class e/classes of what the label has.
function* softmaxCrossEntropy(logits, labels, { labelSmoothing = 0 } = {}) {
  const [N, classes] = logits.shape;
  const target = array(logits.shape);
  target.data.fill(labelSmoothing / classes);
  for (let n = 0; n < N; n++) target.data[n * classes + labels[n]] += 1 - labelSmoothing;
  const probabilities = softmax(logits);
  let loss = 0;
  for (let n = 0; n < N; n++) loss -= meanLogProbability(logits, target, n) / N;
  yield 1;
  return { y: array([], Float64Array.of(loss)), cache: { probabilities, target } };
}

// sum_k q[k] log probability[k] of image n, with log probability[k] = z[k] - log sum_l exp(z[l]): a
// probability may round to 0 where its logarithm is still a number
function meanLogProbability(logits, target, n) {
  const classes = logits.shape[1];
  const z = logits.data.subarray(n * classes, (n + 1) * classes);
  const q = target.data.subarray(n * classes, (n + 1) * classes);
  const largest = z.reduce((a, b) => Math.max(a, b), -Infinity);
  const logSum = largest + Math.log(z.reduce((sum, value) => sum + Math.exp(value - largest), 0));
  return q.reduce((sum, share, k) => (share > 0 ? sum + share * (z[k] - logSum) : sum), 0);
}

// dloss: 1 when the loss is the end -> {dlogits (N, classes)}
function* softmaxCrossEntropyBackward(dloss, { probabilities, target }) {
  const N = target.shape[0];
  const part = (q, k) => ((probabilities.data[k] - q) * dloss) / N;
  yield 1;
  return { dlogits: array(target.shape, target.data.map(part)) };
}

// logits (1, classes), a class -> {loss, dlogits (1, classes), probabilities: one number a class}
function lossAndGradient(logits, label) {
  const { y, cache } = finish(softmaxCrossEntropy(logits, [label]));
  const { dlogits } = finish(softmaxCrossEntropyBackward(1, cache));
  return { loss: y.data[0], dlogits, probabilities: cache.probabilities.data };
}
