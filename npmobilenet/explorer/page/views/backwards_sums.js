// The sums of view 3, read off the formulas.  Every product x · w of the forward pass,
//
//     y[i, j, o] = Σ x[r, q, m] · w[u, v, m, o]      r = i·s + u − top,  q = j·t + v − left
//
// sends its gradient both ways: dy[i, j, o] · w to dx[r, q, m], and dy[i, j, o] · x to dw[u, v, m, o].

// The gradient of what a layer puts out, and that of what it reads (from all who read it).
function backwardsOf(name) {
  return name === "image" ? lab.backward.image : lab.backward.flowing[name];
}

// (rows, columns, channels) of what a layer reads; a vector is a map of one pixel
function backwardsInput(layer) {
  return layer.input.length === 3 ? layer.input : [1, 1, layer.input[0]];
}

// Sizes that all four kinds have: a pointwise or dense layer has a window of one pixel.
function backwardsGeometry(layer) {
  const [kernel, stride, sides] = [layer.kernel ?? [1, 1], layer.stride ?? [1, 1], layer.sides ?? [0, 0, 0, 0]];
  return { K: kernel[0], L: kernel[1], s: stride[0], t: stride[1], top: sides[0], left: sides[2] };
}

// Where w[u, v, m, o] stands in the layer's array of weights, m counted over all input channels.
function backwardsWeightAt(layer, u, v, m, o) {
  const { L } = backwardsGeometry(layer);
  const { first, M } = channelsSeen(layer, o);
  return ((u * L + v) * M + m - first) * layer.arrays.weight.at(-1) + o;
}

// The outputs i (or j) whose window holds input row `row`: [first, last].
function backwardsReach(row, before, taps, stride, outputs) {
  return [
    Math.max(0, Math.ceil((row + before - taps + 1) / stride)),
    Math.min(outputs - 1, Math.floor((row + before) / stride)),
  ];
}

// Rows and columns of outputs that read input pixel (row, column), as a box; empty: h or w is 0.
function backwardsBox(layer, row, column) {
  const { K, L, s, t, top, left } = backwardsGeometry(layer);
  const [I, J] = mapShape(layer);
  const [i, lastRow] = backwardsReach(row, top, K, s, I);
  const [j, lastColumn] = backwardsReach(column, left, L, t, J);
  return { i, j, h: Math.max(0, lastRow - i + 1), w: Math.max(0, lastColumn - j + 1) };
}

// Scattered: every output that read x[row, column, m], with the weight by which it did, and what it sends
// back.  [{i, j, u, v, o, w, dy, product}]; dx[row, column, m] is the sum of the products.
function backwardsReaders(layer, row, column, m) {
  const { s, t, top, left } = backwardsGeometry(layer);
  const [weights, dy] = [lab.params[`${layer.name}.weight`].data, backwardsOf(layer.name)];
  const box = backwardsBox(layer, row, column);
  const [from, to] = channelsSeeing(layer, m);
  const found = [];
  for (let i = box.i; i < box.i + box.h; i++)
    for (let j = box.j; j < box.j + box.w; j++)
      for (let o = from; o < to; o++) {
        const [u, v] = [row + top - i * s, column + left - j * t];
        const w = weights[backwardsWeightAt(layer, u, v, m, o)];
        const sent = at(dy, i, j, o);
        found.push({ i, j, u, v, o, w, dy: sent, product: w * sent });
      }
  return found;
}

// Gathered: the filter of output channel o, turned by half a circle, over dy with s − 1 zeros between its
// rows and zeros around it.  Place (a, b) of the window holds
//     dy[i, j, o]   where i·s = row + top − (K − 1 − a), and j likewise; 0 where there is no such output
// and meets w[K − 1 − a, L − 1 − b].  {window, filter: rows of numbers, zeros: where there was no output, sum}
function backwardsTurned(layer, row, column, m, o) {
  const { K, L, s, t, top, left } = backwardsGeometry(layer);
  const [I, J] = mapShape(layer);
  const [weights, dy] = [lab.params[`${layer.name}.weight`].data, backwardsOf(layer.name)];
  const found = { window: [], filter: [], zeros: [], sum: 0 };
  for (let a = 0; a < K; a++) {
    for (const part of ["window", "filter", "zeros"]) found[part].push([]);
    for (let b = 0; b < L; b++) {
      const [i, j] = [(row + top - (K - 1 - a)) / s, (column + left - (L - 1 - b)) / t];
      const there = Number.isInteger(i) && Number.isInteger(j) && i >= 0 && i < I && j >= 0 && j < J;
      const [value, w] = [there ? at(dy, i, j, o) : 0, weights[backwardsWeightAt(layer, K - 1 - a, L - 1 - b, m, o)]];
      found.window[a].push(value);
      found.filter[a].push(w);
      found.zeros[a].push(!there);
      found.sum += value * w;
    }
  }
  return found;
}

// The gathered sum over all output channels, or the one that a depthwise filter has.
function backwardsGathered(layer, row, column, m) {
  const [from, to] = channelsSeeing(layer, m);
  let sum = 0;
  for (let o = from; o < to; o++) sum += backwardsTurned(layer, row, column, m, o).sum;
  return sum;
}

// Every place where w[u, v, m, o] met the image: [{i, j, row, column, x, dy, product, padding}], one for each
// output pixel; dw[u, v, m, o] is the sum of the products.
function backwardsMeetings(layer, u, v, m, o) {
  const { s, t, top, left } = backwardsGeometry(layer);
  const [rows, columns] = backwardsInput(layer);
  const [I, J] = mapShape(layer);
  const [x, dy] = [mapOf(layer.inputs[0]), backwardsOf(layer.name)];
  const found = [];
  for (let i = 0; i < I; i++)
    for (let j = 0; j < J; j++) {
      const [row, column] = [i * s + u - top, j * t + v - left];
      const padding = row < 0 || row >= rows || column < 0 || column >= columns;
      const [value, sent] = [padding ? 0 : at(x, row, column, m), at(dy, i, j, o)];
      found.push({ i, j, row, column, x: value, dy: sent, product: value * sent, padding });
    }
  return found;
}

function backwardsTotal(terms) {
  return terms.reduce((sum, term) => sum + term.product, 0);
}

// The lines of a sum: all terms where they are few, else the largest ones and one line for all the others.
function backwardsLines(terms, most) {
  if (terms.length <= most) return terms;
  const bySize = [...terms].sort((a, b) => Math.abs(b.product) - Math.abs(a.product));
  const rest = bySize.slice(most);
  return [...bySize.slice(0, most), { rest: rest.length, product: backwardsTotal(rest) }];
}
