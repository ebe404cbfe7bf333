// Pooling: every output is the mean, or the largest, of the window it sees in its own channel.
//
//     averagePool  y[i, j, m] = 1/area[i, j]  sum_uv x[s i + u, t j + v, m]
//     maxPool      y[i, j, m] = max_uv x[s i + d u, t j + e v, m]
//
// Padding is never the largest.  Of an average it counts (area = K L) or not (area = the pixels that are
// there).  Backwards an average gives each of its pixels an equal part, a maximum gives all to the pixel
// that it took, the first of equals.

// The windows of a pool; with ceilMode a last one may hang over below and right, where it begins in the
// map or in the zeros before it.
function poolWindows(x, kernel, { stride, padding, dilation = 1, ceil_mode: ceilMode = false }) {
  const place = windowOf(x.shape.slice(1, 3), kernel, stride ?? kernel, padding, dilation);
  if (!ceilMode) return place;
  const output = place.output.map((count, axis) => {
    const [before, after] = place.sides.slice(2 * axis, 2 * axis + 2);
    const span = place.dilation[axis] * (kernel[axis] - 1) + 1;
    const more = Math.ceil((before + place.size[axis] + after - span) / place.stride[axis]) + 1;
    return (more - 1) * place.stride[axis] < before + place.size[axis] ? more : more - 1;
  });
  return { ...place, output };
}

// How many elements each window's sum is divided by, output pixel by output pixel.
function poolAreas({ size, kernel, stride, sides, output }, countPadding) {
  const along = (axis, i) => {
    const first = i * stride[axis] - sides[2 * axis];
    const [from, to] = countPadding
      ? [-sides[2 * axis], size[axis] + sides[2 * axis + 1]]
      : [0, size[axis]];
    return Math.min(first + kernel[axis], to) - Math.max(first, from);
  };
  const areas = new Float64Array(sizeOf(output));
  for (let p = 0; p < areas.length; p++)
    areas[p] = along(0, Math.floor(p / output[1])) * along(1, p % output[1]);
  return areas;
}

// x (N, H, W, M) -> {y (N, I, J, M), cache}
function* averagePool(x, kernel, settings = {}) {
  const [N, , , M] = x.shape;
  const place = poolWindows(x, pairOf(kernel), settings);
  const areas = poolAreas(place, settings.count_padding ?? false);
  const y = array([N, ...place.output, M]);
  for (const [met, share] of meetings(place, N)) {
    for (let k = 0; k < met.length; k += 3)
      addMultiple(1 / areas[met[k] % areas.length], x.data, met[k + 1] * M, y.data, met[k] * M, M);
    yield share;
  }
  return { y, cache: { shape: x.shape, place, areas } };
}

// dy (N, I, J, M) -> {dx (N, H, W, M)}
function* averagePoolBackward(dy, { shape, place, areas }) {
  const [N, , , M] = shape;
  const dx = array(shape);
  for (const [met, share] of meetings(place, N)) {
    for (let k = 0; k < met.length; k += 3)
      addMultiple(1 / areas[met[k] % areas.length], dy.data, met[k] * M, dx.data, met[k + 1] * M, M);
    yield share;
  }
  return { dx };
}

// x (N, H, W, M) -> {y (N, I, J, M), cache}; `taken` remembers the pixel that each output is
function* maxPool(x, kernel, settings = {}) {
  const [N, , , M] = x.shape;
  const place = poolWindows(x, pairOf(kernel), settings);
  const y = array([N, ...place.output, M]);
  const taken = new Int32Array(y.data.length).fill(-1);
  for (const [met, share] of meetings(place, N)) {
    for (let k = 0; k < met.length; k += 3)
      for (let m = 0; m < M; m++) {
        const [output, input] = [met[k] * M + m, met[k + 1] * M + m];
        if (taken[output] >= 0 && !(x.data[input] > y.data[output])) continue;
        y.data[output] = x.data[input];
        taken[output] = input;
      }
    yield share;
  }
  return { y, cache: { shape: x.shape, taken } };
}

// dy (N, I, J, M) -> {dx (N, H, W, M)}
function* maxPoolBackward(dy, { shape, taken }) {
  const dx = array(shape);
  for (let k = 0; k < taken.length; k++) dx.data[taken[k]] += dy.data[k];
  yield 1;
  return { dx };
}
