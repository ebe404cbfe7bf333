"""torchvision 0.28: what the weights' `meta` says of MobileNetV2 and V3, floats and 8 bits."""

from __future__ import annotations

from .cell import Column, Network, Row, Table

FILE = "size of a file with its archive and names, not of the numbers alone"
# model: parameters, top-1, top-5, billions of operations, megabytes of the file
FLOATS = (
    ("mobilenet_v2 V1", "v2", "3504872 71.878 90.286 0.301 13.555"),
    ("mobilenet_v2 V2", "v2", "3504872 72.154 90.822 0.301 13.598"),
    ("mobilenet_v3_large V1", "v3-large", "5483032 74.042 91.340 0.217 21.114"),
    ("mobilenet_v3_large V2", "v3-large", "5483032 75.274 92.566 0.217 21.107"),
    ("mobilenet_v3_small V1", "v3-small", "2542856 67.668 87.402 0.057 9.829"),
)
QUANTISED = (
    ("mobilenet_v2 QNNPACK", "v2", "3504872 71.658 90.150 0.301 3.423"),
    ("mobilenet_v3_large QNNPACK", "v3-large", "5483032 73.004 90.858 0.217 21.554"),
)


def _table(name: str, title: str, rows: tuple[tuple[str, str, str], ...]) -> Table:
    return Table(
        source="torchvision",
        name=name,
        title=title,
        columns=(
            Column(name="num_params", how="params"),
            Column(name="acc@1"),
            Column(name="acc@5"),
            Column(name="_ops", how="macs", unit=10**9),
            Column(name="_file_size", quoted=FILE),
        ),
        rows=tuple(
            Row(
                name=row,
                printed=tuple(text.split()),
                network=Network(model=model, dialect="torchvision"),
            )
            for row, model, text in rows
        ),
    )


TABLES = (
    _table("weights", "meta of the weights", FLOATS),
    _table("quantized", "meta of the quantised weights", QUANTISED),
)
