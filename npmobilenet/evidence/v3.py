"""MobileNetV3 (arXiv:1905.02244, version 5): Tables 1, 2, 3 and 9; and Table 3 before version 5."""

from __future__ import annotations

from .cell import LATENCY, MILLION, OTHER_NETWORK, Column, Network, Row, Table

BODY = (
    Column(name="Input", how="input"),
    Column(name="Operator", how="operator"),
    Column(name="exp size", how="expanded"),
    Column(name="#out", how="filters"),
    Column(name="SE", how="squeeze"),
    Column(name="NL", how="nonlinearity"),
    Column(name="s", how="stride"),
)
# input, operator, exp size, #out, SE, NL, s
LARGE = """
224² × 3 | conv2d | - | 16 | - | HS | 2
112² × 16 | bneck, 3x3 | 16 | 16 | - | RE | 1
112² × 16 | bneck, 3x3 | 64 | 24 | - | RE | 2
56² × 24 | bneck, 3x3 | 72 | 24 | - | RE | 1
56² × 24 | bneck, 5x5 | 72 | 40 | ✓ | RE | 2
28² × 40 | bneck, 5x5 | 120 | 40 | ✓ | RE | 1
28² × 40 | bneck, 5x5 | 120 | 40 | ✓ | RE | 1
28² × 40 | bneck, 3x3 | 240 | 80 | - | HS | 2
14² × 80 | bneck, 3x3 | 200 | 80 | - | HS | 1
14² × 80 | bneck, 3x3 | 184 | 80 | - | HS | 1
14² × 80 | bneck, 3x3 | 184 | 80 | - | HS | 1
14² × 80 | bneck, 3x3 | 480 | 112 | ✓ | HS | 1
14² × 112 | bneck, 3x3 | 672 | 112 | ✓ | HS | 1
14² × 112 | bneck, 5x5 | 672 | 160 | ✓ | HS | 2
7² × 160 | bneck, 5x5 | 960 | 160 | ✓ | HS | 1
7² × 160 | bneck, 5x5 | 960 | 160 | ✓ | HS | 1
7² × 160 | conv2d, 1x1 | - | 960 | - | HS | 1
7² × 960 | pool, 7x7 | - | - | - | - | 1
1² × 960 | conv2d 1x1, NBN | - | 1280 | - | HS | 1
1² × 1280 | conv2d 1x1, NBN | - | k | - | - | 1
"""
SMALL = """
224² × 3 | conv2d, 3x3 | - | 16 | - | HS | 2
112² × 16 | bneck, 3x3 | 16 | 16 | ✓ | RE | 2
56² × 16 | bneck, 3x3 | 72 | 24 | - | RE | 2
28² × 24 | bneck, 3x3 | 88 | 24 | - | RE | 1
28² × 24 | bneck, 5x5 | 96 | 40 | ✓ | HS | 2
14² × 40 | bneck, 5x5 | 240 | 40 | ✓ | HS | 1
14² × 40 | bneck, 5x5 | 240 | 40 | ✓ | HS | 1
14² × 40 | bneck, 5x5 | 120 | 48 | ✓ | HS | 1
14² × 48 | bneck, 5x5 | 144 | 48 | ✓ | HS | 1
14² × 48 | bneck, 5x5 | 288 | 96 | ✓ | HS | 2
7² × 96 | bneck, 5x5 | 576 | 96 | ✓ | HS | 1
7² × 96 | bneck, 5x5 | 576 | 96 | ✓ | HS | 1
7² × 96 | conv2d, 1x1 | - | 576 | ✓ | HS | 1
7² × 576 | pool, 7x7 | - | - | - | - | 1
1² × 576 | conv2d 1x1, NBN | - | 1024 | - | HS | 1
1² × 1024 | conv2d 1x1, NBN | - | k | - | - | 1
"""


def _body(name: str, model: str, text: str) -> Table:
    """Table 1 or 2; its rows are numbered here."""
    lines = text.strip().splitlines()
    blocks = len(lines) - 5
    places = ("stem", *(f"blocks.{number}" for number in range(1, blocks + 1)))
    places += ("last", "pool", "head", "classifier")
    rows = tuple(
        Row(name=str(number), printed=tuple(line.split(" | ")), parts=(place,))
        for number, (line, place) in enumerate(zip(lines, places, strict=True), start=1)
    )
    network = Network(model=model)
    title = f"Specification of {model}"
    return Table(source="v3", name=name, title=title, columns=BODY, rows=rows, network=network)


