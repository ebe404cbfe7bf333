// View 2's bar: the standard convolution's cost is its whole length, and the two halves of the separable one lie
// on it to scale.  Under it a piece of the bar enlarged, with MobileNetV1's blocks and what has been printed.

const RACE_LENS = [0.11, 0.13]; // the part of the bar that is enlarged

function raceBar(settings) {
  const { k, n, cost } = settings;
  const [standard, depthwise, pointwise] = [cost.standard, cost.depthwise, cost.pointwise].map(({ macs }) => Number(macs));
  const scale = Math.max(1, (depthwise + pointwise) / standard); // where separable costs more, the bar shrinks
  const width = (macs) => ({ width: `${(100 * macs) / standard / scale}%` });
  const said = say(
    `To scale: of the standard cost the depthwise half is ${percent(1 / n, 2)}, the pointwise half ${percent(1 / (k * k), 2)}.`,
    `按比例：标准卷积代价中 depthwise 一半占 ${percent(1 / n, 2)}，pointwise 一半占 ${percent(1 / (k * k), 2)}。`);
  return el("section", { class: "race-bar" },
    el("h3", {}, say("Which half is which", "哪一半是哪个分数")),
    el("div", { class: "race-whole", role: "img", aria: { label: said } },
      el("span", { class: "standard", style: width(standard) }),
      el("span", { class: "depthwise slides", style: width(depthwise) }),
      el("span", { class: "pointwise slides", style: width(pointwise) })),
    el("ul", { class: "race-halves" },
      raceHalf("standard", say("standard convolution: the whole bar", "标准卷积：整条"), "1", standard, ""),
      raceHalf("depthwise", say("depthwise half", "depthwise 一半"), `1/N = 1/${n}`, depthwise, n === 1
        ? say("as many products as the one standard filter makes", "与唯一的标准卷积核所做的乘法一样多")
        : say(`as many products as one of the ${n} standard filters makes`, `与 ${n} 个标准卷积核中的一个所做的乘法一样多`)),
      raceHalf("pointwise", say("pointwise half", "pointwise 一半"), `1/Dk² = 1/${k * k}`, pointwise, k === 1
        ? say("as many products as the one place in the standard window makes", "与标准窗口唯一的位置所做的乘法一样多")
        : say(`as many products as one of the ${k * k} places in the standard window makes`, `与标准窗口 ${k * k} 个位置中的一个所做的乘法一样多`))));
}

function raceHalf(id, name, share, macs, why) {
  return el("li", { class: id },
    el("span", { class: "swatch", aria: { hidden: "true" } }),
    el("span", {}, el("b", {}, name), " ", el("b", { class: "share" }, share), ` · ${whole(macs)}`, why && el("span", { class: "soft" }, ` · ${why}`)));
}

// The formula in the paper's symbols, with the numbers, and as one fraction.
function raceFormula({ k, m, n, d, cost }) {
  const [DK, DF] = [sub("D", "K"), sub("D", "F")].map((symbol) => () => symbol.cloneNode(true));
  const product = (id, ...factors) => raceTerm(id, factors.flatMap((factor, at) => (at ? ["⋅", factor] : [factor])));
  const depthwise = Number(cost.depthwise.macs);
  const pointwise = Number(cost.pointwise.macs);
  const { over, under } = cost.ratio;
  return el("section", { class: "race-formula" },
    el("h3", {}, say("The fraction", "分数")),
    el("div", { class: "row" },
      raceMath(frac(
        raceTerm("", [product("depthwise", DK(), DK(), "M", DF(), DF()), "+", product("pointwise", "M", "N", DF(), DF())]),
        product("", DK(), DK(), "M", "N", DF(), DF()))),
      raceMath("=", raceTerm("depthwise", [frac("1", "N")]), "+", raceTerm("pointwise", [frac("1", sup(DK(), "2"))]))),
    el("div", { class: "row" },
      raceMath(frac(
        raceTerm("", [product("depthwise", k, k, m, d, d), "+", product("pointwise", m, n, d, d)]),
        product("", k, k, m, n, d, d))),
      raceMath("=", frac(
        raceTerm("", [raceTerm("depthwise", [whole(depthwise)]), "+", raceTerm("pointwise", [whole(pointwise)])]),
        whole(Number(cost.standard.macs)))),
      raceMath("=", raceTerm("depthwise", [frac("1", n)]), "+", raceTerm("pointwise", [frac("1", k * k)]),
        "=", frac(String(over), String(under)))),
    el("p", {}, raceVerdict(cost)));
}

// Fractions at their full size, though they stand in a line.
function raceMath(...parts) {
  const formula = math(...parts);
  formula.setAttribute("displaystyle", "true");
  return formula;
}

function raceTerm(id, parts) {
  const row = mathElement("mrow", ...parts.map(mathPart));
  if (id) row.setAttribute("class", id);
  return row;
}

