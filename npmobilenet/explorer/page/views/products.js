// Which products made a number: read off the formulas, for any layer that multiplies by weights.

// The map that a layer reads; "image" is the prepared image.
function mapOf(name) {
  return name === "image" ? lab.x : lab.forward.values[name];
}

// Element (i, j, c) of a map (1, H, W, C), or c of a vector (1, C).
function at(map, i, j, c) {
  if (map.shape.length === 2) return map.data[c];
  const [, , columns, channels] = map.shape;
  return map.data[(i * columns + j) * channels + c];
}

// The products whose sum, with the bias, is y[i, j, c], in the order of the formula:
//   conv       y[i,j,o] = Σ x[i·s+u−p, j·s+v−p, m] · w[u,v,m,o]
//   depthwise  y[i,j,m] = Σ x[i·s+u−p, j·s+v−p, m] · w[u,v,m]
//   pointwise  y[i,j,o] = Σ x[i,j,m] · w[m,o]        dense  y[o] = Σ x[m] · w[m,o]
// Each is {u, v, m, row, column, x, w, product, padding}; padding is a zero outside the map.
function productsOf(layer, i, j, c) {
  const [x, w] = [mapOf(layer.inputs[0]), lab.params[`${layer.name}.weight`]];
  const found = [];
  const one = (u, v, m, row, column, weight) => {
    const [rows, columns] = x.shape.length === 4 ? x.shape.slice(1) : [1, 1];
    const padding = row < 0 || row >= rows || column < 0 || column >= columns;
    const value = padding ? 0 : at(x, row, column, m);
    found.push({ u, v, m, row, column, x: value, w: weight, product: value * weight, padding });
  };
  if (!layer.kernel) {
    const [channels, filters] = w.shape;
    for (let m = 0; m < channels; m++) one(0, 0, m, i, j, w.data[m * filters + c]);
    return found;
  }
  const [K, L] = layer.kernel;
  const [M, O] = layer.kind === "depthwise" ? [1, w.shape[2]] : [w.shape[2], w.shape[3]];
  for (let u = 0; u < K; u++)
    for (let v = 0; v < L; v++)
      for (let m = 0; m < M; m++) {
        const row = i * layer.stride[0] + u - layer.sides[0];
        const column = j * layer.stride[1] + v - layer.sides[2];
        one(u, v, layer.kind === "depthwise" ? c : m, row, column, w.data[((u * L + v) * M + m) * O + c]);
      }
  return found;
}

function biasOf(layer, c) {
  return layer.bias ? lab.params[`${layer.name}.bias`].data[c] : 0;
}

// The batch normalisation and the activation that follow a layer, as long as each is read by the next alone.
function chainAfter(layer) {
  const chain = [];
  for (let last = layer; ; last = chain.at(-1)) {
    const readers = lab.layers.filter((other) => other.inputs.includes(last.name));
    if (readers.length !== 1 || !["batch_norm", "activation"].includes(readers[0].kind)) return chain;
    chain.push(readers[0]);
  }
}

// How a layer without products makes its number, as a line with the numbers put in.
function lineOf(layer, i, j, c) {
  const [x, y] = [mapOf(layer.inputs[0]), at(lab.forward.values[layer.name], i, j, c)];
  const value = x.shape.length === 4 && layer.kind !== "global_pool" ? at(x, i, j, c) : at(x, 0, 0, c);
  const result = number(y);
  if (layer.kind === "batch_norm") {
    const [gamma, beta, mean, variance] = ["gamma", "beta", "mean", "variance"].map((name) =>
      number(lab.params[`${layer.name}.${name}`].data[c]));
    return `${gamma} · (${number(value)} − ${mean}) / √(${variance} + ${layer.eps}) + ${beta} = ${result}`.replaceAll("− −", "+ ").replaceAll("+ −", "− ");
  }
  if (layer.kind === "activation") return `${layer.function}(${number(value)}) = ${result}`;
  if (layer.kind === "add") return `${number(value)} + ${number(at(mapOf(layer.inputs[1]), i, j, c))} = ${result}`;
  if (layer.kind === "scale") return `${number(value)} · ${number(at(mapOf(layer.inputs[1]), 0, 0, c))} = ${result}`;
  if (layer.kind === "global_pool") {
    const count = layer.input[0] * layer.input[1];
    return say(`mean of ${count} values = ${result}`, `${count} 个值的平均 = ${result}`);
  }
  return say(`${number(value)}, unchanged = ${result}`, `${number(value)}，不变 = ${result}`);
}
