// View 6.  What an activation cuts, what it costs, and where hard-swish is not swish.

const BENDS_NEAR = 0.05; // a value this near to a jump of the slope counts as lying there

const viewBends = {
  id: "bends",
  title: () => say("Bends", "拐弯"),
  question: () => say("What do ReLU6 and hard-swish cut, and what does it cost?", "ReLU6 与 hard-swish 截掉了什么，代价是什么？"),

  draw(place, state) {
    const { shown, slope, cursor } = bendsState(state);
    const layer = bendsLayer();
    const counts = bendsCounts(layer);
    fill(place,
      bendsControls(shown, slope, cursor),
      el("figure", {},
        el("figcaption", {}, counts
          ? say(`Behind the curves: the ${whole(counts.all)} numbers that ${layer.name} (${layer.function}) gets, as heights by square root.`,
              `曲线背后：${layer.name}（${layer.function}）收到的 ${whole(counts.all)} 个数，柱高取平方根。`)
          : layer ? progressText() : say("This network has no activation.", "此网络没有激活函数。")),
        bendsChart({ shown, slope, cursor, counts, choose: bendsTo })),
      el("div", { class: "bends-two" }, bendsAtCursor(shown, slope, cursor), bendsCounted(layer, counts)),
      bendsGap(cursor));
  },

  sentence() {
    const layer = bendsLayer();
    if (!layer) return say("No layer of this network bends anything.", "此网络没有任何一层会弯曲数值。");
    const counts = bendsCounts(layer);
    if (!counts) return null;
    const near = counts.near3 + counts.nearMinus3;
    if (layer.function === "hard_swish") return say(
      `Of the ${whole(counts.all)} numbers that ${layer.name} gets, ${whole(near)} lie within ${BENDS_NEAR} of −3 or 3, where hard-swish's slope jumps by ${number(bendsJump(3))}.`,
      `${layer.name} 收到的 ${whole(counts.all)} 个数中，有 ${whole(near)} 个距 −3 或 3 不到 ${BENDS_NEAR}，hard-swish 的导数在那里跳变 ${number(bendsJump(3))}。`);
    return say(
      `Of the ${whole(counts.all)} numbers that ${layer.name} (${layer.function}) gets, ${whole(counts.belowZero)} are not above 0 and ${whole(counts.fromSix)} reach 6; ${whole(near)} lie where hard-swish's slope would jump.`,
      `${layer.name}（${layer.function}）收到的 ${whole(counts.all)} 个数中，${whole(counts.belowZero)} 个不大于 0，${whole(counts.fromSix)} 个达到 6；${whole(near)} 个在 hard-swish 导数跳变之处。`);
  },

  table(state) {
    const { slope } = bendsState(state);
    const names = Object.keys(ACTIVATIONS);
    const places = Array.from({ length: 17 }, (_, k) => k - 8);
    return {
      caption: say("Each function, and in brackets its slope", "每个函数，括号内为导数"),
      head: ["x", ...names],
      rows: places.map((x) => [number(x),
        ...names.map((name) => `${number(ACTIVATIONS[name].value(x, slope))} (${number(ACTIVATIONS[name].slope(x, slope))})`)]),
    };
  },
};

function bendsState(state) {
  const names = String(state.bends ?? "hard_swish swish").split(/[ +]/).filter((name) => ACTIVATIONS[name]);
  const cursor = Math.min(Math.max(Number(state.bendx ?? 3) || 0, BENDS_FROM), BENDS_TO);
  return { shown: names, slope: state.gate === 0.2 ? 0.2 : GATE_SLOPE, cursor };
}

function bendsTo(x) {
  go({ bendx: Math.round(Math.min(Math.max(x, BENDS_FROM), BENDS_TO) * 20) / 20 });
}

// The chosen layer if it is an activation, else the next one after it, else the network's first.
function bendsLayer() {
  const activations = lab.layers.filter((layer) => layer.kind === "activation");
  const from = lab.layers.indexOf(lab.byName[state.l]);
  return activations.find((layer) => lab.layers.indexOf(layer) >= from) ?? activations[0];
}

const bendsKept = new Map(); // counts by layer, once the network is computed

