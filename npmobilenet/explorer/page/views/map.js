// View 4.  A column for each layer, as wide as its share: of the multiplications, of the parameters, of the
// bytes, of the floor (what this machine cannot undercut), of the time that was measured.
//
// The chosen layer's costs, roofline and pictures are drawn by map_layer.js, map_roofline.js and map_pictures.js,
// the sums by kind by map_kinds.js.

const viewMap = {
  id: "map-view", // a class "map" is every grid's
  title: () => say("The map", "地图"),
  question: () => say("Where is the work, and where does the time go? Multiplications are not milliseconds.",
    "计算量在哪里，时间又花在哪里？乘法次数不等于毫秒数。"),

  steps: () => 0,

  draw(place) {
    fill(place, mapControls(), mapStrip(), mapKinds(), mapLayer(layerNow()));
  },

  sentence() {
    const columns = mapColumns();
    const [work, all] = [mapMost(columns, "macs"), mapTotal(lab.layers, "macs")];
    const first = say(
      `Most multiplications are in ${work.name}: ${mapShare(work, "macs")} of ${mapAmount("macs", all)} MACs`,
      `乘法最多的是 ${work.name}：占总共 ${mapAmount("macs", all)}次 MAC 的 ${mapShare(work, "macs")}`);
    if (!mapTimed()) return first + say("; times were not measured for this page.", "；本页没有测量时间。");
    const time = mapMost(columns, "seconds");
    if (time === work) return first + say(
      `; it takes most time too: ${mapShare(time, "seconds")} of ${duration(mapTotal(lab.layers, "seconds"))}.`,
      `；用时最多的也是它：占 ${duration(mapTotal(lab.layers, "seconds"))} 的 ${mapShare(time, "seconds")}。`);
    return first + say(
      `; most time goes to ${time.name}: ${mapShare(time, "seconds")} of ${duration(mapTotal(lab.layers, "seconds"))}, for ${mapShare(time, "macs")} of the MACs.`,
      `；用时最多的是 ${time.name}：占 ${duration(mapTotal(lab.layers, "seconds"))} 的 ${mapShare(time, "seconds")}，而它只做了 ${mapShare(time, "macs")} 的 MAC。`);
  },

  table() {
    const measures = mapMeasures();
    return {
      caption: say("All layers: what each costs, for one image", "所有层：每层处理一张图像的开销"),
      head: [say("layer", "层"), say("kind", "种类"), ...measures.map(mapMeasureName)],
      rows: state.table ? lab.layers.map((layer) => [layer.name, kindOf(layer),
        ...measures.map((measure) => (measure === "floor" || measure === "seconds" ? duration(layer[measure]) : whole(layer[measure])))]) : [],
    };
  },
};

// Times are there unless the page was made without, or where they could not be measured.
function mapTimed() {
  return Boolean(data.machine) && lab.layers.every((layer) => layer.seconds !== null);
}

function mapMeasures() {
  return ["macs", "parameters", "bytes", ...(mapTimed() ? ["floor", "seconds"] : [])];
}

function mapMeasureName(measure) {
  return {
    macs: "MACs",
    parameters: say("parameters", "参数"),
    bytes: say("bytes", "字节"),
    floor: say("floor", "时间下限"),
    seconds: say("measured time", "实测时间"),
  }[measure];
}

function mapMeasure() {
  return mapMeasures().includes(state.mm) ? state.mm : "macs";
}

// The columns: a layer each, or a block with all its layers.
function mapColumns() {
  if (state.mb !== "block") return lab.layers.map((layer) => ({ name: layer.name, layers: [layer] }));
  const blocks = new Map();
  for (const layer of lab.layers) blocks.set(layer.block, [...(blocks.get(layer.block) ?? []), layer]);
  return [...blocks].map(([name, layers]) => ({ name, layers }));
}

function mapTotal(layers, measure) {
  return layers.reduce((sum, layer) => sum + layer[measure], 0);
}

// Of the whole network, 0 to 1.
function mapPart(layers, measure) {
  return mapTotal(layers, measure) / (mapTotal(lab.layers, measure) || 1);
}

function mapShare(column, measure) {
  return percent(mapPart(column.layers, measure));
}

function mapMost(columns, measure) {
  return columns.reduce((best, column) => (mapTotal(column.layers, measure) > mapTotal(best.layers, measure) ? column : best));
}

// "41.5 million", "3.20 MB", "1.24 ms"; Chinese counts by ten thousands and hundred millions
function mapAmount(measure, amount) {
  if (measure === "floor" || measure === "seconds") return duration(amount);
  const units = measure === "bytes" ? [[1e6, "MB"], [1e3, "kB"]]
    : state.lang === "zh" ? [[1e8, "亿"], [1e4, "万"]] : [[1e6, "million"]];
  const [size, unit] = units.find(([least]) => amount >= least) ?? [1, ""];
  if (size === 1) return whole(amount);
  const short = amount / size;
  return `${short < 1000 ? short.toPrecision(3) : whole(Math.round(short))} ${unit}`;
}

