// View 5's rulers: one row of pixels, cut into windows twice.  TensorFlow's SAME pads for as many windows as the
// stride asks for, the odd zero behind; PyTorch pads the same on both sides, whatever the stride.

const APART_RULES = ["same", "symmetric"];

// {size, kernel, stride} as they stand in the address: px, pk, ps
function apartRow() {
  const asked = (name, usual, low, high) => {
    const value = Math.trunc(Number(state[name]));
    return Number.isFinite(value) && state[name] !== null ? Math.min(Math.max(value, low), high) : usual;
  };
  return { size: asked("px", 6, 2, 12), kernel: asked("pk", 3, 1, 7), stride: asked("ps", 2, 1, 4) };
}

// Where each window of a row begins: −1 is one pixel before the first.  -> {starts, before, behind}
function apartStarts({ size, kernel, stride }, rule) {
  const { sides, output } = windowOf([size, 1], [kernel, 1], stride, rule);
  const count = Math.max(output[0], 0);
  return { starts: Array.from({ length: count }, (_, i) => i * stride - sides[0]), before: sides[0], behind: sides[1] };
}

function apartRuleName(rule) {
  return rule === "same" ? "TensorFlow, SAME" : say("PyTorch, symmetric", "PyTorch，对称填充");
}

// How far the two rules' windows begin from each other; null where they are not even equally many.
function apartDistance(row) {
  const [same, symmetric] = APART_RULES.map((rule) => apartStarts(row, rule).starts);
  if (same.length !== symmetric.length) return null;
  return same.length ? same[0] - symmetric[0] : 0;
}

function apartRulers() {
  const row = apartRow();
  const control = (name, label, value, min, max) =>
    slider({ key: name, label, min, max, value, choose: (chosen) => go({ [name]: chosen, s: null }) });
  return el("section", { class: "apart-rulers" },
    el("div", { class: "row" },
      control("px", say("pixels in the row", "一行的像素数"), row.size, 2, 12),
      control("pk", say("kernel", "卷积核"), row.kernel, 1, 7),
      control("ps", say("stride", "步长"), row.stride, 1, 4)),
    el("div", { class: "apart-two" }, [row, { ...row, size: row.size + 1 }].map(apartPair)));
}

// Both rulers over one row, pixel under pixel.
function apartPair(row) {
  const ways = APART_RULES.map((rule) => ({ rule, ...apartStarts(row, rule) }));
  const before = Math.max(...ways.map((way) => way.before));
  const behind = Math.max(...ways.map((way) => Math.max(way.behind, ...way.starts.map((s) => s + row.kernel - row.size))));
  const places = { before, columns: before + row.size + behind };
  return el("article", {},
    el("h3", {}, say(`A row of ${row.size} pixels`, `${row.size} 个像素的一行`)),
    ways.map((way) => apartRuler(row, way, places)),
    el("p", { class: "apart-verdict" }, apartVerdict(row)));
}

// Pixels have letters, padding is 0; under them the windows, as many as the player has come to.
function apartRuler({ size, kernel, stride }, { rule, starts, before: zeros, behind }, { before, columns }) {
  const shown = starts.slice(0, state.s === null ? starts.length : stepOf());
  const lines = Math.ceil(kernel / stride) || 1; // windows that overlap lie under each other
  const at = (pixel) => pixel + before + 1; // column of the grid
  const cells = [];
  for (let pixel = -zeros; pixel < size + behind; pixel++) {
    const padding = pixel < 0 || pixel >= size;
    cells.push(el("span", { class: padding ? "cell padding" : "cell", style: { "grid-column": String(at(pixel)), "grid-row": "1" } },
      padding ? "0" : apartLetter(pixel)));
  }
  const windows = shown.map((start, i) => el("span", {
    class: "window", style: { "grid-column": `${at(start)} / span ${kernel}`, "grid-row": String(2 + (i % lines)) },
  }, String(i)));
  return el("figure", { class: "apart-ruler" },
    el("figcaption", {}, apartRuleName(rule), el("span", { class: "soft" }, ` · ${apartStartsSaid(starts)}`)),
    el("div", { class: "cells", role: "img", aria: { label: apartReads(starts, kernel, size) },
      style: { "grid-template-columns": `repeat(${columns}, minmax(0, 2.4rem))` } }, cells, windows));
}

function apartLetter(pixel) {
  return String.fromCharCode(97 + pixel);
}

function apartStartsSaid(starts) {
  if (!starts.length) return say("no window fits", "放不下一个窗口");
  return say(`windows begin at ${apartList(starts)}`, `窗口起点 ${apartList(starts)}`);
}

function apartList(starts) {
  return starts.map(whole).join(say(", ", "、"));
}

// "0: 0 a b; 1: b c d", for whoever hears the page
function apartReads(starts, kernel, size) {
  const one = (start) => Array.from({ length: kernel }, (_, u) =>
    start + u < 0 || start + u >= size ? "0" : apartLetter(start + u)).join(" ");
  return say("Windows read ", "各窗口读取 ") + starts.map((start, i) => `${i}: ${one(start)}`).join("; ");
}

function apartVerdict(row) {
  const apart = apartDistance(row);
  if (apart === null) return say("They do not even make as many outputs.", "两者的输出个数都不一样。");
  if (apart === 0) return say("Both read the same pixels: they agree.", "两者读取相同的像素：一致。");
  const pixels = apart === 1 ? say("one pixel", "一个像素") : say(`${apart} pixels`, `${apart} 个像素`);
  return say(`Every window of SAME begins ${pixels} further on.`, `SAME 的每个窗口都靠后${pixels}。`);
}
