// Activations: a function of one number, for each number of an array, and its slope there.
//
//     dx = dy f'(x)
//
// Where a function has a kink the slope is PyTorch's: relu 0 at 0; relu6 0 at 0 and 6; hard_sigmoid 0 at
// both ends; hard_swish 0 at -3 and 1 at 3.  `a` is the slope of a hard sigmoid between its ends.

const GATE_SLOPE = 1 / 6; // of a hard sigmoid that says nothing else

const ACTIVATIONS = {
  relu: {
    value: (x) => Math.max(x, 0),
    slope: (x) => (x <= 0 ? 0 : 1),
  },
  relu6: {
    value: (x) => Math.min(Math.max(x, 0), 6),
    slope: (x) => (x <= 0 || x >= 6 ? 0 : 1),
  },
  sigmoid: {
    value: logistic,
    slope: (x) => logistic(x) * (1 - logistic(x)),
  },
  swish: {
    value: (x) => x * logistic(x),
    slope: (x) => logistic(x) * (1 + x * (1 - logistic(x))),
  },
  hard_sigmoid: {
    value: (x, a = GATE_SLOPE) => Math.min(Math.max(a * x + 0.5, 0), 1),
    slope: (x, a = GATE_SLOPE) => (Math.abs(x) >= 0.5 / a ? 0 : a),
  },
  hard_swish: {
    value: (x) => (x * Math.min(Math.max(x + 3, 0), 6)) / 6,
    slope: (x) => (x <= -3 ? 0 : x >= 3 ? 1 : x / 3 + 0.5),
  },
};

// 1 / (1 + exp(-x)); the exponent is never above 0, so nothing overflows
function logistic(x) {
  const e = Math.exp(-Math.abs(x));
  return (x >= 0 ? 1 : e) / (1 + e);
}

// x of any shape -> {y, cache}; `slope` is that of a hard sigmoid
function* activation(name, x, slope) {
  const { value } = ACTIVATIONS[name];
  const y = array(x.shape);
  for (const [from, to] of stretches(x.data.length)) {
    bend(x.data, value, slope, y.data, from, to);
    yield to / x.data.length;
  }
  return { y, cache: { name, x, slope } };
}

function bend(x, value, slope, y, from, to) {
  for (let k = from; k < to; k++) y[k] = value(x[k], slope);
}

// dy as y -> {dx}
function* activationBackward(dy, { name, x, slope }) {
  const slopeAt = ACTIVATIONS[name].slope;
  const dx = array(x.shape);
  for (const [from, to] of stretches(x.data.length)) {
    bendBackward(dy.data, x.data, slopeAt, slope, dx.data, from, to);
    yield to / x.data.length;
  }
  return { dx };
}

function bendBackward(dy, x, slopeAt, slope, dx, from, to) {
  for (let k = from; k < to; k++) dx[k] = dy[k] * slopeAt(x[k], slope);
}
