// View 6: curves above, their slopes below, one cursor through both; behind the curves the histogram of the
// numbers that the chosen layer really gets.

const BENDS_BOX = { width: 600, high: 280, low: 190, left: 46, right: 12, gap: 28, foot: 26 };
const BENDS_FROM = -8;
const BENDS_TO = 8;
const BENDS_BINS = 128; // an eighth of 1 each

// Places in the picture: x of both parts, y of a value, y of a slope.
function bendsScales() {
  const { width, high, low, left, right, gap } = BENDS_BOX;
  return {
    x: (at) => left + ((at - BENDS_FROM) / (BENDS_TO - BENDS_FROM)) * (width - left - right),
    above: (value) => 8 + ((7.5 - value) / 9) * (high - 16), // from -1.5 to 7.5
    below: (value) => high + gap + ((1.7 - value) / 2.4) * (low - 8), // from -0.7 to 1.7
    height: high + gap + low + BENDS_BOX.foot,
  };
}

function bendsChart({ shown, slope, cursor, counts, choose }) {
  const { width, high, left, right, gap } = BENDS_BOX;
  const scales = bendsScales();
  const { x, above, below, height } = scales;
  const move = (event) => {
    const box = event.currentTarget.getBoundingClientRect();
    const share = ((event.clientX - box.left) / box.width) * width;
    choose(BENDS_FROM + ((share - left) / (width - left - right)) * (BENDS_TO - BENDS_FROM));
  };
  const on = { pointerdown: move, pointermove: (event) => event.buttons & 1 && move(event) };
  return svg("svg", { class: "bends-chart", viewBox: `0 0 ${width} ${height}`, role: "img", on,
    aria: { label: bendsSaid(shown, slope, cursor) } },
    counts && bendsHistogram(counts, x),
    counts && bendsNearBands(scales),
    [0, 2, 4, 6].map((value) => bendsRule(value, above(value))),
    [-0.5, 0, 0.5, 1, 1.5].map((value) => bendsRule(value, below(value))),
    [-6, -3, 0, 3, 6].map((at) => svg("text", { x: x(at), y: height - 4, "text-anchor": "middle" }, number(at))),
    svg("text", { x: left + 4, y: 22 }, say("value", "函数值")),
    svg("text", { x: left + 4, y: high + gap + 14 }, say("slope", "导数")),
    shown.map((name) => [
      bendsCurve(name, slope, ACTIVATIONS[name].value, x, above),
      bendsCurve(name, slope, ACTIVATIONS[name].slope, x, below),
    ]),
    svg("line", { class: "cursor", x1: x(cursor), x2: x(cursor), y1: 8, y2: height - BENDS_BOX.foot }),
    shown.map((name) => svg("circle", { class: `bend-${name} dot`, cx: x(cursor), r: 4, cy: above(ACTIVATIONS[name].value(cursor, slope)) })),
    shown.map((name) => svg("circle", { class: `bend-${name} dot`, cx: x(cursor), r: 4, cy: below(ACTIVATIONS[name].slope(cursor, slope)) })),
    bendsMarks(shown, scales));
}

function bendsRule(value, y) {
  const { width, left, right } = BENDS_BOX;
  return [
    svg("line", { class: value === 0 ? "zero" : "rule", x1: left, x2: width - right, y1: y, y2: y }),
    svg("text", { x: left - 5, y: y + 4, "text-anchor": "end" }, String(value).replace("-", "−")),
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

function bendsHistogram(counts, x) {
  const most = Math.max(...counts.bins, 1);
  const bin = (BENDS_TO - BENDS_FROM) / BENDS_BINS;
  const { high } = BENDS_BOX;
  return counts.bins.map((count, k) => {
    const tall = count ? Math.max(1, Math.sqrt(count / most) * (high - 40)) : 0;
    return tall && svg("rect", { class: "pile", x: x(BENDS_FROM + k * bin), width: x(bin) - x(0), y: high - tall, height: tall });
  });
}

// What is counted as lying at a jump of hard-swish's slope lies within these two bands.
function bendsNearBands({ x, height }) {
  return BENDS_JUMPS.map((at) => svg("rect", { class: "near", x: x(at - BENDS_NEAR), width: x(2 * BENDS_NEAR) - x(0),
    y: 8, height: height - BENDS_BOX.foot - 8 }));
}

// The gap between swish and hard-swish, and the jumps of hard-swish's slope, pointed at where they are.
function bendsMarks(shown, { x, above, below }) {
  if (!shown.includes("hard_swish")) return null;
  const { slope, value } = ACTIVATIONS.hard_swish;
  const { at: widest, gap } = bendsWidest();
  const middle = (value(widest) + ACTIVATIONS.swish.value(widest)) / 2;
  const line = (kind, x1, y1, x2, y2) => svg("line", { class: kind, x1, y1, x2, y2 });
  const jumps = BENDS_JUMPS.map((at) => {
    const [before, after] = [below(slope(at - 1e-9)), below(slope(at + 1e-9))];
    const side = Math.sign(at); // the text stands outside
    return [
      line("jump", x(at), before, x(at), after),
      svg("text", { class: "said", x: x(at) + 9 * side, y: (before + after) / 2 + 4, "text-anchor": side < 0 ? "end" : "start" },
        say(`jumps ${number(bendsJump(at), 2)}`, `跳变 ${number(bendsJump(at), 2)}`)),
    ];
  });
  if (!shown.includes("swish")) return jumps;
  return [jumps,
    line("pointer", x(widest) + 3, above(middle) + 5, x(widest) + 22, above(middle) + 34),
    svg("text", { class: "said", x: x(widest) + 20, y: above(middle) + 50 }, say(`${number(gap)} apart`, `相差 ${number(gap)}`))];
}

function bendsSaid(shown, slope, cursor) {
  const each = shown.map((name) => `${name} ${number(ACTIVATIONS[name].value(cursor, slope))}`);
  return say(`Curves of ${shown.join(", ")}. At x = ${number(cursor)}: ${each.join(", ")}.`,
    `${shown.join("、")} 的曲线。x = ${number(cursor)} 处：${each.join("，")}。`);
}
