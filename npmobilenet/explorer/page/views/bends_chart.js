// View 6: curves above, their slopes below, one cursor through both; behind the curves the histogram of the
// numbers that the chosen layer really gets.

const BENDS_BOX = { width: 720, high: 250, low: 170, left: 48, right: 12, gap: 26 };
const BENDS_FROM = -8;
const BENDS_TO = 8;
const BENDS_BINS = 128; // an eighth of 1 each

function bendsChart({ shown, slope, cursor, counts, choose }) {
  const { width, high, low, left, right, gap } = BENDS_BOX;
  const x = (at) => left + ((at - BENDS_FROM) / (BENDS_TO - BENDS_FROM)) * (width - left - right);
  const above = (value) => 8 + ((7.5 - value) / 9) * (high - 16); // from -1.5 to 7.5
  const below = (value) => high + gap + ((1.7 - value) / 2.4) * (low - 8); // from -0.7 to 1.7
  const height = high + gap + low + 18;
  const move = (event) => {
    const box = event.currentTarget.getBoundingClientRect();
    const share = ((event.clientX - box.left) / box.width) * width;
    choose(BENDS_FROM + ((share - left) / (width - left - right)) * (BENDS_TO - BENDS_FROM));
  };
  return svg("svg", { class: "bends-chart", viewBox: `0 0 ${width} ${height}`, role: "img",
    aria: { label: bendsSaid(shown, slope, cursor) }, on: { click: move } },
    bendsHistogram(counts, x, high),
    [0, 2, 4, 6].map((value) => bendsRule(value, above(value), left, width - right)),
    [-0.5, 0, 0.5, 1, 1.5].map((value) => bendsRule(value, below(value), left, width - right)),
    [-6, -3, 0, 3, 6].map((at) => svg("text", { x: x(at), y: height - 4, "text-anchor": "middle" }, number(at))),
    svg("text", { x: left + 4, y: 20 }, say("value", "函数值")),
    svg("text", { x: left + 4, y: high + gap + 12 }, say("slope", "导数")),
    shown.map((name) => [
      bendsCurve(name, slope, ACTIVATIONS[name].value, x, above),
      bendsCurve(name, slope, ACTIVATIONS[name].slope, x, below),
    ]),
    svg("line", { class: "cursor", x1: x(cursor), x2: x(cursor), y1: 8, y2: height - 18 }),
    shown.map((name) => svg("circle", { class: `bend-${name} dot`, cx: x(cursor), r: 4, cy: above(ACTIVATIONS[name].value(cursor, slope)) })));
}

function bendsRule(value, y, from, to) {
  return [
    svg("line", { class: value === 0 ? "zero" : "rule", x1: from, x2: to, y1: y, y2: y }),
    svg("text", { x: from - 5, y: y + 4, "text-anchor": "end" }, String(value).replace("-", "−")),
  ];
}

// A line through 640 points; where the slope jumps it is broken, as the function is.
function bendsCurve(name, slope, of, x, y) {
  let [text, before] = ["", null];
  for (let k = 0; k <= 640; k++) {
    const at = BENDS_FROM + (k * (BENDS_TO - BENDS_FROM)) / 640;
    const value = of(at, slope);
    const jumps = before === null || Math.abs(value - before) > 0.15;
    text += `${jumps ? "M" : "L"}${x(at).toFixed(1)} ${y(value).toFixed(1)}`;
    before = value;
  }
  return svg("path", { class: `bend-${name}`, d: text });
}

function bendsHistogram(counts, x, high) {
  if (!counts) return null;
  const most = Math.max(...counts.bins, 1);
  const width = x(1) - x(0);
  return counts.bins.map((count, k) => {
    const tall = count ? Math.max(1, Math.sqrt(count / most) * (high - 40)) : 0;
    const at = BENDS_FROM + (k * (BENDS_TO - BENDS_FROM)) / BENDS_BINS;
    const wide = (width * (BENDS_TO - BENDS_FROM)) / BENDS_BINS;
    return tall && svg("rect", { class: "pile", x: x(at), width: wide, y: high - tall, height: tall });
  });
}

function bendsSaid(shown, slope, cursor) {
  const each = shown.map((name) => `${name} ${number(ACTIVATIONS[name].value(cursor, slope))}`);
  return say(`Curves of ${shown.join(", ")}. At x = ${number(cursor)}: ${each.join(", ")}.`,
    `${shown.join("、")} 的曲线。x = ${number(cursor)} 处：${each.join("，")}。`);
}
