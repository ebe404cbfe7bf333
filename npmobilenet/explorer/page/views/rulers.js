// View 5, above: two rulers over the same row of pixels.  TensorFlow's SAME puts as many zeros around as the last
// window needs, the odd one behind; PyTorch's padding puts the same number on both sides.

// Where windows begin in a row of n pixels: {begins, before, after}, pixels of zeros counted.
function ruler(n, K, stride, padding) {
  const { output, sides } = windowOf([n, 1], [K, 1], [stride, 1], padding);
  const begins = Array.from({ length: output[0] }, (_, i) => i * stride - sides[0]);
  return { begins, before: sides[0], after: sides[1] };
}

// How many pixels the windows of both begin apart, or null where there are not as many of them.
function rulersApart(n, K, stride) {
  const [one, other] = [ruler(n, K, stride, "same"), ruler(n, K, stride, "symmetric")];
  return one.begins.length === other.begins.length ? Math.abs(one.begins[0] - other.begins[0]) : null;
}

function rulersChart(n, K, stride) {
  const [cell, left, margin] = [34, 96, K];
  const width = left + (n + 2 * margin) * cell;
  const x = (pixel) => left + (pixel + margin) * cell;
  const rows = [["same", "SAME"], ["symmetric", say("symmetric", "对称")]];
  return el("figure", { class: "rulers" },
    el("figcaption", {}, rulersSaid(n, K, stride)),
    el("div", { class: "scrolls", key: `rulers-${n}`, tabindex: 0, role: "region",
      aria: { label: say(`Rulers over ${n} pixels`, `${n} 个像素上的两把尺`) } },
      svg("svg", { viewBox: `0 0 ${width} ${rows.length * 110}`, width, height: rows.length * 110, role: "img", aria: { label: rulersSaid(n, K, stride) } },
        rows.map(([padding, name], k) => rulerDrawn(ruler(n, K, stride, padding), name, n, K, x, cell, k * 110)))));
}

function rulerDrawn({ begins, before, after }, name, n, K, x, cell, y) {
  const pixels = Array.from({ length: before + n + after }, (_, k) => k - before);
  return [
    svg("text", { class: "ruler-name", x: 0, y: y + 26 }, name),
    svg("text", { x: 0, y: y + 44 }, say(`${before} before`, `前 ${before}`)),
    svg("text", { x: 0, y: y + 60 }, say(`${after} behind`, `后 ${after}`)),
    pixels.map((pixel) => {
      const inside = pixel >= 0 && pixel < n;
      return [
        svg("rect", { class: inside ? "ruler-pixel" : "ruler-zero", x: x(pixel), y: y + 4, width: cell, height: 30 }),
        svg("text", { x: x(pixel) + cell / 2, y: y + 24, "text-anchor": "middle" }, inside ? pixel : "0"),
      ];
    }),
    begins.map((begin, i) => {
      const low = y + 52 + 15 * (i % 3);
      return [
        svg("path", { class: "ruler-window", d: `M${x(begin) + 2} ${low - 5}v5h${K * cell - 4}v-5` }),
        svg("text", { class: "ruler-output", x: x(begin) + (K * cell) / 2, y: low - 4, "text-anchor": "middle" }, `y${i}`),
      ];
    }),
  ];
}

function rulersSaid(n, K, stride) {
  const apart = rulersApart(n, K, stride);
  const row = say(`${n} pixels, window of ${K}, stride ${stride}: `, `${n} 个像素，窗口 ${K}，步长 ${stride}：`);
  if (apart === null) return row + say("not even as many outputs.", "输出的个数都不相同。");
  return row + (apart
    ? say(`the windows begin ${apart} pixel${apart > 1 ? "s" : ""} apart.`, `两种窗口的起点相差 ${apart} 个像素。`)
    : say("the windows agree.", "两种窗口一致。"));
}