function raceVerdict({ ratio: { over, under } }) {
  const [share, times] = [Number(over) / Number(under), Number(under) / Number(over)];
  const about = share.toPrecision(4);
  return over < under
    ? say(`≈ ${about}: ${times.toFixed(2)} times fewer multiplications.`, `≈ ${about}：乘法少到 1/${times.toFixed(2)}。`)
    : say(`≈ ${about}: more than 1. Here the separable convolution costs more.`, `≈ ${about}：大于 1。此处可分离卷积反而更贵。`);
}

// A piece of the bar under the lens: V1's thirteen blocks above it, printed figures below.
function raceMarks({ cost }) {
  const now = Number(cost.ratio.over) / Number(cost.ratio.under);
  const [low, high] = RACE_LENS;
  const place = (at) => `${(100 * (at - low)) / (high - low)}%`;
  const within = (at) => at >= low && at <= high;
  const pin = (is, at, text) => el("span", { class: `pin ${is}`, style: { left: place(at) } }, el("span", {}, text));
  const printed = ({ at, right }, k) => (within(at)
    ? pin(right ? "right" : "wrong", at, raceLetter(k))
    : el("span", { class: at < low ? "before" : "behind" }, at < low ? `← ${raceLetter(k)}` : `${raceLetter(k)} →`));
  return el("section", { class: "race-marks" },
    el("h3", {}, say("V1's thirteen blocks, and what has been printed", "V1 的十三个块，以及印出来的数字")),
    el("p", { class: "soft" }, say(
      `The bar from ${low} to ${high}, enlarged. Above it the blocks of MobileNetV1 by number, below it printed figures by letter.`,
      `把这条上 ${low} 到 ${high} 一段放大。上方是 MobileNetV1 各块的编号，下方的字母是印出来的数字。`)),
    el("div", { class: "race-lens", role: "img", aria: { label: raceBlocksSaid() } },
      raceBlockPins().map(({ at, blocks }, k) => pin(k % 2 ? "block high" : "block", at, blocks)),
      data.papers.marks.map(printed),
      within(now) ? el("span", { class: "now", style: { left: place(now) } }) : null),
    el("p", { class: "race-ends soft", aria: { hidden: "true" } }, el("span", {}, String(low)),
      el("span", {}, within(now) ? say("▲ the sizes above", "▲ 上面所选的尺寸") : say(`the sizes above: ${now.toPrecision(4)}`, `上面所选的尺寸：${now.toPrecision(4)}`)),
      el("span", {}, String(high))),
    el("ul", { class: "race-printed" }, data.papers.marks.map(racePrinted)),
    raceCells());
}

function raceLetter(k) {
  return String.fromCharCode(97 + k);
}

// Blocks of the same fraction share a pin: "6–11"
function raceBlockPins() {
  const pins = [];
  for (const { name, ratio: [over, under] } of data.papers.blocks) {
    const [at, block] = [over / under, name.split(".")[1]];
    const same = pins.find((pin) => pin.at === at);
    if (same) [same.last, same.fraction] = [block, `${over}/${under}`];
    else pins.push({ at, first: block, last: block, fraction: `${over}/${under}` });
  }
  return pins.map((pin) => ({ ...pin, blocks: pin.first === pin.last ? pin.first : `${pin.first}–${pin.last}` }));
}

function raceBlocksSaid() {
  const each = raceBlockPins().map(({ blocks, fraction }) => say(`${blocks}: ${fraction}`, `${blocks}：${fraction}`));
  return say(`Blocks of MobileNetV1, ${each.join("; ")}.`, `MobileNetV1 各块，${each.join("；")}。`);
}

function racePrinted({ at, right, said }, k) {
  const verdict = right ? say("right", "正确") : say("wrong", "有误");
  return el("li", { class: right ? "right" : "wrong" },
    el("b", {}, `${raceLetter(k)} ${right ? "✓" : "✗"} ${verdict}`), ` ${at.toPrecision(4)} · `, say(...said));
}

// The paper's own cells, counted again; those of Table 2 are the map's.
function raceCells() {
  const cells = data.papers.cells.filter(({ table }) => table !== "2");
  return el("details", { key: "race-cells" },
    el("summary", { key: "race-cells-summary" }, say("Tables 3 and 4 of V1's paper, counted again", "V1 论文表 3、表 4，重新数过")),
    el("div", { class: "scrolls", tabindex: 0, role: "region", key: "race-cells-table", aria: { label: say("Printed and counted", "印刷与实数") } },
      plainTable({
        caption: say("Printed and counted", "印刷与实数"),
        head: [say("table", "表"), say("row", "行"), say("column", "列"), say("printed", "印刷"), say("counted", "实数"), ""],
        rows: cells.map(({ table, row, column, printed, counted, right, why }) =>
          [table, row, column, printed, counted, right ? "✓" : `✗ ${why ? say(...why) : ""}`]),
      })));
}
