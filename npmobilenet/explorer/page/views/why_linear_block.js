// View 7, on the right: a block taken apart.  Thin, wide, wide, thin as bars to scale, the residual as a bow,
// the gates of squeeze-and-excite as dots.

// The blocks that end in a linear projection, by name.
function projectedBlocks() {
  return [...new Set(lab.layers.filter((layer) => layer.name.endsWith(".project")).map((layer) => layer.block))];
}

function blockExpands(block) {
  return Boolean(lab.byName[`${block}.expand`]);
}

// The chosen layer's block, if it expands or was asked for here; else the network's first that expands.
function blockChosen() {
  const blocks = projectedBlocks();
  const own = lab.byName[state.l]?.block;
  if (blocks.includes(own) && (blockExpands(own) || state.block === own)) return own;
  return blocks.find(blockExpands) ?? blocks[0];
}

// What a block is made of: {parts: [{text, channels, size}], residual, gate: that layer}.
function blockParts(block) {
  const of = (name) => lab.byName[`${block}.${name}`];
  const [first, depthwise, last] = [of("expand") ?? of("depthwise"), of("depthwise"), of("project")];
  const part = (text, shape) => ({ text, channels: shape[2], size: `${shape[0]} × ${shape[1]}` });
  const bent = (name) => of(`${name}_activation`)?.function ?? "";
  return {
    parts: [
      part(say("input", "输入"), first.input),
      of("expand") && part(`expand 1 × 1, ${bent("expand")}`, of("expand").output),
      part(`depthwise ${depthwise.kernel.join(" × ")}, ${bent("depthwise")}`, depthwise.output),
      part(`project 1 × 1, ${blockLinear()}`, last.output),
    ].filter(Boolean),
    residual: Boolean(of("add")),
    gate: of("gate"),
  };
}

function blockLinear() {
  return say("linear", "线性");
}

// V2's first block with an expansion, for a network that has none.
function blockSketch() {
  const part = (text, channels, size) => ({ text, channels, size: `${size} × ${size}` });
  return {
    parts: [part(say("input", "输入"), 16, 112), part("expand 1 × 1, relu6", 96, 112),
      part("depthwise 3 × 3, relu6", 96, 56), part(`project 1 × 1, ${blockLinear()}`, 24, 56)],
    residual: false,
    gate: null,
  };
}

function blockChart({ parts, residual }) {
  const most = Math.max(...parts.map(({ channels }) => channels));
  const [high, bar, middle, widest] = [48, 20, 145, 280]; // of a row and its bar; the bars' middle, and most
  const width = ({ channels }) => Math.max(3, (channels / most) * widest);
  const end = (part) => middle + width(part) / 2;
  const row = (k) => k * high + high - bar / 2 - 4; // the middle of bar k
  const last = parts.length - 1;
  const said = parts.map(({ text, channels }) => `${text}: ${channels}`).join("; ");
  const bow = `M${end(parts[0])} ${row(0)}C386 ${row(0)} 386 ${row(last)} ${end(parts[last]) + 20} ${row(last)}`;
  return svg("svg", { class: "why-block", viewBox: `0 0 370 ${parts.length * high + 6}`, role: "img",
    aria: { label: residual ? say(`${said}; the input is added at the end`, `${said}；最后加上输入`) : said } },
    residual && svg("path", { class: "bow", d: bow }),
    parts.map((part, k) => [
      svg("rect", { class: k === 0 || k === last ? "thin" : "wide", x: middle - width(part) / 2, y: row(k) - bar / 2, width: width(part), height: bar }),
      svg("text", { x: 4, y: row(k) - bar / 2 - 6 }, `${part.text}: ${part.size} × ${part.channels}`),
    ]),
    residual && [
      svg("circle", { class: "sum", cx: end(parts[last]) + 11, cy: row(last), r: 9 }),
      svg("text", { class: "plus", x: end(parts[last]) + 11, y: row(last) + 5, "text-anchor": "middle" }, "+"),
    ]);
}

// The gates of this image, one dot a channel: full at 1, empty at 0.
function blockGates(gate) {
  if (!gate || !lab.forward) return null;
  const values = [...lab.forward.values[gate.name].data];
  const open = values.filter((value) => value >= 0.5).length;
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const said = say(
    `${gate.name}: ${values.length} gates for this image, from ${number(least, 2)} to ${number(most, 2)}; ${open} let at least half of their channel through. A full dot is 1, an empty one 0.`,
    `${gate.name}：对这幅图像有 ${values.length} 个门控值，从 ${number(least, 2)} 到 ${number(most, 2)}；其中 ${open} 个让各自通道至少通过一半。实心点为 1，空心点为 0。`);
  const place = (k) => ({ cx: 6 + 12 * (k % 36), cy: 7 + 14 * Math.floor(k / 36) });
  return el("figure", {}, el("figcaption", {}, said),
    svg("svg", { class: "why-gates", viewBox: `0 0 432 ${14 * Math.ceil(values.length / 36)}`, role: "img", aria: { label: gate.name } },
      values.map((value, k) => [
        svg("circle", { class: "shut", ...place(k), r: 5 }),
        svg("circle", { class: "open", ...place(k), r: (5 * Math.sqrt(Math.max(value, 0) || 0)).toFixed(2) }),
      ])));
}
