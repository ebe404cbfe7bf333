// Maps and small tables of numbers.  Orange is positive and blue negative; the sign is written too.

let colours = null; // of the present colour scheme; start.js forgets them when it changes

function colourOf(name) {
  colours ??= {};
  if (!colours[name]) {
    const text = getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
    colours[name] = [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16));
  }
  return colours[name];
}

// Paper for 0, then towards orange or blue; share is value / largest, strength how far the largest goes.
function signColour(share, strength = 1) {
  const [from, to] = [colourOf("zero"), colourOf(share < 0 ? "negative" : "positive")];
  const part = strength * Math.min(Math.abs(share), 1) ** 0.75;
  return from.map((low, k) => Math.round(low + part * (to[k] - low)));
}

function largest(values) {
  let found = 0;
  for (const value of values) if (Math.abs(value) > found) found = Math.abs(value);
  return found;
}

// One channel of a map (1, H, W, C), or of a vector (1, C), as its own row-major array.
function channelOf(map, c) {
  const channels = map.shape.at(-1);
  const values = new Float64Array(map.data.length / channels);
  for (let p = 0; p < values.length; p++) values[p] = map.data[p * channels + c];
  return values;
}

// A map as a picture: one Tab stop, arrow keys move the chosen pixel, a click chooses one.
//   values row-major, rows x columns; selected [i, j]; choose(i, j); window {i, j, h, w} is outlined
//   (it may stick out of the map: `margin` pixels of zeros are drawn around it); limit scales the colours.
function numberGrid({ key, values, rows, columns, selected, choose, label, window, margin = 0, limit }) {
  const scale = limit ?? (largest(values) || 1);
  const [height, width] = [rows + 2 * margin, columns + 2 * margin];
  const cell = Math.max(1, Math.min(40, Math.floor(Math.min(300 / width, 300 / height))));
  const paint = (canvas) => {
    if (canvas.width !== width * cell || canvas.height !== height * cell) {
      canvas.width = width * cell;
      canvas.height = height * cell;
    }
    const pen = canvas.getContext("2d");
    pen.fillStyle = rgb(colourOf("line"));
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.putImageData(pictureOf(values, rows, columns, cell, scale), margin * cell, margin * cell);
    if (margin && cell >= 14) zerosAround(pen, rows, columns, margin, cell);
    if (window) outline(pen, window.i + margin, window.j + margin, window.h, window.w, cell, "accent");
    if (selected) outline(pen, selected[0] + margin, selected[1] + margin, 1, 1, cell, "ink");
  };
  const canvas = el("canvas", { class: "map", paint, aria: { hidden: "true" } });
  if (!choose) return el("div", { class: "grid", role: "img", aria: { label } }, canvas);
  const move = (di, dj) =>
    choose(clamp(selected[0] + di, rows), clamp(selected[1] + dj, columns));
  const arrows = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  const value = values[selected[0] * columns + selected[1]];
  const said = say(
    `${label}. Row ${selected[0]}, column ${selected[1]}: ${number(value)}. Arrow keys move.`,
    `${label}。行 ${selected[0]}，列 ${selected[1]}：${number(value)}。用方向键移动。`,
  );
  return el(
    "div",
    {
      class: "grid choosing",
      key,
      tabindex: 0,
      role: "application",
      aria: { label: said },
      on: {
        keydown: (event) => {
          if (!arrows[event.key]) return shortcut(event);
          event.preventDefault();
          move(...arrows[event.key]);
        },
        click: (event) => {
          const box = event.currentTarget.firstChild.getBoundingClientRect();
          const at = (place, length, count) =>
            clamp(Math.floor((place / length) * (count + 2 * margin)) - margin, count);
          choose(
            at(event.clientY - box.top, box.height, rows),
            at(event.clientX - box.left, box.width, columns),
          );
        },
      },
    },
    canvas,
  );
}

function clamp(value, count) {
  return Math.min(Math.max(value, 0), count - 1);
}

function rgb([r, g, b]) {
  return `rgb(${r} ${g} ${b})`;
}

function pictureOf(values, rows, columns, cell, scale) {
  const picture = new ImageData(columns * cell, rows * cell);
  const pixels = new Uint32Array(picture.data.buffer);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) {
      const [r, g, b] = signColour(values[i * columns + j] / scale);
      const colour = (255 << 24) | (b << 16) | (g << 8) | r; // little-endian RGBA
      for (let y = i * cell; y < (i + 1) * cell; y++)
        pixels.fill(colour, y * columns * cell + j * cell, y * columns * cell + (j + 1) * cell);
    }
  return picture;
}

// Padding is drawn as what it is: zeros.
function zerosAround(pen, rows, columns, margin, cell) {
  pen.fillStyle = rgb(colourOf("soft"));
  pen.font = `${Math.floor(cell * 0.5)}px sans-serif`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  for (let i = -margin; i < rows + margin; i++)
    for (let j = -margin; j < columns + margin; j++) {
      if (i >= 0 && i < rows && j >= 0 && j < columns) continue;
      pen.fillText("0", (j + margin + 0.5) * cell, (i + margin + 0.5) * cell);
    }
}

function outline(pen, i, j, height, width, cell, colour) {
  pen.strokeStyle = rgb(colourOf(colour));
  pen.lineWidth = Math.max(2, Math.min(3, cell / 6));
  const half = pen.lineWidth / 2;
  pen.strokeRect(j * cell + half, i * cell + half, width * cell - 2 * half, height * cell - 2 * half);
}

// A patch or a filter: each number written on its colour.  rows: arrays of numbers; `zeros[i][j]` true
// where a number is padding; `lit` [i, j] is outlined.
function numberTable({ caption, rows, zeros, lit, limit }) {
  const scale = limit ?? (largest(rows.flat()) || 1);
  const cell = (value, i, j) => {
    const padding = zeros?.[i]?.[j];
    const is = [padding && "padding", lit && lit[0] === i && lit[1] === j && "lit"];
    const style = padding ? {} : { "background-color": rgb(signColour(value / scale, 0.5)) }; // half: ink must be read on it
    return el("td", { class: is.filter(Boolean).join(" ") || null, style }, number(value, 2));
  };
  return el(
    "table",
    { class: "numbers" },
    el("caption", {}, caption),
    el("tbody", {}, rows.map((row, i) => el("tr", {}, row.map((value, j) => cell(value, i, j))))),
  );
}
