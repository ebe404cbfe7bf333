"""The authors' TensorFlow code (tensorflow/models, research/slim/nets): its README files and docstring.

mobilenet_v1.md, mobilenet_v1.py and mobilenet/README.md, as printed.
"""

from __future__ import annotations

from .cell import LATENCY, MILLION, Column, Network, Row, Table

MACS = Column(name="Million MACs", how="macs", unit=MILLION)
PARAMS = Column(name="Million parameters", how="params", unit=MILLION)
TOP = (Column(name="Top-1"), Column(name="Top-5"))
PIXEL_1 = Column(name="Pixel 1", quoted=LATENCY)

# width, resolution, MACs, parameters; then top-1 and top-5 in floats and in 8 bits
V1 = """
1.0 224 569 4.24 70.9 89.9 69.7 89.5
1.0 192 418 4.24 70.0 89.2 69.0 88.9
1.0 160 291 4.24 68.0 87.7 67.3 87.7
1.0 128 186 4.24 65.2 85.8 64.0 85.5
0.75 224 317 2.59 68.4 88.2 67.9 88.1
0.75 192 233 2.59 67.2 87.3 66.2 87.1
0.75 160 162 2.59 65.3 86.0 63.9 85.5
0.75 128 104 2.59 62.1 83.9 59.8 82.8
0.50 224 150 1.34 63.3 84.9 62.2 84.5
0.50 192 110 1.34 61.7 83.6 60.4 83.2
0.50 160 77 1.34 59.1 81.9 57.7 81.3
0.50 128 49 1.34 56.3 79.4 54.9 78.9
0.25 224 41 0.47 49.8 74.2 48.2 73.8
0.25 192 34 0.47 47.7 72.3 45.8 71.9
0.25 160 21 0.47 45.5 70.3 43.5 69.1
0.25 128 14 0.47 41.5 66.3 39.9 65.8
"""

# width, resolution, MACs, parameters, top-1, top-5, milliseconds; Keras' docstring repeats all but those
V2 = """
1.4 224 582 6.06 75.0 92.5 138.0
1.3 224 509 5.34 74.4 92.1 123.0
1.0 224 300 3.47 71.8 91.0 73.8
1.0 192 221 3.47 70.7 90.1 55.1
1.0 160 154 3.47 68.8 89.0 40.2
1.0 128 99 3.47 65.3 86.9 27.6
1.0 96 56 3.47 60.3 83.2 17.6
0.75 224 209 2.61 69.8 89.6 55.8
0.75 192 153 2.61 68.7 88.9 41.6
0.75 160 107 2.61 66.4 87.3 30.4
0.75 128 69 2.61 63.2 85.3 21.9
0.75 96 39 2.61 58.8 81.6 14.2
0.5 224 97 1.95 65.4 86.4 28.7
0.5 192 71 1.95 63.9 85.4 21.1
0.5 160 50 1.95 61.0 83.2 14.9
0.5 128 32 1.95 57.7 80.8 9.9
0.5 96 18 1.95 51.2 75.8 6.4
0.35 224 59 1.66 60.3 82.9 19.7
0.35 192 43 1.66 58.2 81.2 14.6
0.35 160 30 1.66 55.7 79.1 10.5
0.35 128 20 1.66 50.8 75.0 6.9
0.35 96 11 1.66 45.5 70.4 4.5
"""

# name; model, width; MACs, parameters, top-1, milliseconds on Pixel 1, 2 and 3
V3 = (
    ("Large dm=1 (float)", "v3-large", 1.0, "217 5.4 75.2 51.2 61 44"),
    ("Large dm=1 (8-bit)", "v3-large", 1.0, "217 5.4 73.9 44 42.5 32"),
    ("Large dm=0.75 (float)", "v3-large", 0.75, "155 4.0 73.3 39.8 48 34"),
    ("Small dm=1 (float)", "v3-small", 1.0, "66 2.9 67.5 15.8 19.4 14.4"),
    ("Small dm=1 (8-bit)", "v3-small", 1.0, "66 2.9 64.9 15.5 15 10.7"),
    ("Small dm=0.75 (float)", "v3-small", 0.75, "44 2.4 65.4 12.8 15.9 11.6"),
    ("Large minimalistic (float)", "v3-large-minimalistic", 1.0, "209 3.9 72.3 44.1 51 35"),
    ("Large minimalistic (8-bit)", "v3-large-minimalistic", 1.0, "209 3.9 71.3 37 35 27"),
    ("Small minimalistic (float)", "v3-small-minimalistic", 1.0, "65 2.0 61.9 12.2 15.1 11"),
)


