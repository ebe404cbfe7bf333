"""The explorer in Chromium without a window: how large its pages are, and how long they compute.

Times are from the beginning of the navigation.  Beside them plain loops do as many multiplications in the
same page: three loops over arrays, as anybody would write them, called once, as the network is.
"""

import json
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import npmobilenet as nm
from npmobilenet.explorer import explore
from npmobilenet.images.preprocessing import Preprocessing
from npmobilenet.predicting.model import Model
from npmobilenet.weights.by_name import read_weights

from . import quiet

# before the page's own script runs: what holds it up, and how long a click takes to be seen
WATCH = """
globalThis.longTasks = [];
new PerformanceObserver((list) => longTasks.push(...list.getEntries().map((task) => task.duration)))
  .observe({ type: "longtask", buffered: true });
globalThis.clicks = [];
addEventListener("click", (event) => {
  const painted = () => clicks.push(performance.now() - event.timeStamp);
  requestAnimationFrame(() => setTimeout(painted));
}, true);
"""
# playwright's own way to wait evaluates text, which the page's policy forbids
UNTIL = """(name) => new Promise((resolve, reject) => {
  const wait = setInterval(() => {
    if (lab.failed) reject(new Error(lab.failed));
    if (performance.getEntriesByName(name).length) resolve(clearInterval(wait));
  }, 50);
})"""
TIMES = """() => {
  const at = (name) => performance.getEntriesByName(name)[0]?.startTime ?? 0;
  const seen = Math.max(at("first view"), at("first-contentful-paint"));
  return { seen, begun: at("first view"), computed: at("computed"), gradient: at("gradient") };
}"""
PLAIN = """(multiplications) => {
  const [M, O] = [256, 256];
  const P = Math.round(multiplications / M / O);
  const [x, w, y] = [P * M, M * O, P * O].map((size) => new Float64Array(size).fill(0.5));
  const product = () => {
    for (let p = 0; p < P; p++)
      for (let m = 0; m < M; m++)
        for (let o = 0; o < O; o++) y[p * O + o] += x[p * M + m] * w[m * O + o];
  };
  const begun = performance.now();
  product();
  return performance.now() - begun;
}"""
CLICKS = 3


@dataclass(frozen=True)
class Load:
    """One opening of a page, in milliseconds: up to when, and how long."""

    seen: float  # the frame was drawn
    computed: float
    gradient: float
    click: float  # from a click on a map until its products are drawn, the slowest of three
    network: float  # the forward pass alone, weights decoded
    plain: float  # loops of as many multiplications
    longest: float  # task; 0 where none held the page up for 50 ms

    @property
    def ratio(self) -> float:
        """How many times as long as plain loops the network took."""
        return self.network / self.plain


def middle(loads: list[Load], name: str) -> float:
    """The median of one of the times."""
    return median(getattr(load, name) for load in loads)


def fresh(width: float) -> Model:
    """V1 at 224 x 224 as it is before training: times do not ask what it knows."""
    plan = nm.plan("v1", width=width)
    names = tuple(f"class {k}" for k in range(plan.classes))
    return Model(plan, nm.init(plan, 0), names, Preprocessing.imagenet(224))


def sizes(names: tuple[str, ...]) -> Iterator[tuple[str, int, int]]:
    """Of the page of each model: its name, bytes of its weights in base64, bytes of all of it."""
    for name in names:
        text = explore(read_weights(name))
        found = re.search(
            r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL
        )
        assert found, "the page has no data"
        yield name, len(json.loads(found[1])["weights"]["data"]), len(text.encode())


def loads(browser: Any, model: Model, runs: int, slower: int = 1) -> Iterator[Load]:
    """Open the page of a model so many times, with a processor that is `slower` times as slow."""
    multiplications = sum(layer.macs for layer in model.plan.layers)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "explorer.html"
        file.write_text(explore(model, time=False), encoding="utf-8")
        for _ in range(runs):
            quiet.Patience(2).wait()
            yield _load(browser, file, multiplications, slower)


def _load(browser: Any, file: Path, multiplications: int, slower: int) -> Load:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(120_000)
    page.add_init_script(WATCH)
    context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": slower})
    page.goto(file.as_uri())
    page.evaluate(UNTIL, "gradient")
    times = page.evaluate(TIMES)
    longest = max(page.evaluate("() => longTasks"), default=0.0)
    click = max(_click(page, 0.2 + 0.3 * k) for k in range(CLICKS))
    plain = page.evaluate(PLAIN, multiplications)
    context.close()
    network = times["computed"] - times["begun"]
    return Load(times["seen"], times["computed"], times["gradient"], click, network, plain, longest)


def _click(page: Any, share: float) -> float:
    """Milliseconds from a click into the map of view 1 until the page shows that pixel's products."""
    before = page.evaluate("() => [clicks.length, state.i, state.j]")
    output = page.locator("[data-key=output] canvas")
    output.scroll_into_view_if_needed()
    box = output.bounding_box()
    page.mouse.click(box["x"] + share * box["width"], box["y"] + share * box["height"])
    waited = """(count) => new Promise((resolve) => {
      const wait = setInterval(() => clicks.length > count && resolve(clearInterval(wait)), 5);
    })"""
    page.evaluate(waited, before[0])
    _, *after = page.evaluate("() => [clicks.length, state.i, state.j]")
    assert after != before[1:], "the click has chosen no other pixel"
    return float(page.evaluate("() => clicks.at(-1)"))
