"""MobileNetV1 (arXiv:1704.04861): Tables 1 to 9 and 12, as printed."""

from __future__ import annotations

from .cell import ACCURACY, MILLION, OTHER_NETWORK, Column, Network, Row, Table

V1 = Network(model="v1")
ACCURACIES = Column(name="ImageNet accuracy")
MULT_ADDS = Column(name="Million mult-adds", how="macs", unit=MILLION)
PARAMETERS = Column(name="Million parameters", how="params", unit=MILLION)
COLUMNS = (ACCURACIES, MULT_ADDS, PARAMETERS)


def _body() -> tuple[Row, ...]:
    """Table 1: type and stride, filter shape, input size; its rows are numbered here."""
    separable = (  # stride, channels in and out, side before and after, blocks
        ("s1", 32, 64, 112, 112, (1,)),
        ("s2", 64, 128, 112, 56, (2,)),
        ("s1", 128, 128, 56, 56, (3,)),
        ("s2", 128, 256, 56, 28, (4,)),
        ("s1", 256, 256, 28, 28, (5,)),
        ("s2", 256, 512, 28, 14, (6,)),
        ("s1", 512, 512, 14, 14, (7, 8, 9, 10, 11)),  # printed once, with "5×"
        ("s2", 512, 1024, 14, 7, (12,)),
        ("s2", 1024, 1024, 7, 7, (13,)),
    )
    rows: list[tuple[str, str, str, tuple[str, ...]]]
    rows = [("Conv / s2", "3 × 3 × 3 × 32", "224 × 224 × 3", ("stem",))]
    for stride, m, n, before, after, numbers in separable:
        depthwise = tuple(f"blocks.{number}.depthwise" for number in numbers)
        pointwise = tuple(f"blocks.{number}.pointwise" for number in numbers)
        size = f"{before} × {before} × {m}"
        rows.append((f"Conv dw / {stride}", f"3 × 3 × {m} dw", size, depthwise))
        rows.append(("Conv / s1", f"1 × 1 × {m} × {n}", f"{after} × {after} × {m}", pointwise))
    rows.append(("Avg Pool / s1", "Pool 7 × 7", "7 × 7 × 1024", ("pool",)))
    rows.append(("FC / s1", "1024 × 1000", "1 × 1 × 1024", ("classifier",)))
    return tuple(
        Row(name=f"{number}", printed=(kind, shape, size), parts=parts)
        for number, (kind, shape, size, parts) in enumerate(rows, start=1)
    )


def _sized(name: str, *printed: str, **network: float | int | str | bool) -> Row:
    """A row about one MobileNetV1."""
    return Row(name=name, printed=printed, network=Network(**{"model": "v1", **network}))  # type: ignore[arg-type]


def _other(name: str, *printed: str) -> Row:
    return Row(name=name, printed=printed, quoted=OTHER_NETWORK)


