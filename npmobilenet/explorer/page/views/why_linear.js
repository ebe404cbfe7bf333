// View 7.  Expand, then filter, then come back without a ReLU: why, and what happens otherwise.

const viewWhyLinear = {
  id: "why-linear",
  title: () => say("Why linear", "为何线性"),
  question: () => say("Why expand, and why no ReLU at the end?", "为什么要扩展，末尾又为什么没有 ReLU？"),

  draw(place, state) {
    const n = whyDimensions(state);
    const { entry, lost, count } = spiralThrough(n);
    fill(place,
      el("section", { class: "why-part" },
        el("h3", {}, say("A plane through ReLU", "一个平面经过 ReLU")),
        segments({ key: "dimensions", label: say("dimensions n", "维数 n"), value: n,
          options: data.spiral.embeddings.map((one) => [one.n, String(one.n)]), choose: (value) => go({ dims: value }) }),
        spiralChart(n),
        el("p", {}, say(
          `Grey points cannot be told any more: ReLU has left fewer than two of their ${n} coordinates. Here ${whole(lost)} of ${whole(count)}; over 100 random matrices ${percent(entry.lost, 0)}. Many dimensions keep what few lose: so a block expands before its ReLU, and is linear where it is thin.`,
          `灰色的点再也分辨不出：ReLU 在其 ${n} 个坐标中留下不足两个。这里是 ${whole(count)} 个中的 ${whole(lost)} 个；100 个随机矩阵平均为 ${percent(entry.lost, 0)}。维数多才保得住信息：所以先扩展再 ReLU，而窄处保持线性。`))),
      whyBlock());
  },

  sentence(state) {
    const n = whyDimensions(state);
    const { lost, count } = spiralThrough(n);
    const spiral = say(
      `In ${n} dimensions ${whole(count - lost)} of ${whole(count)} points can still be told after ReLU.`,
      `在 ${n} 维中过 ReLU 后，${whole(count)} 个点里还能分辨 ${whole(count - lost)} 个。`);
    const bent = whyBent.answer;
    if (!state.bent || !bent) return spiral;
    return `${spiral} ${say(`With ReLU behind every projection this network says ${bent.said}.`, `若每个投影后都加 ReLU，此网络的回答变为 ${bent.said}。`)}`;
  },

  table() {
    const rows = data.spiral.embeddings.map(({ n, lost }) => {
      const here = spiralThrough(n);
      return [n, whole(here.count - here.lost), whole(here.lost), percent(here.lost / here.count), percent(lost)];
    });
    return {
      caption: say("Points of the spiral after ReLU in n dimensions", "螺线上的点在 n 维中过 ReLU 之后"),
      head: ["n", say("can be told", "能分辨"), say("lost", "丢失"), say("share, this matrix", "比例（此矩阵）"), say("share, 100 matrices", "比例（100 个矩阵）")],
      rows,
    };
  },
};

function whyDimensions(state) {
  const known = data.spiral.embeddings.map(({ n }) => n);
  return known.includes(state.dims) ? state.dims : known[0];
}

function whyBlock() {
  const blocks = projectedBlocks();
  const block = blocks.length ? blockChosen() : null;
  const found = block ? blockParts(block) : blockSketch();
  return el("section", { class: "why-part" },
    el("h3", {}, block ? say(`The block ${block} taken apart`, `拆开模块 ${block}`) : say("A block of V2, as a sketch", "V2 的一个模块（示意）")),
    block
      ? el("label", { class: "row" }, say("block", "模块"),
          el("select", { key: "block", value: block, on: { change: (event) => go({ l: `${event.target.value}.project` }) } },
            blocks.map((name) => el("option", { value: name }, name))))
      : el("p", {}, say("This network has no block with a projection: a V1 keeps its width. Drawn is MobileNetV2's first with an expansion.",
          "此网络没有带投影的模块：V1 不改变宽度。这里画的是 MobileNetV2 的第一个扩展模块。")),
    blockChart(found), blockGates(found.gate), block ? whySwitch() : null);
}

// The network once more, with a ReLU behind every projection; computed when it is first asked for.
const whyBent = { answer: null, running: false };

function whySwitch() {
  const { answer, running } = whyBent;
  const before = lab.probabilities ? `${className(lab.predicted)} ${percent(lab.probabilities[lab.predicted])}` : "…";
  const waiting = state.bent && !answer;
  if (waiting && lab.forward && !running) whyCompute();
  return el("div", { class: "why-switch" },
    toggle({ key: "bent", label: say("ReLU after every projection", "每个投影之后加 ReLU"), pressed: state.bent, choose: (on) => go({ bent: on ? 1 : 0 }) }),
    el("p", {}, say("linear, as trained: ", "线性（训练时的样子）："), el("b", { dir: "auto" }, before)),
    state.bent ? el("p", {}, say("with ReLU: ", "加 ReLU 后："), el("b", { dir: "auto" }, answer ? answer.said : say("computing …", "计算中……"))) : null);
}

async function whyCompute() {
  whyBent.running = true;
  const layers = switched(lab.layers, { projection: "relu" });
  const { values } = await run(forwardPass(layers, lab.params, lab.x, { caches: false }));
  const last = values[layers.at(-1).name];
  const said = lab.probabilities ? whyAnswer(last) : say("other features", "另一些特征");
  Object.assign(whyBent, { answer: { said }, running: false });
  drawPage();
}

function whyAnswer(logits) {
  const { probabilities } = lossAndGradient(logits, lab.label);
  const best = probabilities.indexOf(Math.max(...probabilities));
  return `${className(best)} ${percent(probabilities[best])}`;
}