function mapControls() {
  const options = mapMeasures().map((measure) => [measure, mapMeasureName(measure)]);
  return el("div", { class: "row" },
    segments({ key: "map-measure", label: say("width of a column", "列宽表示"), options, value: mapMeasure(), choose: (mm) => go({ mm }) }),
    segments({ key: "map-by", label: say("one column", "每列"), value: state.mb === "block" ? "block" : "layer",
      options: [["layer", say("a layer", "一层")], ["block", say("a block", "一块")]], choose: (mb) => go({ mb }) }),
    mapTimed() ? null : el("p", { class: "soft" }, say(
      "The floor and the measured time are missing: this page was made without measuring its machine.",
      "没有时间下限和实测时间：生成本页时没有测量机器。")));
}

// One Tab stop; arrow keys go from column to column.
function mapStrip() {
  const [columns, measure] = [mapColumns(), mapMeasure()];
  const chosen = columns.findIndex((column) => column.layers.includes(layerNow()));
  const heaviest = (layers) => layers.reduce((best, layer) => (layer[measure] > best[measure] ? layer : best));
  const choose = (k) => go({ l: heaviest(columns[k].layers).name });
  const keys = { ArrowLeft: chosen - 1, ArrowRight: chosen + 1, Home: 0, End: columns.length - 1 };
  const keydown = (event) => {
    if (keys[event.key] === undefined) return shortcut(event);
    event.preventDefault();
    choose(clamp(keys[event.key], columns.length));
  };
  const total = mapTotal(lab.layers, measure);
  const column = columns[chosen];
  return el("figure", { class: "map-figure", key: `map-${state.mb === "block" ? "block" : "layer"}` },
    el("figcaption", {}, say("All together ", "总计 "), el("b", {}, mapAmount(measure, total)),
      measure === "macs" || measure === "parameters" ? ` ${mapMeasureName(measure)}` : "", say(". Chosen: ", "。所选："),
      el("b", {}, column.name), `, ${mapAmount(measure, mapTotal(column.layers, measure))}, ${mapShare(column, measure)}`),
    el("div", { class: "map-strip", key: "map-strip", role: "listbox", tabindex: 0, on: { keydown },
      aria: { label: say("Columns", "各列"), orientation: "horizontal", activedescendant: `map-${chosen}` } },
      columns.map((one, k) => mapColumn(one, k, k === chosen, measure, () => choose(k)))),
    mapPointer(columns, chosen, measure),
    mapBlocks(measure));
}

// Its parts, one over the other, are as high as their share of it: of a block its kinds of layers.
function mapColumn(column, k, chosen, measure, choose) {
  const share = mapPart(column.layers, measure);
  const sum = mapTotal(column.layers, measure) || 1;
  const label = `${column.name}: ${mapAmount(measure, mapTotal(column.layers, measure))}, ${percent(share)}`;
  const is = ["map-column", "slides", chosen && "chosen", share > 0.012 && "wide"].filter(Boolean).join(" ");
  const parts = column.layers.map((layer) =>
    el("div", { class: `map-part kind-${mapColour(layer)}`, style: { height: `${((100 * layer[measure]) / sum).toFixed(3)}%` } }));
  return el("div", { id: `map-${k}`, class: is, role: "option", title: label, aria: { selected: String(chosen), label },
    style: { width: `${(100 * share).toFixed(4)}%` }, on: { click: choose } }, parts);
}

// Points at the chosen column, which may be too narrow to be seen.
function mapPointer(columns, chosen, measure) {
  const before = mapPart(columns.slice(0, chosen).flatMap((column) => column.layers), measure);
  const width = (share) => ({ width: `${(100 * share).toFixed(4)}%` });
  return el("div", { class: "map-pointer", aria: { hidden: "true" } },
    el("span", { class: "slides", style: width(before) }),
    el("span", { class: "slides map-mark", style: width(mapPart(columns[chosen].layers, measure)) }));
}

// The blocks' names under their columns, as far as there is room.
function mapBlocks(measure) {
  const names = [...new Set(lab.layers.map((layer) => layer.block))];
  return el("div", { class: "map-blocks", aria: { hidden: "true" } }, names.map((name) => {
    const share = mapPart(lab.layers.filter((layer) => layer.block === name), measure);
    return el("span", { class: "slides", style: { width: `${(100 * share).toFixed(4)}%` } }, share > 0.012 * name.replace("blocks.", "").length ? name.replace("blocks.", "") : "");
  }));
}

// Kinds that have a colour of their own, grouped convolution that of the standard one; pooling, adding, gates and dropout share one.
function mapColour(layer) {
  if (layer.kind === "grouped_conv") return "conv";
  return ["conv", "depthwise", "pointwise", "batch_norm", "activation", "dense"].includes(layer.kind) ? layer.kind : "other";
}
