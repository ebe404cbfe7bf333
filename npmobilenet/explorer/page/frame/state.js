// What the reader has chosen.  It stands in the address, #v=1&l=blocks.3.depthwise&c=2&i=5&j=7, so a
// link leads to a view of a number, and the page's own history is that of any other page.

const state = {
  v: 1, // the view, 1 to 7
  l: "", // layer
  c: 0, // channel
  i: -1, // row and column of the chosen pixel; -1: the strongest one
  j: -1,
  s: null, // step of the player; null: all
  lang: "",
};

const own = { ...state }; // what is not written into the address
let writing = 0;

function readAddress() {
  for (const [name, text] of new URLSearchParams(location.hash.slice(1))) {
    if (!/^[a-z]\w*$/i.test(name)) continue;
    state[name] = /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
  }
  settle();
}

// Whatever an address says, the page has a view, a layer that exists, and a number in it.
function settle() {
  const inside = (value, count) => Math.min(Math.max(Math.trunc(Number(value)) || 0, 0), count - 1);
  state.v = inside(state.v - 1, VIEWS.length) + 1;
  const chinese = (navigator.language || "en").toLowerCase().startsWith("zh");
  if (state.lang !== "en" && state.lang !== "zh") state.lang = chinese ? "zh" : "en";
  if (!lab.byName[state.l]) {
    const first = lab.layers.find((layer) => layer.kind === "depthwise") ?? lab.layers[0];
    Object.assign(state, { l: first.name, c: 0, i: -1, j: -1 });
  }
  const [rows, columns, channels] = mapShape(lab.byName[state.l]);
  state.c = inside(state.c, channels);
  if (state.i !== -1 || state.j !== -1) {
    state.i = inside(state.i, rows);
    state.j = inside(state.j, columns);
  } else if (lab.forward) {
    [state.i, state.j] = strongest(lab.forward.values[state.l], state.c);
  }
}

// Changes the state, the page, and a little later the address: browsers count how often it is written.
function go(changes) {
  const before = state.l;
  Object.assign(state, changes);
  if (changes.l && changes.l !== before) Object.assign(state, { s: null }, kept(before, changes));
  settle();
  drawPage();
  clearTimeout(writing);
  writing = setTimeout(writeAddress, 150);
}

let carried = null; // the chosen place as parts of the image's height and width

// From layer to layer the chosen place is the same part of the image; a layer of one pixel does not lose it.
function kept(before, changes) {
  const [rows, columns] = mapShape(lab.byName[before]);
  if (state.i >= 0 && rows * columns > 1 && !stillAt(carried, rows, columns))
    carried = [(state.i + 0.5) / rows, (state.j + 0.5) / columns];
  const [newRows, newColumns] = mapShape(lab.byName[state.l]);
  if (changes.i !== undefined || newRows * newColumns === 1) return {};
  if (!carried) return { i: -1, j: -1 };
  return { i: Math.floor(carried[0] * newRows), j: Math.floor(carried[1] * newColumns) };
}

// Whether the chosen pixel is the one that the carried place lies in: then nobody has chosen another since.
function stillAt(place, rows, columns) {
  return place && Math.floor(place[0] * rows) === state.i && Math.floor(place[1] * columns) === state.j;
}

function writeAddress() {
  const said = Object.entries(state).filter(([name, value]) => value !== own[name] && value !== null);
  const address = `#${new URLSearchParams(said)}`;
  if (address !== location.hash) history.replaceState(null, "", address);
}

// (rows, columns, channels) of what a layer puts out; a vector is a map of one pixel
function mapShape(layer) {
  return layer.output.length === 3 ? layer.output : [1, 1, layer.output[0]];
}

// Row and column of the largest value, whatever its sign, in channel c of a map (1, H, W, C).
function strongest(map, c) {
  const [rows, columns, channels] = map.shape.length === 4 ? map.shape.slice(1) : [1, 1, map.shape[1]];
  let best = 0;
  for (let p = 0; p < rows * columns; p++)
    if (Math.abs(map.data[p * channels + c]) > Math.abs(map.data[best * channels + c])) best = p;
  return [Math.floor(best / columns), best % columns];
}