MADDS = Column(name="MAdds", how="macs", unit=MILLION)
PARAMS = Column(name="Params", how="params", unit=MILLION)
PIXELS = tuple(Column(name=f"P-{number}", quoted=LATENCY) for number in (1, 2, 3))
LARGE_1, LARGE_075 = Network(model="v3-large"), Network(model="v3-large", width=0.75)


def _results(
    name: str, title: str, small: tuple[str, str], narrow: tuple[str, str], head: int
) -> Table:
    """Table 3; MAdds and Params of V3-Small at 1.0 and 0.75 changed with version 5."""
    network = Network(model="v3-small", small_head=head)
    narrower = Network(model="v3-small", width=0.75, small_head=head)
    rows = (
        ("V3-Large 1.0", ("75.2", "219", "5.4M", "51", "61", "44"), LARGE_1),
        ("V3-Large 0.75", ("73.3", "155", "4.0M", "39", "46", "40"), LARGE_075),
        ("MnasNet-A1", ("75.2", "315", "3.9M", "71", "86", "61"), None),
        ("Proxyless", ("74.6", "320", "4.0M", "72", "84", "60"), None),
        ("V2 1.0", ("72.0", "300", "3.4M", "64", "76", "56"), Network(model="v2")),
        ("V3-Small 1.0", ("67.4", *small, "15.8", "19.4", "14.4"), network),
        ("V3-Small 0.75", ("65.4", *narrow, "12.8", "15.6", "11.7"), narrower),
        ("Mnas-small", ("64.9", "65.1", "1.9M", "20.3", "24.2", "17.2"), None),
        (
            "V2 0.35",
            ("60.8", "59.2", "1.6M", "16.6", "19.6", "13.9"),
            Network(model="v2", width=0.35),
        ),
    )
    return Table(
        source="v3",
        name=name,
        title=title,
        columns=(Column(name="Top-1"), MADDS, PARAMS, *PIXELS),
        rows=tuple(
            Row(name=row, printed=printed, network=asked, quoted="" if asked else OTHER_NETWORK)
            for row, printed, asked in rows
        ),
    )


# large or small, resolution, width, accuracy, MAdds, parameters, milliseconds
SCALED = """
large 224 1.25 76.6 356 7.5 77.0
large 224 1.0 75.2 217 5.4 51.2
large 224 0.75 73.3 155 4.0 39.8
large 224 0.5 68.8 69 2.6 21.7
large 224 0.35 64.2 40 2.2 15.1
large 256 1.0 76.0 282 5.4 65.6
large 192 1.0 73.7 160 5.4 38.0
large 160 1.0 71.7 112 5.4 27.8
large 128 1.0 68.4 73 5.4 17.8
large 96 1.0 63.3 43 5.4 12.5
small 224 1.25 70.4 91 3.6 23.6
small 224 1.0 67.5 57 2.5 15.8
small 224 0.75 65.4 44 2.0 12.8
small 224 0.5 58.0 21 1.6 7.7
small 224 0.35 49.8 12 1.4 5.7
small 256 1.0 68.5 74 2.5 20.0
small 160 1.0 62.8 30 2.5 8.6
small 128 1.0 57.3 20 2.5 5.8
small 96 1.0 51.7 12 2.5 4.4
"""


def _scaled() -> Table:
    rows = []
    for line in SCALED.strip().splitlines():
        size, resolution, width, *printed = line.split()
        asked = Network(model=f"v3-{size}", width=float(width), resolution=int(resolution))
        name = f"{size} {resolution}/{width}"
        rows.append(Row(name=name, printed=tuple(printed), network=asked))
    columns = (Column(name="Accuracy"), MADDS, PARAMS, PIXELS[0])
    title = "Different resolutions and multipliers"
    return Table(source="v3", name="9", title=title, columns=columns, rows=tuple(rows))


TABLES = (
    _body("1", "v3-large", LARGE),
    _body("2", "v3-small", SMALL),
    _results("3", "Pixel phones", ("56", "2.5M"), ("44", "2.0M"), 1024),
    _results("3 before v5", "Pixel phones, before version 5", ("66", "2.9M"), ("44", "2.4M"), 1280),
    _scaled(),
)
