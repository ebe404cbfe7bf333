// View 6: the numbers that an activation of the network gets for this image, counted.

const BENDS_NEAR = 0.05; // a value no further from a jump of the slope than this counts as lying there
const BENDS_JUMPS = [-3, 3]; // of hard-swish's slope: relu6(x + 3) is 0 below the one and 6 above the other

// The chosen layer if it is an activation, else the next one after it, else the network's first.
function bendsLayer() {
  const activations = lab.layers.filter((layer) => layer.kind === "activation");
  const from = lab.layers.indexOf(lab.byName[state.l]);
  return activations.find((layer) => lab.layers.indexOf(layer) >= from) ?? activations[0];
}

const bendsKept = new Map(); // counts by layer, once the network is computed

// How many of a layer's inputs lie where; null while the network is being computed.  `silent` are those where
// the layer's own slope is 0, so that no gradient comes back through them.
function bendsCounts(layer) {
  if (!layer || !lab.forward) return null;
  if (bendsKept.has(layer.name)) return bendsKept.get(layer.name);
  const found = { all: 0, belowZero: 0, fromSix: 0, within3: 0, near3: 0, nearMinus3: 0, silent: 0, outside: 0, notNumbers: 0,
    bins: new Array(BENDS_BINS).fill(0) };
  const slopeAt = ACTIVATIONS[layer.function].slope;
  const own = layer.slope ?? undefined;
  for (const x of mapOf(layer.inputs[0]).data) {
    found.all++;
    if (Number.isNaN(x)) found.notNumbers++;
    if (x <= 0) found.belowZero++;
    if (x >= 6) found.fromSix++;
    if (Math.abs(x) < 3) found.within3++;
    if (Math.abs(x - 3) <= BENDS_NEAR) found.near3++;
    if (Math.abs(x + 3) <= BENDS_NEAR) found.nearMinus3++;
    if (slopeAt(x, own) === 0) found.silent++;
    const bin = Math.floor(((x - BENDS_FROM) / (BENDS_TO - BENDS_FROM)) * BENDS_BINS);
    if (bin >= 0 && bin < BENDS_BINS) found.bins[bin]++;
    else if (!Number.isNaN(x)) found.outside++;
  }
  bendsKept.set(layer.name, found);
  return found;
}

function bendsCounted(layer, counts) {
  if (!counts) return null;
  const near = (at) => say(`within ${BENDS_NEAR} of ${number(at)}: hard-swish's slope jumps`, `距 ${number(at)} 不超过 ${BENDS_NEAR}：hard-swish 的导数跳变`);
  const rows = [
    [say("not above 0: ReLU and ReLU6 cut them", "不大于 0：ReLU 与 ReLU6 截掉"), counts.belowZero],
    [say("6 and above: ReLU6 cuts them", "6 及以上：ReLU6 截掉"), counts.fromSix],
    [say("within ±3: hard-swish bends them", "±3 以内：hard-swish 弯曲之处"), counts.within3],
    [near(-3), counts.nearMinus3],
    [near(3), counts.near3],
    [say(`slope of ${layer.function} is 0: no gradient comes back`, `${layer.function} 的导数为 0：没有梯度传回`), counts.silent],
    [say("beyond the picture", "超出图外"), counts.outside],
    counts.notNumbers && [say("not a number", "不是数"), counts.notNumbers],
  ];
  return el("table", { class: "plain" },
    el("caption", {}, say(`Of ${whole(counts.all)} numbers that ${layer.name} gets`, `${layer.name} 收到的 ${whole(counts.all)} 个数中`)),
    el("tbody", {}, rows.filter(Boolean).map(([text, count]) => el("tr", {}, el("th", { scope: "row" }, text),
      el("td", {}, whole(count)), el("td", {}, percent(count / counts.all))))));
}

// How much the slope of hard-swish jumps at -3 or 3, from one side to the other.
function bendsJump(at) {
  const { slope } = ACTIVATIONS.hard_swish;
  return Math.abs(slope(at + 1e-9) - slope(at - 1e-9));
}

// Where from 0 to 8 swish and hard-swish are furthest apart, and by how much; below 0 it is the same.
function bendsWidest() {
  const widest = { at: 0, gap: 0 };
  for (let k = 0; k <= 8000; k++) {
    const gap = Math.abs(ACTIVATIONS.swish.value(k / 1000) - ACTIVATIONS.hard_swish.value(k / 1000));
    if (gap > widest.gap) Object.assign(widest, { at: k / 1000, gap });
  }
  return widest;
}
