// View 6.  What an activation cuts, what it costs, and where hard-swish is not swish.
//
// The counts are made by bends_counts.js, the picture by bends_chart.js.

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
      el("div", { class: "bends-main" },
        el("figure", {},
          bendsChart({ shown, slope, cursor, counts, choose: bendsTo }),
          el("figcaption", {}, bendsBehind(layer, counts))),
        el("div", { class: "bends-tables" }, bendsAtCursor(shown, slope, cursor), bendsCounted(layer, counts), bendsCost(layer))),
      bendsGap());
  },

  sentence() {
    const layer = bendsLayer();
    if (!layer) return say("No layer of this network bends anything.", "此网络没有任何一层会弯曲数值。");
    const counts = bendsCounts(layer);
    if (!counts) return null;
    const near = counts.near3 + counts.nearMinus3;
    if (layer.function === "hard_swish") return say(
      `Of the ${whole(counts.all)} numbers that ${layer.name} gets, ${whole(near)} lie within ${BENDS_NEAR} of −3 or 3, where hard-swish's slope jumps by ${number(bendsJump(3), 2)}.`,
      `${layer.name} 收到的 ${whole(counts.all)} 个数中，有 ${whole(near)} 个距 −3 或 3 不超过 ${BENDS_NEAR}，hard-swish 的导数在那里跳变 ${number(bendsJump(3), 2)}。`);
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

// The gate's slope is the network's own until another is chosen.
function bendsState(state) {
  const names = String(state.bends ?? "hard_swish swish").split(/[ +]/).filter((name) => Object.hasOwn(ACTIVATIONS, name));
  const cursor = Math.min(Math.max(Number(state.bendx ?? 3) || 0, BENDS_FROM), BENDS_TO);
  const gate = lab.layers.find((layer) => layer.function === "hard_sigmoid")?.slope ?? GATE_SLOPE;
  const slope = { 6: GATE_SLOPE, 0.2: 0.2 }[state.gate] ?? gate;
  return { shown: [...new Set(names)], slope, cursor };
}

function bendsTo(x) {
  go({ bendx: Math.round(Math.min(Math.max(x, BENDS_FROM), BENDS_TO) * 20) / 20 });
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
    segments({ key: "gate", label: say("slope of hard_sigmoid", "hard_sigmoid 的斜率"), value: slope === 0.2 ? 0.2 : 6,
      options: [[6, "1/6"], [0.2, "0.2"]], // a choice shows its curve
      choose: (value) => go({ gate: value, bends: [...without("hard_sigmoid"), "hard_sigmoid"].join(" ") }) }),
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

// What the grey heights are.
function bendsBehind(layer, counts) {
  if (!layer) return say("This network has no activation.", "此网络没有激活函数。");
  if (!counts) return progressText();
  return say(
    `Grey: the ${whole(counts.all)} numbers that ${layer.name} (${layer.function}) gets for this image; four times as many are twice as high. In the orange bands the slope of hard-swish jumps.`,
    `灰色：${layer.name}（${layer.function}）对这幅图像收到的 ${whole(counts.all)} 个数；数量为四倍则高度为两倍。橙色带内 hard-swish 的导数跳变。`);
}

// Bending costs no multiplications as they are counted, and time all the same.
function bendsCost(layer) {
  if (!layer || !mapTimed()) return null;
  const share = percent(layer.seconds / mapTotal(lab.layers, "seconds"));
  return el("p", { class: "soft" }, say(
    `${layer.name} counts as ${whole(layer.macs)} MACs and took ${duration(layer.seconds)} when this page was made, ${share} of the network's time.`,
    `${layer.name} 计为 ${whole(layer.macs)} 次 MAC，生成本页时用了 ${duration(layer.seconds)}，占网络用时的 ${share}。`));
}

function bendsGap() {
  const { at, gap } = bendsWidest();
  return el("p", {}, say(
    `hard-swish stands in for swish without an exponential. They are furthest apart at ±${number(at)}: by ${number(gap)}. There its slope jumps by ${number(bendsJump(at), 2)}, while that of swish is smooth: what comes back through the layer depends on which side a number lies.`,
    `hard-swish 用来代替 swish，免去指数运算。两者在 ±${number(at)} 处相差最大：${number(gap)}。它的导数在那里跳变 ${number(bendsJump(at), 2)}，而 swish 的导数是光滑的：反传回来的梯度取决于数值落在哪一侧。`));
}
