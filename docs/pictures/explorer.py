"""Takes the pictures of docs/explorer.md: python docs/pictures/explorer.py (by Chromium and playwright).

Every view of the shipped `fashion-mnist`, in both languages, in a wide window and on a phone.
"""

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

from npmobilenet.explorer import explore

FOLDER = Path(__file__).parent / "explorer"
SIZES = {"wide": (1280, 900), "phone": (360, 740)}
# what is worth seeing in each view besides what it begins with
STATES: dict[int, dict[str, Any]] = {
    1: {"l": "blocks.4.depthwise"},
    2: {},
    3: {"l": "blocks.4.depthwise"},
    4: {"l": "blocks.4.expand"},
    5: {},
    6: {"l": "stem_activation"},
    7: {"l": "blocks.5.project", "bent": 1},
}
LIMIT = 60_000  # bytes
COMPUTED = "new Promise((done) => setInterval(() => lab.backward && done(), 20))"


def small(file: Path) -> None:
    """The same picture in as many colours as leave it below LIMIT; few colours must stay their own."""
    with Image.open(file) as image:
        full = image.convert("RGB")
    for colours in (128, 96, 64, 48, 32):
        method = Image.Quantize.MAXCOVERAGE
        full.quantize(colours, method, dither=Image.Dither.NONE).save(file, optimize=True)
        if file.stat().st_size < LIMIT:
            return


def main() -> int:
    """Write FOLDER/VIEW-LANGUAGE-SIZE.png."""
    browser_file = shutil.which("chromium")
    if browser_file is None:
        print("explorer.py: there is no chromium on this system", file=sys.stderr)
        return 1
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        page_file = Path(folder) / "explorer.html"
        page_file.write_text(explore("fashion-mnist"), encoding="utf-8")
        browser = playwright.chromium.launch(executable_path=browser_file, args=["--no-sandbox"])
        for size, (width, height) in SIZES.items():
            page = browser.new_page(viewport={"width": width, "height": height})
            page.goto(page_file.as_uri())
            page.evaluate(COMPUTED)
            for view, state in STATES.items():
                for lang in ("en", "zh"):
                    page.evaluate("(state) => go(state)", {"v": view, "lang": lang} | state)
                    page.wait_for_timeout(600)  # what a view computes by itself
                    page.evaluate("scrollTo(0, 0)")
                    file = FOLDER / f"{view}-{lang}-{size}.png"
                    page.screenshot(path=file)
                    small(file)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
