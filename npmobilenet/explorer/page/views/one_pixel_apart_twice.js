// View 5's lower half: both answers, how far the maps are apart layer by layer, and the maps themselves.

function apartTwice(variant) {
  const thrown = apartSwitch();
  if (!thrown) return el("section", {}, el("p", {}, say("This network has nothing to switch.", "这个网络没有可切换的选项。")));
  return el("section", { class: "apart-twice" },
    el("h3", {}, say("Your network, twice: the same weights, one switch thrown", "你的网络，跑两遍：同样的权重，只拨动一个开关")),
    segments({ key: "apart-switch", label: say("switch", "开关"), value: thrown.name,
      options: apartSwitches().map((one) => [one.name, apartSwitchSaid(one)]), choose: (pw) => go({ pw, s: null }) }),
    el("p", { class: "soft" }, apartAbout(thrown)),
    variant?.failed ? el("p", {}, variant.failed)
      : variant?.values ? [apartAnswers(variant), apartSkyline(variant), apartMaps(variant)]
      : el("p", { class: "waiting" }, variant ? apartWaiting(variant) : progressText()));
}

function apartAbout({ name }) {
  const missing = Object.keys(APART_NAMES).filter((one) => !apartSwitches().some((known) => known.name === one));
  const lacks = missing.length ? say(
    ` This network has no ${missing.map((one) => APART_NAMES[one]()).join(", no ")} to switch.`,
    ` 这个网络没有可切换的${missing.map((one) => APART_NAMES[one]()).join("、")}。`) : "";
  const about = {
    padding: say("Which pixels a window with a stride reads, as above.", "带步长的窗口读取哪些像素，如上所示。"),
    eps: say("What batch normalisation adds to the variance under its root: Keras uses 0.001, PyTorch 0.00001.",
      "批归一化在根号下给方差加上的数：Keras 用 0.001，PyTorch 用 0.00001。"),
    relu: say("ReLU6 cuts at 6, ReLU does not.", "ReLU6 在 6 处截断，ReLU 不截断。"),
    gate: say("How steep the hard sigmoid of the gates is: 1/6 in V3's paper, 0.2 in Paddle and in older Keras.",
      "门控 hard sigmoid 的斜率：V3 论文为 1/6，Paddle 和旧版 Keras 为 0.2。"),
  };
  return about[name] + lacks;
}

function apartAnswers(variant) {
  if (!variant.probabilities) return el("p", {}, say("This network ends with features; there is no answer to compare.", "这个网络以特征结束，没有可比较的回答。"));
  const order = [...lab.probabilities.keys()].sort((a, b) =>
    Math.max(lab.probabilities[b], variant.probabilities[b]) - Math.max(lab.probabilities[a], variant.probabilities[a]));
  const shown = order.slice(0, 5);
  const all = [lab, variant].map(({ probabilities }) => shown.map((k) => percent(probabilities[k])).join());
  const digits = all[0] === all[1] ? 5 : 1; // small differences are shown as such
  const cell = (share) => el("td", {}, percent(share, digits),
    el("span", { class: "bar", aria: { hidden: "true" } }, el("span", { class: "apart-share", style: { width: `${100 * share}%` } })));
  const head = (...text) => el("th", { scope: "col" }, text);
  return el("table", { class: "apart-table" },
    el("caption", {}, say("Both answers", "两个回答")),
    el("thead", {}, el("tr", {}, head(say("class", "类别")), head(say("as it is", "原样")), head(apartSwitchSaid(variant.thrown)))),
    el("tbody", {}, shown.map((k) => el("tr", {},
      el("th", { scope: "row", dir: "auto" }, className(k), lab.predicted === k ? " ●" : "", variant.predicted === k ? " ○" : ""),
      cell(lab.probabilities[k]), cell(variant.probabilities[k])))),
    el("tfoot", {}, el("tr", {}, el("td", { colspan: 3 }, say("● the answer as it is, ○ the answer with the switch thrown", "● 原样的回答，○ 拨动开关后的回答")))));
}

