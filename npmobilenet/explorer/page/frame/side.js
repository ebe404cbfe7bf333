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
    const [top, left, bottom, right] = seen;
    pen.strokeRect(left * scale, top * scale, (right - left + 1) * scale, (bottom - top + 1) * scale);
  };
  const [rows, columns] = seen ? [seen[2] - seen[0] + 1, seen[3] - seen[1] + 1] : [0, 0];
  const said = seen
    ? say(`The chosen number saw ${rows} × ${columns} of ${height} × ${width} pixels.`,
          `所选的数看到了 ${height} × ${width} 像素中的 ${rows} × ${columns}。`)
    : "";
  return el("figure", { class: "image" },
    el("canvas", { role: "img", aria: { label: `${name}. ${said}` }, paint }),
    el("figcaption", {}, said));
}

// Rows and columns [top, left, bottom, right] of the image that reach pixel (i, j) of a layer through its
// windows.  (Gates of squeeze-and-excite look at the whole map besides; here the window alone is meant.)
function seenBy(layer, i, j) {
  if (i < 0) return null;
  let [top, left, bottom, right] = [i, j, i, j];
  for (let at = layer; at; at = lab.byName[at.inputs[0]]) {
    if (at.kind === "global_pool") [top, left, bottom, right] = [0, 0, at.input[0] - 1, at.input[1] - 1];
    if (at.kernel) {
      const [[rows, columns], [down, across], [above, , before]] = [at.kernel, at.stride, at.sides];
      [top, bottom] = [top * down - above, bottom * down - above + rows - 1];
      [left, right] = [left * across - before, right * across - before + columns - 1];
    }
    if (at.input.length === 3) {
      [top, left] = [Math.max(top, 0), Math.max(left, 0)];
      [bottom, right] = [Math.min(bottom, at.input[0] - 1), Math.min(right, at.input[1] - 1)];
    }
  }
  return [top, left, bottom, right];
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
