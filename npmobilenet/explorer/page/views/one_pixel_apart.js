// View 5.  Why the same weights give another answer: over an even row two frameworks' windows start one pixel
// apart.  And then the learner's own network, twice, with one switch thrown.

const viewOnePixelApart = {
  id: "apart",
  title: () => say("One pixel apart", "差一个像素"),
  question: () => say("Why do the same weights give another answer?", "为什么同样的权重给出不同的答案？"),

  // of the player: the windows of the longer row
  steps() {
    const row = apartRow();
    const longer = { ...row, size: row.size + 1 };
    return Math.max(...[row, longer].flatMap((one) => APART_RULES.map((rule) => apartStarts(one, rule).starts.length)));
  },

  draw(place) {
    const variant = apartVariant();
    apartMark(variant?.parted ?? null);
    fill(place, apartRulers(), apartTwice(variant));
  },

  sentence() {
    const row = apartRow();
    if (stepOf() < this.steps()) return apartWindowSentence(row);
    const variant = apartVariant();
    if (!variant) return `${apartRowSentence(row)} ${lab.forward ? "" : progressText()}`;
    if (variant.failed) return variant.failed;
    return variant.values ? apartSentence(variant) : apartWaiting(variant);
  },

  table() {
    const variant = apartVariant();
    if (!variant?.values) return null;
    return {
      caption: say(`Both networks, layer by layer: ${apartSwitchSaid(variant.thrown)}`, `两个网络逐层对比：${apartSwitchSaid(variant.thrown)}`),
      head: [say("layer", "层"), say("largest number", "最大的数"), say("largest difference", "最大的差"), say("share", "占比")],
      rows: variant.apart.map(({ name, largest: size, difference }) => [name, number(size), number(difference), apartPercent({ largest: size, difference })]),
    };
  },
};

// The list of layers is drawn before the view: it is drawn again where the mark has moved.
function apartMark(parted) {
  if (lab.parted === parted) return;
  lab.parted = parted;
  fill(FRAME.side, drawSide());
}

function apartShare(size, difference) {
  return difference === 0 ? 0 : difference / (size || 1);
}

const APART_NAMES = {
  padding: () => say("padding", "填充"),
  eps: () => "eps",
  relu: () => "ReLU / ReLU6",
  gate: () => say("gate slope", "门控斜率"),
};
const APART_VALUES = { same: "SAME", symmetric: "symmetric", relu: "ReLU", relu6: "ReLU6" };

// "padding symmetric → SAME"
function apartSwitchSaid({ name, from, to }) {
  const value = (text) => APART_VALUES[text] ?? text;
  return `${name === "relu" ? "" : `${APART_NAMES[name]()} `}${value(from)} → ${value(to)}`;
}

function apartWindowSentence(row) {
  const i = stepOf() - 1;
  if (i < 0) return say("Step on: the windows appear one by one.", "前进一步：窗口逐个出现。");
  const starts = APART_RULES.map((rule) => apartStarts(row, rule).starts[i]);
  const said = (start) => (start === undefined ? say("is not there", "不存在") : say(`begins at ${whole(start)}`, `起点是 ${whole(start)}`));
  return say(
    `Over ${row.size} pixels window ${i} of SAME ${said(starts[0])}, of symmetric padding it ${said(starts[1])}.`,
    `${row.size} 个像素上，SAME 的第 ${i} 个窗口${said(starts[0])}，对称填充的${said(starts[1])}。`);
}

function apartRowSentence(row) {
  const [same, symmetric] = APART_RULES.map((rule) => apartList(apartStarts(row, rule).starts));
  return say(
    `Over ${row.size} pixels at stride ${row.stride} the windows begin at ${same} with SAME, at ${symmetric} with symmetric padding.`,
    `${row.size} 个像素、步长 ${row.stride} 时，窗口起点：SAME 为 ${same}，对称填充为 ${symmetric}。`);
}

function apartWaiting(variant) {
  const share = percent(variant.progress, 0);
  return say(`Computing the network with ${apartSwitchSaid(variant.thrown)}: ${share}`, `正在计算 ${apartSwitchSaid(variant.thrown)} 的网络：${share}`);
}

function apartSentence(variant) {
  const thrown = apartSwitchSaid(variant.thrown);
  if (!variant.parted) return say(
    `With ${thrown} every map of this network stays as it is: ${apartWhyNot(variant.thrown)}.`,
    `改为 ${thrown} 后，这个网络的每张特征图都不变：${apartWhyNot(variant.thrown)}。`);
  const apart = apartPercent(variant.apart.find(({ name }) => name === variant.parted));
  const where = say(
    `the maps part first at ${variant.parted}, by up to ${apart} of its largest number`,
    `特征图最先在 ${variant.parted} 分开，最多相差其最大值的 ${apart}`);
  if (!variant.probabilities) return say(`With ${thrown} ${where}.`, `改为 ${thrown} 后，${where}。`);
  const share = (of, digits) => percent(of.probabilities[of.predicted], digits);
  const digits = share(lab, 1) === share(variant, 1) ? 5 : 1;
  const [before, after] = [share(lab, digits), share(variant, digits)];
  return lab.predicted === variant.predicted
    ? say(`With ${thrown} this network still says ${className(lab.predicted)}, with ${after} in place of ${before}; ${where}.`,
        `改为 ${thrown} 后，这个网络仍答 ${className(lab.predicted)}，概率由 ${before} 变为 ${after}；${where}。`)
    : say(`With ${thrown} this network says ${className(variant.predicted)} (${after}) in place of ${className(lab.predicted)} (${before}); ${where}.`,
        `改为 ${thrown} 后，这个网络不再答 ${className(lab.predicted)}（${before}），而答 ${className(variant.predicted)}（${after}）；${where}。`);
}

function apartWhyNot({ name }) {
  if (name === "relu") return say("none of its numbers exceeds 6 there", "那里没有一个数超过 6");
  if (name === "padding") return say("its windows read the same pixels either way", "两种填充读取相同的像素");
  return say("the change is too small for its numbers", "改动对它的数来说太小");
}
