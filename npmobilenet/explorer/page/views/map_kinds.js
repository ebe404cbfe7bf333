// View 4: sums by kind of layer, the share of the multiplications beside the share of the time; and what
// V1's paper has printed of it.

function mapKinds() {
  const measure = mapMeasure();
  const other = ["macs", "seconds"].includes(measure) ? [] : [measure];
  const measures = ["macs", ...other, ...(mapTimed() ? ["seconds"] : [])];
  const kinds = [...new Set(lab.layers.map(mapColour))];
  const rows = kinds.map((kind) => mapKindRow(kind, lab.layers.filter((layer) => mapColour(layer) === kind), measures));
  const idle = lab.layers.filter((layer) => !layer.macs);
  return el("section", { class: "map-sums" },
    el("div", {}, mapScrolls(say("Sums by kind of layer", "按种类合计"), el("table", { class: "plain map-kinds" },
      el("caption", {}, say("Sums by kind of layer", "按种类合计")),
      el("thead", {}, el("tr", {}, el("th", { scope: "col" }, say("kind", "种类")), el("th", { scope: "col" }, say("layers", "层数")),
        measures.map((one) => el("th", { scope: "col" }, say(`share of ${mapMeasureName(one)}`, `${mapMeasureName(one)}占比`))))),
      el("tbody", {}, rows))),
      mapTimed() ? el("p", {}, say(
        `Layers that the papers count as no MACs take ${percent(mapPart(idle, "seconds"))} of the time.`,
        `没有任何 MAC 的层占用了 ${percent(mapPart(idle, "seconds"))} 的时间。`)) : null),
    data.model.family === "v1" ? mapPaper() : null);
}

// A table that may be wider than a telephone: it scrolls in its own box, by keyboard too.
function mapScrolls(label, ...children) {
  return el("div", { class: "map-scrolls", tabindex: 0, role: "region", key: `map-scrolls-${label}`, aria: { label } }, children);
}

function mapKindRow(kind, layers, measures) {
  const name = kind === "other" ? say("pooling, add, gates, dropout", "池化、相加、门控、dropout")
    : kind === "activation" ? say("activation", "激活函数") : say(...KIND_WORDS[kind]);
  return el("tr", {},
    el("th", { scope: "row" }, el("span", { class: `swatch kind-${kind}`, aria: { hidden: "true" } }), " ", name),
    el("td", {}, layers.length),
    measures.map((measure) => {
      const share = mapPart(layers, measure);
      return el("td", {}, el("span", { class: "map-share" }, el("span", { class: "bar", aria: { hidden: "true" } },
        el("span", { class: `slides kind-${kind}`, style: { width: `${(100 * share).toFixed(2)}%` } })), percent(share)));
    }));
}

// The shares that V1's paper prints in its Table 2, for its full network of 224 pixels.
function mapPaper() {
  const printed = data.papers.cells.filter((cell) => cell.table === "2");
  const wrong = printed.filter((cell) => !cell.right);
  const row = (cell) => [cell.row, say(cell.column, cell.column === "Parameters" ? "参数" : "乘加 (mult-adds)"), cell.printed, `${cell.counted} %`,
    cell.right ? say("right", "正确") : say("misprint", "印错")];
  return el("div", {}, mapScrolls(say("V1's paper, Table 2", "V1 论文表 2"), plainTable({
      caption: say("V1's paper, Table 2 (width 1, 224 × 224, 1,000 classes)", "V1 论文表 2（宽度 1，224 × 224，1,000 类）"),
      head: [say("layers", "层"), say("share of", "占比"), say("printed", "论文印出"), say("counted", "数出"), say("so?", "对吗")],
      rows: printed.map(row),
    })),
    wrong.map((cell) => el("p", {}, say(`${cell.row}, printed ${cell.printed}, is ${cell.counted} %: ${cell.why[0]}.`,
      `${cell.row} 印作 ${cell.printed}，应为 ${cell.counted} %：${cell.why[1]}。`))));
}
