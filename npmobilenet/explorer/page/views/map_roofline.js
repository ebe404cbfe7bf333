// View 4: the roofline (Williams, Waterman and Patterson 2009).  Across: flops for each byte carried; up: flops
// a second; both logarithmic.  No layer can be above the machine's two lines: its peak, which is level, and
// what memory delivers, bandwidth times flops a byte, which rises.

const ROOF_BOX = { width: 420, height: 300, left: 62, right: 14, top: 28, bottom: 44 };

// Bytes a second for a layer that touches so many: what was measured for as much or more.
function mapBandwidth(bytes) {
  const { bandwidths } = data.machine;
  return (bandwidths.find(([measured]) => measured >= bytes) ?? bandwidths.at(-1))[1];
}

function mapRoofline(layer) {
  const points = lab.layers.filter((one) => one.flops && one.seconds)
    .map((one) => ({ layer: one, x: one.flops / one.bytes, y: one.flops / one.seconds }));
  const bandwidth = mapBandwidth(layer.bytes);
  const scales = mapRoofScales(points);
  const [x, y] = [scales.x, scales.y];
  const ridge = data.machine.peak / bandwidth;
  const from = Math.max(scales.left, scales.low / bandwidth);
  const own = points.find((point) => point.layer === layer);
  const others = points.filter((point) => point !== own);
  return el("figure", { class: "map-roof" },
    el("figcaption", {}, say("Roofline: each dot a layer, the ring the chosen one; the rising line is memory at this layer's size",
      "Roofline：每点一层，圆环是所选层；斜线是该层数据量下的内存带宽")),
    svg("svg", { viewBox: `0 0 ${ROOF_BOX.width} ${ROOF_BOX.height}`, role: "img", aria: { label: mapRoofSaid(layer, ridge) } },
      mapRoofAxes(scales),
      svg("polyline", { class: "roof", points: [[from, from * bandwidth], [ridge, data.machine.peak], [scales.right, data.machine.peak]]
        .map(([a, b]) => `${x(a).toFixed(1)},${y(b).toFixed(1)}`).join(" ") }),
      others.map((point) => svg("circle", { class: `dot kind-${mapColour(point.layer)}`, cx: x(point.x).toFixed(1), cy: y(point.y).toFixed(1), r: 3 })),
      own ? svg("circle", { class: `own kind-${mapColour(layer)}`, cx: x(own.x).toFixed(1), cy: y(own.y).toFixed(1), r: 7 }) : null),
    el("p", {}, mapRoofSaid(layer, ridge)), mapStarting());
}

// Whole powers of ten around everything that is drawn.
function mapRoofScales(points) {
  const power = (value, round) => 10 ** round(Math.log10(value));
  const [xs, ys] = [points.map((point) => point.x), points.map((point) => point.y)];
  const left = power(Math.min(...xs), Math.floor);
  const right = power(Math.max(...xs, data.machine.peak / data.machine.bandwidths.at(-1)[1]), Math.ceil);
  const low = power(Math.min(...ys), Math.floor);
  const high = power(Math.max(...ys, data.machine.peak), Math.ceil);
  const share = (value, from, to) => Math.log(value / from) / Math.log(to / from);
  const { width, height, left: l, right: r, top, bottom } = ROOF_BOX;
  return {
    left, right, low, high,
    x: (value) => l + share(value, left, right) * (width - l - r),
    y: (value) => height - bottom - share(value, low, high) * (height - top - bottom),
  };
}

function mapRoofAxes({ left, right, low, high, x, y }) {
  const { width, height, left: l, right: r, top, bottom } = ROOF_BOX;
  const powers = (from, to) => Array.from({ length: Math.round(Math.log10(to / from)) + 1 }, (_, k) => from * 10 ** k);
  const short = (value) => (value >= 1 ? whole(Math.round(value)) : String(Number(value.toPrecision(1))));
  return [
    powers(left, right).map((value) => [
      svg("line", { class: "rule", x1: x(value), x2: x(value), y1: top, y2: height - bottom }),
      svg("text", { x: x(value), y: height - bottom + 16, "text-anchor": "middle" }, short(value))]),
    powers(low, high).map((value) => [
      svg("line", { class: "rule", x1: l, x2: width - r, y1: y(value), y2: y(value) }),
      svg("text", { x: l - 6, y: y(value) + 4, "text-anchor": "end" }, short(value / 1e9))]),
    svg("text", { x: (l + width - r) / 2, y: height - 6, "text-anchor": "middle" }, say("flops for each byte", "每字节 flops")),
    svg("text", { x: 4, y: 14 }, "GFLOP/s"),
  ];
}

// Why small layers are far above their floors: what is measured begins with calling the layer.
function mapStarting() {
  const least = lab.layers.reduce((best, layer) => (layer.seconds < best.seconds ? layer : best));
  return el("p", { class: "soft" }, say(
    `No layer took less than ${duration(least.seconds)} (${least.name}): starting one costs about that much, however small it is.`,
    `没有一层用时少于 ${duration(least.seconds)}（${least.name}）：再小的层，启动也大约要这么久。`));
}

function mapRoofSaid(layer, ridge) {
  if (!layer.flops) return say(`${layer.name} does no arithmetic: it has no place here.`, `${layer.name} 不做运算：图中没有它的位置。`);
  const intensity = layer.flops / layer.bytes;
  const reach = layer.flops / layer.seconds / 1e9;
  const side = intensity < ridge
    ? say(`fewer than the ${number(ridge)} at which this machine can multiply as fast as it is fed: memory sets its floor`,
          `低于本机计算与内存平衡的 ${number(ridge)}：下限由内存决定`)
    : say(`more than ${number(ridge)}, where this machine's memory keeps up with its arithmetic: arithmetic sets its floor`,
          `高于本机计算与内存平衡的 ${number(ridge)}：下限由计算决定`);
  return say(
    `${layer.name}: ${number(intensity)} flops for each byte, ${side}. It reached ${number(reach)} GFLOP/s and took ${number(layer.seconds / layer.floor)} times its floor.`,
    `${layer.name}：每字节 ${number(intensity)} flops，${side}。达到 ${number(reach)} GFLOP/s，用时是下限的 ${number(layer.seconds / layer.floor)} 倍。`);
}
