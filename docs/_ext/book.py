"""What the pages need beside MyST: two languages, links out of docs/, and links into the explorer."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from posixpath import normpath
from typing import Any
from urllib.parse import parse_qs

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxRole
from sphinx.util.nodes import split_explicit_title

REPOSITORY = "https://github.com/npmobilenet/npmobilenet/blob/main/"
LINK = re.compile(r"(?<=\]\()([^)\s#]+)((?:#[^)\s]*)?)(?=\))")
PAGES = {
    "fashion-mnist": "ankle-boot",
    "flowers": "chelsea",
}  # weights, and the image that they see


def chinese(app: Sphinx) -> bool:
    """Whether the Chinese site is built."""
    return str(app.config.language).startswith("zh")


def choose_pages(app: Sphinx, config: Any) -> None:
    """Of each page with a twin, the one in the site's language."""
    docs = Path(app.srcdir)
    for twin in docs.rglob("*.zh.md"):
        english = twin.with_name(twin.name.replace(".zh.md", ".md"))
        left_out = english if chinese(app) else twin
        config.exclude_patterns.append(left_out.relative_to(docs).as_posix())
    if chinese(app):
        config.root_doc = "index.zh"


def lead_links(app: Sphinx, page: str, source: list[str]) -> None:
    """Links to the page in the site's language; those that leave docs/ lead to the repository."""
    folder, docs = Path(app.srcdir) / Path(page).parent, Path(app.srcdir)

    def led(match: re.Match[str]) -> str:
        target, fragment = match.groups()
        if re.match(r"[a-z]+:", target):
            return target + fragment
        file = Path(normpath((folder / target).as_posix()))
        if not file.is_relative_to(docs) or file.suffix not in (".md", ".svg", ".png"):
            inside = normpath((folder.relative_to(docs.parent) / target).as_posix())
            return REPOSITORY + inside + fragment
        twin = file.with_name(file.name.replace(".md", ".zh.md"))
        if chinese(app) and file.suffix == ".md" and twin.exists():
            return target.replace(".md", ".zh.md")  # an English heading is not there
        if not chinese(app) and target.endswith(".zh.md"):
            return REPOSITORY + file.relative_to(docs.parent).as_posix() + fragment
        return target + fragment

    source[0] = LINK.sub(led, source[0])


WIDE = re.compile(r"[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]")  # characters of a Chinese line
STOPS = "，。；：！？、（）「」“”"


def join_lines(app: Sphinx, doctree: nodes.document) -> None:
    """Chinese has no space between words: a line that ends in the middle of a sentence leaves none."""
    for end in [text for text in doctree.findall(nodes.Text) if text == "\n"]:
        beside = end.parent.children
        at = beside.index(end)
        before, after = (part.astext() for part in (beside[at - 1], beside[at + 1]))
        wide = WIDE.match(before[-1:]) and WIDE.match(after[:1])
        if wide or (before and before[-1] in STOPS) or (after and after[0] in STOPS):
            end.parent.replace(end, nodes.Text(""))


class Explorer(SphinxRole):
    """{explorer}`text <fashion-mnist#v=1&l=stem>`: a page of the explorer, in that state."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """The link; a warning where the page, the view or the layer is not there."""
        _, title, target = split_explicit_title(self.text)
        name, _, state = target.partition("#")
        for wrong in wrong_in(name, state):
            message = self.inliner.reporter.warning(f"explorer: {wrong}", line=self.lineno)
            return [self.inliner.problematic(self.rawtext, self.rawtext, message)], [message]
        up = "../" * self.env.docname.count("/")
        address = f"{up}explorer/{name}.html#{state}"
        return [nodes.reference("", title, refuri=address, internal=False)], []


def wrong_in(name: str, state: str) -> list[str]:
    """What an address names that its page does not have."""
    if name not in PAGES:
        return [f"page must be one of {', '.join(PAGES)}, found {name}"]
    import npmobilenet as nm

    plan = nm.load(name).plan
    layers, asked = {layer.name for layer in plan}, parse_qs(state)
    blocks = {layer.block for layer in plan}
    found = [
        f"view must be 1 to 7, found {v}" for v in asked.get("v", []) if v not in set("1234567")
    ]
    found += [
        f"{name} has no layer {x}"
        for key in ("l", "bl")
        for x in asked.get(key, [])
        if x not in layers
    ]
    return found + [f"{name} has no block {x}" for x in asked.get("block", []) if x not in blocks]


def finish(app: Sphinx, error: Exception | None) -> None:
    """The explorer's pages into the site; the Chinese front page under the name that servers look for."""
    if error or app.builder.format != "html":
        return
    import npmobilenet as nm

    out = Path(app.outdir)
    (out / "explorer").mkdir(exist_ok=True)
    for weights, image in PAGES.items():
        page = nm.explore(weights, image, time=False)
        (out / "explorer" / f"{weights}.html").write_text(page, encoding="utf-8")
    if chinese(app):
        shutil.copyfile(out / "index.zh.html", out / "index.html")


def setup(app: Sphinx) -> dict[str, bool]:
    """For Sphinx."""
    app.connect("config-inited", choose_pages)
    app.connect("source-read", lead_links)
    app.connect("doctree-read", join_lines)
    app.connect("build-finished", finish)
    app.add_role("explorer", Explorer())
    return {"parallel_read_safe": True, "parallel_write_safe": True}
