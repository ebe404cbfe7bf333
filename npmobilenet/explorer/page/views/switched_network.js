// View 5, below: the learner's network twice with the same weights, one switch thrown.

// Each switch: what it is set to, and what it is set to instead; null where the network has no such layer.
function switchesOf() {
  const { dialect } = data.model;
  const has = (test) => lab.layers.some(test);
  const strided = has((layer) => layer.kernel && layer.stride[0] > 1);
  const eps = lab.layers.find((layer) => layer.kind === "batch_norm")?.eps;
  const kink = lab.layers.find((layer) => ["relu", "relu6"].includes(layer.function))?.function;
  const gate = lab.layers.find((layer) => layer.function === "hard_sigmoid")?.slope;
  const sixth = gate && Math.abs(gate - 1 / 6) < 1e-9;
  return {
    padding: strided && { now: dialect.padding, then: dialect.padding === "same" ? "symmetric" : "same" },
    eps: eps !== undefined && { now: eps, then: eps === 1e-3 ? 1e-5 : 1e-3 },
    relu: kink && { now: kink, then: kink === "relu" ? "relu6" : "relu" },
    gateSlope: gate && { now: sixth ? "1/6" : gate, then: sixth ? 0.2 : "1/6" },
  };
}

const SWITCH_WORDS = {
  padding: ["padding", "填充"],
  eps: ["eps of batch normalisation", "批归一化的 eps"],
  relu: ["ReLU or ReLU6", "ReLU 或 ReLU6"],
  gateSlope: ["slope of the gate", "门控斜率"],
};

const switchedKept = new Map(); // what has been computed, by switch

// Computes the other network, once, and draws the page when it is there.
async function computeSwitched(name) {
  if (switchedKept.has(name) || !lab.forward) return;
  switchedKept.set(name, null);
  const then = switchesOf()[name].then;
  const layers = switched(lab.layers, { [name]: then === "1/6" ? 1 / 6 : then });
  const { values } = await run(forwardPass(layers, lab.params, lab.x, { caches: false }));
  switchedKept.set(name, { values, distances: distancesTo(values) });
  drawPage();
}

// Of each layer how far its map is from what it was, as a share of the largest number that was in it.
function distancesTo(values) {
  return lab.layers.map(({ name }) => {
    const [before, after] = [lab.forward.values[name].data, values[name].data];
    let most = 0;
    for (let k = 0; k < before.length; k++) most = Math.max(most, Math.abs(after[k] - before[k]));
    return most / (largest(before) || 1);
  });
}

// The first layer whose map is not what it was; "" where all are.
function partedAt({ distances }) {
  const first = distances.findIndex((distance) => !(distance <= 1e-12));
  return first < 0 ? "" : lab.layers[first].name;
}

function answerOf(values) {
  const logits = values[lab.layers.at(-1).name];
  if (!lab.probabilities) return say("features, no classes", "特征，没有类别");
  const { probabilities } = lossAndGradient(logits, lab.label);
  const best = probabilities.reduce((found, p, k) => (p > probabilities[found] ? k : found), 0);
  return `${className(best)} ${percent(probabilities[best], 2)}`;
}

// A bar a layer: how far apart both networks are there, by its square root.
function distancesChart({ distances }) {
  const [width, height] = [720, 90];
  const most = largest(distances) || 1;
  const step = width / distances.length;
  const parted = distances.findIndex((distance) => !(distance <= 1e-12));
  const last = distances.at(-1);
  const label = say(
    `How far each layer's map is from what it was; the last by ${percent(last)}`,
    `各层特征图与原先相差多少；最后一层相差 ${percent(last)}`);
  return el("figure", {},
    el("figcaption", {}, label),
    svg("svg", { class: "parting", viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", role: "img", aria: { label } },
      distances.map((distance, k) => {
        const tall = Math.min(1, Math.sqrt(distance / most)) * (height - 6);
        return svg("rect", { class: k === parted ? "parted" : null, x: (k * step).toFixed(2), y: (height - tall - 2).toFixed(2),
          width: Math.max(1, step - 1).toFixed(2), height: (tall + 2).toFixed(2) });
      })));
}
