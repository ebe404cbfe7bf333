// View 3, first part: a number of the input, the outputs that read it, and dx as their sum in two orders.

function backwardsPixel(layer) {
  const choice = backwardsChoice(layer);
  return el("section", { class: "backwards-part" },
    el("h3", {}, say("1. A number of the input: who read it?", "1. 输入中的一个数：谁读过它？")),
    el("p", {}, backwardsFormula(layer)),
    layer.input.length === 3 ? backwardsMaps(layer, choice) : null,
    el("div", { class: "backwards-two" }, backwardsScatter(layer), backwardsGather(layer, choice)),
    backwardsMeet(layer, choice));
}

function backwardsFormula(layer) {
  const [x, y] = layer.kernel ? [["r", ",", "q", ","], ["i", ",", "j", ","]]
    : layer.input.length === 3 ? [["i", ",", "j", ","], ["i", ",", "j", ","]] : [[], []];
  const window = layer.kernel ? ["u", ",", "v", ","] : [];
  const [mo, o] = layer.kind === "depthwise" ? [["m"], "m"] : [["m", ",", "o"], "o"];
  const where = layer.kernel
    ? [say(" over all outputs with ", "，对满足 "), math("i", "·", "s", "+", "u", "−", "p", "=", "r"), say(" and ", "、"),
      math("j", "·", "s", "+", "v", "−", "p", "=", "q"), say("", " 的所有输出求和")]
    : say(" over all outputs o", "，对所有输出 o 求和");
  return [math(...backwardsIndexed("dx", ...x, "m"), "=", "Σ", ...backwardsIndexed("w", ...window, ...mo), "·",
    ...backwardsIndexed("dy", ...y, o)), where];
}

// w[u, v, m]: as arrays are indexed everywhere else on the page
function backwardsIndexed(name, ...index) {
  const bracket = (text) => {
    const mark = mathElement("mo", text);
    mark.setAttribute("stretchy", "false"); // no taller than a letter
    return mark;
  };
  return [name, bracket("["), ...index, bracket("]")];
}

function backwardsMaps(layer, { m, row, column, o }) {
  const [rows, columns] = backwardsInput(layer);
  const [I, J] = mapShape(layer);
  const name = layer.inputs[0] === "image" ? say("image", "图像") : layer.inputs[0];
  const box = backwardsBox(layer, row, column);
  const lit = backwardsLit(layer);
  const shown = lit ? lit.o : o;
  const figure = (text, grid) => el("figure", {}, el("figcaption", {}, text), grid);
  const dyText = say(`dy: gradient of the output, channel ${shown}`, `dy：输出的梯度，通道 ${shown}`);
  const dxText = say(`dx: gradient of the input, channel ${m}`, `dx：输入的梯度，通道 ${m}`);
  return el("div", { class: "maps backwards-maps" },
    figure(say(`x: ${name}, channel ${m}. Choose a pixel`, `x：${name}，通道 ${m}。请选一个像素`), numberGrid({
      key: "backwards-input", values: channelOf(mapOf(layer.inputs[0]), m), rows, columns, selected: [row, column],
      label: say(`Input, channel ${m}`, `输入，通道 ${m}`),
      choose: (i, j) => backwardsGo(layer, { bi: i, bj: j, bh: state.bl === layer.name ? state.bh : 0, s: null }) })),
    figure(dyText, numberGrid({ values: channelOf(backwardsOf(layer.name), shown), rows: I, columns: J, label: dyText,
      window: box.h * box.w ? box : null, selected: lit ? [lit.i, lit.j] : null })),
    figure(dxText, numberGrid({ values: channelOf(backwardsOf(layer.inputs[0]), m), rows, columns, label: dxText,
      selected: [row, column] })));
}

// The term that the player has just reached.
function backwardsLit(layer) {
  const { shown } = backwardsScattered(layer);
  const now = shown[stepOf() - 1];
  return now && stepOf() < shown.length && !now.rest ? now : null;
}

function backwardsScatter(layer) {
  const { all, shown, sums } = backwardsScattered(layer);
  const limit = largest(shown.map((line) => line.product));
  return el("div", {},
    el("h4", {}, say("Scattered: each output sends back along its weight", "散播：每个输出沿它的权重传回")),
    all.length ? null : el("p", {}, say("No output reads this pixel: the stride steps over it.", "没有输出读这个像素：步长跨过了它。")),
    el("ol", { class: "backwards-terms" }, shown.slice(0, stepOf()).map((line) => el("li", {},
      el("span", { class: "text" }, backwardsTerm(layer, line)), signBar(line.product, limit)))),
    el("p", { class: "sum" }, say("sum", "和"), " = ", el("b", {}, number(sums[stepOf()]))));
}

