// The player: first step, back, play, on, all.  Nothing moves unless it is told to.

const player = { timer: 0, interval: 700 };

function stepsOf() {
  return VIEWS[state.v - 1].steps?.(state) ?? 0;
}

// The step that is shown: all of them where none is chosen.
function stepOf() {
  const count = stepsOf();
  return state.s === null ? count : Math.min(Math.max(state.s, 0), count);
}

function stepTo(step) {
  const count = stepsOf();
  go({ s: step >= count ? null : Math.max(step, 0) });
}

function play() {
  if (player.timer) return pause();
  if (stepOf() >= stepsOf()) stepTo(0);
  player.timer = setInterval(() => {
    stepTo(stepOf() + 1);
    if (stepOf() >= stepsOf()) pause();
  }, player.interval);
  drawPage();
}

function pause() {
  clearInterval(player.timer);
  player.timer = 0;
  drawPage();
}

// Drawn, not written: many fonts lack the signs of tape recorders.
const ICONS = {
  first: "M3 3h3v14h-3z M17 3v14l-10 -7z",
  back: "M15 3v14l-10 -7z",
  play: "M4 3v14l12 -7z",
  pause: "M4 3h4v14h-4z M12 3h4v14h-4z",
  on: "M3 3v14l10 -7z M14 3h2v14h-2z",
  all: "M3 3v14l10 -7z M14 3h3v14h-3z",
};

function icon(name) {
  return svg("svg", { class: "icon", viewBox: "0 0 20 20", "aria-hidden": "true" }, svg("path", { d: ICONS[name] }));
}

function drawPlayer() {
  const [count, step] = [stepsOf(), stepOf()];
  if (!count) return el("div", { class: "player" });
  const key = (name, label, click) =>
    button({ key: `player-${name}`, text: icon(name), label, round: true, click });
  const to = (target) => () => {
    if (player.timer) pause();
    stepTo(target);
  };
  const running = player.timer
    ? button({ key: "player-play", round: true, click: play, text: icon("pause"), label: say("pause", "暂停") })
    : button({ key: "player-play", round: true, click: play, text: icon("play"), label: say("play", "播放") });
  const speeds = [[1400, "½"], [700, "1"], [250, "3"]];
  return el(
    "div",
    { class: "player", role: "group", aria: { label: say("Steps", "步骤") }, on: { keydown: shortcut } },
    key("first", say("first step", "第一步"), to(0)),
    key("back", say("step back", "退一步"), to(step - 1)),
    running,
    key("on", say("step on", "进一步"), to(step + 1)),
    key("all", say("all steps", "全部步骤"), to(count)),
    el("span", { class: "count" }, `${step} / ${count}`),
    el("label", { class: "speed" }, say("speed", "速度"),
      el("select", { key: "player-speed", value: String(player.interval),
        on: { change: (event) => setSpeed(Number(event.target.value)) } },
        speeds.map(([ms, text]) => el("option", { value: ms }, text)))),
  );
}

function setSpeed(interval) {
  player.interval = interval;
  if (player.timer) pause(), play();
}

// Keys of one letter: they act only while a grid or the player has the focus, or they would take
// letters away from screen readers and from whoever speaks to their computer.
function shortcut(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const channels = mapShape(lab.byName[state.l])[2];
  const at = lab.layers.indexOf(lab.byName[state.l]);
  const onLayer = (by) => go({ l: lab.layers[clamp(at + by, lab.layers.length)].name });
  const actions = {
    "[": () => go({ c: clamp(state.c - 1, channels) }),
    "]": () => go({ c: clamp(state.c + 1, channels) }),
    ",": () => onLayer(-1),
    ".": () => onLayer(1),
    l: () => go({ lang: state.lang === "zh" ? "en" : "zh" }),
    "?": () => go({ help: state.help ? 0 : 1 }),
    " ": () => stepsOf() && play(),
    ArrowLeft: () => stepsOf() && stepTo(stepOf() - 1),
    ArrowRight: () => stepsOf() && stepTo(stepOf() + 1),
  };
  VIEWS.forEach((_, k) => (actions[k + 1] = () => {
    go({ v: k + 1, s: null });
    FRAME.tabs.querySelector(".chosen").focus(); // the map that had the focus is gone; the tabs take keys too
  }));
  if (state.help) actions.Escape = () => go({ help: 0 });
  if (event.key === " " && event.target.localName === "button") return; // it presses the button
  if (event.target.localName === "select") return;
  const action = actions[event.key];
  if (!action) return;
  event.preventDefault();
  action();
}
