// View 2's pictures: channels as sheets that lie on each other, what is read, the filter, and what is put out.

const RACE_PICTURE = { width: 440, height: 132, face: 84, depth: 36 };

function raceStacks(settings, lane, patch) {
  const { width, height } = RACE_PICTURE;
  const paint = (canvas) => {
    if (canvas.width !== 2 * width) [canvas.width, canvas.height] = [2 * width, 2 * height];
    const pen = canvas.getContext("2d");
    pen.setTransform(2, 0, 0, 2, 0, 0);
    pen.imageSmoothingEnabled = false;
    pen.clearRect(0, 0, width, height);
    const { reads, filter, output } = raceStacksOf(settings, lane, patch);
    raceStack(pen, 6, reads);
    raceSign(pen, 158, "×");
    raceStack(pen, 176, filter);
    raceSign(pen, 288, "=");
    raceStack(pen, 306, output);
  };
  return el("canvas", { class: "race-sheets", role: "img", aria: { label: raceStacksSaid(settings, lane) }, paint });
}

function raceStacksSaid({ k, m, n }, { id }) {
  if (id === "standard") return say(
    `A window of ${k} by ${k} through all ${m} sheets meets a filter of ${m} sheets; ${n} such filters make ${n} sheets.`,
    `穿过全部 ${m} 张纸的 ${k} 乘 ${k} 窗口与 ${m} 张纸的卷积核相乘；${n} 个这样的卷积核得到 ${n} 张纸。`);
  if (id === "depthwise") return say(
    `A window of ${k} by ${k} on one sheet meets the one filter of that sheet; ${m} sheets make ${m} sheets.`,
    `一张纸上 ${k} 乘 ${k} 的窗口与这张纸自己的卷积核相乘；${m} 张纸得到 ${m} 张纸。`);
  return say(
    `One pixel through all ${m} sheets of the depthwise maps meets ${m} weights; ${n} such filters make ${n} sheets.`,
    `穿过 depthwise 全部 ${m} 张纸的一个像素与 ${m} 个权重相乘；${n} 个这样的卷积核得到 ${n} 张纸。`);
}

// The three stacks of a lane.  A stack is
//   count   sheets, numbered from the front, or, of a pile that grows, from the back
//   now     the sheet under way (-1: none), the sheets before it are `before`, those after it `after`, each
//           "full" or "empty"; it has `filled` of its numbers
//   values  its numbers: sheet -> side x side; null before they are computed
//   box     {i, j, h, all}: the window, through all sheets or on the one under way
function raceStacksOf(settings, lane, patch) {
  const { k, m, n, d: D, stride } = settings;
  const { d, size, sides } = raceDrawn(settings);
  const plane = Math.floor(lane.index / (D * D)); // the filter, or the channel, under way
  const [i, j] = [Math.floor((lane.index % (D * D)) / D), lane.index % D].map((p) => Math.floor((p * d) / D));
  const all = { now: -1, before: "full", after: "full" };
  const used = lane.finished ? all : { now: plane, before: "empty", after: "full", filled: Infinity };
  const made = lane.finished ? all : { now: lane.waits ? -1 : plane, before: "full", after: "empty", filled: i * d + j };
  const box = lane.finished || lane.waits ? null : { i: i * stride - sides[0], j: j * stride - sides[2], h: k, all: true };
  const cell = RACE_PICTURE.face / (size + 2 * Math.max(...sides));
  const input = { count: m, side: size, margin: Math.max(...sides), values: patch?.input, cell };
  const output = { ...made, pile: true, side: d, margin: 0, cell: RACE_PICTURE.face / d };
  const filter = { count: m, side: k, margin: 0, cell: Math.max(cell, 20 / k) };
  if (lane.id === "standard") return {
    reads: { ...input, ...all, box },
    filter: { ...filter, ...all, values: patch && ((q) => patch.filter(q).map((value) => value * patch.weight(q, plane))) },
    output: { ...output, count: n, values: patch?.output },
  };
  if (lane.id === "depthwise") return {
    reads: { ...input, ...used, box: box && { ...box, all: false } },
    filter: { ...filter, ...used, values: patch?.filter },
    output: { ...output, count: m, values: patch?.middle },
  };
  const maps = { count: m, side: d, margin: 0, cell: RACE_PICTURE.face / d, pile: true, values: patch?.middle };
  return {
    reads: { ...maps, ...all, ...(lane.waits ? { after: "empty" } : {}), box: box && { i, j, h: 1, all: true } },
    filter: { ...all, count: m, side: 1, margin: 0, cell: 14, values: patch && ((q) => [patch.weight(q, plane)]) },
    output: { ...output, count: n, values: patch?.output },
  };
}

