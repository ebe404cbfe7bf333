"""The page as one file: a template, and what goes into it; nothing is minified, nothing is fetched.

The scripts of `page/` are joined in the order of ORDER to one classic script, so their top-level names
are shared.  A policy in the page's head lets this one script and this one style run, by their SHA-256,
and forbids everything else: no request leaves the page, whatever a class may be called.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from html import escape
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "page"

# what a script uses while it is read must stand before it; start.js begins the page's life
ORDER = (
    "arithmetic/numbers.js",
    "arithmetic/windows.js",
    "arithmetic/products.js",
    "arithmetic/convolution.js",
    "arithmetic/grouped.js",
    "arithmetic/normalisation.js",
    "arithmetic/activations.js",
    "arithmetic/combining.js",
    "arithmetic/pooling.js",
    "arithmetic/loss.js",
    "arithmetic/operators.js",
    "arithmetic/network.js",
    "arithmetic/switches.js",
    "frame/elements.js",
    "frame/state.js",
    "frame/words.js",
    "frame/charts.js",
    "frame/grid.js",
    "frame/player.js",
    "frame/side.js",
    "frame/frame.js",
    "views/products.js",
    "views/one_number.js",
    "views/separable_cost.js",
    "views/race_sizes.js",
    "views/race_patch.js",
    "views/race_lanes.js",
    "views/race_sheets.js",
    "views/race_bar.js",
    "views/race.js",
    "views/backwards_sums.js",
    "views/backwards_pixel.js",
    "views/backwards_weight.js",
    "views/backwards_nudge.js",
    "views/backwards_chart.js",
    "views/backwards_kinds.js",
    "views/backwards.js",
    "views/map_kinds.js",
    "views/map_layer.js",
    "views/map_roofline.js",
    "views/map_pictures.js",
    "views/map.js",
    "views/one_pixel_apart_rulers.js",
    "views/one_pixel_apart_variants.js",
    "views/one_pixel_apart_twice.js",
    "views/one_pixel_apart.js",
    "views/bends_counts.js",
    "views/bends_chart.js",
    "views/bends.js",
    "views/why_linear_spiral.js",
    "views/why_linear_block.js",
    "views/why_linear.js",
    "frame/start.js",
)
STYLES = ("page.css", "views.css")  # the frame, then the views
POLICY = (
    "default-src 'none'; img-src data: blob:; script-src '{script}'; style-src '{style}'; "
    "base-uri 'none'; form-action 'none'"
)


def read(name: str) -> str:
    """A file of `page/`, its lines ended by newlines alone: the policy's hash is of these bytes."""
    return (FOLDER / name).read_text(encoding="utf-8")


def script() -> str:
    """All scripts in ORDER, each under its name."""
    files = (f"// ---- {name} ----\n\n{read(name).strip()}\n" for name in ORDER)
    return '\n"use strict";\n\n' + "\n\n".join(files)


def joined(payload: Mapping[str, Any], *, title: str, table: str) -> str:
    """The page of `payload`: HTML with everything inside.

    title is text; table is HTML, which a reader without JavaScript sees.
    """
    code, style = script(), "\n" + "\n".join(map(read, STYLES))
    parts = {
        "lang": "en",
        "title": escape(title),
        "policy": POLICY.format(script=digest(code), style=digest(style)),
        "style": style,
        "table": table,
        "data": json_in_html(payload),
        "script": code,
    }
    # in one pass: a class may be called {{script}}
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], read("page.html"))


def digest(text: str) -> str:
    """What a policy calls a script or a style by: "sha256-..." of its text."""
    return "sha256-" + b64encode(sha256(text.encode()).digest()).decode()


def json_in_html(document: Any) -> str:
    """A JSON document that no HTML parser can find an end or a comment in; ASCII alone.

    ValueError for NaN and infinities, which JSON has no words for.
    """
    text = json.dumps(document, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")