function bendsCounts(layer) {
  if (!layer || !lab.forward) return null;
  if (bendsKept.has(layer.name)) return bendsKept.get(layer.name);
  const found = { all: 0, belowZero: 0, fromSix: 0, within3: 0, near3: 0, nearMinus3: 0, outside: 0,
    bins: new Array(BENDS_BINS).fill(0) };
  for (const x of mapOf(layer.inputs[0]).data) {
    found.all++;
    if (x <= 0) found.belowZero++;
    if (x >= 6) found.fromSix++;
    if (Math.abs(x) < 3) found.within3++;
    if (Math.abs(x - 3) <= BENDS_NEAR) found.near3++;
    if (Math.abs(x + 3) <= BENDS_NEAR) found.nearMinus3++;
    const bin = Math.floor(((x - BENDS_FROM) / (BENDS_TO - BENDS_FROM)) * BENDS_BINS);
    if (bin >= 0 && bin < BENDS_BINS) found.bins[bin]++;
    else found.outside++;
  }
  bendsKept.set(layer.name, found);
  return found;
}

function bendsControls(shown, slope, cursor) {
  const without = (name) => shown.filter((other) => other !== name);
  return el("div", { class: "row" },
    el("div", { class: "bends-names", role: "group", aria: { label: say("Functions", "函数") } },
      Object.keys(ACTIVATIONS).map((name) => toggle({
        key: `bend-${name}`, pressed: shown.includes(name),
        label: [el("span", { class: `bends-sign bend-${name}`, aria: { hidden: "true" } }), name],
        choose: (on) => go({ bends: (on ? [...without(name), name] : without(name)).join(" ") || "none" }),
      }))),
    segments({ key: "gate", label: say("gate's slope", "门控斜率"), value: slope === 0.2 ? 0.2 : 6,
      options: [[6, "1/6"], [0.2, "0.2"]], choose: (value) => go({ gate: value }) }),
    slider({ key: "bendx", label: "x =", min: BENDS_FROM, max: BENDS_TO, step: 0.05, value: cursor, choose: bendsTo }));
}

function bendsAtCursor(shown, slope, cursor) {
  return el("table", { class: "plain" },
    el("caption", {}, say(`Under the cursor, x = ${number(cursor)}`, `光标处，x = ${number(cursor)}`)),
    el("thead", {}, el("tr", {}, [say("function", "函数"), say("value", "函数值"), say("slope", "导数")]
      .map((text) => el("th", { scope: "col" }, text)))),
    el("tbody", {}, shown.map((name) => el("tr", {}, el("td", {}, name),
      el("td", {}, number(ACTIVATIONS[name].value(cursor, slope))),
      el("td", {}, number(ACTIVATIONS[name].slope(cursor, slope)))))));
}

function bendsCounted(layer, counts) {
  if (!counts) return el("div", {});
  const rows = [
    [say("not above 0: ReLU and ReLU6 cut them", "不大于 0：ReLU 与 ReLU6 截掉"), counts.belowZero],
    [say("6 and above: ReLU6 cuts them", "6 及以上：ReLU6 截掉"), counts.fromSix],
    [say("within ±3: where hard-swish bends", "±3 以内：hard-swish 弯曲之处"), counts.within3],
    [say(`within ${BENDS_NEAR} of −3: slope jumps`, `距 −3 不到 ${BENDS_NEAR}：导数跳变`), counts.nearMinus3],
    [say(`within ${BENDS_NEAR} of 3: slope jumps`, `距 3 不到 ${BENDS_NEAR}：导数跳变`), counts.near3],
    [say("beyond the picture", "超出图外"), counts.outside],
  ];
  return el("table", { class: "plain" },
    el("caption", {}, say(`Of ${whole(counts.all)} numbers that ${layer.name} gets`, `${layer.name} 收到的 ${whole(counts.all)} 个数中`)),
    el("tbody", {}, rows.map(([text, count]) => el("tr", {}, el("th", { scope: "row" }, text),
      el("td", {}, whole(count)), el("td", {}, percent(count / counts.all))))));
}

// How much the slope of hard-swish jumps at -3 or 3, from one side to the other.
function bendsJump(at) {
  const { slope } = ACTIVATIONS.hard_swish;
  return Math.abs(slope(at + 1e-9) - slope(at - 1e-9));
}

function bendsGap() {
  const gap = Math.abs(ACTIVATIONS.swish.value(3) - ACTIVATIONS.hard_swish.value(3));
  return el("p", {}, say(
    `hard-swish stands in for swish without an exponential. They are furthest apart at ±3: by ${number(gap)}. There its slope jumps by ${number(bendsJump(3))}, while that of swish is smooth: what comes back through the layer depends on which side a number lies.`,
    `hard-swish 用来代替 swish，免去指数运算。两者在 ±3 处相差最大：${number(gap)}。它的导数在那里跳变 ${number(bendsJump(3))}，而 swish 的导数是光滑的：反传回来的梯度取决于数值落在哪一侧。`));
}
