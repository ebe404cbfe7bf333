// View 5's other network: the same weights, the same image, one switch thrown, and all of it computed again.

const APART_MEMORY = 1.2e7; // numbers of maps that are kept of switched networks, about 100 MB

// The switches that this network has: {name, from, to, changes} with the value it has and the other one.
function apartSwitches() {
  const first = (holds) => lab.layers.find(holds);
  const strided = first((layer) => layer.kernel && layer.stride[0] > 1) ?? first((layer) => layer.kernel);
  const norm = first((layer) => layer.kind === "batch_norm");
  const clip = first((layer) => layer.function === "relu6") ?? first((layer) => layer.function === "relu");
  const gate = first((layer) => layer.function === "hard_sigmoid");
  const found = [];
  const offer = (name, from, to, key) => found.push({ name, from: String(from), to: String(to), changes: { [key]: to } });
  if (strided) {
    const given = typeof strided.padding === "string" ? strided.padding : `[${strided.padding}]`;
    offer("padding", given, apartOtherPadding(given), "padding");
  }
  if (norm) offer("eps", norm.eps, norm.eps >= 3e-4 ? 1e-5 : 1e-3, "eps");
  if (clip) offer("relu", clip.function, clip.function === "relu6" ? "relu" : "relu6", "relu");
  if (gate) {
    const slope = gate.slope ?? 1 / 6;
    const sixth = Math.abs(slope - 1 / 6) < 1e-9;
    found.push({ name: "gate", from: sixth ? "1/6" : number(slope), to: sixth ? "0.2" : "1/6", changes: { gateSlope: sixth ? 0.2 : 1 / 6 } });
  }
  return found;
}

// The rule that this network does not have; where it has neither, one that makes a difference to it.
function apartOtherPadding(given) {
  const others = ["same", "symmetric"].filter((rule) => rule !== given);
  const moves = (rule) => switched(lab.layers, { padding: rule }).some((layer, k) => apartDiffers(layer, lab.layers[k]));
  return others.find(moves) ?? others[0];
}

function apartSwitch() {
  const switches = apartSwitches();
  return switches.find(({ name }) => name === state.pw) ?? switches[0];
}

const apartComputed = new Map(); // name of the switch -> variant, the latest used last

// {progress, values, apart: [{name, largest, difference}], parted, probabilities, predicted}; it is begun when it
// is first asked for, and values is null until it is done.  null while the network itself is being computed.
function apartVariant() {
  const thrown = apartSwitch();
  if (!lab.forward || !thrown) return null;
  const known = apartComputed.get(thrown.name);
  if (known) {
    apartComputed.delete(thrown.name); // and set again: the latest used is the last to be forgotten
    apartComputed.set(thrown.name, known);
    return known;
  }
  const variant = { thrown, progress: 0, values: null, failed: "" };
  apartComputed.set(thrown.name, variant);
  apartCompute(variant).catch((error) => {
    variant.failed = String(error.message ?? error);
    drawPage();
  });
  return variant;
}

async function apartCompute(variant) {
  await breath(); // the page is being drawn
  const layers = switched(lab.layers, variant.thrown.changes);
  const from = layers.find((layer, k) => apartDiffers(layer, lab.layers[k]))?.name ?? null;
  const progressed = (share) => apartProgressed(variant, share);
  const settings = { known: lab.forward, from, caches: false };
  const { values } = await run(forwardPass(layers, lab.params, lab.x, settings), progressed);
  variant.apart = await run(apartDifferences(values));
  variant.parted = variant.apart.find(({ difference }) => difference !== 0)?.name ?? null;
  const last = values[lab.layers.at(-1).name];
  if (lab.probabilities) {
    variant.predicted = last.data.reduce((best, value, k) => (value > last.data[best] ? k : best), 0);
    variant.probabilities = lossAndGradient(last, lab.label).probabilities;
  }
  variant.values = values;
  apartForget();
  drawPage();
}

// A switch may say what a layer does already: then nothing is computed again.
function apartDiffers(layer, before) {
  const sides = (one) => String(one.sides);
  return layer.eps !== before.eps || layer.function !== before.function || layer.slope !== before.slope || sides(layer) !== sides(before);
}

// For each layer the largest number of its map, and the largest difference between the two networks' maps.
function* apartDifferences(values) {
  const found = [];
  for (const { name } of lab.layers) {
    const [a, b] = [lab.forward.values[name].data, values[name].data];
    let [size, difference] = [0, 0];
    if (a !== b)
      for (const [from, to] of stretches(a.length)) {
        for (let k = from; k < to; k++) difference = Math.max(difference, Object.is(a[k], b[k]) ? 0 : Math.abs(a[k] - b[k]));
        yield found.length / lab.layers.length;
      }
    for (let k = 0; k < a.length; k++) size = Math.max(size, Math.abs(a[k]));
    found.push({ name, largest: size, difference });
    yield found.length / lab.layers.length;
  }
  return found;
}

// Only so many maps are kept; what is asked for again is computed again.
function apartForget() {
  const ready = [...apartComputed].filter(([, { values }]) => values);
  const size = ({ values }) => Object.values(values).reduce((sum, { data: numbers }) => sum + numbers.length, 0);
  let room = APART_MEMORY;
  for (const [name, variant] of ready.reverse()) {
    room -= size(variant);
    if (room < 0 && variant.thrown.name !== apartSwitch().name) apartComputed.delete(name);
  }
}

// The sentence alone is written anew, and not for every step.
function apartProgressed(variant, share) {
  if (share - variant.progress < 0.1) return;
  variant.progress = share;
  const sentence = FRAME.foot.querySelector(".sentence");
  const seen = VIEWS[state.v - 1] === viewOnePixelApart && apartSwitch().name === variant.thrown.name;
  if (sentence && seen) sentence.textContent = sentenceOf(viewOnePixelApart);
}
