// View 7, on the left: the spiral of V2's Figure 1.  A plane goes into n dimensions by a random matrix, through
// ReLU, and back.  A point of which fewer than two coordinates are left cannot be told from its neighbours:
// two unknowns need two equations.

const whyLinearKept = new Map(); // what became of the points, by n

function spiralPoints() {
  return decodeFloats(decodeBase64(data.spiral.points.data), "float64");
}

// Of each point whether it is lost, and where it comes back to: relu(p E) E⁺, with E⁺ = Eᵀ (E Eᵀ)⁻¹.
function spiralThrough(n) {
  if (whyLinearKept.has(n)) return whyLinearKept.get(n);
  const entry = data.spiral.embeddings.find((embedding) => embedding.n === n);
  const E = decodeFloats(decodeBase64(entry.matrix.data), "float64");
  const points = spiralPoints();
  const count = points.length / 2;
  let [aa, ab, bb] = [0, 0, 0]; // E Eᵀ
  for (let k = 0; k < n; k++) {
    aa += E[k] * E[k];
    ab += E[k] * E[n + k];
    bb += E[n + k] * E[n + k];
  }
  const determinant = aa * bb - ab * ab;
  const found = { entry, count, lost: 0, isLost: [], back: new Float64Array(2 * count) };
  for (let p = 0; p < count; p++) {
    let [alive, a, b] = [0, 0, 0]; // how many coordinates are above 0; relu(p E) Eᵀ
    for (let k = 0; k < n; k++) {
      const y = points[2 * p] * E[k] + points[2 * p + 1] * E[n + k];
      if (y <= 0) continue;
      alive++;
      a += y * E[k];
      b += y * E[n + k];
    }
    found.isLost.push(alive < 2);
    if (alive < 2) found.lost++;
    found.back[2 * p] = (a * bb - b * ab) / determinant;
    found.back[2 * p + 1] = (b * aa - a * ab) / determinant;
  }
  whyLinearKept.set(n, found);
  return found;
}

// Both pictures have one scale; behind the second the first is drawn thin.
function spiralChart(n) {
  const { back, isLost, count, lost } = spiralThrough(n);
  const points = spiralPoints();
  const reach = largest([...points, ...back]) * 1.05;
  const at = (value) => (150 + (value / reach) * 145).toFixed(1);
  const place = (values, p) => `${at(values[2 * p])} ${at(-values[2 * p + 1])}`;
  const all = Array.from({ length: count }, (_, p) => p);
  const dots = (values, kept) => all.filter((p) => isLost[p] !== kept).map((p) => `M${place(values, p)}h0`).join("");
  const both = (values) => [
    svg("path", { class: "why-lost", d: dots(values, false) }),
    svg("path", { class: "why-kept", d: dots(values, true) }),
  ];
  const label = say(
    `The same after ${n} dimensions, ReLU and back: ${count - lost} of ${count} points can still be told.`,
    `同样的点经过 ${n} 维、ReLU 再返回：${count} 个点中还能分辨 ${count - lost} 个。`);
  const picture = (said, ...inside) => svg("svg", { viewBox: "0 0 300 300", role: "img", aria: { label: said } }, inside);
  return el("div", { class: "why-spirals" },
    el("figure", {}, el("figcaption", {}, say("before: points of a plane", "之前：平面上的点")),
      picture(say("A spiral of three turns", "三圈的螺线"), both(points))),
    el("figure", {}, el("figcaption", {}, say(`after: ${n} dimensions, ReLU, and back`, `之后：${n} 维、ReLU、再返回`)),
      picture(label, svg("path", { class: "why-was", d: `M${all.map((p) => place(points, p)).join("L")}` }), both(back))));
}
