// View 1.  An output is a handful of products: 9 of one channel in a depthwise convolution, one of each
// channel at one pixel in a pointwise one.

const MOST_LINES = 30; // of products that stand each for themselves

const viewOneNumber = {
  id: "one-number",
  title: () => say("One number", "一个数"),
  question: () => say("Which products made this number?", "这个数由哪些乘积得来？"),

  steps: () => (lab.forward && multiplies(layerNow()) ? oneNumberLines().shown.length : 0),

  draw(place, state) {
    const layer = layerNow();
    if (!lab.forward) return fill(place, oneNumberHead(layer), el("p", { class: "waiting" }, progressText()));
    fill(place, oneNumberHead(layer), oneNumberMaps(layer), multiplies(layer) ? oneNumberProducts(layer) : null,
      oneNumberChain(layer));
  },

  sentence(state) {
    if (!lab.forward) return null;
    const layer = layerNow();
    const value = number(at(lab.forward.values[layer.name], state.i, state.j, state.c));
    const place = say(
      `Channel ${state.c} of ${layer.name} at row ${state.i}, column ${state.j}`,
      `${layer.name} 通道 ${state.c}、行 ${state.i}、列 ${state.j}`);
    if (!multiplies(layer)) return say(`${place} is ${value}: ${lineOf(layer, state.i, state.j, state.c)}.`,
      `${place} 是 ${value}：${lineOf(layer, state.i, state.j, state.c)}。`);
    const { all, shown, sums } = oneNumberLines();
    if (stepOf() < shown.length) return say(
      `${place}: after ${stepOf()} of ${shown.length} lines the sum is ${number(sums[stepOf()])}.`,
      `${place}：加了 ${shown.length} 行中的 ${stepOf()} 行，和为 ${number(sums[stepOf()])}。`);
    return `${place} ${oneNumberReason(layer, all, value)}`;
  },

  table(state) {
    if (!lab.forward || !multiplies(layerNow())) return null;
    const { all } = oneNumberLines();
    let sum = biasOf(layerNow(), state.c);
    const rows = all.map((p) => [p.u, p.v, p.m, number(p.x), number(p.w), number(p.product), number((sum += p.product))]);
    return {
      caption: say("All products of this number", "这个数的所有乘积"),
      head: ["u", "v", "m", "x", "w", "x · w", say("sum so far", "累计和")],
      rows,
    };
  },
};

function layerNow() {
  return lab.byName[state.l];
}

function multiplies(layer) {
  return "weight" in layer.arrays;
}

// all: every product in the formula's order; shown: the lines of the column, sorted by size where there is
// no window, with the small ones together; sums[k]: after k lines.
function oneNumberLines() {
  const layer = layerNow();
  const all = productsOf(layer, state.i, state.j, state.c);
  const bySize = layer.kernel && all.length <= MOST_LINES
    ? all : [...all].sort((a, b) => Math.abs(b.product) - Math.abs(a.product));
  const shown = bySize.slice(0, MOST_LINES);
  const rest = bySize.slice(MOST_LINES);
  if (rest.length) shown.push({ rest: rest.length, product: rest.reduce((sum, p) => sum + p.product, 0) });
  const sums = [biasOf(layer, state.c)];
  for (const line of shown) sums.push(sums.at(-1) + line.product);
  return { all, shown, sums };
}

function oneNumberReason(layer, all, value) {
  const m = all.reduce((best, p) => (Math.abs(p.product) > Math.abs(best.product) ? p : best)).m;
  if (layer.kind === "depthwise") return say(
    `is ${all.length} products of channel ${state.c} alone, sum ${value}: no other channel has a part in it.`,
    `是通道 ${state.c} 自己的 ${all.length} 个乘积之和 ${value}：别的通道都不参与。`);
  if (layer.kind === "pointwise") return say(
    `is ${all.length} products, one of each channel of this one pixel, sum ${value}; channel ${m} weighs most.`,
    `是这一个像素上 ${all.length} 个通道各一个乘积之和 ${value}；通道 ${m} 分量最大。`);
  if (layer.kind === "dense") return say(
    `is ${all.length} products, one of each feature, sum ${value}; feature ${m} weighs most.`,
    `是 ${all.length} 个特征各一个乘积之和 ${value}；特征 ${m} 分量最大。`);
  if (layer.kind === "grouped_conv") return say(
    `is ${all.length} products, of a window in the ${channelsSeen(layer, state.c).M} channels of its group, sum ${value}.`,
    `是本组 ${channelsSeen(layer, state.c).M} 个通道同一窗口内 ${all.length} 个乘积之和 ${value}。`);
  return say(
    `is ${all.length} products, of a window in every channel at once, sum ${value}.`,
    `是输入各通道同一窗口内 ${all.length} 个乘积之和 ${value}。`);
}

function oneNumberHead(layer) {
  const channels = mapShape(layer)[2];
  return el("div", { class: "row" },
    el("p", { class: "what" }, el("b", {}, layer.name), ` · ${kindOf(layer)}`,
      layer.kernel ? ` ${layer.kernel.join(" × ")}${say(", stride", "，步长")} ${layer.stride[0]}` : ""),
    channels > 1 ? slider({ key: "channel", label: say("channel", "通道"), min: 0, max: channels - 1, value: state.c,
      choose: (c) => go({ c, s: null }) }) : null);
}

