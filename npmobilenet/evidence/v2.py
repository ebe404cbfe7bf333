"""MobileNetV2 (arXiv:1801.04381, version 4): Tables 2, 3 and 4, as printed."""

from __future__ import annotations

from .cell import LATENCY, MILLION, OTHER_NETWORK, Column, Network, Row, Table

V1, V2 = Network(model="v1"), Network(model="v2")


def _blocks(first: int, last: int) -> tuple[str, ...]:
    return tuple(f"blocks.{number}" for number in range(first, last + 1))


BODY = Table(
    source="v2",
    name="2",
    title="The network",
    network=V2,
    columns=(
        Column(name="Input", how="input"),
        Column(name="Operator", how="operator"),
        Column(name="t", how="t"),
        Column(name="c", how="filters"),
        Column(name="n", how="n"),
        Column(name="s", how="stride"),
    ),
    rows=tuple(
        Row(name=str(number), printed=printed, parts=parts)
        for number, (printed, parts) in enumerate(
            (
                (("224² × 3", "conv2d", "-", "32", "1", "2"), ("stem",)),
                (("112² × 32", "bottleneck", "1", "16", "1", "1"), _blocks(1, 1)),
                (("112² × 16", "bottleneck", "6", "24", "2", "2"), _blocks(2, 3)),
                (("56² × 24", "bottleneck", "6", "32", "3", "2"), _blocks(4, 6)),
                (("28² × 32", "bottleneck", "6", "64", "4", "2"), _blocks(7, 10)),
                (("14² × 64", "bottleneck", "6", "96", "3", "1"), _blocks(11, 13)),
                (("14² × 96", "bottleneck", "6", "160", "3", "2"), _blocks(14, 16)),
                (("7² × 160", "bottleneck", "6", "320", "1", "1"), _blocks(17, 17)),
                (("7² × 320", "conv2d 1x1", "-", "1280", "1", "1"), ("last",)),
                (("7² × 1280", "avgpool 7x7", "-", "-", "1", "-"), ("pool",)),
                (("1 × 1 × 1280", "conv2d 1x1", "-", "k", "-", ""), ("classifier",)),
            ),
            start=1,
        )
    ),
)


def _memory(model: str, name: str, printed: tuple[tuple[str, str], ...]) -> Table:
    """Table 3's column of one network: each cell, "64/1600", is channels and memory."""
    sides = (112, 56, 28, 14, 7, 1)
    return Table(
        source="v2",
        name="3",
        title=f"Channels and memory (Kb) to keep at each resolution: {name}",
        network=Network(model=model),
        columns=(
            Column(name=f"{name}, channels", how="channels"),
            Column(name=f"{name}, Kb", how="kilobytes", zeros=True),
        ),
        rows=(
            *(
                Row(name=f"{side}x{side}", printed=pair, parts=(str(side),))
                for side, pair in zip(sides, printed, strict=False)
            ),
            Row(name="max", printed=printed[-1]),
        ),
    )


MEMORY = (
    _memory(
        "v1",
        "MobileNetV1",
        (
            ("64", "1600"),
            ("128", "800"),
            ("256", "400"),
            ("512", "200"),
            ("1024", "199"),
            ("1024", "2"),
            ("", "1600K"),
        ),
    ),
    _memory(
        "v2",
        "MobileNetV2",
        (
            ("16", "400"),
            ("32", "200"),
            ("64", "100"),
            ("160", "62"),
            ("320", "32"),
            ("1280", "2"),
            ("", "400K"),
        ),
    ),
    Table(
        source="v2",
        name="3",
        title="Channels and memory (Kb) to keep at each resolution: ShuffleNet (2x, g=3)",
        columns=(Column(name="ShuffleNet, channels/Kb", quoted=OTHER_NETWORK),),
        rows=tuple(
            Row(name=name, printed=(printed,))
            for name, printed in (
                ("112x112", "32/800"),
                ("56x56", "48/300"),
                ("28x28", "400/600K"),
                ("14x14", "800/310"),
                ("7x7", "1600/156"),
                ("1x1", "1600/3"),
                ("max", "600K"),
            )
        ),
    ),
)

RESULTS = Table(
    source="v2",
    name="4",
    title="Performance on ImageNet",
    columns=(
        Column(name="Top 1"),
        Column(name="Params", how="params", unit=MILLION),
        Column(name="MAdds", how="macs", unit=MILLION),
        Column(name="CPU", quoted=LATENCY),
    ),
    rows=(
        Row(name="MobileNetV1", printed=("70.6", "4.2M", "575M", "113ms"), network=V1),
        Row(name="ShuffleNet (1.5)", printed=("71.5", "3.4M", "292M", "-"), quoted=OTHER_NETWORK),
        Row(name="ShuffleNet (x2)", printed=("73.7", "5.4M", "524M", "-"), quoted=OTHER_NETWORK),
        Row(name="NasNet-A", printed=("74.0", "5.3M", "564M", "183ms"), quoted=OTHER_NETWORK),
        Row(name="MobileNetV2", printed=("72.0", "3.4M", "300M", "75ms"), network=V2),
        Row(
            name="MobileNetV2 (1.4)",
            printed=("74.7", "6.9M", "585M", "143ms"),
            network=Network(model="v2", width=1.4),
        ),
    ),
)

TABLES = (BODY, *MEMORY, RESULTS)
