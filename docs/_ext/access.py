"""What the theme leaves undone for those who hear a page or use keys alone."""

from __future__ import annotations

import re
from pathlib import Path

from sphinx.application import Sphinx

TITLES = {"en": ("Pages", "Search"), "zh": ("目录", "搜索")}


def mend(app: Sphinx, error: Exception | None) -> None:
    """Levels of headings, names of regions, blocks that keys can scroll; in every page written."""
    if error or app.builder.format != "html":
        return
    pages, search = TITLES[str(app.config.language)[:2]]
    changes = {
        'class="caption" role="heading"': 'class="caption" role="heading" aria-level="2"',
        '<aside class="sidebar-drawer">': f'<aside class="sidebar-drawer" aria-label="{pages}">',
        "<pre>": '<pre tabindex="0">',
        '<div class="table-wrapper': '<div tabindex="0" class="table-wrapper',
        '<th class="head"><p></p></th>': "<td></td>",
        '<th class="head text-right"><p></p></th>': "<td></td>",
    }
    for file in Path(app.outdir).rglob("*.html"):
        if file.parent.name == "explorer":
            continue
        text = file.read_text(encoding="utf-8")
        for old, new in changes.items():
            text = text.replace(old, new)
        if file.name == "search.html":
            text = re.sub(r'(<article role="main"[^>]*>)', rf"\1<h1>{search}</h1>", text, count=1)
        file.write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """For Sphinx."""
    app.connect("build-finished", mend)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
