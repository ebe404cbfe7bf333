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
//   grouped    y[i,j,o] = Σ x[i·s+u−p, j·s+v−p, first+m] · w[u,v,m,o], first: of the group of o
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
  const { first, M } = channelsSeen(layer, c);
  const O = w.shape.at(-1);
  for (let u = 0; u < K; u++)
    for (let v = 0; v < L; v++)
      for (let m = 0; m < M; m++) {
        const row = i * layer.stride[0] + u - layer.sides[0];
        const column = j * layer.stride[1] + v - layer.sides[2];
        one(u, v, first + m, row, column, w.data[((u * L + v) * M + m) * O + c]);
      }
  return found;
}

// The input channels that output channel o sees: `first` and how many.  A depthwise filter sees its own.
function channelsSeen(layer, o) {
  if (layer.kind === "depthwise") return { first: o, M: 1 };
  const M = layer.arrays.weight.at(-2);
  if (layer.kind !== "grouped_conv") return { first: 0, M };
  return { first: M * Math.floor((o * layer.groups) / mapShape(layer)[2]), M };
}

// The output channels that see input channel m: [first, end).
function channelsSeeing(layer, m) {
  if (layer.kind === "depthwise") return [m, m + 1];
  const O = mapShape(layer)[2];
  if (layer.kind !== "grouped_conv") return [0, O];
  const [M, Q] = [layer.arrays.weight.at(-2), O / layer.groups];
  return [Q * Math.floor(m / M), Q * Math.floor(m / M) + Q];
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
  if (layer.kind.endsWith("_pool") && layer.kernel) return lineOfPool(layer, i, j, c, result);
  if (layer.kind === "add") return `${number(value)} + ${number(at(mapOf(layer.inputs[1]), i, j, c))} = ${result}`;
  if (layer.kind === "scale") return `${number(value)} · ${number(at(mapOf(layer.inputs[1]), 0, 0, c))} = ${result}`;
  if (layer.kind === "global_pool") {
    const count = layer.input[0] * layer.input[1];
    return say(`mean of ${count} values = ${result}`, `${count} 个值的平均 = ${result}`);
  }
  return say(`${number(value)}, unchanged = ${result}`, `${number(value)}，不变 = ${result}`);
}

// What a pool's window holds of channel c, padding left out.
function pooledOf(layer, i, j, c) {
  const x = mapOf(layer.inputs[0]);
  const [, rows, columns] = x.shape;
  const [top, left] = [i * layer.stride[0] - layer.sides[0], j * layer.stride[1] - layer.sides[2]];
  const found = [];
  for (let row = Math.max(top, 0); row < Math.min(top + layer.kernel[0], rows); row++)
    for (let column = Math.max(left, 0); column < Math.min(left + layer.kernel[1], columns); column++)
      found.push(at(x, row, column, c));
  return found;
}

function lineOfPool(layer, i, j, c, result) {
  const values = pooledOf(layer, i, j, c);
  const shown = values.length <= 9 ? values.map((value) => number(value)).join(", ") : say(`${values.length} values`, `${values.length} 个值`);
  return layer.kind === "max_pool"
    ? say(`largest of ${shown} = ${result}`, `${shown} 中最大的 = ${result}`)
    : say(`mean of ${shown} = ${result}`, `${shown} 的平均 = ${result}`);
}
