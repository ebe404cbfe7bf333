"""Keras' published tables, as printed.

keras-applications' docstrings of mobilenet.py and mobilenet_v2.py and its README; the docstring of
keras.applications.mobilenet_v3; the table at keras.io/api/applications.
"""

from __future__ import annotations

from .cell import LATENCY, MILLION, Column, Network, Row, Table
from .tf import v2_rows

MACS = Column(name="Multiply-adds (M)", how="macs", unit=MILLION)
PARAMS = Column(name="Params (M)", how="params", unit=MILLION)
TOP_1 = Column(name="Top-1")

# width, resolution, accuracy, multiply-adds, parameters
WIDTHS = """
1.0 224 70.6% 529 4.2
0.75 224 68.4% 325 2.6
0.50 224 63.7% 149 1.3
0.25 224 50.6% 41 0.5
"""
RESOLUTIONS = """
1.0 224 70.6% 529 4.2
1.0 192 69.1% 529 4.2
1.0 160 67.2% 529 4.2
1.0 128 64.4% 529 4.2
"""
# version, width: errors in per cent (top-1, top-5, top-5 of ten crops), parameters with and without top
ERRORS = """
v1 0.25 48.418 24.208 21.196 0.5M 0.2M
v1 0.50 35.708 14.376 12.180 1.3M 0.8M
v1 0.75 31.588 11.758 9.878 2.6M 1.8M
v1 1.0 29.576 10.496 8.774 4.3M 3.2M
v2 0.35 39.914 17.568 15.422 1.7M 0.4M
v2 0.50 34.806 13.938 11.976 2.0M 0.7M
v2 0.75 30.468 10.824 9.188 2.7M 1.4M
v2 1.0 28.664 9.858 8.322 3.5M 2.3M
v2 1.3 25.320 7.878 6.728 5.4M 3.8M
v2 1.4 24.770 7.578 6.518 6.2M 4.4M
"""
V3 = (
    ("mobilenet_v3_large_1.0_224", "v3-large", 1.0, "217 5.4 75.6 51.2"),
    ("mobilenet_v3_large_0.75_224", "v3-large", 0.75, "155 4.0 73.3 39.8"),
    ("mobilenet_v3_large_minimalistic_1.0_224", "v3-large-minimalistic", 1.0, "209 3.9 72.3 44.1"),
    ("mobilenet_v3_small_1.0_224", "v3-small", 1.0, "66 2.9 68.1 15.8"),
    ("mobilenet_v3_small_0.75_224", "v3-small", 0.75, "44 2.4 65.4 12.8"),
    ("mobilenet_v3_small_minimalistic_1.0_224", "v3-small-minimalistic", 1.0, "65 2.0 61.9 12.2"),
)


def _v1(name: str, title: str, text: str) -> Table:
    rows = []
    for line in text.strip().splitlines():
        width, resolution, *printed = line.split()
        asked = Network(model="v1", width=float(width), resolution=int(resolution))
        row = f"{width} MobileNet-{resolution}"
        rows.append(Row(name=row, printed=tuple(printed), network=asked))
    columns = (Column(name="ImageNet acc"), MACS, PARAMS)
    return Table(source="keras", name=name, title=title, columns=columns, rows=tuple(rows))


def _errors() -> tuple[Table, Table]:
    """The README's table in two: errors and parameters with the top, parameters without."""
    whole, bodies = [], []
    for line in ERRORS.strip().splitlines():
        version, width, *errors, size, stem = line.split()
        asked = Network(model=version, width=float(width))
        body = Network(model=version, width=float(width), top=False)
        name = f"{'MobileNet' if version == 'v1' else 'MobileNetV2'}(alpha={width})"
        whole.append(Row(name=name, printed=(*errors, size), network=asked))
        bodies.append(Row(name=name, printed=(stem,), network=body))
    measured = tuple(
        Column(name=f"{name} error", quoted="error in per cent: measured, not counted")
        for name in ("Top-1", "Top-5", "10-5")
    )
    columns = (*measured, _variables("Size"))
    return _readme(columns, tuple(whole)), _readme((_variables("Stem"),), tuple(bodies))


def _variables(name: str) -> Column:
    """Parameters as `count_params` counts them, headed differently in README and on keras.io."""
    return Column(name=name, how="params", unit=MILLION, series="count_params")


def _readme(columns: tuple[Column, ...], rows: tuple[Row, ...]) -> Table:
    title = "keras-applications README"
    return Table(source="keras", name="README", title=title, columns=columns, rows=rows)


TABLES = (
    _v1("v1 widths", "docstring of mobilenet.py: width", WIDTHS),
    _v1("v1 resolutions", "docstring of mobilenet.py: resolution", RESOLUTIONS),
    Table(
        source="keras",
        name="v2",
        title="docstring of mobilenet_v2.py",
        columns=(MACS, PARAMS, TOP_1, Column(name="Top-5")),
        rows=v2_rows(4),
    ),
    Table(
        source="keras",
        name="v3",
        title="docstring of mobilenet_v3.py",
        columns=(MACS, PARAMS, TOP_1, Column(name="Pixel 1", quoted=LATENCY)),
        rows=tuple(
            Row(name=name, printed=tuple(text.split()), network=Network(model=model, width=width))
            for name, model, width, text in V3
        ),
    ),
    *_errors(),
    Table(
        source="keras",
        name="keras.io",
        title="keras.io/api/applications",
        columns=(
            Column(name="Size (MB)", how="megabytes"),
            TOP_1,
            Column(name="Top-5"),
            _variables("Parameters"),
            Column(name="Depth", how="layers"),
            Column(name="CPU (ms)", quoted=LATENCY),
            Column(name="GPU (ms)", quoted=LATENCY),
        ),
        rows=(
            Row(
                name="MobileNet",
                printed=("16", "70.4%", "89.5%", "4.3M", "55", "22.6", "3.4"),
                network=Network(model="v1"),
            ),
            Row(
                name="MobileNetV2",
                printed=("14", "71.3%", "90.1%", "3.5M", "105", "25.9", "3.8"),
                network=Network(model="v2"),
            ),
        ),
    ),
)
