// View 3.  The gradient goes back along the products of the forward pass: an input pixel collects from every
// output that read it, a weight from every place where it met the image.  And then the weight is moved, and
// the loss of the whole network really follows the tangent that was drawn beforehand.
//
// The sums stand in backwards_sums.js, the weight's half of the page in backwards_weight.js, the moved weight
// in backwards_nudge.js, layers without such products in backwards_kinds.js.

const BACKWARDS_LINES = 12; // of a long sum that stand each for themselves

const viewBackwards = {
  id: "backwards",
  title: () => say("Backwards", "反向"),
  question: () => say("Who read this number?", "谁读过这个数？"),

  steps: () => (backwardsReady() && multiplies(layerNow()) ? backwardsScattered(layerNow()).shown.length : 0),

  draw(place, state) {
    const layer = layerNow();
    if (!backwardsReady()) return fill(place, backwardsHead(layer), el("p", { class: "waiting" }, backwardsWhy()));
    if (!multiplies(layer)) return fill(place, backwardsHead(layer), backwardsKind(layer));
    fill(place, backwardsHead(layer), backwardsPixel(layer), backwardsWeight(layer), backwardsNudge(layer));
  },

  sentence(state) {
    if (!backwardsReady()) return backwardsHeadless() ? backwardsWhy() : null;
    const layer = layerNow();
    if (!multiplies(layer)) return backwardsKindSentence(layer);
    const { shown, sums } = backwardsScattered(layer);
    if (stepOf() < shown.length) return say(
      `Of what this pixel is told, ${stepOf()} of ${shown.length} lines make ${number(sums[stepOf()])}.`,
      `这个像素收到的梯度：前 ${stepOf()} 行（共 ${shown.length} 行）之和为 ${number(sums[stepOf()])}。`);
    return backwardsNudgeSentence(layer) ?? backwardsPixelSentence(layer);
  },

  table(state) {
    if (!backwardsReady() || !multiplies(layerNow())) return null;
    const layer = layerNow();
    const { m, row, column } = backwardsChoice(layer);
    const terms = state.table ? backwardsLines(backwardsReaders(layer, row, column, m), 1000) : [];
    let sum = 0;
    return {
      caption: say(`dx[${row}, ${column}, ${m}]: every output that read this number`, `dx[${row}, ${column}, ${m}]：读过这个数的每个输出`),
      head: ["i", "j", "o", "u", "v", "w", "dy", "w · dy", say("sum so far", "累计和")],
      rows: terms.map((p) => p.rest
        ? [say(`${p.rest} others`, `其余 ${p.rest} 个`), "", "", "", "", "", "", number(p.product), number((sum += p.product))]
        : [p.i, p.j, p.o, p.u, p.v, number(p.w), number(p.dy), number(p.product), number((sum += p.product))]),
    };
  },
};

function backwardsReady() {
  return Boolean(lab.forward && lab.backward);
}

// Nothing to go backwards from: the network has been computed, and it ends without classes.
function backwardsHeadless() {
  return Boolean(lab.forward) && !lab.probabilities;
}

function backwardsWhy() {
  if (!backwardsHeadless()) return progressText();
  return say(
    "This network ends with features, not with classes: there is no loss, and so no gradient to go back.",
    "这个网络以特征结束，没有类别：没有损失，也就没有可以反传的梯度。");
}

// The input pixel (row, column, m) and the weight (u, v, m, o) that are looked at.  They belong to a layer,
// state.bl; for any other one: the pixel in the middle of the chosen output's window, in the channel that
// weighed most in it, and the weight by which it was read.
function backwardsChoice(layer) {
  const own = state.bl === layer.name ? state : {};
  const { K, L, s, t, top, left } = backwardsGeometry(layer);
  const [rows, columns, channels] = backwardsInput(layer);
  const inside = (asked, usual, count) => clamp(Math.trunc(Number(asked ?? usual)) || 0, count);
  const { first, M } = channelsSeen(layer, state.c);
  const m = Math.max(first, Math.min(inside(own.bm, own.bm ?? backwardsHeaviest(layer), channels), first + M - 1));
  return {
    m, o: state.c,
    row: inside(own.bi, state.i * s + (K >> 1) - top, rows),
    column: inside(own.bj, state.j * t + (L >> 1) - left, columns),
    u: inside(own.bu, K >> 1, K),
    v: inside(own.bv, L >> 1, L),
    h: Math.min(1, Math.max(-1, Number(own.bh) || 0)),
  };
}

function backwardsHeaviest(layer) {
  const products = productsOf(layer, state.i, state.j, state.c);
  return products.reduce((best, p) => (Math.abs(p.product) > Math.abs(best.product) ? p : best)).m;
}

// Changes what is looked at; another weight begins where it is.
function backwardsGo(layer, changes) {
  const { m, row, column, u, v } = backwardsChoice(layer);
  go({ bl: layer.name, bm: m, bi: row, bj: column, bu: u, bv: v, bh: 0, ...changes });
}

function backwardsHead(layer) {
  const channels = mapShape(layer)[2];
  const [, , read] = backwardsInput(layer);
  const two = backwardsReady() && multiplies(layer) && layer.kind !== "depthwise" && read > 1;
  return el("div", { class: "row" },
    el("p", { class: "what" }, el("b", {}, layer.name), ` · ${kindOf(layer)}`,
      layer.kernel ? ` ${layer.kernel.join(" × ")}, ${say("stride", "步长")} ${layer.stride[0]}` : ""),
    lab.probabilities ? el("p", { class: "soft" }, say("loss of", "损失，对类别"), " ",
      el("b", { dir: "auto" }, className(lab.label)), `: ${number(lab.loss)}`) : null,
    two ? slider({ key: "backwards-m", label: say("input channel m", "输入通道 m"), min: 0, max: read - 1,
      value: backwardsChoice(layer).m, choose: (m) => backwardsGo(layer, { bm: m, s: null }) }) : null,
    channels > 1 ? slider({ key: "channel", label: layer.kind === "depthwise" ? say("channel", "通道") : say("output channel o", "输出通道 o"),
      min: 0, max: channels - 1, value: state.c, choose: (c) => go({ c, s: null }) }) : null);
}

// The terms of dx in the chosen pixel: all, the lines that are shown, and the sum after each line.
function backwardsScattered(layer) {
  const { m, row, column } = backwardsChoice(layer);
  const all = backwardsReaders(layer, row, column, m);
  const shown = backwardsLines(all, layer.kind === "depthwise" ? all.length : BACKWARDS_LINES);
  const sums = [0];
  for (const line of shown) sums.push(sums.at(-1) + line.product);
  return { all, shown, sums };
}

function backwardsPixelSentence(layer) {
  const { m, row, column } = backwardsChoice(layer);
  const { all } = backwardsScattered(layer);
  const sum = number(backwardsTotal(all));
  if (layer.input.length !== 3) return say(
    `Number ${m} was read by all ${all.length} outputs of ${layer.name}; what they send back sums to dx = ${sum}.`,
    `第 ${m} 个数被 ${layer.name} 的全部 ${all.length} 个输出读过；它们传回的梯度之和 dx = ${sum}。`);
  return say(
    `Input pixel (${row}, ${column}) of channel ${m} was read by ${all.length} outputs of ${layer.name}; what they send back sums to dx = ${sum}.`,
    `输入通道 ${m}的像素 (${row}, ${column}) 被 ${layer.name} 的 ${all.length} 个输出读过；它们传回的梯度之和 dx = ${sum}。`);
}
