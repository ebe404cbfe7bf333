// View 3, third part: one weight is moved, the whole network computed again from its layer on, and the loss
// measured.  Backward has said beforehand how it will change: dw for each unit.  The chart is in
// backwards_chart.js.

const BACKWARDS_STEP = 0.01; // what the sentence asks about
const BACKWARDS_TINY = 1e-5; // of the weight's size: the step of the central difference
const BACKWARDS_NOISE = 1e-13; // changes of the loss below this are hidden by rounding

// What has been measured of one weight: {how far it was moved: the loss}.  `key` says which weight.
// slow: milliseconds that the last loss took; drawn: when the page last showed them.
const backwardsNudges = { key: "", size: 0, losses: new Map(), deltas: [], running: false, drawn: 0, slow: 0 };

// Size of the weight's moves: its own; where that is next to nothing, what is usual in its array; where the
// whole array is next to nothing, 0.01.
function backwardsSize(layer, choice) {
  const weights = lab.params[`${layer.name}.weight`].data;
  const own = Math.abs(backwardsWeightValue(layer, choice));
  const usual = weights.reduce((sum, w) => sum + Math.abs(w), 0) / weights.length;
  if (usual < 1e-4) return BACKWARDS_STEP;
  return own >= 1e-3 * usual ? own : usual;
}

// Step of the central difference.  Smaller than the distance to most kinks of the activations, yet so large
// that a faint gradient moves the loss (whose rounding is some 1e-16) by more than its rounding.
function backwardsTiny(size, gradient) {
  const seen = gradient ? 1e-11 / Math.abs(gradient) : 0;
  return Math.min(Math.max(BACKWARDS_TINY * size, seen), BACKWARDS_STEP);
}

// Readies the measuring of the chosen weight, and begins it: what the slider asks first, then the slope, the
// +0.01 of the sentence, and the curve from its ends to its middle.
function backwardsPrepare(layer, choice) {
  const key = [layer.name, backwardsWeightAt(layer, choice.u, choice.v, choice.m, choice.o), lab.label].join(" ");
  if (key !== backwardsNudges.key)
    Object.assign(backwardsNudges, { key, layer, choice, size: backwardsSize(layer, choice), losses: new Map([[0, lab.loss]]) });
  const { size } = backwardsNudges;
  const tenths = [1, -1, 0.5, -0.5, 0.8, -0.8, 0.3, -0.3, 0.9, -0.9, 0.7, -0.7, 0.6, -0.6, 0.4, -0.4, 0.2, -0.2, 0.1, -0.1];
  const curve = backwardsNudges.slow > 500 ? tenths.slice(0, 8) : tenths; // a large network: fewer points
  const tiny = backwardsTiny(size, backwardsGradient(layer, choice));
  backwardsNudges.deltas = [choice.h * size, tiny, -tiny, BACKWARDS_STEP, ...curve.map((h) => h * size)];
  if (Number.isFinite(size + lab.loss) && backwardsMissing() !== undefined) backwardsMeasure();
}

// The next move whose loss is wanted and not known; undefined: there is none.
function backwardsMissing() {
  return backwardsNudges.deltas.find((delta) => !backwardsNudges.losses.has(delta));
}

async function backwardsMeasure() {
  const nudges = backwardsNudges;
  if (nudges.running) return;
  nudges.running = true;
  try {
    await breath(); // the page that has asked is drawn first
    for (;;) {
      const { key, losses } = nudges;
      const delta = backwardsMissing();
      if (delta === undefined || !backwardsInSight()) break;
      const started = performance.now();
      const loss = await run(backwardsWhileWanted(backwardsNetwork(delta), key));
      if (loss !== null) losses.set(delta, loss);
      nudges.slow = performance.now() - started;
      await backwardsShow();
    }
  } finally {
    nudges.running = false;
  }
  if (backwardsInSight()) drawPage();
}

// Draws what has been found since, though not for every point: drawing takes time too.
async function backwardsShow() {
  const now = performance.now();
  if (now - backwardsNudges.drawn < 200 || !backwardsInSight()) return breath();
  backwardsNudges.drawn = now;
  drawPage();
  return breath();
}

function backwardsInSight() {
  return VIEWS[state.v - 1] === viewBackwards;
}

// The loss with the chosen weight moved by `delta`; layers before it are not computed again.
function* backwardsNetwork(delta) {
  const { layer, choice } = backwardsNudges;
  const name = `${layer.name}.weight`;
  const weights = array(lab.params[name].shape, lab.params[name].data.slice());
  weights.data[backwardsWeightAt(layer, choice.u, choice.v, choice.m, choice.o)] += delta;
  const moved = { ...lab.params, [name]: weights };
  const again = yield* forwardPass(lab.layers, moved, lab.x, { known: lab.forward, from: layer.name, caches: false });
  return lossAndGradient(again.values[lab.layers.at(-1).name], lab.label).loss;
}

// Stops, with null, as soon as another weight is looked at or another view.
function* backwardsWhileWanted(generator, key) {
  for (;;) {
    const step = generator.next();
    if (step.done) return step.value;
    if (key !== backwardsNudges.key || !backwardsInSight()) return null;
    yield step.value;
  }
}

