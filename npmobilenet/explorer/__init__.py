"""A page that computes a MobileNet forwards and backwards in the reader's browser.

    from npmobilenet.explorer import explore, write
    write("explorer.html", explore("fashion-mnist", "boot.png"))

looking.py     the image
layers.py      what each layer is, costs and takes; papers.py what is printed about it
storing.py     in which precision the weights travel
remarks.py     what is unusual, in English and Chinese
payload.py     all of that as one JSON object
joining.py     page/: a template, a style and scripts, joined to one file that asks for nothing else
"""

from __future__ import annotations

from os import PathLike, fspath
from pathlib import Path
from typing import Any

from ..predicting.model import Model
from ..text import names_visible
from ..weights.by_name import read_weights
from .making import Page as Page
from .making import made as made
from .making import write as write


@names_visible
def explore(
    model: Model | str | PathLike[str],
    image: Any = None,
    *,
    label: int | str | None = None,
    precision: str = "auto",
    time: bool = True,
) -> str:
    """The page of a model and an image, as text: one HTML file that needs no network and no server.

    model      a `Model`, or the name of one: a run's folder, a file, a shipped or official name
    image      a path, a Pillow image or an array (H, W, 3) of it; None: a picture that comes with
               the package
    label      the class whose loss the page differentiates, by name or number; None: the predicted one
    precision  of the weights in the page: "float16", "float32", or "auto", what the weights' file
               holds while the page stays under 4 MB, else half precision
    time       whether to measure this machine and each layer on it, a few seconds

    ValueError, one line, for what cannot be; what is merely unusual the page says itself.
    """
    if not isinstance(model, Model | str | PathLike):
        kind = type(model).__name__
        raise ValueError(f"explore: model must be a Model, a name or a file, found {kind}")
    found = model if isinstance(model, Model) else read_weights(fspath(model))
    title = "" if isinstance(model, Model) else title_of(model)
    return made(found, image, title=title, label=label, precision=precision, time=time).text


def title_of(weights: str | PathLike[str]) -> str:
    """What a page calls weights: the name of their file or folder."""
    return Path(weights).stem
