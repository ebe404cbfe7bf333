// View 2's settings: D_K, M, N, D_F, stride, padding and the two multipliers, as they stand in the address;
// sets of sizes to begin with; and the controls.

// name in the address, the symbol, what it is, what it may be, and what it is where nothing is said
const RACE_SIZES = [
  ["rk", "D_K", () => say("kernel", "卷积核"), [1, 2, 3, 4, 5, 6, 7], 3],
  ["rm", "M", () => say("channels in", "输入通道数"), null, 64],
  ["rn", "N", () => say("channels out", "输出通道数"), null, 128],
  ["rd", "D_F", () => say("output map", "输出特征图"), [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 24, 28, 48, 56, 112], 7],
  ["rs", "s", () => say("stride", "步长"), [1, 2, 3], 1],
  ["ra", "α", () => say("width", "宽度乘子"), [0.25, 0.5, 0.75, 1, 1.4], 1],
  ["rr", "ρ", () => say("resolution", "分辨率乘子"), [0.571, 0.714, 0.857, 1], 1],
];
const RACE_CHANNELS = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024];
const RACE_PADDINGS = ["same", "symmetric", "valid"];

const raceUsual = Object.fromEntries(RACE_SIZES.map(([name, , , , usual]) => [name, usual]));
const RACE_TOY = { rk: 3, rm: 3, rn: 4, rd: 4 };

let raceCounted = { key: null, settings: null };

// {k, m, n, d, stride, padding, cost}: m, n and d are those after alpha and rho.
function raceSettings() {
  const asked = Object.fromEntries(RACE_SIZES.map(([name, , , choices]) => [name, raceInside(name, choices ?? RACE_CHANNELS)]));
  asked.rp = RACE_PADDINGS.includes(state.rp) ? state.rp : "same";
  const key = JSON.stringify(asked);
  if (raceCounted.key !== key) {
    const { rk: k, rm: m, rn: n, rd: df, ra: alpha, rr: rho } = asked;
    const cost = separableCost({ k, m, n, df, alpha, rho });
    const scaled = { m: Number(cost.m), n: Number(cost.n), d: Number(cost.df[0]) };
    raceCounted = { key, settings: { asked, k, ...scaled, stride: asked.rs, padding: asked.rp, cost } };
  }
  return raceCounted.settings;
}

// Any number between the smallest and the largest of the choices may stand in the address.
function raceInside(name, choices) {
  const fractional = choices.some((x) => !Number.isInteger(x));
  const value = fractional ? Number(state[name]) : Math.trunc(Number(state[name]));
  if (!Number.isFinite(value) || state[name] === null) return raceUsual[name];
  return Math.min(Math.max(value, choices[0]), choices.at(-1));
}

// How large a map must be for d x d windows: d s pixels, or as many as it takes.
function raceWindow({ k, d, stride, padding }) {
  for (let size = d * stride; ; size++) {
    const found = windowOf([size, size], [k, k], stride, padding);
    if (found.output[0] === d) return found;
  }
}

// [name, text, sizes] of what can be chosen at once; whatever a set does not say is as usual.
function raceSets() {
  const { depthwise, pointwise } = raceOwnBlock();
  const own = depthwise && {
    rk: depthwise.kernel[0], rm: depthwise.output[2], rn: mapShape(pointwise)[2], rd: depthwise.output[0],
    rs: depthwise.stride[0], rp: depthwise.padding === "symmetric" ? "symmetric" : "same",
  };
  const block = ({ name, m, n, k, df, stride }) => [
    name, say(`V1's block ${name.split(".")[1]}`, `V1 的第 ${name.split(".")[1]} 块`),
    { rk: k, rm: m, rn: n, rd: df, rs: stride },
  ];
  return [
    ["usual", say("a much-read example", "广为流传的例子"), {}],
    ["toy", say("a toy, every product seen", "玩具尺寸：看得见每一步"), RACE_TOY],
    ["one", say("one output channel, N = 1", "只有一个输出通道，N = 1"), { ...RACE_TOY, rn: 1 }],
    own && ["own", say(`${depthwise.block} of this network`, `本网络的 ${depthwise.block}`), own],
    ...data.papers.blocks.map(block),
  ].filter(Boolean);
}