// What is known of the chosen weight: the gradient, and, once measured, the slope, the change by +0.01, and
// the loss where the slider stands; undefined before.
function backwardsMeasured(layer) {
  const choice = backwardsChoice(layer);
  backwardsPrepare(layer, choice);
  const { losses, size } = backwardsNudges;
  const gradient = backwardsGradient(layer, choice);
  const tiny = backwardsTiny(size, gradient);
  const [up, down, step, here] = [tiny, -tiny, BACKWARDS_STEP, choice.h * size].map((delta) => losses.get(delta));
  return {
    choice, size, losses, gradient,
    slope: up === undefined || down === undefined ? undefined : (up - down) / (2 * tiny),
    change: step === undefined ? undefined : step - lab.loss,
    here,
  };
}

function backwardsNudge(layer) {
  const { choice, size, gradient, slope, change, here, losses } = backwardsMeasured(layer);
  const w = backwardsWeightValue(layer, choice);
  const name = backwardsWeightName(layer, choice);
  const heading = el("h3", {}, say("3. Move it: does the loss follow?", "3. 移动它：损失会跟着变吗？"));
  if (!Number.isFinite(w + gradient + lab.loss)) return el("section", { class: "backwards-part" }, heading,
    el("p", {}, say("The weight, its gradient or the loss is not a finite number: there is nothing to move.", "权重、梯度或损失不是有限的数：无法移动。")));
  const waiting = say("computing …", "正在计算……");
  const said = (value, digits) => (value === undefined ? waiting : number(value, digits));
  const line = (text, value) => el("div", {}, el("dt", {}, text), el("dd", {}, value));
  return el("section", { class: "backwards-part" }, heading,
    slider({ key: "backwards-nudge", label: say(`move ${name} by h =`, `把 ${name} 移动 h =`), min: -1, max: 1, step: 0.05,
      value: choice.h, text: `${choice.h > 0 ? "+" : ""}${number(choice.h, 2)}`,
      choose: (h) => backwardsGo(layer, { bh: h }) }),
    button({ key: "backwards-hundredth", label: say("move it by +0.01", "移动 +0.01"),
      click: () => backwardsGo(layer, { bh: Math.min(BACKWARDS_STEP / size, 1) }) }),
    el("div", { class: "backwards-two" },
      backwardsChart({ w, size, gradient, losses, h: choice.h }),
      el("dl", { class: "backwards-figures" },
        line(say("h = 1 moves it by", "h = 1 相当于移动"), number(size)),
        line(say("weight", "权重"), `${number(w)} → ${number(w + choice.h * size)}`),
        line(say("loss", "损失"), `${number(lab.loss, 5)} → ${said(here, 5)}`),
        line(say("change of the loss", "损失的变化"), here === undefined ? waiting : number(here - lab.loss)),
        line(say("slope that backward said (dw)", "反向传播给出的斜率 (dw)"), el("b", {}, number(gradient, 6))),
        line(say("slope measured (central difference)", "测得的斜率（中心差分）"), el("b", {}, said(slope, 6))),
        line(say("+0.01: said", "+0.01：预测"), number(gradient * BACKWARDS_STEP)),
        line(say("+0.01: measured", "+0.01：测得"), said(change)))));
}

// What +0.01 does to the loss, and whether it is so; null while it is being measured.
function backwardsNudgeSentence(layer) {
  const { choice, gradient, change, slope } = backwardsMeasured(layer);
  if (change === undefined || slope === undefined) return null;
  const [told, name] = [gradient * BACKWARDS_STEP, `${backwardsWeightName(layer, choice)} · ${layer.name}`];
  return say(
    `+0.01 on ${name}: backward says the loss changes by ${number(told)}; computed again, it changes by ${number(change)}. `,
    `${name} 加 0.01：反向传播说损失变化 ${number(told)}；重新计算，变化 ${number(change)}。`) + backwardsVerdict(told, change, gradient, slope);
}

function backwardsVerdict(told, change, gradient, slope) {
  const noise = BACKWARDS_NOISE * Math.max(1, Math.abs(lab.loss));
  if (told === 0 && change === 0) return say("So it is: this weight has no part in the loss here.", "确实如此：这个权重在这里不影响损失。");
  if (Math.abs(told) < noise && Math.abs(change) < noise) return say("Both are too small to be told from rounding.", "两者都小到无法与舍入误差区分。");
  const apart = Math.abs(change - told) / Math.abs(told);
  if (apart < 0.1) return say(`So it is, to within ${percent(Math.max(apart, 0.001))}.`, `确实如此，相差不到 ${percent(Math.max(apart, 0.001))}。`);
  if (Math.abs(slope - gradient) < 0.05 * Math.abs(gradient)) return say(
    "For so large a step the curve bends away from its tangent; a tiny step has the slope that backward said.",
    "步子这么大时，曲线已偏离切线；步子极小时，斜率正是反向传播所说的。");
  return say(
    "It is not so: some activation of this image has a kink right here, where the slope to the left is not that to the right.",
    "并非如此：这张图像的某个激活值恰好落在折点上，左右两侧的斜率不同。");
}
