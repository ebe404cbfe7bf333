// View 3: the loss over the moved weight.  Dashed the tangent, which backward has drawn beforehand; the line
// goes through the losses that have been measured; the ring is where the slider stands.

const BACKWARDS_BOX = { width: 400, height: 260, left: 74, right: 14, top: 14, bottom: 44 };

function backwardsChart({ w, size, gradient, losses, h }) {
  const points = [...losses].filter(([delta]) => Math.abs(delta) <= size).sort(([a], [b]) => a - b);
  const changes = points.map(([, loss]) => loss - lab.loss);
  const [low, high] = backwardsRange([...changes, gradient * size, -gradient * size]);
  const { width, height, left, right, top, bottom } = BACKWARDS_BOX;
  const x = (delta) => left + ((delta / size + 1) / 2) * (width - left - right);
  const y = (change) => top + ((high - change) / (high - low)) * (height - top - bottom);
  const here = losses.get(h * size);
  const line = points.map(([delta], k) => `${x(delta).toFixed(2)},${y(changes[k]).toFixed(2)}`).join(" ");
  return el("figure", {},
    el("figcaption", {}, say("Change of the loss over the weight: dashed the tangent by backward, the line measured",
      "损失的变化随权重：虚线是反向传播的切线，实线是实测")),
    svg("svg", { class: "backwards-chart", viewBox: `0 0 ${width} ${height}`, role: "img",
      aria: { label: backwardsChartSaid(w, size, gradient, here) } },
      backwardsAxes(x, y, w, size, low, high),
      svg("line", { class: "tangent", x1: x(-size), x2: x(size), y1: y(-gradient * size), y2: y(gradient * size) }),
      svg("polyline", { class: "curve", points: line }),
      points.map(([delta], k) => svg("circle", { class: "measured", cx: x(delta), cy: y(changes[k]), r: 2 })),
      svg("circle", { class: here === undefined ? "here waiting" : "here", r: 6, cx: x(h * size),
        cy: y(here === undefined ? gradient * h * size : here - lab.loss) })));
}

function backwardsRange(values) {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = 0.08 * (high - low) || 1e-12;
  return [low - room, high + room];
}

function backwardsChartSaid(w, size, gradient, here) {
  const measured = here === undefined ? "" : say(` The loss is ${number(here, 5)} where the slider stands.`, `滑块所在处损失为 ${number(here, 5)}。`);
  return say(
    `The weight from ${number(w - size)} to ${number(w + size)}; the tangent rises by ${number(gradient)} for each unit.`,
    `权重从 ${number(w - size)} 到 ${number(w + size)}；切线的斜率为 ${number(gradient)}。`) + measured;
}

function backwardsAxes(x, y, w, size, low, high) {
  const { width, height, left, right, top, bottom } = BACKWARDS_BOX;
  const text = (attributes, said) => svg("text", attributes, said);
  return [
    svg("line", { class: "axis", x1: left, x2: width - right, y1: y(0), y2: y(0) }),
    svg("line", { class: "axis", x1: x(0), x2: x(0), y1: top, y2: height - bottom }),
    [-1, 0, 1].map((h) => text({ x: x(h * size), y: height - bottom + 18, "text-anchor": h < 0 ? "start" : h ? "end" : "middle" },
      number(w + h * size))),
    text({ x: (left + width - right) / 2, y: height - 6, "text-anchor": "middle" }, say("weight w", "权重 w")),
    text({ x: left - 6, y: top + 10, "text-anchor": "end" }, number(high, 2)),
    text({ x: left - 6, y: y(0) + 4, "text-anchor": "end" }, "0"),
    text({ x: left - 6, y: height - bottom, "text-anchor": "end" }, number(low, 2)),
  ];
}
