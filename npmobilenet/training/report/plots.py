"""A run's curves and a confusion matrix as PNG, drawn with matplotlib (the extra `plot`)."""

from collections.abc import Sequence
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any

from ...disk import write_whole
from ...fonts import font_for, written
from ...ops.checks import path as checked_path
from ...predicting.metrics import Evaluation
from ...text import reason
from ..run.history import Epoch

LARGEST = 40  # classes whose numbers and names can still be read
LONGEST = 40  # characters of a name, so that the matrix keeps its room
ADVICE = 'pictures of curves need matplotlib: pip install "npmobilenet[plot]"'


def can_draw() -> bool:
    """Whether matplotlib is installed."""
    return find_spec("matplotlib") is not None


def trouble() -> str:
    """Why nothing can be drawn, in a line; "" where it can."""
    if not can_draw():
        return ADVICE
    try:
        import matplotlib.figure  # noqa: F401
    except Exception as error:  # built for another NumPy, a configuration that it cannot read
        return f"no pictures of curves: matplotlib cannot be used ({reason(error)})"
    return ""


def _figure(width: float, height: float) -> Any:
    """A figure that needs no screen.  ValueError with advice where matplotlib is missing."""
    if not can_draw():
        raise ValueError(ADVICE)
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def _keep(figure: Any, path: str | Path) -> None:
    """Write it, as PNG or what its ending says."""
    content, path = BytesIO(), checked_path("path", path)
    figure.savefig(content, format=path.suffix[1:].lower() or "png", dpi=110)
    write_whole(path, content.getvalue())


def curves(history: Sequence[Epoch], path: str | Path) -> None:
    """Loss, accuracy and learning rate over the epochs."""
    figure = _figure(11, 3.4)
    epochs = [epoch.epoch for epoch in history]
    names = (("loss", "loss", "validation_loss"), ("accuracy", "accuracy", "validation_top1"))
    mark = "o" if len(history) < 15 else None
    for place, (title, training, validation) in enumerate(names, start=1):
        axes = figure.add_subplot(1, 3, place, title=title, xlabel="epoch")
        axes.plot(epochs, [getattr(e, training) for e in history], marker=mark, label="training")
        measured = [(e.epoch, getattr(e, validation)) for e in history]
        measured = [(epoch, value) for epoch, value in measured if value is not None]
        if measured:
            axes.plot(*zip(*measured, strict=True), marker=mark, label="validation")
        axes.grid(alpha=0.3)
        axes.legend()
    axes = figure.add_subplot(1, 3, 3, title="learning rate", xlabel="epoch")
    axes.plot(epochs, [epoch.lr for epoch in history], marker=mark)
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    _keep(figure, path)


def confusion(scores: Evaluation, path: str | Path) -> None:
    """Rows are true classes, columns predicted ones; shades are shares of the row, numbers counts."""
    matrix, count = scores.confusion, len(scores.classes)
    shares = matrix / matrix.sum(axis=1, keepdims=True).clip(min=1)
    side = min(3.0 + 0.45 * count, 14.0)
    figure = _figure(side + 1, side)
    axes = figure.add_subplot(
        title=f"{scores.correct} of {scores.count} right", xlabel="predicted", ylabel="true"
    )
    shown = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    figure.colorbar(shown, ax=axes, shrink=0.8, label="share of the true class")
    if count <= LARGEST:
        names, font = _labels(scores.classes)
        axes.set_xticks(range(count), names, rotation=90, **font)
        axes.set_yticks(range(count), names, **font)
        for i, j in ((i, j) for i in range(count) for j in range(count) if matrix[i, j]):
            color = "white" if shares[i, j] > 0.5 else "black"
            axes.text(j, i, str(matrix[i, j]), ha="center", va="center", color=color, fontsize=8)
    _keep(figure, path)


def _labels(names: Sequence[str]) -> tuple[list[str], dict[str, Any]]:
    """The names as a font here can write them, and that font."""
    font = font_for(names, 16)
    file = getattr(font, "path", None)  # Pillow's own is in no file; matplotlib's has more
    # a class called "$5" is no mathematics
    own: dict[str, Any] = {"parse_math": False, "usetex": False}
    if isinstance(file, str):
        own["fontproperties"] = Path(file)
    labels = [" ".join(written(name, font).split()) for name in names]
    return [t if len(t) <= LONGEST else t[: LONGEST - 3] + "..." for t in labels], own