function backwardsTerm(layer, line) {
  if (line.rest) return say(`${whole(line.rest)} smaller ones together = ${number(line.product)}`, `其余 ${whole(line.rest)} 个较小的合计 = ${number(line.product)}`);
  const channel = layer.kind === "depthwise" ? "" : `${layer.input.length === 3 ? ", " : ""}${line.o}`;
  const place = layer.input.length === 3 ? `${line.i}, ${line.j}${channel}` : channel;
  const weight = layer.kernel ? `w[${line.u}, ${line.v}]` : "w";
  return `y[${place}]: ${weight} · dy = ${number(line.w)} · ${number(line.dy)} = ${number(line.product)}`;
}

// The same sum, gathered by a turned filter.
function backwardsGather(layer, { m, row, column, o }) {
  const title = el("h4", {}, say("Gathered: the turned filter over dy", "收集：翻转的卷积核滑过 dy"));
  const sum = backwardsGathered(layer, row, column, m);
  const result = el("p", { class: "sum" }, say("sum", "和"), " = ", el("b", {}, number(sum)));
  if (!layer.kernel) return el("div", {}, title, el("p", {}, say(
    "A filter of one pixel, turned, is itself, and between the dy there is nothing to fill: dx is row m of w times dy, where forwards y was column o of w times x.",
    "一个像素的卷积核翻转后还是自己，dy 之间也没有空隙要填：dx 是 w 的第 m 行乘 dy，而正向时 y 是 w 的第 o 列乘 x。")), result);
  const lit = backwardsLit(layer);
  const shown = layer.kind === "depthwise" ? m : (lit?.o ?? o);
  const turned = backwardsTurned(layer, row, column, m, shown);
  const place = lit ? [layer.kernel[0] - 1 - lit.u, layer.kernel[1] - 1 - lit.v] : null;
  const zeros = layer.stride[0] > 1
    ? say("dy among zeros (dashed)", "dy，其间补零（虚线）")
    : say("dy, around it zeros", "dy，四周为零");
  const others = layer.kind === "depthwise" ? null : el("p", {}, say(
    `Channel ${shown} alone: ${number(turned.sum)}; the other ${mapShape(layer)[2] - 1} channels, each with its own filter: ${number(sum - turned.sum)}.`,
    `仅通道 ${shown}：${number(turned.sum)}；其余 ${mapShape(layer)[2] - 1} 个通道（各有自己的卷积核）：${number(sum - turned.sum)}。`));
  return el("div", {}, title,
    el("div", { class: "pair" },
      numberTable({ caption: zeros, rows: turned.window, zeros: turned.zeros, lit: place }),
      el("span", { class: "times" }, "×"),
      numberTable({ caption: say("w, turned by 180°", "w，旋转 180°"), rows: turned.filter, lit: place })),
    others, result);
}

// Both sums, and what stands in the gradient that the whole backward pass has computed.
function backwardsMeet(layer, { m, row, column }) {
  const scattered = backwardsTotal(backwardsReaders(layer, row, column, m));
  const gathered = backwardsGathered(layer, row, column, m);
  const total = at(backwardsOf(layer.inputs[0]), row, column, m);
  const readers = lab.layers.filter((other) => other !== layer && other.inputs.includes(layer.inputs[0]));
  const others = readers.reduce((sum, other) => sum + backwardsShareOf(other, row, column, m, total - scattered), 0);
  const apart = Math.max(Math.abs(scattered - gathered), Math.abs(scattered + others - total));
  const added = readers.length === 0 ? "" : say(
    ` This number was read by ${readers.map((other) => other.name).join(", ")} too: ${number(others)} more.`,
    `${readers.map((other) => other.name).join("、")} 也读过这个数：再加 ${number(others)}。`);
  return el("p", { class: "backwards-meet" },
    say(`Both ways ${number(scattered)}.`, `两种方式都得 ${number(scattered)}。`), added, say(" ", ""),
    say(`The backward pass holds ${number(total)} here (the largest difference is ${number(apart, 2)}).`,
      `反向传播在此处的值是 ${number(total)}（最大相差 ${number(apart, 2)}）。`));
}

// What another layer that read the same number sends back: a residual add all that it was given; of others
// (a gate and what it scales) only the rest of the sum is known.
function backwardsShareOf(other, row, column, m, rest) {
  return other.kind === "add" ? at(backwardsOf(other.name), row, column, m) : rest;
}
