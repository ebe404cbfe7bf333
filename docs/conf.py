"""The site: sphinx-build -n -W docs OUT, in Chinese with -D language=zh_CN.

The pages are the Markdown files beside this one, those that GitHub shows. A page with a Chinese twin,
NAME.zh.md, stands in one language on each site; what has none is in English on both.
"""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE / "_ext"), str(HERE.parent)]

project = "npmobilenet"
author = "The npmobilenet authors"
copyright = "the npmobilenet authors, MIT"
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "book",
    "bigrams",
    "docstrings",
    "access",
]
myst_heading_anchors = 4
myst_enable_extensions = ["attrs_inline"]
suppress_warnings = ["myst.header"]  # a page may skip a level of headings
exclude_patterns = ["pictures", "examples", "notebooks/.ipynb_checkpoints"]
autodoc_typehints = "signature"
autodoc_type_aliases = {
    name: name for name in ("Array", "Arrays", "Pair", "Padding", "Shape", "Plan")
}
autodoc_member_order = "bysource"
# other libraries' types are not looked up in a network; what caches, steps and layers are made of is
# nobody's to use
nitpick_ignore_regex = [
    ("py:.*", r"(?!npmobilenet\.).*"),
    ("py:class", r"npmobilenet\.(ops|engine|models|cost|quantization)\..*"),
    ("py:class", r"npmobilenet\.training\.optimizers\.Formula"),
]

html_theme = "furo"
html_title = "npmobilenet"
html_static_path = ["_static"]
html_css_files = ["book.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_search_summary = (
    False  # it is fetched, which a browser refuses on pages opened from a disk
)
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"
