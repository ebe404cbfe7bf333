// View 3, second part: a weight, every place where it met the image, and dw as their sum.

function backwardsWeight(layer) {
  const choice = backwardsChoice(layer);
  const terms = backwardsMeetings(layer, choice.u, choice.v, choice.m, choice.o);
  return el("section", { class: "backwards-part" },
    el("h3", {}, say("2. A weight: where did it meet the image?", "2. 一个权重：它在哪里遇到了图像？")),
    el("p", {}, backwardsWeightFormula(layer)),
    el("div", { class: "row" }, button({ key: "backwards-steepest", click: () => backwardsSteepest(layer),
      text: say("the weight with the largest gradient in this layer", "本层梯度最大的权重") })),
    el("div", { class: "maps" },
      layer.kernel ? backwardsFilter(layer, choice) : null,
      layer.input.length === 3 ? backwardsProducts(layer, choice, terms) : null,
      backwardsWeightTerms(layer, choice, terms)));
}

// Many weights have hardly a part in the loss of one image, and some none.
function backwardsSteepest(layer) {
  const { shape, data: dw } = lab.backward.grads[`${layer.name}.weight`];
  const k = dw.reduce((best, value, place) => (Math.abs(value) > Math.abs(dw[best]) ? place : best), 0);
  const O = shape.at(-1);
  const { first, M } = channelsSeen(layer, k % O);
  const tap = Math.floor(k / (M * O));
  const { L } = backwardsGeometry(layer);
  backwardsGo(layer, { c: k % O, bm: first + (Math.floor(k / O) % M), bu: Math.floor(tap / L), bv: tap % L, s: null });
}

function backwardsWeightFormula(layer) {
  if (layer.input.length !== 3) return [
    math(...backwardsIndexed("dw", "m", ",", "o"), "=", ...backwardsIndexed("x", "m"), "·", ...backwardsIndexed("dy", "o")),
    say(": it met the image once", "：它只遇到图像一次")];
  const [place, window] = layer.kernel ? [["r", ",", "q", ","], ["u", ",", "v", ","]] : [["i", ",", "j", ","], []];
  const [mo, o] = layer.kind === "depthwise" ? [["m"], "m"] : [["m", ",", "o"], "o"];
  return [math(...backwardsIndexed("dw", ...window, ...mo), "=", "Σ", ...backwardsIndexed("x", ...place, "m"), "·",
    ...backwardsIndexed("dy", "i", ",", "j", ",", o)),
    say(" over all output pixels", "，对所有输出像素求和"), layer.kernel ? [say(", with ", "，其中 "),
      math("r", "=", "i", "·", "s", "+", "u", "−", "p"), say(" and ", "、"), math("q", "=", "j", "·", "s", "+", "v", "−", "p")] : null];
}

// "w[1, 2, 0, 5]": the weight as the array has it
function backwardsWeightName(layer, { u, v, m, o }) {
  if (layer.kind === "depthwise") return `w[${u}, ${v}, ${o}]`;
  return layer.kernel ? `w[${u}, ${v}, ${m - channelsSeen(layer, o).first}, ${o}]` : `w[${m}, ${o}]`;
}

function backwardsWeightValue(layer, { u, v, m, o }) {
  return lab.params[`${layer.name}.weight`].data[backwardsWeightAt(layer, u, v, m, o)];
}

function backwardsGradient(layer, { u, v, m, o }) {
  return lab.backward.grads[`${layer.name}.weight`].data[backwardsWeightAt(layer, u, v, m, o)];
}

function backwardsFilter(layer, choice) {
  const [K, L] = layer.kernel;
  const values = new Float64Array(K * L);
  for (let tap = 0; tap < K * L; tap++)
    values[tap] = backwardsWeightValue(layer, { ...choice, u: Math.floor(tap / L), v: tap % L });
  return el("figure", { class: "backwards-filter" },
    el("figcaption", {}, say("filter w: choose a weight", "卷积核 w：请选一个权重")),
    numberGrid({ key: "backwards-filter", values, rows: K, columns: L, selected: [choice.u, choice.v],
      label: say("Filter", "卷积核"), choose: (u, v) => backwardsGo(layer, { bu: u, bv: v }) }));
}

// What each output pixel adds to dw, as a map.
function backwardsProducts(layer, { o }, terms) {
  const [rows, columns] = mapShape(layer);
  const label = say(`x · dy at each output pixel, channel ${o}`, `每个输出像素处的 x · dy，通道 ${o}`);
  return el("figure", {}, el("figcaption", {}, label),
    numberGrid({ values: Float64Array.from(terms, (p) => p.product), rows, columns, label, selected: [state.i, state.j] }));
}

function backwardsWeightTerms(layer, choice, terms) {
  const lines = backwardsLines(terms, BACKWARDS_LINES);
  const limit = largest(lines.map((line) => line.product));
  const [sum, held] = [backwardsTotal(terms), backwardsGradient(layer, choice)];
  const name = backwardsWeightName(layer, choice);
  return el("div", { class: "backwards-places" },
    el("p", {}, `${name} = `, el("b", {}, number(backwardsWeightValue(layer, choice))), " ",
      say(`met ${whole(terms.length)} ${terms.length === 1 ? "place" : "places"}`, `遇到 ${whole(terms.length)} 个位置`)),
    el("ol", { class: "backwards-terms" }, lines.map((line) => el("li", {},
      el("span", { class: "text" }, backwardsPlace(layer, line)), signBar(line.product, limit)))),
    el("p", { class: "sum" }, "dw = ", el("b", {}, number(sum))),
    el("p", { class: "backwards-meet" }, say(
      `The backward pass holds ${number(held)} (difference ${number(Math.abs(sum - held), 2)}).`,
      `反向传播的值是 ${number(held)}（相差 ${number(Math.abs(sum - held), 2)}）。`)));
}

function backwardsPlace(layer, line) {
  if (line.rest) return backwardsTerm(layer, line);
  const place = layer.input.length === 3 ? `[${line.row}, ${line.column}]`.replaceAll("-", "−") : "";
  const zero = line.padding ? say(" (padding)", "（填充）") : "";
  return `x${place} · dy = ${number(line.x)} · ${number(line.dy)} = ${number(line.product)}${zero}`;
}
