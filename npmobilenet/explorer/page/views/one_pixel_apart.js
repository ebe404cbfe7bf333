// View 5.  The same weights give another answer where one of these is set differently.

const viewOnePixelApart = {
  id: "one-pixel-apart",
  title: () => say("One pixel apart", "差一个像素"),
  question: () => say("Why do the same weights give another answer?", "同样的权重为何给出不同的答案？"),

  draw(place, state) {
    const { n, K, stride } = rulerState(state);
    fill(place,
      el("section", { class: "apart-part" },
        el("h3", {}, say("Two rulers", "两把尺")),
        el("div", { class: "row" },
          slider({ key: "ruler-n", label: say("pixels", "像素"), min: 4, max: 12, value: n, choose: (rn) => go({ rn }) }),
          segments({ key: "ruler-k", label: say("window", "窗口"), value: K, options: [[3, "3"], [5, "5"]], choose: (rk) => go({ rk }) }),
          segments({ key: "ruler-s", label: say("stride", "步长"), value: stride, options: [[1, "1"], [2, "2"], [3, "3"]], choose: (rs) => go({ rs }) })),
        rulersChart(n, K, stride), rulersChart(n + 1, K, stride)),
      onePixelApartNetwork(state));
  },

  sentence(state) {
    const { n, K, stride } = rulerState(state);
    const found = switchedKept.get(switchChosen(state));
    if (!found) return `${rulersSaid(n, K, stride)} ${rulersSaid(n + 1, K, stride)}`;
    const { now, then } = switchesOf()[switchChosen(state)];
    const name = say(...SWITCH_WORDS[switchChosen(state)]);
    const parted = partedAt(found);
    const [before, after] = [answerOf(lab.forward.values), answerOf(found.values)];
    return parted
      ? say(`With ${name} ${then} in place of ${now} the maps part at ${parted}, and the answer goes from ${before} to ${after}.`,
          `${name}由 ${now} 改为 ${then}，特征图从 ${parted} 起不同，答案由 ${before} 变为 ${after}。`)
      : say(`With ${name} ${then} in place of ${now} nothing changes here: ${after}.`, `${name}由 ${now} 改为 ${then}，此处毫无变化：${after}。`);
  },

  table(state) {
    const found = switchedKept.get(switchChosen(state));
    if (!found) return null;
    return {
      caption: say("How far each layer's map is from what it was", "各层特征图与原先相差多少"),
      head: [say("layer", "层"), say("kind", "种类"), say("largest difference, share of the largest number", "最大差，占最大数的比例")],
      rows: lab.layers.map((layer, k) => [layer.name, kindOf(layer), number(found.distances[k])]),
    };
  },
};

function rulerState(state) {
  const one = (value, options, other) => (options.includes(value) ? value : other);
  return { n: Math.min(Math.max(Math.trunc(state.rn) || 6, 4), 12), K: one(state.rk, [3, 5], 3), stride: one(state.rs, [1, 2, 3], 2) };
}

// The switch that is thrown: padding where the network has windows with a stride, else the first it has.
function switchChosen(state) {
  const switches = switchesOf();
  if (switches[state.switch]) return state.switch;
  return Object.keys(switches).find((name) => switches[name]) ?? "padding";
}

function onePixelApartNetwork(state) {
  const switches = switchesOf();
  const having = Object.keys(switches).filter((name) => switches[name]);
  const chosen = switchChosen(state);
  if (!having.length) return el("p", {}, say("This network has none of the switches.", "此网络没有任何一个开关。"));
  computeSwitched(chosen);
  const found = switchedKept.get(chosen);
  lab.parted = found ? partedAt(found) : "";
  const none = Object.keys(switches).filter((name) => !switches[name]).map((name) => say(...SWITCH_WORDS[name]));
  return el("section", { class: "apart-part" },
    el("h3", {}, say("Your network twice, one switch thrown", "你的网络算两遍，只拨一个开关")),
    segments({ key: "switch", label: say("switch", "开关"), value: chosen, choose: (name) => go({ switch: name }),
      options: having.map((name) => [name, `${say(...SWITCH_WORDS[name])}: ${switches[name].now} → ${switches[name].then}`]) }),
    none.length ? el("p", { class: "soft" }, say(`It has no layer for: ${none.join(", ")}.`, `它没有涉及这些的层：${none.join("、")}。`)) : null,
    found ? onePixelApartAnswers(found, switches[chosen]) : el("p", { class: "waiting" }, lab.forward ? say("Computing the other network …", "正在计算另一个网络……") : progressText()));
}

function onePixelApartAnswers(found, { now, then }) {
  const parted = partedAt(found);
  return [
    el("dl", { class: "apart-answers" },
      el("div", {}, el("dt", {}, String(now)), el("dd", { dir: "auto" }, answerOf(lab.forward.values))),
      el("div", {}, el("dt", {}, String(then)), el("dd", { dir: "auto" }, answerOf(found.values)))),
    parted
      ? el("p", {}, say("The maps part at ", "特征图分开之处："),
          button({ key: "parted", label: parted, click: () => go({ l: parted }) }), say(", marked in the list.", "，已在列表中标出。"))
      : el("p", {}, say("No map changes by more than rounding.", "没有任何特征图的变化超过舍入误差。")),
    distancesChart(found),
  ];
}
