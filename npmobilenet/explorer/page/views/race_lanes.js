// View 2's race: at every step each runner may do the same number of multiplications.  The standard convolution
// runs alone.  The depthwise and the pointwise one are a relay: the second begins with the maps of the first.

const RACE_STEPS = 32; // in which the standard convolution is done

// What each lane is: {id, name, total, each (products of one output number), outputs}
function raceLanes({ k, m, n, d, cost }) {
  const lane = (id, name, counted, each, outputs) => ({ id, name, total: Number(counted.macs), terms: counted.terms[0], each, outputs });
  return [
    lane("standard", say("standard convolution", "标准卷积 (standard)"), cost.standard, k * k * m, n * d * d),
    lane("depthwise", say("depthwise", "depthwise 卷积"), cost.depthwise, k * k, m * d * d),
    lane("pointwise", say("pointwise", "pointwise 卷积"), cost.pointwise, m, n * d * d),
  ];
}

// {stride: multiplications a step, steps: until all lanes are done}
function racePace({ cost }) {
  const [standard, separable] = [Number(cost.standard.macs), Number(cost.separable.macs)];
  const pace = Math.ceil(standard / RACE_STEPS);
  return { pace, steps: Math.ceil(Math.max(standard, separable) / pace), length: Math.max(standard, separable) };
}

// The lanes as they stand after `step` steps: done, finished (in which step), the output number under way.
function raceStanding(settings, step) {
  const { pace, steps } = racePace(settings);
  const [standard, depthwise, pointwise] = raceLanes(settings);
  const budget = step >= steps ? Infinity : step * pace;
  const stand = (lane, before) => {
    const done = Math.max(0, Math.min(budget - before, lane.total));
    const index = Math.min(Math.floor(done / lane.each), lane.outputs - 1);
    const finished = done === lane.total ? Math.ceil((before + lane.total) / pace) : null;
    return { ...lane, done, index, finished, waits: before > 0 && budget <= before };
  };
  return [stand(standard, 0), stand(depthwise, 0), stand(pointwise, depthwise.total)];
}

function raceLanesDrawn(settings) {
  const { pace, length } = racePace(settings);
  const patch = racePatch(settings);
  return el("section", { class: "race-lanes", aria: { label: say("Three lanes, one patch", "同一窗口，三条跑道") } },
    raceStanding(settings, stepOf()).map((lane) => raceLane(settings, lane, length, patch)),
    el("p", { class: "soft" }, raceRules(settings, pace, patch)));
}

function raceRules({ m }, pace, patch) {
  const rule = say(
    `One step of the player: ${whole(pace)} multiplications in the upper lane, and as many in the two lower ones together, of which the second waits for the first's maps.`,
    `播放器每走一步：上面一条跑道做 ${whole(pace)} 次乘法，下面两条合起来也做这么多；其中后一条要等前一条的特征图。`);
  if (!patch) return rule;
  const source = patch.source === "image" ? say("the image", "图像") : patch.source;
  const repeated = m > patch.channels
    ? say(` It has only ${patch.channels} channels, so they are repeated.`, `它只有 ${patch.channels} 个，故重复使用。`) : "";
  return rule + say(
    ` The sheets are channels of ${source}, around the chosen pixel, from channel ${state.c % patch.channels} on.${repeated} The standard filters are products of both halves' filters, so that all lanes arrive at the same numbers.`,
    `每张图是 ${source} 的一个通道，以所选像素为中心，从通道 ${state.c % patch.channels}起。${repeated}标准卷积核取两半卷积核之积，因此各跑道得到同样的数。`);
}

function raceLane(settings, lane, length, patch) {
  const share = (part) => `${(100 * part) / length}%`;
  return el("article", { class: `race-lane ${lane.id}`, key: `race-${lane.id}` },
    el("div", { class: "race-said" },
      el("h3", {}, el("span", { class: "swatch", aria: { hidden: "true" } }), lane.name),
      el("p", { class: "race-count" }, el("b", {}, whole(lane.done)), say(` of ${whole(lane.total)}`, ` / ${whole(lane.total)}`)),
      el("p", { class: "soft" }, raceTerms(lane), " = ", whole(lane.total)),
      el("p", { class: "soft" }, raceState(settings, lane))),
    raceStacks(settings, lane, patch),
    el("div", { class: "race-track", aria: { hidden: "true" } },
      el("span", { class: "course", style: { width: share(lane.total) } }),
      el("span", { class: "done slides", style: { width: share(lane.done) } })));
}

// "3 · 3 · 64 · 7 · 7", in the order of the paper's equations
function raceTerms({ terms }) {
  return terms.map(String).join(" · ");
}

function raceState({ n, m, d }, lane) {
  if (lane.finished) return say(`done in step ${lane.finished}`, `第 ${lane.finished} 步完成`);
  if (lane.waits) return say("waits for the depthwise maps", "等待 depthwise 的特征图");
  const which = Math.floor(lane.index / (d * d)) + 1;
  const number = say(`, number ${whole(lane.index + 1)} of ${whole(lane.outputs)}: ${lane.each} products`,
    `，第 ${whole(lane.index + 1)} / ${whole(lane.outputs)} 个数：${lane.each} 个乘积`);
  if (lane.id === "depthwise") return say(`channel ${which} of ${m}`, `第 ${which} / ${m} 个通道`) + number;
  return say(`filter ${which} of ${n}`, `第 ${which} / ${n} 个卷积核`) + number;
}
