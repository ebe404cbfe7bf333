"""Chromium without a window, and pages in it: the explorer's arithmetic alone, or a whole explorer.

Playwright drives the Chromium that the system has and downloads none.  Where either is missing the tests
skip and say so.  NPMOBILENET_EXPLORER_PAGE may name another folder of the page's sources: with a fault in
it, to see that the tests find it (benchmarks/explorer_faults.py).
"""

import os
import shutil
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from npmobilenet.explorer import joining

SWITCHES = (
    "--no-sandbox",  # which a container has no rights for
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
)
if other := os.environ.get("NPMOBILENET_EXPLORER_PAGE"):
    joining.FOLDER = Path(other)

# what tests need and the page does not: arrays on their way in and out, eight bytes a number
EXCHANGE = """
globalThis.given = ({ shape, data }) => array(shape, decodeFloats(decodeBase64(data), "float64"));
globalThis.told = ({ shape, data }) => {
  const bytes = new Uint8Array(data.slice().buffer);
  let text = "";
  for (let k = 0; k < bytes.length; k += 32768)
    text += String.fromCharCode(...bytes.subarray(k, k + 32768));
  return { shape, data: btoa(text) };
};
globalThis.allTold = (arrays) =>
  Object.fromEntries(Object.entries(arrays).filter(([, a]) => a).map(([name, a]) => [name, told(a)]));
"""


def executable() -> str | None:
    """Where Chromium is, if anywhere."""
    return (
        shutil.which("chromium")
        or shutil.which("chromium-browser")
        or shutil.which("google-chrome")
    )


@contextmanager
def chromium(*more: str) -> Iterator[Any]:
    """A browser of playwright's; more: further switches of Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=[*SWITCHES, *more])
        try:
            yield browser
        finally:
            browser.close()


def browser_or_skip() -> Iterator[Any]:
    """The body of the session's fixture."""
    pytest.importorskip("playwright", reason="playwright is not installed")
    if executable() is None:
        pytest.skip("there is no chromium on this system")
    with chromium() as browser:
        yield browser


def arithmetic_source() -> str:
    """The page's scripts that compute, in their order, as one script."""
    names = (name for name in joining.ORDER if name.startswith("arithmetic/"))
    return "\n".join(['"use strict";', *map(joining.read, names)])


def arithmetic_page(browser: Any, folder: Path) -> Any:
    """A page, opened from a file, that has the arithmetic and nothing else."""
    file = folder / "arithmetic.html"
    file.write_text(
        f'<!doctype html><meta charset="utf-8"><script>\n{arithmetic_source()}{EXCHANGE}</script>',
        encoding="utf-8",
    )
    page = browser.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(file.as_uri())
    assert not wrong, f"the scripts do not even load: {wrong}"
    return page


def sent(values: Any) -> dict[str, Any]:
    """An array for the page's `given`."""
    content = np.ascontiguousarray(values, "<f8").tobytes()
    return {"shape": list(np.shape(values)), "data": b64encode(content).decode()}


def received(answer: dict[str, Any]) -> NDArray[np.float64]:
    """An array of the page's `told`."""
    values = np.frombuffer(b64decode(answer["data"]), "<f8")
    return values.reshape(answer["shape"])