def v2_rows(columns: int) -> tuple[Row, ...]:
    """The rows of the table on V2, as far as so many columns."""
    rows = []
    for line in V2.strip().splitlines():
        width, resolution, *printed = line.split()
        asked = Network(model="v2", width=float(width), resolution=int(resolution))
        name = f"mobilenet_v2_{width}_{resolution}"
        rows.append(Row(name=name, printed=tuple(printed[:columns]), network=asked))
    return tuple(rows)


def _v1_rows() -> tuple[Row, ...]:
    plain, quantised = [], []
    for line in V1.strip().splitlines():
        width, resolution, macs, params, *tops = line.split()
        asked = Network(model="v1", width=float(width), resolution=int(resolution))
        name = f"MobileNet_v1_{width}_{resolution}"
        plain.append(Row(name=name, printed=(macs, params, *tops[:2]), network=asked))
        quantised.append(
            Row(name=f"{name}_quant", printed=(macs, params, *tops[2:]), network=asked)
        )
    return (*plain, *quantised)


# mobilenet_v1.py: weights and MACs of each layer of the body, at (1.0, 224) and (0.75, 128)
BODY = """
864 10,838,016 648 2,654,208
288 3,612,672 216 884,736
2,048 25,690,112 1,152 4,718,592
576 1,806,336 432 442,368
8,192 25,690,112 4,608 4,718,592
1,152 3,612,672 864 884,736
16,384 51,380,224 9,216 9,437,184
1,152 903,168 864 221,184
32,768 25,690,112 18,432 4,718,592
2,304 1,806,336 1,728 442,368
65,536 51,380,224 36,864 9,437,184
2,304 451,584 1,728 110,592
131,072 25,690,112 73,728 4,718,592
4,608 903,168 3,456 221,184
262,144 51,380,224 147,456 9,437,184
4,608 903,168 3,456 221,184
262,144 51,380,224 147,456 9,437,184
4,608 903,168 3,456 221,184
262,144 51,380,224 147,456 9,437,184
4,608 903,168 3,456 221,184
262,144 51,380,224 147,456 9,437,184
4,608 903,168 3,456 221,184
262,144 51,380,224 147,456 9,437,184
4,608 225,792 3,456 55,296
524,288 25,690,112 294,912 4,718,592
9,216 451,584 6,912 110,592
1,048,576 51,380,224 589,824 9,437,184
3,185,088 567,716,352 1,800,144 106,002,432
"""


def _body(name: str, network: Network, first: int) -> Table:
    places = ["stem"]
    for number in range(1, 14):
        places += [f"blocks.{number}.depthwise", f"blocks.{number}.pointwise"]
    rows = tuple(
        Row(name=place, printed=tuple(line.split()[first : first + 2]), parts=(place,))
        for line, place in zip(BODY.strip().splitlines(), places, strict=False)
    )
    total = Row(name="total", printed=tuple(BODY.split()[-4:][first : first + 2]))
    return Table(
        source="tf",
        name=name,
        title="Each layer of the body, in the docstring of mobilenet_v1.py",
        network=network,
        columns=(Column(name="params", how="layer params"), Column(name="macs", how="layer macs")),
        rows=(*rows, total),
    )


TABLES = (
    Table(
        source="tf",
        name="v1",
        title="mobilenet_v1.md",
        columns=(MACS, PARAMS, *TOP),
        rows=_v1_rows(),
    ),
    _body("v1 layers", Network(model="v1"), 0),
    _body("v1 layers 0.75", Network(model="v1", width=0.75, resolution=128), 2),
    Table(
        source="tf",
        name="v2",
        title="mobilenet/README.md, V2",
        columns=(MACS, PARAMS, *TOP, PIXEL_1),
        rows=v2_rows(5),
    ),
    Table(
        source="tf",
        name="v3",
        title="mobilenet/README.md, V3",
        columns=(
            MACS,
            PARAMS,
            TOP[0],
            PIXEL_1,
            *(Column(name=f"Pixel {number}", quoted=LATENCY) for number in (2, 3)),
        ),
        rows=tuple(
            Row(name=name, printed=tuple(text.split()), network=Network(model=model, width=width))
            for name, model, width, text in V3
        ),
    ),
)
