"""Figures by matplotlib, which is imported when one is drawn: `pip install "npmobilenet[plot]"`."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..disk import write_whole

if TYPE_CHECKING:
    from .roofline import Roofline
    from .sweep import Point

# told apart by colour and by shape, also in grey and by those who see few colours (Okabe and Ito)
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = "osD^vPX"


def _figure(columns: int) -> tuple[Any, list[Any]]:
    """A figure and its axes side by side; ValueError in one line without matplotlib."""
    try:
        from matplotlib.figure import Figure  # no window and no global state
    except ImportError:
        raise ValueError('pictures need matplotlib: pip install "npmobilenet[plot]"') from None
    figure = Figure(figsize=(7 * columns, 5.6), layout="constrained", dpi=120)
    axes = figure.subplots(1, columns, squeeze=False)[0]
    for axis in axes:
        axis.grid(True, which="major", color="0.85", linewidth=0.8)
        axis.set_axisbelow(True)
        for side in ("top", "right"):
            axis.spines[side].set_visible(False)
    return figure, list(axes)


def _save(figure: Any, path: str | Path) -> None:
    path, content = Path(path), BytesIO()
    try:
        figure.savefig(content, format=path.suffix[1:].lower() or None)
    except ValueError as error:  # an ending that is no format
        raise ValueError(f"{path}: {error}") from None
    write_whole(path if path.suffix else path.with_suffix(".png"), content.getvalue())


def sweep_picture(points: Sequence[Point], path: str | Path) -> int:
    """Accuracy against MACs and against parameters, as V1's Figures 4 and 5; returns how many points.

    Networks without a printed accuracy are left out; ValueError if that is all of them.
    """
    known = [point for point in points if point.accuracy is not None]
    if not known:
        raise ValueError("no accuracy is printed for any of these networks: nothing to draw")
    figure, (left, right) = _figure(2)
    resolutions = sorted({point.resolution for point in known}, reverse=True)
    for number, resolution in enumerate(resolutions):
        group = sorted(
            (point for point in known if point.resolution == resolution), key=lambda p: p.macs
        )
        style = {
            "color": COLORS[number % len(COLORS)],
            "marker": MARKERS[number % len(MARKERS)],
            "markersize": 8,
            "linewidth": 1.4,
            "label": f"{resolution[0]} x {resolution[1]}",
        }
        accuracies = [point.accuracy for point in group]
        left.plot([point.macs / 1e6 for point in group], accuracies, **style)
        right.plot(
            [point.params / 1e6 for point in group], accuracies, **{**style, "linestyle": ""}
        )
    for width in sorted({point.width for point in known}):  # one column of points a width
        column = [point for point in known if point.width == width]
        lowest = min(column, key=lambda p: p.accuracy or 0)
        place = (lowest.params / 1e6, lowest.accuracy or 0)
        right.annotate(
            f"α {width:g}", place, xytext=(0, -16), textcoords="offset points", ha="center"
        )
    left.set(xlabel="million multiply-accumulates", ylabel="ImageNet top-1, %", xscale="log")
    right.set(xlabel="million parameters", ylabel="ImageNet top-1, %", xscale="log")
    right.margins(y=0.12)
    for axis in (left, right):
        _plain_ticks(axis)
    left.set_title(f"{known[0].model}: accuracy and multiplications")
    right.set_title(f"{known[0].model}: accuracy and size")
    left.legend(title="image")
    figure.supxlabel(
        "accuracies as the authors print them: of their released checkpoints, else of the paper",
        fontsize=9, color="0.3",
    )  # fmt: skip
    _save(figure, path)
    return len(known)


def _plain_ticks(axis: Any) -> None:
    """1, 2, 5, 10, 20 ... written as numbers on a logarithmic axis."""
    from matplotlib.ticker import LogLocator, NullFormatter

    axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.xaxis.set_major_formatter(_plain_numbers())
    axis.xaxis.set_minor_formatter(NullFormatter())


def _plain_numbers() -> Any:
    from matplotlib.ticker import FuncFormatter

    return FuncFormatter(lambda value, _: f"{value:g}")


def roofline_picture(found: Roofline, path: str | Path) -> None:
    """Left the roofline with every measured layer; right where MACs and time are, by type of layer."""
    figure, (left, right) = _figure(2)
    _roof(left, found)
    _shares(right, found)
    _save(figure, path)


def _roof(axis: Any, found: Roofline) -> None:
    machine = found.machine
    near, far = max(speed for _, speed in machine.bandwidths), machine.bandwidths[-1][1]
    low = min(x.intensity for x in found.layers) / 2
    high = max(2 * machine.peak / far, *(2 * x.intensity for x in found.layers))
    for bandwidth, name, dashes in ((near, "cache", "-"), (far, "memory", "--")):
        ridge = machine.peak / bandwidth
        xs, ys = [low, ridge, high], [low * bandwidth / 1e9, *[machine.peak / 1e9] * 2]
        label = f"{name} {bandwidth / 1e9:.0f} GB/s, peak {machine.peak / 1e9:.0f} GFLOP/s"
        axis.plot(xs, ys, dashes, color="0.3", linewidth=1.5, label=label)
    for number, (label, kinds) in enumerate(_groups(found).items()):
        group = [x for x in found.layers if x.type in kinds]
        axis.scatter(
            [x.intensity for x in group],
            [x.flops / (x.seconds or x.floor) / 1e9 for x in group],
            color=COLORS[number], marker=MARKERS[number],
            s=36, label=label, edgecolors="white", linewidths=0.5, zorder=3,
        )  # fmt: skip
    axis.set(
        xscale="log", yscale="log", xlabel="flops for each byte", ylabel="GFLOP/s",
        title=f"{found.plan.model}, batch {found.batch}: each layer under its roof",
    )  # fmt: skip
    for line in (axis.xaxis, axis.yaxis):
        line.set_major_formatter(_plain_numbers())
    axis.legend(loc="upper left", bbox_to_anchor=(0, -0.12), ncols=3, frameon=False)


def _groups(found: Roofline) -> dict[str, list[str]]:
    """Label -> types of layers; those with neither MACs nor many numbers are "other"."""
    groups: dict[str, list[str]] = {}
    for layer in found.layers:
        kind = layer.type
        label = "other" if kind in ("global_pool", "add", "scale", "dropout") else kind
        groups.setdefault(label, [])
        if kind not in groups[label]:
            groups[label].append(kind)
    return groups


def _shares(axis: Any, found: Roofline) -> None:
    """Bars: MACs, floor and measured time of each group, in per cent."""
    groups, kinds = _groups(found), {kind["type"]: kind for kind in found.kinds()}
    names = {"macs": "MACs", "floor": "floor"}
    if any(kind["time"] for kind in kinds.values()):
        names["time"] = "measured time"
    height = 0.8 / len(names)
    for number, (name, label) in enumerate(names.items()):
        places = [row + number * height for row in range(len(groups))]
        shares = [100 * sum(kinds[k][name] for k in members) for members in groups.values()]
        bars = axis.barh(places, shares, height, color=COLORS[number], label=label)
        axis.bar_label(bars, fmt="%.0f", padding=3, fontsize=9)
    middle = height * (len(names) - 1) / 2
    axis.set_yticks([row + middle for row in range(len(groups))], list(groups))
    axis.invert_yaxis()
    axis.set(xlabel="% of all", title="Where the multiplications are, and where the time is")
    axis.legend(loc="upper left", bbox_to_anchor=(0, -0.12), ncols=3, frameon=False)
