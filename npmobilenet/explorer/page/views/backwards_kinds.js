// View 3 for layers that do not multiply by weights of a filter: what their gradient does, in one line.

function backwardsKind(layer) {
  const at = lab.layers.indexOf(layer);
  const before = lab.layers.slice(0, at).findLast(multiplies);
  const after = lab.layers.slice(at).find(multiplies);
  const to = (target) => target && button({ key: `backwards-to-${target.name}`, text: target.name,
    label: say(`go to ${target.name}`, `转到 ${target.name}`), click: () => go({ l: target.name }) });
  return el("section", { class: "backwards-part" },
    el("p", { class: "sum" }, backwardsKindLine(layer)),
    el("p", {}, backwardsKindReason(layer)),
    el("div", { class: "row" }, say("The nearest layers with filters:", "最近的带卷积核的层："), to(before), to(after)));
}

// dy and what is made of it, with the numbers of the chosen pixel.
function backwardsKindLine(layer) {
  const dy = at(backwardsOf(layer.name), state.i, state.j, state.c);
  const factor = backwardsFactor(layer);
  if (layer.kind === "add") return `da = db = dy = ${number(dy)}`;
  if (layer.kind === "global_pool") return `dx = dy / ${whole(factor)} = ${number(dy)} / ${whole(factor)} = ${number(dy / factor)}`;
  if (layer.kind === "average_pool") return `dx = dy / ${whole(factor)} = ${number(dy)} / ${whole(factor)} = ${number(dy / factor)}`;
  if (layer.kind === "max_pool") return `dx = dy = ${number(dy)}`;
  return `dx = dy · ${backwardsFactorName(layer)} = ${number(dy)} · ${number(factor)} = ${number(dy * factor)}`;
}

function backwardsFactor(layer) {
  const parameter = (name) => lab.params[`${layer.name}.${name}`].data[state.c];
  const input = (k) => mapOf(layer.inputs[k]);
  if (layer.kind === "batch_norm") return parameter("gamma") / Math.sqrt(parameter("variance") + layer.eps);
  if (layer.kind === "activation")
    return ACTIVATIONS[layer.function].slope(at(input(0), state.i, state.j, state.c), layer.slope ?? undefined);
  if (layer.kind === "scale") return at(input(1), 0, 0, state.c);
  if (layer.kind === "global_pool") return layer.input[0] * layer.input[1];
  if (layer.kind === "average_pool") return poolAreas({ ...layer, size: layer.input, output: layer.output }, layer.count_padding)[state.i * layer.output[1] + state.j];
  if (layer.kind === "dropout") return layer.mode === "downscale_in_infer" ? 1 - layer.rate : 1;
  return 1;
}

function backwardsFactorName(layer) {
  if (layer.kind === "batch_norm") return "γ / √(v + ε)";
  if (layer.kind === "activation") return `${layer.function}′(x)`;
  return layer.kind === "scale" ? "g" : "1";
}

function backwardsKindReason(layer) {
  const reasons = {
    batch_norm: ["In evaluation mean and variance are constants, so the gradient of each channel is only scaled; in training they move with x, and two more terms appear.",
      "推理时均值和方差是常数，每个通道的梯度只是乘一个系数；训练时它们随 x 变化，会多出两项。"],
    activation: ["The gradient passes where the function rises, and stops where it is flat.", "函数上升处梯度通过，函数平坦处梯度停止。"],
    add: ["Both branches get all of dy: that is how a gradient comes through many blocks unweakened.", "两个分支都得到全部的 dy：梯度正是这样不减弱地穿过许多块。"],
    scale: ["Each pixel gets dy times its channel's gate; the gate gets the sum of dy · x over all pixels of its channel.",
      "每个像素得到 dy 乘以本通道的门控值；门控得到本通道所有像素 dy · x 之和。"],
    global_pool: ["Every pixel had an equal part in the mean, so every pixel gets an equal part of dy.", "每个像素在平均值中份额相等，所以各得 dy 的等份。"],
    average_pool: ["Every pixel of the window had an equal part in the mean, so each gets an equal part of dy.", "窗口中每个像素在平均值中份额相等，所以各得 dy 的等份。"],
    max_pool: ["The pixel that was the largest gets all of dy, the others of its window nothing.", "最大的那个像素得到全部的 dy，窗口中其余的什么也得不到。"],
    dropout: ["Nothing is dropped when a trained network is used.", "使用训练好的网络时不丢弃任何值。"],
  };
  return say(...reasons[layer.kind]);
}

function backwardsKindSentence(layer) {
  return say(
    `${layer.name} at row ${state.i}, column ${state.j}, channel ${state.c}: ${backwardsKindLine(layer)}.`,
    `${layer.name} 行 ${state.i}、列 ${state.j}、通道 ${state.c}：${backwardsKindLine(layer)}。`);
}