// A bar for each layer: the largest difference as a share of the largest number, on a logarithmic scale.
const APART_FLOOR = -8; // 10^-8 and below has no height

function apartSkyline(variant) {
  const { apart, parted } = variant;
  const height = ({ largest: size, difference }) =>
    difference === 0 ? 0 : Math.max(0.02, Math.min(1, 1 - Math.log10(apartShare(size, difference)) / APART_FLOOR));
  const now = apart.find(({ name }) => name === state.l);
  const said = parted
    ? say(`Nothing differs before ${parted}; at the end the difference is ${apartPercent(apart.at(-1))} of the largest number.`,
        `${parted} 之前没有差别；到最后相差最大值的 ${apartPercent(apart.at(-1))}。`)
    : say("Nothing differs in any layer.", "各层都没有差别。");
  return el("section", { class: "apart-layers" },
    el("h4", {}, say("Where the maps part", "特征图在哪里分开")),
    el("p", {}, said, " ", parted && parted !== state.l
      ? button({ key: "apart-parted", text: say(`go to ${parted}`, `去看 ${parted}`), click: () => go({ l: parted }) }) : null),
    el("div", { class: "apart-skyline", role: "img", aria: { label: said } }, apart.map((layer) =>
      el("span", {
        class: [layer.name === parted && "parted", layer.name === state.l && "now"].filter(Boolean).join(" ") || null,
        style: { height: `${100 * height(layer)}%` },
      }))),
    el("p", { class: "apart-ends soft" }, el("span", {}, apart[0].name), el("span", {}, apart.at(-1).name)),
    el("p", { class: "soft" }, say(
      `One bar a layer: the largest difference as a share of its largest number. The top is 100 %, each eighth of the height below it a tenth of what is above. The chosen layer, ${state.l}: ${apartPercent(now)}.`,
      `每层一条：最大的差占该层最大值的比例。顶端是 100 %，往下每八分之一高度为上面的十分之一。所选的 ${state.l}：${apartPercent(now)}。`)));
}

// "48.6 %", "0.00123 %", "0 %"
function apartPercent({ largest: size, difference }) {
  return `${number(100 * apartShare(size, difference))} %`;
}

// One channel of the chosen layer: as it is, with the switch thrown, and the difference.
function apartMaps(variant) {
  const layer = lab.byName[state.l];
  const [rows, columns] = mapShape(layer);
  const [a, b] = [lab.forward.values[state.l], variant.values[state.l]].map((map) => channelOf(map, state.c));
  const difference = b.map((value, k) => value - a[k]);
  const limit = Math.max(largest(a), largest(b)) || 1;
  const one = (key, caption, values, scale) => el("figure", {}, el("figcaption", {}, caption),
    numberGrid({ key, values, rows, columns, selected: [state.i, state.j], label: caption, limit: scale,
      choose: (i, j) => go({ i, j }) }));
  const chosen = state.i * columns + state.j;
  const both = el("p", {}, say(
    `At row ${state.i}, column ${state.j}: ${number(a[chosen], 6)} and ${number(b[chosen], 6)}.`,
    `行 ${state.i}、列 ${state.j}：${number(a[chosen], 6)} 和 ${number(b[chosen], 6)}。`));
  return el("section", { class: "apart-maps" },
    el("h4", {}, say(`${state.l}, channel ${state.c}, in both`, `${state.l}，通道 ${state.c}，两个网络`)),
    rows * columns === 1 ? null : el("div", { class: "maps" },
      one("apart-own", say("as it is", "原样"), a, limit),
      one("apart-other", apartSwitchSaid(variant.thrown), b, limit),
      one("apart-difference", say(`difference, at most ${number(largest(difference))}`, `差，最大 ${number(largest(difference))}`), difference, largest(difference) || 1)),
    both);
}