TABLES = (
    Table(
        source="v1",
        name="1",
        title="MobileNet body architecture",
        network=V1,
        columns=(
            Column(name="Type / stride", how="v1 type"),
            Column(name="Filter shape", how="v1 filter"),
            Column(name="Input size", how="input"),
        ),
        rows=_body(),
    ),
    Table(
        source="v1",
        name="1",
        title="MobileNet body architecture: softmax",
        network=V1,
        columns=(
            Column(name="Type / stride", quoted="softmax: no layer of a plan, nothing to count"),
            Column(name="Filter shape", quoted="softmax: no layer of a plan, nothing to count"),
            Column(name="Input size", how="output"),
        ),
        rows=(
            Row(
                name="22",
                printed=("Softmax / s1", "Classifier", "1 × 1 × 1000"),
                parts=("classifier",),
            ),
        ),
    ),
    Table(
        source="v1",
        name="2",
        title="Resource per layer type",
        network=V1,
        columns=(
            Column(name="Mult-adds", how="macs share"),
            Column(name="Parameters", how="params share"),
        ),
        rows=(
            Row(name="Conv 1 × 1", printed=("94.86%", "74.59%"), parts=("pointwise",)),
            Row(name="Conv DW 3 × 3", printed=("3.06%", "1.06%"), parts=("depthwise",)),
            Row(name="Conv 3 × 3", printed=("1.19%", "0.02%"), parts=("conv",)),
            Row(name="Fully connected", printed=("0.18%", "24.33%"), parts=("dense",)),
        ),
    ),
    Table(
        source="v1",
        name="3",
        title="One layer, modified step by step",
        columns=(
            Column(name="Million mult-adds", how="example macs", unit=MILLION),
            Column(name="Million parameters", how="example params", unit=MILLION),
        ),
        rows=(
            Row(
                name="Convolution",
                printed=("462", "2.36"),
                parts=("standard", "512", "512", "14"),
            ),
            Row(
                name="Depthwise separable",
                printed=("52.3", "0.27"),
                parts=("separable", "512", "512", "14"),
            ),
            Row(name="α = 0.75", printed=("29.6", "0.15"), parts=("separable", "384", "384", "14")),
            Row(
                name="ρ = 0.714", printed=("15.1", "0.15"), parts=("separable", "384", "384", "10")
            ),
        ),
    ),
    Table(
        source="v1",
        name="4",
        title="Depthwise separable against full convolutions",
        columns=COLUMNS,
        rows=(
            _sized("Conv MobileNet", "71.7%", "4866", "29.3", model="v1-full"),
            _sized("MobileNet", "70.6%", "569", "4.2"),
        ),
    ),
    Table(
        source="v1",
        name="5",
        title="Narrow against shallow",
        columns=COLUMNS,
        rows=(
            _sized("0.75 MobileNet", "68.4%", "325", "2.6", width=0.75),
            _sized("Shallow MobileNet", "65.3%", "307", "2.9", model="v1-shallow"),
        ),
    ),
    Table(
        source="v1",
        name="6",
        title="Width multiplier",
        columns=COLUMNS,
        rows=(
            _sized("1.0 MobileNet-224", "70.6%", "569", "4.2"),
            _sized("0.75 MobileNet-224", "68.4%", "325", "2.6", width=0.75),
            _sized("0.5 MobileNet-224", "63.7%", "149", "1.3", width=0.5),
            _sized("0.25 MobileNet-224", "50.6%", "41", "0.5", width=0.25),
        ),
    ),
    Table(
        source="v1",
        name="7",
        title="Resolution",
        columns=COLUMNS,
        rows=(
            _sized("1.0 MobileNet-224", "70.6%", "569", "4.2"),
            _sized("1.0 MobileNet-192", "69.1%", "418", "4.2", resolution=192),
            _sized("1.0 MobileNet-160", "67.2%", "290", "4.2", resolution=160),
            _sized("1.0 MobileNet-128", "64.4%", "186", "4.2", resolution=128),
        ),
    ),
    Table(
        source="v1",
        name="8",
        title="Beside popular models",
        columns=COLUMNS,
        rows=(
            _sized("1.0 MobileNet-224", "70.6%", "569", "4.2"),
            _other("GoogleNet", "69.8%", "1550", "6.8"),
            _other("VGG 16", "71.5%", "15300", "138"),
        ),
    ),
    Table(
        source="v1",
        name="9",
        title="A smaller one beside popular models",
        columns=COLUMNS,
        rows=(
            _sized("0.50 MobileNet-160", "60.2%", "76", "1.32", width=0.5, resolution=160),
            _other("SqueezeNet", "57.5%", "1700", "1.25"),
            _other("AlexNet", "57.2%", "720", "60"),
        ),
    ),
    Table(
        source="v1",
        name="12",
        title="Face attributes: the body without the 1000-way classifier",
        columns=(
            Column(name="Mean AP", quoted=ACCURACY),
            Column(name="Million mult-adds, no classifier", how="macs", unit=MILLION),
            Column(name="Million parameters, no classifier", how="params", unit=MILLION),
        ),
        rows=(
            _sized("1.0 MobileNet-224", "88.7%", "568", "3.2", top=False),
            _sized("0.5 MobileNet-224", "88.1%", "149", "0.8", width=0.5, top=False),
            _sized("0.25 MobileNet-224", "87.2%", "45", "0.2", width=0.25, top=False),
            _sized("1.0 MobileNet-128", "88.1%", "185", "3.2", resolution=128, top=False),
            _sized("0.5 MobileNet-128", "87.7%", "48", "0.8", width=0.5, resolution=128, top=False),
            _sized(
                "0.25 MobileNet-128", "86.4%", "15", "0.2", width=0.25, resolution=128, top=False
            ),
        ),
    ),
)
