// View 2.  Where 1/N and 1/Dk² come from, and which half is which: the depthwise half does as much as one of the
// standard convolution's N filters, the pointwise half as much as one of the Dk² places in its window.

const viewRace = {
  id: "race",
  title: () => say("The race", "赛跑"),
  question: () => say("Which half costs 1/N, which 1/Dk², and when does it not help?", "哪一半是 1/N，哪一半是 1/Dk²，什么时候反而没用？"),

  steps: () => racePace(raceSettings()).steps,

  draw(place) {
    const settings = raceSettings();
    fill(place, raceStart(settings), raceLanesDrawn(settings), raceControls(settings), raceBar(settings), raceFormula(settings), raceMarks(settings));
  },

  sentence() {
    const settings = raceSettings();
    return stepOf() < racePace(settings).steps ? raceOnTheWay(settings) : raceResult(settings);
  },

  table() {
    const settings = raceSettings();
    const { cost } = settings;
    const standing = Object.fromEntries(raceStanding(settings, stepOf()).map((lane) => [lane.id, lane.done]));
    standing.separable = standing.depthwise + standing.pointwise;
    const row = (id, name) => {
      const { macs, weights, terms } = cost[id];
      const share = exactFraction(macs, cost.standard.macs);
      return [name, terms.map((factors) => factors.join(" · ")).join(" + "), whole(Number(macs)), whole(Number(weights)),
        fractionText(share), whole(standing[id])];
    };
    return {
      caption: say("Multiplications and weights", "乘法次数与权重数"),
      head: [say("lane", "跑道"), say("product", "算式"), say("multiplications", "乘法"), say("weights", "权重"),
        say("of the standard", "占标准"), say("done by now", "已完成")],
      rows: [row("standard", say("standard", "标准")), row("depthwise", "depthwise"), row("pointwise", "pointwise"),
        row("separable", say("separable, both halves", "可分离，两半合计"))],
    };
  },
};

function raceOnTheWay(settings) {
  const { pace } = racePace(settings);
  const [standard, depthwise, pointwise] = raceStanding(settings, stepOf());
  const separable = depthwise.done + pointwise.done;
  const total = depthwise.total + pointwise.total;
  const [after, share] = [whole(stepOf() * pace), percent(standard.done / standard.total)];
  if (!pointwise.finished) return say(
    `After ${after} multiplications the separable lanes have done ${percent(separable / total)} of their work, the standard one ${share}.`,
    `做完 ${after} 次乘法后，可分离的两条跑道完成了 ${percent(separable / total)}，标准卷积完成了 ${share}。`);
  return say(
    `The separable lanes were done after ${whole(total)} multiplications; the standard one goes on, ${whole(standard.done)} of ${whole(standard.total)} done (${share}).`,
    `可分离的两条跑道做了 ${whole(total)} 次乘法就结束了；标准卷积还在继续，${whole(standard.total)} 次中完成了 ${whole(standard.done)} 次（${share}）。`);
}

function raceResult({ k, n, cost }) {
  const [standard, depthwise, pointwise] = [cost.standard, cost.depthwise, cost.pointwise].map(({ macs }) => whole(Number(macs)));
  const ratio = fractionText(cost.ratio);
  const halves = say(
    `the depthwise half is 1/N = 1/${n} of the standard cost, the pointwise half 1/Dk² = 1/${k * k}, together ${ratio}`,
    `depthwise 一半是标准代价的 1/N = 1/${n}，pointwise 一半是 1/Dk² = 1/${k * k}，合计 ${ratio}`);
  const more = cost.ratio.over > cost.ratio.under;
  return more
    ? say(`${standard} multiplications against ${depthwise} + ${pointwise}: ${halves}, which is more than 1, so here the separable convolution costs more.`,
        `${standard} 次乘法对 ${depthwise} + ${pointwise} 次：${halves}，大于 1，所以此处可分离卷积更贵。`)
    : say(`${standard} multiplications against ${depthwise} + ${pointwise}: ${halves}.`, `${standard} 次乘法对 ${depthwise} + ${pointwise} 次：${halves}。`);
}
