// View 7.  Expand, then filter, then come back without a ReLU: why, and what happens otherwise.
//
// The spiral is why_linear_spiral.js's, the block why_linear_block.js's; here the network is run a second time.

const viewWhyLinear = {
  id: "why-linear",
  title: () => say("Why linear", "为何线性"),
  question: () => say("Why expand, and why no ReLU at the end?", "为什么要扩展，末尾又为什么没有 ReLU？"),

  draw(place, state) {
    fill(place, whySpiral(whyDimensions(state)), whyBlock());
  },

  sentence(state) {
    const n = whyDimensions(state);
    const { lost, count } = spiralThrough(n);
    const spiral = say(
      `In ${n} dimensions ${whole(count - lost)} of ${whole(count)} points can still be told apart after ReLU.`,
      `在 ${n} 维中过 ReLU 后，${whole(count)} 个点里还能分辨 ${whole(count - lost)} 个。`);
    if (!state.bent || !whyBent.computed) return spiral;
    const [linear, bent] = [whySaid(lab.probabilities), whySaid(whyBent.probabilities)];
    return spiral + say(
      ` With ReLU behind every projection this network says ${bent}, without it ${linear}.`,
      `若每个投影之后都加 ReLU，此网络的回答是 ${bent}；不加时是 ${linear}。`);
  },

  table() {
    const rows = data.spiral.embeddings.map(({ n, lost }) => {
      const here = spiralThrough(n);
      return [n, whole(here.count - here.lost), whole(here.lost), percent(here.lost / here.count), percent(lost)];
    });
    return {
      caption: say("Points of the spiral after ReLU in n dimensions", "螺线上的点在 n 维中过 ReLU 之后"),
      head: ["n", say("can be told apart", "能分辨"), say("lost", "丢失"), say("share, this matrix", "比例（此矩阵）"), say("share, 100 matrices", "比例（100 个矩阵）")],
      rows,
    };
  },
};

function whyDimensions(state) {
  const known = data.spiral.embeddings.map(({ n }) => n);
  return known.includes(state.dims) ? state.dims : known[0];
}

function whySpiral(n) {
  const { entry, lost, count } = spiralThrough(n);
  return el("section", { class: "why-part" },
    el("h3", {}, say("A plane through ReLU", "一个平面经过 ReLU")),
    segments({ key: "dimensions", label: say("dimensions n", "维数 n"), value: n,
      options: data.spiral.embeddings.map((one) => [one.n, String(one.n)]), choose: (value) => go({ dims: value }) }),
    spiralChart(n),
    el("p", {}, say(
      `Grey points can no longer be told apart: ReLU has left fewer than two of their ${n} coordinates. With this random matrix these are ${whole(lost)} of ${whole(count)}; over 100 of them ${percent(entry.lost, 0)}.`,
      `灰色的点再也无法分辨：在其 ${n} 个坐标中，ReLU 留下不足两个。用这个随机矩阵时是 ${whole(count)} 个中的 ${whole(lost)} 个；100 个随机矩阵合计为 ${percent(entry.lost, 0)}。`)),
    el("p", {}, say(
      "Many dimensions keep what few lose. So a block expands before its ReLU, and is linear where it is thin.",
      "维数少会丢失的，维数多就能保住。所以模块先扩展再 ReLU，而在窄处保持线性。")));
}

function whyBlock() {
  const blocks = projectedBlocks();
  const block = blocks.length ? blockChosen() : null;
  const found = block ? blockParts(block) : blockSketch();
  return el("section", { class: "why-part" },
    el("h3", {}, block ? say(`${block} taken apart`, `拆开模块 ${block}`) : say("A block of V2, as a sketch", "V2 的一个模块（示意）")),
    block
      ? el("label", { class: "row" }, say("block", "模块"),
          el("select", { key: "block", value: block, on: { change: ({ target: { value } }) => go({ l: `${value}.project`, block: value }) } },
            blocks.map((name) => el("option", { value: name }, name))))
      : el("p", {}, say("This network has no inverted residual block: those of a V1 have no projection. Drawn is the first of MobileNetV2 that expands.",
          "此网络没有倒残差模块：V1 的模块不含投影。这里画的是 MobileNetV2 中第一个带扩展的模块。")),
    blockChart(found),
    block && !blockExpands(block) ? el("p", {}, say("This one does not expand: its factor is 1.", "这个模块不扩展：扩展倍数为 1。")) : null,
    blockGates(found.gate), block ? whySwitch() : null);
}

// The network once more, with a ReLU behind every projection; computed when it is first asked for.
const whyBent = { computed: false, running: false, failed: "", probabilities: undefined, below: 0, all: 0 };

function whySwitch() {
  const { computed, running, failed, probabilities } = whyBent;
  if (state.bent && lab.forward && !computed && !running && !failed) whyCompute();
  const line = (text, answer) => el("p", {}, text, el("b", { dir: "auto" }, answer));
  return el("div", { class: "why-switch" },
    toggle({ key: "bent", label: say("ReLU after every projection", "每个投影之后加 ReLU"), pressed: state.bent, choose: (on) => go({ bent: on ? 1 : 0 }) }),
    line(say("linear, as it is: ", "线性（原样）："), lab.forward ? whySaid(lab.probabilities) : "…"),
    state.bent ? line(say("with ReLU: ", "加 ReLU 后："), failed || (computed ? whySaid(probabilities) : say("computing …", "计算中……"))) : null,
    state.bent && computed ? el("p", { class: "soft" }, whyCut()) : null);
}

// How much of what the projections say lies below 0, and what this shows and does not show.
function whyCut() {
  const { below, all } = whyBent;
  return say(
    `Of the ${whole(all)} numbers that the projections put out, ${percent(below / all)} are below 0: that is what ReLU cuts. These weights have learned without it; a network that learns with it loses less (V2's paper, Figure 6).`,
    `各投影输出的 ${whole(all)} 个数中有 ${percent(below / all)} 小于 0：ReLU 截掉的就是它们。这些权重是在没有 ReLU 的情况下学到的；带着它训练的网络损失较小（V2 论文图 6）。`);
}

async function whyCompute() {
  whyBent.running = true;
  try {
    const layers = switched(lab.layers, { projection: "relu" });
    const { values } = await run(forwardPass(layers, lab.params, lab.x, { caches: false }));
    const last = values[layers.at(-1).name];
    const probabilities = lab.probabilities && lossAndGradient(last, lab.label).probabilities;
    Object.assign(whyBent, { computed: true, probabilities, ...whyBelowZero() });
  } catch (error) {
    whyBent.failed = String(error.message ?? error);
  }
  whyBent.running = false;
  drawPage();
}

// The numbers that the projections put out as the network is, and how many of them lie below 0.
function whyBelowZero() {
  const maps = lab.layers.filter(({ name }) => name.endsWith(".project_norm")).map(({ name }) => lab.forward.values[name].data);
  const below = (map) => map.reduce((count, value) => count + (value < 0), 0);
  return { below: maps.reduce((sum, map) => sum + below(map), 0), all: maps.reduce((sum, map) => sum + map.length, 0) };
}

// "Sneaker 98.1 %"
function whySaid(probabilities) {
  if (!probabilities) return say("other features, and no classes", "只有特征，没有类别");
  if (!probabilities.every(Number.isFinite)) return say("no answer: its logits are not numbers", "没有答案：logits 不是数");
  const best = probabilities.indexOf(Math.max(...probabilities));
  return `${className(best)} ${percent(probabilities[best])}`;
}
