// The left column: the image and what the chosen number saw of it, five probabilities, the layers.

function drawSide() {
  FRAME.side.classList.toggle("open", Boolean(state.side));
  return [drawImage(), drawProbabilities(), drawLayers()];
}

function drawImage() {
  const { height, width, name } = data.image;
  const seen = seenBy(lab.byName[state.l], state.i, state.j);
  const scale = Math.max(1, Math.ceil(480 / Math.max(height, width)));
  const paint = (canvas) => {
    if (canvas.width !== width * scale || canvas.height !== height * scale) {
      canvas.width = width * scale;
      canvas.height = height * scale;
    }
    const pen = canvas.getContext("2d");
    pen.imageSmoothingEnabled = false;
    pen.drawImage(lab.picture, 0, 0, width * scale, height * scale);
    if (!seen) return;
    pen.lineWidth = 6;
    pen.strokeStyle = rgb(colourOf("accent"));
    const [top, left, bottom, right] = seen.box;
    pen.strokeRect(left * scale, top * scale, (right - left + 1) * scale, (bottom - top + 1) * scale);
  };
  const said = seen ? saidOfSeen(seen, height, width) : "";
  return el("figure", { class: "image" },
    el("canvas", { role: "img", aria: { label: `${name}. ${said}` }, paint }),
    el("figcaption", {}, said));
}

function saidOfSeen({ box: [top, left, bottom, right], gated }, height, width) {
  const [rows, columns] = [bottom - top + 1, right - left + 1];
  return say(
    `The chosen number saw ${rows} × ${columns} of ${height} × ${width} pixels${gated ? "; through the gates, all of them" : ""}.`,
    `所选的数看到了 ${height} × ${width} 像素中的 ${rows} × ${columns}${gated ? "；通过门控则看到全部" : ""}。`);
}

// Rows and columns [top, left, bottom, right] of the image that reach pixel (i, j) of a layer through windows,
// by whichever way reaches furthest; gated: besides, a gate of squeeze-and-excite has looked at all of it.
function seenBy(layer, i, j) {
  if (i < 0) return null;
  const wanted = { [layer.name]: [i, j, i, j] };
  let gated = false;
  for (const at of lab.layers.slice(0, lab.layers.indexOf(layer) + 1).reverse()) {
    if (!wanted[at.name]) continue;
    const read = readBy(at, wanted[at.name]);
    if (at.kind === "scale") gated = true;
    for (const input of at.kind === "scale" ? at.inputs.slice(0, 1) : at.inputs)
      wanted[input] = wanted[input] ? around(wanted[input], read) : read;
  }
  return { box: wanted.image, gated };
}

// What a layer reads of its input for a box of its output.
function readBy(layer, [top, left, bottom, right]) {
  if (layer.input.length !== 3) return [top, left, bottom, right];
  const [height, width] = layer.input;
  if (layer.kind === "global_pool") return [0, 0, height - 1, width - 1];
  if (!layer.kernel) return [top, left, bottom, right];
  const [[rows, columns], [down, across], [above, , before]] = [layer.kernel, layer.stride, layer.sides];
  return [
    Math.max(top * down - above, 0),
    Math.max(left * across - before, 0),
    Math.min(bottom * down - above + rows - 1, height - 1),
    Math.min(right * across - before + columns - 1, width - 1),
  ];
}

function around(one, other) {
  const least = [0, 1].map((k) => Math.min(one[k], other[k]));
  return [...least, ...[2, 3].map((k) => Math.max(one[k], other[k]))];
}

// Whether the network's answer is one: weights that are not finite give none.
function answers() {
  return lab.probabilities.every(Number.isFinite);
}

function drawProbabilities() {
  if (!lab.probabilities || !answers()) return el("div", { class: "probabilities" });
  const order = [...lab.probabilities.keys()].sort((a, b) => lab.probabilities[b] - lab.probabilities[a]);
  return el("ol", { class: "probabilities", aria: { label: say("Most probable classes", "最可能的类别") } },
    order.slice(0, 5).map((index) => {
      const share = lab.probabilities[index];
      return el("li", {},
        el("span", { class: "name", dir: "auto" }, className(index)),
        el("span", { class: "share" }, percent(share)),
        el("span", { class: "bar", aria: { hidden: "true" } }, el("span", { class: "positive", style: { width: percent(share, 2).replace(" ", "") } })));
    }));
}

// A list box: one Tab stop, arrow keys go through the layers.
function drawLayers() {
  const step = (event) => {
    const by = { ArrowUp: -1, ArrowDown: 1, PageUp: -10, PageDown: 10, Home: -1e6, End: 1e6 }[event.key];
    if (!by) return;
    event.preventDefault();
    const at = lab.layers.indexOf(lab.byName[state.l]);
    go({ l: lab.layers[clamp(at + by, lab.layers.length)].name });
  };
  const parted = state.v === 5 ? lab.parted : ""; // where two answers part
  return el("ul", {
    class: "layers", role: "listbox", tabindex: 0, key: "layers", on: { keydown: step }, paint: inSight,
    aria: { label: say("Layers", "各层"), activedescendant: `layer-${lab.layers.indexOf(lab.byName[state.l])}` },
  }, lab.layers.map((layer, k) => {
    const chosen = layer.name === state.l;
    const is = [chosen && "chosen", layer.name === parted && "parted"].filter(Boolean).join(" ");
    return el("li", {
      id: `layer-${k}`, role: "option", class: is || null, aria: { selected: String(chosen) },
      on: { click: () => go({ l: layer.name }) },
    }, el("span", { class: "name" }, layer.name), el("span", { class: "kind" }, kindOf(layer)),
      el("span", { class: "shape" }, layer.output.join(" × ")));
  }));
}

function inSight(list) {
  const chosen = list.querySelector(".chosen");
  if (!chosen || list.dataset.shown === state.l) return;
  list.dataset.shown = state.l;
  list.scrollTop = chosen.offsetTop - list.offsetTop - list.clientHeight / 2;
}