function raceSign(pen, x, sign) {
  pen.fillStyle = rgb(colourOf("ink"));
  pen.font = "18px sans-serif";
  pen.textAlign = "center";
  pen.fillText(sign, x, RACE_PICTURE.height / 2 + 8);
}

// Draws a stack whose left edge is x; at most RACE_SHEETS of its sheets, evenly taken, the one under way among them.
function raceStack(pen, x, stack) {
  const shown = Math.min(stack.count, RACE_SHEETS);
  const nowSlot = stack.now < 0 ? -1 : Math.floor((stack.now * shown) / stack.count);
  const sheetOf = (slot) => (slot === nowSlot ? stack.now : Math.floor((slot * stack.count) / shown));
  const length = stack.cell * (stack.side + 2 * stack.margin);
  const step = shown < 2 ? 0 : Math.min(9, RACE_PICTURE.depth / (shown - 1));
  const low = (RACE_PICTURE.height + step * (shown - 1) - length) / 2;
  const place = (slot) => {
    const depth = stack.pile ? shown - 1 - slot : slot;
    return [x + depth * step, low - depth * step];
  };
  const slots = [...Array(shown).keys()];
  const scale = stack.values ? largest(slots.flatMap((slot) => [...stack.values(sheetOf(slot))])) || 1 : 1;
  for (const slot of stack.pile ? slots : [...slots].reverse()) {
    const is = slot === nowSlot ? stack.filled : (slot < nowSlot ? stack.before : stack.after) === "full" ? Infinity : 0;
    raceSheet(pen, place(slot), length, stack, stack.values?.(sheetOf(slot)), is, scale);
  }
  if (stack.box) raceBox(pen, stack, stack.box.all ? [place(0), place(shown - 1)] : [place(nowSlot)]);
}

// One sheet: an outline where it is empty; its first `filled` numbers; padding around them as bare paper.
function raceSheet(pen, [x, y], length, { side, margin, cell }, values, filled, scale) {
  if (filled > 0) {
    pen.fillStyle = rgb(colourOf("paper"));
    pen.fillRect(x, y, length, length);
    if (values) pen.drawImage(raceTile(values, side, filled, scale), x + margin * cell, y + margin * cell, side * cell, side * cell);
  }
  pen.strokeStyle = rgb(colourOf(filled > 0 ? "soft" : "line"));
  pen.lineWidth = 1;
  pen.strokeRect(x + 0.5, y + 0.5, length - 1, length - 1);
  if (!margin || !(filled > 0)) return;
  pen.strokeStyle = rgb(colourOf("line"));
  pen.strokeRect(x + margin * cell, y + margin * cell, side * cell, side * cell);
}

// A sheet's numbers as a picture of one pixel each.
function raceTile(values, side, filled, scale) {
  const picture = new ImageData(side, side);
  for (let p = 0; p < Math.min(values.length, filled); p++)
    picture.data.set([...signColour(values[p] / scale), 255], 4 * p);
  const tile = document.createElement("canvas");
  [tile.width, tile.height] = [side, side];
  tile.getContext("2d").putImageData(picture, 0, 0);
  return tile;
}

// The window: its rectangle on one sheet, or on the first and the last with the edges between them.
function raceBox(pen, { box: { i, j, h }, margin, cell }, places) {
  pen.strokeStyle = rgb(colourOf("accent"));
  pen.lineWidth = 2;
  const corners = places.map(([x, y]) => [x + (j + margin) * cell, y + (i + margin) * cell]);
  for (const [x, y] of corners) pen.strokeRect(x, y, h * cell, h * cell);
  if (corners.length < 2) return;
  const [[x0, y0], [x1, y1]] = corners;
  pen.lineWidth = 1;
  pen.beginPath();
  for (const [right, below] of [[0, 0], [1, 0], [0, 1], [1, 1]]) {
    pen.moveTo(x0 + right * h * cell, y0 + below * h * cell);
    pen.lineTo(x1 + right * h * cell, y1 + below * h * cell);
  }
  pen.stroke();
}
