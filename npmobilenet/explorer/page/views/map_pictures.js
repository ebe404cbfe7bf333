// View 4: up to sixteen channels of the chosen layer as pictures, and the filters that made them.

const MAP_TILES = 16;

function mapPictures(layer) {
  if (!lab.forward) return el("p", { class: "waiting" }, progressText());
  const value = lab.forward.values[layer.name];
  const channels = value.shape.at(-1);
  const first = MAP_TILES * Math.floor(state.c / MAP_TILES);
  const shown = Array.from({ length: Math.min(MAP_TILES, channels - first) }, (_, k) => first + k);
  const said = channels > MAP_TILES
    ? say(`Channels ${shown[0]} to ${shown.at(-1)} of ${channels}`, `通道 ${shown[0]} 到 ${shown.at(-1)}，共 ${channels} 个`)
    : say(`${channels === 1 ? "Its one channel" : `All ${channels} channels`}`, `全部 ${channels} 个通道`);
  return el("section", { class: "map-pictures" },
    el("div", { class: "row" }, el("h4", {}, said),
      channels > 1 ? slider({ key: "channel", label: say("channel", "通道"), min: 0, max: channels - 1, value: state.c,
        choose: (c) => go({ c }) }) : null),
    value.shape.length === 4
      ? el("div", { class: "map-tiles" }, shown.map((c) => mapTile(layer, value, c)))
      : numberTable({ caption: say("its numbers", "它的数值"), rows: [shown.slice(0, 8), shown.slice(8)].filter((row) => row.length)
          .map((row) => row.map((c) => value.data[c])), lit: [Math.floor((state.c - first) / 8), (state.c - first) % 8] }),
    multiplies(layer) && !layer.kernel ? mapMatrix(layer, shown) : null);
}

// A channel's map, and under it its filter; pressed, it is the chosen channel.
function mapTile(layer, value, c) {
  const [, rows, columns] = value.shape;
  const values = channelOf(value, c);
  const aria = { pressed: String(c === state.c), label: say(`channel ${c}`, `通道 ${c}`) };
  return el("button", { type: "button", class: "map-tile", key: `map-tile-${c}`, aria, on: { click: () => go({ c }) } },
    mapPicture(rows, columns, values),
    layer.kernel && multiplies(layer) ? mapFilter(layer, c) : null,
    el("span", {}, c));
}

// A small picture of numbers, one pixel each, enlarged by the browser; hidden: what it shows is said beside it.
function mapPicture(rows, columns, values, name = "map-picture") {
  const paint = (canvas) => {
    [canvas.width, canvas.height] = [columns, rows];
    canvas.getContext("2d").putImageData(pictureOf(values, rows, columns, 1, largest(values) || 1), 0, 0);
  };
  return el("canvas", { class: name, paint, aria: { hidden: "true" } });
}

// A filter's window.  One that reads red, green and blue is drawn in them, grey where it is 0; of other
// standard convolutions the first input channel.
function mapFilter(layer, c) {
  const [K, L] = layer.kernel;
  const weights = lab.params[`${layer.name}.weight`].data;
  const { first, M } = channelsSeen(layer, c);
  const weight = (tap, m) => weights[backwardsWeightAt(layer, Math.floor(tap / L), tap % L, first + m, c)];
  if (M !== 3) return mapPicture(K, L, Float64Array.from({ length: K * L }, (_, tap) => weight(tap, 0)), "map-filter");
  const paint = (canvas) => {
    [canvas.width, canvas.height] = [L, K];
    const picture = new ImageData(L, K);
    const all = Array.from({ length: K * L * 3 }, (_, k) => weight(Math.floor(k / 3), k % 3));
    const limit = largest(all) || 1;
    all.forEach((w, k) => (picture.data[4 * Math.floor(k / 3) + (k % 3)] = 127.5 * (1 + w / limit)));
    for (let tap = 0; tap < K * L; tap++) picture.data[4 * tap + 3] = 255;
    canvas.getContext("2d").putImageData(picture, 0, 0);
  };
  return el("canvas", { class: "map-filter", paint, aria: { hidden: "true" } });
}

// Filters of one pixel: a row for each of the shown output channels, a number for each input channel.
function mapMatrix(layer, shown) {
  const M = layer.arrays.weight[0];
  const weights = lab.params[`${layer.name}.weight`].data;
  const values = new Float64Array(shown.length * M);
  shown.forEach((c, k) => {
    for (let m = 0; m < M; m++) values[k * M + m] = weights[backwardsWeightAt(layer, 0, 0, m, c)];
  });
  const label = say(`Filters: a row for each of these ${shown.length} channels, a number for each of the ${M} that are read`,
    `卷积核：这 ${shown.length} 个通道每个一行，所读的 ${M} 个通道每个一个数`);
  return el("figure", {}, el("figcaption", {}, label),
    el("div", { role: "img", aria: { label } }, mapPicture(shown.length, M, values, "map-matrix")));
}
