// The numbers on view 2's sheets.  A patch of a map of the learner's own network goes through its own
// depthwise and pointwise filters; sizes may be chosen that these do not have, and then they are repeated.
//
// The standard convolution's filters are the products w[u,v,m,o] = d[u,v,m] p[m,o].  Then all lanes arrive at
// the same numbers, which is what a separable convolution is: a standard one whose filters are such products.

const RACE_FACE = 14; // pixels along a sheet at most, and
const RACE_SHEETS = 12; // sheets of a stack at most, that are drawn; the counters count all of them

// The depthwise layer of the chosen block, or else the network's first, and the pointwise one that follows
// it; null where there is none.
function raceOwnBlock() {
  const chosen = lab.byName[state.l];
  const depthwises = lab.layers.filter((layer) => layer.kind === "depthwise");
  const depthwise = depthwises.find((layer) => layer.name === chosen.name)
    ?? depthwises.find((layer) => layer.block === chosen.block) ?? depthwises[0];
  if (!depthwise) return { depthwise: null, pointwise: null };
  const after = lab.layers.slice(lab.layers.indexOf(depthwise) + 1);
  const reads = (layer) => layer.kind === "pointwise" && layer.input[2] === depthwise.output[2];
  return { depthwise, pointwise: after.find(reads) };
}

// What is drawn of d x d outputs, and where the numbers come from.
function raceDrawn(settings) {
  const d = Math.max(1, Math.min(settings.d, Math.floor(RACE_FACE / settings.stride)));
  const window = raceWindow({ ...settings, d });
  return { d, window, size: window.size[0], sides: window.sides };
}

let racePatchKept = { key: null, patch: null };

// {source, input: m -> size x size, filter: m -> k x k, weight: (m, o), middle: m -> d x d, output: o -> d x d},
// all of them row-major arrays; null while the network is still being computed.
function racePatch(settings) {
  if (!lab.forward) return null;
  const { depthwise, pointwise } = raceOwnBlock();
  if (!depthwise || !pointwise) return null;
  const key = JSON.stringify([settings.asked, settings.padding, depthwise.name, state.c, state.i, state.j]);
  if (racePatchKept.key !== key) racePatchKept = { key, patch: raceComputed(settings, depthwise, pointwise) };
  return racePatchKept.patch;
}

function raceComputed(settings, depthwise, pointwise) {
  const { k, m: M } = settings;
  const { d, window, size } = raceDrawn(settings);
  const x = mapOf(depthwise.inputs[0]);
  const [, H, W, C] = x.shape;
  const channel = (m) => (state.c + m) % C;
  const [top, left] = raceCorner(depthwise, size, H, W);
  const own = lab.params[`${depthwise.name}.weight`];
  const mixing = lab.params[`${pointwise.name}.weight`];
  const [K, L] = own.shape;
  const square = (side, value) => Float64Array.from({ length: side * side }, (_, p) => value(Math.floor(p / side), p % side));
  const kept = (compute) => {
    const known = new Map(); // sheets are computed when they are first drawn
    return (m) => known.get(m) ?? (known.set(m, compute(m)), known.get(m));
  };
  const input = kept((m) => square(size, (r, q) => at(x, (top + r) % H, (left + q) % W, channel(m))));
  const filter = kept((m) => square(k, (u, v) => own.data[((u % K) * L + (v % L)) * C + channel(m)]));
  const weight = (m, o) => mixing.data[channel(m) * mixing.shape[1] + (o % mixing.shape[1])];
  const middle = kept((m) => raceFiltered(input(m), size, filter(m), k, window));
  const output = kept((o) => {
    const sum = new Float64Array(d * d);
    for (let m = 0; m < Math.min(M, C); m++) {
      const times = weight(m, o) * Math.ceil((M - m) / C); // channel m again as channel m + C, m + 2 C, ...
      middle(m).forEach((value, p) => (sum[p] += value * times));
    }
    return sum;
  });
  return { source: depthwise.inputs[0], depthwise, pointwise, channels: C, input, filter, weight, middle, output };
}

// Row and column of the map where the patch begins: the chosen number's place is in its middle.
function raceCorner(depthwise, size, H, W) {
  const [rows, columns] = mapShape(lab.byName[state.l]);
  const begin = (chosen, count, length) =>
    Math.max(0, Math.min(Math.round(((chosen + 0.5) * length) / count - size / 2), length - size));
  return [begin(Math.max(state.i, 0), rows, H), begin(Math.max(state.j, 0), columns, W)];
}

// One channel's depthwise convolution: y[i,j] = Σ x[i s + u − top, j s + v − left] w[u,v]
function raceFiltered(x, size, w, k, { stride: [s, t], sides: [top, , left], output: [I, J] }) {
  const y = new Float64Array(I * J);
  for (let i = 0; i < I; i++)
    for (let j = 0; j < J; j++)
      for (let u = 0; u < k; u++)
        for (let v = 0; v < k; v++) {
          const [row, column] = [i * s + u - top, j * t + v - left];
          const inside = row >= 0 && row < size && column >= 0 && column < size;
          if (inside) y[i * J + j] += x[row * size + column] * w[u * k + v];
        }
  return y;
}
