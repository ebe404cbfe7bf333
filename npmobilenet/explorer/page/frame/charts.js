// Controls and bars that several views share.

// A choice of a few: segments({key, label, options: [["macs", "MACs"], ...], value, choose})
function segments({ key, label, options, value, choose }) {
  return el(
    "fieldset",
    { class: "segments" },
    el("legend", {}, label),
    options.map(([option, text]) =>
      el(
        "label",
        { class: option === value ? "chosen" : null },
        radio(key, option, option === value, choose),
        text,
      ),
    ),
  );
}

function radio(key, option, checked, choose) {
  const on = { change: () => choose(option) };
  const button = el("input", { type: "radio", name: key, key: `${key}-${option}`, on });
  button.paint = (standing) => (standing.checked = checked);
  return button;
}

function slider({ key, label, min, max, step = 1, value, choose, text = number(value) }) {
  const on = { input: (event) => choose(Number(event.target.value)) };
  return el(
    "label",
    { class: "slider" },
    el("span", {}, label, " ", el("b", {}, text)),
    el("input", { type: "range", key, min, max, step, value: String(value), on }),
  );
}

function toggle({ key, label, pressed, choose }) {
  const aria = { pressed: String(Boolean(pressed)) };
  return el("button", { type: "button", class: "chip", key, aria, on: { click: () => choose(!pressed) } }, label);
}

function button({ key, label, text = label, click, disabled = false, round = false }) {
  const aria = text === label ? {} : { label };
  return el("button", { type: "button", key, disabled, class: round ? "round" : "chip", aria, on: { click } }, text);
}

// A bar from the middle: orange to the right for positive, blue to the left for negative.
function signBar(value, limit) {
  const share = Math.min(Math.abs(value) / (limit || 1), 1);
  const style = { width: `${50 * share}%`, "margin-left": value < 0 ? `${50 - 50 * share}%` : "50%" };
  return el("span", { class: "bar", aria: { hidden: "true" } },
    el("span", { class: value < 0 ? "negative" : "positive", style }));
}

// "The same as a table": {caption, head: [...], rows: [[...]]}
function plainTable({ caption, head, rows }) {
  return el(
    "table",
    { class: "plain" },
    el("caption", {}, caption),
    el("thead", {}, el("tr", {}, head.map((text) => el("th", { scope: "col" }, text)))),
    el("tbody", {}, rows.map((row) => el("tr", {}, row.map((value) => el("td", {}, value))))),
  );
}
