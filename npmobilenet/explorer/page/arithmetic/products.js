// The four inner loops that nearly all of the network's time goes into.  Each works on rows of numbers
// within larger arrays: `xAt` says where in x a row begins.
//
// Three of them are a vector times a matrix and its two gradients, y = x w:
//
//     y[o]     += sum_m x[m] w[m, o]         forwards
//     dx[m]    += sum_o dy[o] w[m, o]        the gradient goes back through the same matrix
//     dw[m, o] += x[m] dy[o]                 each weight met one x and one dy
//
// Two of them take four m at a time.  One product needs numbers from memory and puts its sum back; four
// products share one reading and writing of the sum, and that is most of the work.

// y (O) += x (M) times w (M, O)
function addVectorTimesMatrix(x, xAt, M, w, wAt, O, y, yAt) {
  let m = 0;
  for (; m + 4 <= M; m += 4) {
    const x0 = x[xAt + m];
    const x1 = x[xAt + m + 1];
    const x2 = x[xAt + m + 2];
    const x3 = x[xAt + m + 3];
    const w0 = wAt + m * O;
    const w1 = w0 + O;
    const w2 = w1 + O;
    const w3 = w2 + O;
    for (let o = 0; o < O; o++)
      y[yAt + o] += x0 * w[w0 + o] + x1 * w[w1 + o] + x2 * w[w2 + o] + x3 * w[w3 + o];
  }
  for (; m < M; m++) addMultiple(x[xAt + m], w, wAt + m * O, y, yAt, O);
}

// dx (M) += w (M, O) times dy (O)
function addMatrixTimesVector(dy, dyAt, O, w, wAt, M, dx, dxAt) {
  let m = 0;
  for (; m + 4 <= M; m += 4) {
    const w0 = wAt + m * O;
    const w1 = w0 + O;
    const w2 = w1 + O;
    const w3 = w2 + O;
    let sum0 = 0;
    let sum1 = 0;
    let sum2 = 0;
    let sum3 = 0;
    for (let o = 0; o < O; o++) {
      const gradient = dy[dyAt + o];
      sum0 += gradient * w[w0 + o];
      sum1 += gradient * w[w1 + o];
      sum2 += gradient * w[w2 + o];
      sum3 += gradient * w[w3 + o];
    }
    dx[dxAt + m] += sum0;
    dx[dxAt + m + 1] += sum1;
    dx[dxAt + m + 2] += sum2;
    dx[dxAt + m + 3] += sum3;
  }
  for (; m < M; m++) {
    let sum = 0;
    for (let o = 0; o < O; o++) sum += dy[dyAt + o] * w[wAt + m * O + o];
    dx[dxAt + m] += sum;
  }
}

// dw (M, O) += x (M) by dy (O), each number of the one with each of the other
function addOuterProduct(x, xAt, M, dy, dyAt, O, dw, dwAt) {
  for (let m = 0; m < M; m++) addMultiple(x[xAt + m], dy, dyAt, dw, dwAt + m * O, O);
}

// sum += factor a
function addMultiple(factor, a, aAt, sum, sumAt, count) {
  for (let o = 0; o < count; o++) sum[sumAt + o] += factor * a[aAt + o];
}

// sum[m] += a[m] b[m]: a depthwise convolution keeps every channel m for itself, forwards and backwards
function addProducts(a, aAt, b, bAt, sum, sumAt, count) {
  for (let m = 0; m < count; m++) sum[sumAt + m] += a[aAt + m] * b[bAt + m];
}

// A bias b (O) belongs to every pixel of y (.., O) ...
function addBias(y, b) {
  const O = b.data.length;
  for (let at = 0; at < y.data.length; at += O) addMultiple(1, b.data, 0, y.data, at, O);
}

// ... and gets the gradients of all of them.
function biasGradient(dy) {
  const O = dy.shape.at(-1);
  const db = array([O]);
  for (let at = 0; at < dy.data.length; at += O) addMultiple(1, dy.data, at, db.data, 0, O);
  return db;
}
