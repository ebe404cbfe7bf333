// View 7, on the right: a block taken apart.  Thin, wide, wide, thin as bars to scale, the residual as a bow,
// the gates of squeeze-and-excite as dots.

// The blocks that end in a linear projection, by name.
function projectedBlocks() {
  return [...new Set(lab.layers.filter((layer) => layer.name.endsWith(".project")).map((layer) => layer.block))];
}

// The block of the chosen layer if it has a projection, else the first with an expansion, else the first.
function blockChosen() {
  const blocks = projectedBlocks();
  const own = lab.byName[state.l]?.block;
  if (blocks.includes(own)) return own;
  return blocks.find((block) => lab.byName[`${block}.expand`]) ?? blocks[0];
}

// What a block is made of: [{text, channels, size}], the residual and the gates' layer.
function blockParts(block) {
  const of = (name) => lab.byName[`${block}.${name}`];
  const [first, last] = [of("expand") ?? of("depthwise"), of("project")];
  const part = (text, shape) => ({ text, channels: shape[2], size: `${shape[0]} × ${shape[1]}` });
  return {
    parts: [
      part(say("input", "输入"), first.input),
      of("expand") && part("expand 1 × 1", of("expand").output),
      part(`depthwise ${of("depthwise").kernel.join(" × ")}`, of("depthwise").output),
      part("project 1 × 1", last.output),
    ].filter(Boolean),
    residual: Boolean(of("add")),
    gate: of("gate"),
  };
}

// V2's first block with an expansion, for a network that has none.
function blockSketch() {
  const part = (text, channels, size) => ({ text, channels, size: `${size} × ${size}` });
  return {
    parts: [part(say("input", "输入"), 16, 112), part("expand 1 × 1", 96, 112), part("depthwise 3 × 3", 96, 56), part("project 1 × 1", 24, 56)],
    residual: false,
    gate: null,
  };
}

function blockChart({ parts, residual }) {
  const most = Math.max(...parts.map(({ channels }) => channels));
  const [high, width, middle] = [46, 420, 260];
  const wide = ({ channels }) => Math.max(3, (channels / most) * 300);
  const said = parts.map(({ text, channels }) => `${text} ${channels}`).join(", ");
  const height = parts.length * high;
  const bow = `M${middle + 160} ${high / 2}C${middle + 215} ${high} ${middle + 215} ${height - high} ${middle + 160} ${height - high / 2}`;
  return svg("svg", { class: "why-block", viewBox: `0 0 ${width + 70} ${height}`, role: "img",
    aria: { label: residual ? say(`${said}; the input is added at the end`, `${said}；最后加上输入`) : said } },
    parts.map((one, k) => [
      svg("rect", { class: k === 0 || k === parts.length - 1 ? "thin" : "wide", x: middle - wide(one) / 2, y: k * high + 18, width: wide(one), height: 18 }),
      svg("text", { x: 100, y: k * high + 13 }, `${one.text}: ${one.channels} · ${one.size}`),
      k === parts.length - 1 ? svg("text", { class: "linear", x: middle + wide(one) / 2 + 8, y: k * high + 32 }, say("linear: no ReLU", "线性：无 ReLU")) : null,
    ]),
    residual ? svg("path", { class: "bow", d: bow }) : null,
    residual ? svg("text", { x: middle + 196, y: height / 2 + 4 }, "+") : null);
}

// The gates of this image, one dot a channel: full at 1, empty at 0.
function blockGates(gate) {
  if (!gate || !lab.forward) return null;
  const values = [...lab.forward.values[gate.name].data];
  const open = values.filter((value) => value >= 0.5).length;
  const said = say(
    `${gate.name}: of ${values.length} gates ${open} let at least half of their channel through, for this image.`,
    `${gate.name}：对这幅图像，${values.length} 个门中有 ${open} 个让各自通道至少通过一半。`);
  return el("figure", {}, el("figcaption", {}, said),
    svg("svg", { class: "why-gates", viewBox: `0 0 480 ${14 * Math.ceil(values.length / 40)}`, role: "img", aria: { label: said } },
      values.map((value, k) => [
        svg("circle", { class: "shut", cx: 6 + 12 * (k % 40), cy: 7 + 14 * Math.floor(k / 40), r: 5 }),
        svg("circle", { class: "open", cx: 6 + 12 * (k % 40), cy: 7 + 14 * Math.floor(k / 40), r: (5 * Math.sqrt(Math.max(value, 0))).toFixed(2) }),
      ])));
}