// Left what is read, in the middle the filter, right what is put out.
function oneNumberMaps(layer) {
  const [rows, columns] = mapShape(layer);
  const output = channelOf(lab.forward.values[layer.name], state.c);
  const chosen = numberGrid({
    key: "output", values: output, rows, columns, selected: [state.i, state.j],
    label: say(`Output, channel ${state.c}`, `输出，通道 ${state.c}`),
    choose: (i, j) => go({ i, j, s: null }),
  });
  return el("div", { class: "maps" }, oneNumberInput(layer), layer.kernel && multiplies(layer) ? oneNumberFilter(layer) : null,
    el("figure", {}, el("figcaption", {}, say(`output, channel ${state.c}: choose a pixel`, `输出，通道 ${state.c}：请选一个像素`)), chosen));
}

function litProduct(layer) {
  if (!multiplies(layer)) return { m: state.c };
  const { all, shown } = oneNumberLines();
  const now = shown[Math.min(stepOf(), shown.length) - 1];
  if (now && stepOf() < shown.length && now.m !== undefined) return now;
  return { m: all.reduce((best, p) => (Math.abs(p.product) > Math.abs(best.product) ? p : best)).m };
}

function oneNumberInput(layer) {
  const x = mapOf(layer.inputs[0]);
  if (x.shape.length !== 4) return null;
  const [, rows, columns] = x.shape;
  const m = litProduct(layer).m;
  const window = layer.kernel
    ? { i: state.i * layer.stride[0] - layer.sides[0], j: state.j * layer.stride[1] - layer.sides[2],
        h: layer.kernel[0], w: layer.kernel[1] }
    : layer.kind === "global_pool" ? { i: 0, j: 0, h: rows, w: columns } : { i: state.i, j: state.j, h: 1, w: 1 };
  const name = layer.inputs[0] === "image" ? say("image", "图像") : layer.inputs[0];
  const label = say(`${name}, channel ${m}`, `${name}，通道 ${m}`);
  return el("figure", {}, el("figcaption", {}, label),
    numberGrid({ values: channelOf(x, m), rows, columns, label, window, margin: layer.kernel ? Math.max(...layer.sides) : 0 }));
}

function oneNumberFilter(layer) {
  const [K, L] = layer.kernel;
  const lit = litProduct(layer);
  const some = productsOf(layer, state.i, state.j, state.c).filter((p) => p.m === lit.m);
  const grid = (pick) => Array.from({ length: K }, (_, u) => some.slice(u * L, (u + 1) * L).map(pick));
  const place = lit.u === undefined ? null : [lit.u, lit.v];
  return el("div", { class: "pair" },
    numberTable({ caption: say("patch x", "窗口 x"), rows: grid((p) => p.x), zeros: grid((p) => p.padding), lit: place }),
    el("span", { class: "times" }, "×"),
    numberTable({ caption: say("filter w", "卷积核 w"), rows: grid((p) => p.w), lit: place }));
}

function oneNumberProducts(layer) {
  const { shown, sums } = oneNumberLines();
  const limit = largest(shown.map((line) => line.product));
  const bias = layer.bias ? el("li", {}, el("span", { class: "text" }, say("bias", "偏置"), ` ${number(biasOf(layer, state.c))}`)) : null;
  const lines = shown.slice(0, stepOf()).map((line) => el("li", { class: line.padding ? "padding" : null },
    el("span", { class: "text" }, oneNumberLine(layer, line)), signBar(line.product, limit)));
  return el("section", { class: "products" },
    el("h3", {}, say("The products", "各个乘积")),
    el("ol", {}, bias, lines),
    el("p", { class: "sum" }, say("sum", "和"), " = ", el("b", {}, number(sums[stepOf()]))));
}

function oneNumberLine(layer, line) {
  if (line.rest) return say(`${line.rest} smaller ones together = ${number(line.product)}`, `其余 ${line.rest} 个较小的合计 = ${number(line.product)}`);
  const place = layer.kernel ? `x[${line.row}, ${line.column}${layer.kind === "depthwise" ? "" : `, ${line.m}`}]`.replaceAll("-", "−") : `x[${line.m}]`;
  const weight = layer.kernel ? `w[${line.u}, ${line.v}${layer.kind === "depthwise" ? "" : `, ${line.m - channelsSeen(layer, state.c).first}`}]` : "w";
  const zero = line.padding ? say(" (padding: outside the map there is 0)", "（填充：图外为 0）") : "";
  return `${place} · ${weight} = ${number(line.x)} · ${number(line.w)} = ${number(line.product)}${zero}`;
}

function oneNumberChain(layer) {
  const lines = [...(multiplies(layer) ? [] : [layer]), ...chainAfter(layer)];
  if (!lines.length) return null;
  return el("section", { class: "chain" },
    el("h3", {}, multiplies(layer) ? say("And then", "然后") : say("How it is made", "如何得来")),
    el("ol", {}, lines.map((next) => el("li", {},
      next.kind === "activation" ? null : el("span", { class: "kind" }, kindOf(next), " "),
      lineOf(next, state.i, state.j, state.c)))));
}
