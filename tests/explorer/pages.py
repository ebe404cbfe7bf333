"""Whole explorers for the tests: made once, opened from a disk, and watched."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import npmobilenet as nm
from npmobilenet.explorer import explore
from npmobilenet.images.preprocessing import Preprocessing
from tests.explorer.networks import network

# playwright's own way to wait evaluates text, which the page's policy forbids
COMPUTED = """new Promise((resolve, reject) => {
  const wait = setInterval(() => {
    if (lab.failed) reject(new Error(lab.failed));
    if (lab.backward || (lab.forward && !data.model.top)) resolve(clearInterval(wait));
  }, 10);
})"""


def fashion() -> nm.Model:
    """The shipped V3: squeeze-and-excite, hard-swish, residuals."""
    return nm.load("fashion-mnist")


def flowers() -> nm.Model:
    """The shipped V1 at 224 x 224."""
    return nm.load("flowers")


def v2() -> nm.Model:
    """A V2 with random weights and random statistics, on an oblong image."""
    plan = nm.plan("v2", width=0.35, resolution=(33, 47), classes=7)
    rng = np.random.default_rng(5)
    params = nm.init(plan, seed=5)
    for name, shape in plan.statistics.items():
        low, high = (0.3, 2.0) if name.endswith("variance") else (-0.5, 0.5)
        params[name] = rng.uniform(low, high, shape).astype(np.float32)
    how = Preprocessing(
        resolution=(33, 47), resize=None, channels=3, mean=(0.5,) * 3, std=(0.25,) * 3
    )
    return nm.Model(plan, params, tuple(f"kind {k}" for k in range(7)), how)


def trained() -> nm.Model:
    """A V1 that has learnt a little, here."""
    return network("trained")


MODELS: dict[str, Callable[[], nm.Model]] = {
    "fashion-mnist": fashion,
    "flowers": flowers,
    "v2": v2,
    "trained": trained,
}


def written(model: nm.Model, folder: Path, **asked: Any) -> Path:
    """The file of a page, without measured times unless they are asked for."""
    file = folder / "explorer.html"
    file.write_text(explore(model, **{"time": False} | asked), encoding="utf-8")
    return file


class Watched:
    """A page that has computed, and all that it has asked for or complained of."""

    def __init__(self, browser: Any, file: Path, state: str = "", **context: Any) -> None:
        self.context = browser.new_context(**context)
        self.page = self.context.new_page()
        self.requests: list[str] = []
        self.said: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.address = file.as_uri()
        self.page.goto(f"{self.address}#{state}")
        self.evaluate(COMPUTED)

    def evaluate(self, expression: str, argument: Any = None) -> Any:
        return self.page.evaluate(expression, argument)

    def go(self, **state: Any) -> None:
        """Change the state as a click would."""
        self.page.evaluate("(changes) => go(changes)", state)

    @property
    def fetched(self) -> list[str]:
        """Requests but for the page itself."""
        return [url for url in self.requests if url.partition("#")[0] != self.address]

    def close(self) -> None:
        self.context.close()
