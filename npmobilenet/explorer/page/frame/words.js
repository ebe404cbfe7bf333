// Every word of the page in both languages, side by side where it is used; and how numbers are written.

function say(en, zh) {
  return state.lang === "zh" ? zh : en;
}

// A number with its true minus sign: three digits, or all of them where the reader asks for all.
function number(x, digits = 3) {
  if (!Number.isFinite(x)) return String(x).replace("-", "−");
  if (state.digits === "all") return String(x).replace("-", "−");
  const size = Math.abs(x);
  if (Number.isInteger(x) && size < 1e6) return whole(x);
  const text = size !== 0 && (size < 1e-3 || size >= 1e6) ? x.toExponential(digits - 1) : x.toPrecision(digits);
  return text.replaceAll("-", "−");
}

// 3612672 -> "3,612,672"
function whole(x) {
  return String(x).replace(/\B(?=(\d{3})+(?!\d))/g, ",").replace("-", "−");
}

function percent(share, digits = 1) {
  return `${(100 * share).toFixed(digits)} %`;
}

// Seconds as a reader says them: "1.24 ms".
function duration(seconds) {
  if (seconds >= 1) return `${seconds.toPrecision(3)} s`;
  return seconds >= 1e-3 ? `${(1e3 * seconds).toPrecision(3)} ms` : `${(1e6 * seconds).toPrecision(3)} µs`;
}

function className(index) {
  return data.model.classes[index] || say(`class ${index}`, `第 ${index} 类`);
}

const KIND_WORDS = {
  conv: ["standard convolution", "标准卷积 (standard convolution)"],
  depthwise: ["depthwise convolution", "depthwise 卷积"],
  grouped_conv: ["grouped convolution", "分组卷积 (grouped convolution)"],
  pointwise: ["pointwise convolution", "pointwise 卷积"],
  batch_norm: ["batch normalisation", "批归一化 (batch norm)"],
  activation: ["activation", "激活函数"],
  average_pool: ["average pooling", "平均池化"],
  max_pool: ["max pooling", "最大池化"],
  global_pool: ["global average pooling", "全局平均池化"],
  dropout: ["dropout (does nothing here)", "dropout（此处不起作用）"],
  add: ["residual add", "残差相加"],
  scale: ["scaling by a gate", "乘以门控值"],
  dense: ["dense layer", "全连接层"],
};

function kindOf(layer) {
  if (layer.kind === "activation") return layer.function;
  return say(...KIND_WORDS[layer.kind]);
}

// Formulas as MathML, which every browser draws: math("y", "=", frac("1", "N")).
function math(...parts) {
  return mathElement("math", mathElement("mrow", ...parts.map(mathPart)));
}

function mathPart(part) {
  if (part instanceof Node) return part;
  const text = String(part);
  if (/^[\d.,−]+$/.test(text)) return mathElement("mn", text);
  return mathElement(/^[\p{L}]+$/u.test(text) ? "mi" : "mo", text);
}

function frac(above, below) {
  return mathElement("mfrac", mathPart(above), mathPart(below));
}

function sub(base, ...index) {
  return mathElement("msub", mathPart(base), mathElement("mrow", ...index.map(mathPart)));
}

function sup(base, power) {
  return mathElement("msup", mathPart(base), mathPart(power));
}

function root(...parts) {
  return mathElement("msqrt", ...parts.map(mathPart));
}