// Sets of sizes, and the toy.
function raceStart(settings) {
  const sets = raceSets();
  const whole = (sizes) => ({ ...raceUsual, rp: "same", ...sizes });
  const present = sets.find(([, , sizes]) => Object.entries(whole(sizes)).every(([name, value]) => settings.asked[name] === value));
  const choose = (event) => {
    const set = sets.find(([name]) => name === event.target.value);
    if (set) go({ ...whole(set[2]), s: null });
  };
  return el("div", { class: "row" },
    el("label", { class: "race-set" }, say("sizes ", "尺寸 "),
      el("select", { key: "race-set", value: present?.[0] ?? "", on: { change: choose } },
        present ? null : el("option", { value: "" }, say("chosen below", "如下所选")),
        sets.map(([name, text]) => el("option", { value: name }, text)))),
    button({ key: "race-toy", label: say("play the toy to its end, 20 s", "把玩具尺寸播放到底，20 秒"),
      click: () => (go({ ...whole(RACE_TOY), s: 0 }), player.timer || play()) }));
}

function raceControls(settings) {
  return el("section", { class: "race-controls" },
    el("h3", {}, say("Sizes", "尺寸")),
    el("div", { class: "race-sliders" }, RACE_SIZES.map((size) => raceSlider(settings, size))),
    segments({ key: "race-padding", label: say("padding", "填充"), value: settings.padding,
      options: RACE_PADDINGS.map((name) => [name, racePaddingName(name)]), choose: (rp) => go({ rp, s: null }) }),
    el("p", { class: "soft" }, raceGeometry(settings)));
}

function racePaddingName(name) {
  if (name === "same") return "SAME (TensorFlow)";
  return name === "symmetric" ? "symmetric (PyTorch)" : say("none", "不填充");
}

// Steps from one useful size to the next; what is not among them may be said by the address.
function raceSlider({ asked }, [name, symbol, what, choices]) {
  const useful = choices ?? RACE_CHANNELS;
  const present = useful.reduce((best, x, k) => (x <= asked[name] ? k : best), 0);
  const input = (event) => go({ [name]: useful[Number(event.target.value)], s: null });
  return el("label", { class: "slider" },
    el("span", {}, what(), " ", raceSymbol(symbol), " = ", el("b", {}, String(asked[name]))),
    el("input", {
      type: "range", key: name, min: 0, max: useful.length - 1, step: 1, value: String(present), on: { input },
      aria: { valuetext: String(asked[name]) },
    }));
}

function raceSymbol(symbol) {
  const [letter, index] = symbol.split("_");
  return el("i", {}, letter, index && el("sub", {}, index));
}

// What stride and padding change, and what not.
function raceGeometry(settings) {
  const { asked, m, n, d, stride } = settings;
  const size = raceWindow(settings).size[0];
  const scaled = asked.ra === 1 && asked.rr === 1 ? "" : say(
    `After α and ρ: M ${m}, N ${n}, D_F ${d}. `, `乘以 α 和 ρ 之后：M ${m}，N ${n}，D_F ${d}。`);
  const pixels = say(
    `${d} × ${d} output pixels are read from ${size} × ${size} input pixels. Stride and padding say which; the products are counted by the output.`,
    `${size} × ${size} 个输入像素得到 ${d} × ${d} 个输出像素。步长和填充只决定读哪些像素；乘法次数按输出计算。`);
  const wrong = stride === 1 ? "" : say(
    ` Counted by the input it would be ${number((size * size) / (d * d))} times as many, which is a common mistake.`,
    ` 若按输入计算，会是它的 ${number((size * size) / (d * d))} 倍，这是常见错误。`);
  return scaled + pixels + wrong;
}
