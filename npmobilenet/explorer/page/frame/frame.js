// What stands around every view: model and prediction, the image with the pixels that the chosen number
// saw, the list of layers, the tabs; at the foot one true sentence, and the player.

const FRAME = {}; // the places that are filled anew: head, tabs, side, main, foot

function buildFrame() {
  const place = (name, tag, properties = {}) => (FRAME[name] = el(tag, { class: name, ...properties }));
  document.getElementById("page").replaceChildren(
    place("head", "header"),
    place("tabs", "nav"),
    el("div", { class: "body" }, place("side", "aside"), place("main", "main", { tabindex: "-1" })),
    place("foot", "footer"),
  );
}

function drawPage() {
  const view = VIEWS[state.v - 1];
  document.documentElement.lang = state.lang === "zh" ? "zh-CN" : "en";
  document.documentElement.classList.toggle("still", Boolean(state.still));
  fill(FRAME.head, drawHead());
  FRAME.tabs.setAttribute("aria-label", say("Views", "视图"));
  fill(FRAME.tabs, drawTabs());
  FRAME.side.setAttribute("aria-label", say("Image and layers", "图像与各层"));
  fill(FRAME.side, drawSide());
  fill(FRAME.main, drawMain(view));
  fill(FRAME.foot, el("p", { class: "sentence", role: "status" }, sentenceOf(view)), drawPlayer());
  document.title = `${view.title()} · ${data.model.title} · npmobilenet`;
}

function sentenceOf(view) {
  if (lab.failed) return lab.failed;
  return view.sentence(state) ?? progressText();
}

function progressText() {
  const share = percent(lab.progress, 0);
  if (!lab.forward) return say(`Computing the network: ${share}`, `正在计算网络：${share}`);
  return say(`Computing its gradients: ${share}`, `正在计算梯度：${share}`);
}

function drawHead() {
  const predicted = !lab.forward ? "…"
    : !lab.probabilities ? say("no classes: features only", "没有类别：只有特征")
    : !answers() ? say("no answer: its logits are not numbers", "没有答案：logits 不是数")
    : `${className(lab.predicted)} ${percent(lab.probabilities[lab.predicted])}`;
  const { name, title, width } = data.model;
  const model = `${name}${width === 1 ? "" : ` × ${width}`}`;
  return [
    el("h1", {}, el("b", {}, title), title === name ? "" : ` ${model}`),
    el("p", { class: "predicted", dir: "auto" }, predicted),
    el("div", { class: "tools" },
      button({ key: "side", text: "☰", label: say("image and layers", "图像与各层"), round: true,
        click: () => go({ side: state.side ? 0 : 1 }) }),
      button({ key: "lang", text: say("中文", "English"), click: () => go({ lang: state.lang === "zh" ? "en" : "zh" }) }),
      toggle({ key: "still", label: say("no motion", "不要动画"), pressed: state.still, choose: (on) => go({ still: on ? 1 : 0 }) }),
      toggle({ key: "help", label: "?", pressed: state.help, choose: (on) => go({ help: on ? 1 : 0 }) })),
  ];
}

function drawTabs() {
  return el("ol", { on: { keydown: shortcut } }, VIEWS.map((view, k) =>
    el("li", {}, el("button", {
      type: "button", key: `tab-${k + 1}`, class: k + 1 === state.v ? "chosen" : null,
      aria: k + 1 === state.v ? { current: "page" } : {}, on: { click: () => go({ v: k + 1, s: null }) },
    }, el("span", { class: "digit" }, k + 1), " ", el("span", { class: "name" }, view.title())))));
}

function drawMain(view) {
  const place = el("div", { class: `view ${view.id}` });
  view.draw(place, state);
  const table = view.table?.(state);
  return [
    state.help ? drawHelp() : null,
    drawRemarks(),
    el("h2", {}, view.title()),
    view.question ? el("p", { class: "question" }, view.question()) : null,
    place,
    table && el("details", { class: "as-table", key: "as-table", on: { toggle: tableToggled } },
      el("summary", { key: "as-table-summary" }, say("The same as a table", "同样内容的表格")),
      state.table ? [
        toggle({ key: "digits", label: say("all digits", "全部数位"), pressed: state.digits === "all",
          choose: (on) => go({ digits: on ? "all" : "" }) }),
        el("div", { class: "scrolls", tabindex: 0, role: "region", aria: { label: table.caption } }, plainTable(table)),
      ] : null),
  ];
}

// The table is made only while it is open: some have a thousand rows.
function tableToggled(event) {
  const open = event.target.open ? 1 : 0;
  if ((state.table ? 1 : 0) !== open) go({ table: open });
}

function drawRemarks() {
  if (!data.remarks.length) return null;
  return el("ul", { class: "remarks" }, data.remarks.map(([en, zh]) => el("li", {}, say(en, zh))));
}

function drawHelp() {
  const keys = [ // of the help, which Escape closes
    ["1–7", say("view", "视图")],
    ["← ↑ → ↓", say("pixel, or step", "像素，或步骤")],
    ["[ ]", say("channel", "通道")],
    [", .", say("layer", "层")],
    [say("space", "空格"), say("play", "播放")],
    ["l", say("language", "语言")],
    ["?", say("this help", "本帮助")],
  ];
  return el("section", { class: "help", aria: { label: say("Help", "帮助") } },
    el("p", {}, say(
      "This page computes the whole network by itself, forwards and backwards; nothing is sent anywhere. Choose a layer, a channel and a pixel: the views speak of that number, or of its layer. All counting begins at 0. The keys act while a map, the tabs or the player has the focus.",
      "本页自己计算整个网络，正向与反向都算；不会发送任何数据。选一层、一个通道、一个像素，各个视图讲的就是这个数，或它所在的层。按键在特征图、标签栏或播放器获得焦点时有效。编号都从 0 开始。")),
    el("dl", {}, keys.map(([key, text]) => el("div", {}, el("dt", {}, key), el("dd", {}, text)))));
}
