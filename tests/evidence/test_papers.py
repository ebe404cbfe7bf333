"""The published tables, cell by cell: what the verdicts are, and that a number stands behind each."""

import json
from collections import Counter
from fractions import Fraction

import pytest

import npmobilenet as nm
from npmobilenet import cli
from npmobilenet.evidence import SOURCES, all_cells, judged_papers, tally
from npmobilenet.evidence.cell import QUOTED
from npmobilenet.evidence.cell_counts import COUNTS, kept_channels
from npmobilenet.evidence.cell_texts import TEXTS
from npmobilenet.evidence.misprints import MISPRINTS
from npmobilenet.evidence.printed import read
from npmobilenet.evidence.rules import RULES
from npmobilenet.evidence.v1_report import paper_parts
from npmobilenet.evidence.verdict import MATCHES, MISPRINT, NOT_A_COUNT, OTHER, UNEXPLAINED
from npmobilenet.tables import as_text


def test_sums() -> None:
    """So many cells of each source, and verdicts; fewer than one in a hundred is unexplained."""
    cells = Counter(x.cell.source for x in judged_papers())
    assert cells == {
        "v1": 154,
        "v2": 122,
        "v3": 436,
        "v4": 796,
        "tf": 404,
        "keras": 200,
        "torchvision": 35,
        "timm": 15,
    }
    assert tally(judged_papers()) == {
        "matches": 1292,
        "other_convention": 117,
        "misprint": 30,
        "not_a_count": 706,
        "unexplained": 17,
    }


def test_unexplained() -> None:
    """These, and each says what was tried and what comes nearest."""
    found = [x for x in judged_papers() if x.verdict == UNEXPLAINED]
    assert [(*x.cell.place[:3], x.cell.printed) for x in found] == [
        ("v1", "12", "0.25 MobileNet-224", "45"),
        ("v1", "12", "0.5 MobileNet-128", "48"),
        ("v1", "12", "0.25 MobileNet-128", "15"),
        ("v2", "4", "MobileNetV1", "575M"),
        ("v2", "4", "MobileNetV2 (1.4)", "6.9M"),
        ("v2", "4", "MobileNetV2 (1.4)", "585M"),
        ("v3", "9", "large 224/1.25", "356"),
        ("v3", "9", "large 224/0.35", "40"),
        ("v3", "9", "large 224/0.35", "2.2"),
        ("v3", "9", "small 224/0.35", "12"),
        ("v4", "6", "MNv4-Conv-S", "3.8"),
        ("v4", "6", "MNv4-Conv-M", "9.2"),
        ("v4", "6", "MNv4-Conv-M", "1.0"),
        ("v4", "6", "MNv4-Conv-L", "31"),
        ("v4", "6", "MNv4-Conv-L", "5.9"),
        ("tf", "v3", "Small minimalistic (float)", "65"),
        ("keras", "v3", "mobilenet_v3_small_minimalistic_1.0_224", "65"),
    ]
    for x in found:
        assert x.why.startswith("nearest: ")
        assert len(x.tried) >= 5
        assert x.tried[0] == ("rounded", x.shown)


def test_places_are_unique_and_all_tables_are_there() -> None:
    """Every table that was promised, each cell once."""
    places = [cell.place for cell in all_cells()]
    assert len(set(places)) == len(places)
    tables = {source: {t.name for t in tables} for source, tables in SOURCES.items()}
    assert tables["v1"] >= {"1", "2", "3", "4", "5", "6", "7", "8", "12"}
    assert tables["v2"] == {"2", "3", "4"}
    assert tables["v3"] >= {"1", "2", "3", "9"}
    assert tables["v4"] == {"6", "11", "12", "14"}
    assert set(MISPRINTS) <= set(places)


def test_every_verdict_is_backed_by_a_number() -> None:
    """A count that is printed so, a rule that gives it, or evidence; recomputed here from the parts."""
    rules = {rule.name: rule for rule in RULES}
    for x in judged_papers():
        if x.verdict == NOT_A_COUNT:
            assert x.cell.how == QUOTED
            assert x.why
            continue
        assert x.counted not in (None, ""), x.cell
        if x.cell.how in TEXTS:
            assert (x.cell.printed in TEXTS[x.cell.how](x.cell)) == (x.verdict == MATCHES)
            continue
        printed = read(x.cell.printed, zeros=x.cell.zeros)
        assert x.counted == COUNTS[x.cell.how](x.cell)
        assert printed.is_of(Fraction(x.counted) / x.cell.unit) == (x.verdict == MATCHES)
        if x.verdict == OTHER:
            rule = rules[x.convention]
            assert printed.is_of(rule.count(x.cell) / x.cell.unit, cut=rule.cut)
            assert "; holds in " in x.why


def test_misprints_have_evidence() -> None:
    """Each says what is right, which is the count, and why; the list knows no cell that is right."""
    found = [x for x in judged_papers() if x.verdict == MISPRINT]
    assert {x.cell.place for x in found} == set(MISPRINTS)
    for x in found:
        assert x.right == x.shown != x.cell.printed
        assert any(character.isdigit() for character in x.why)


def test_which_conventions_explain_what() -> None:
    """The rules in use, and how often."""
    names = Counter(x.convention for x in judged_papers() if x.verdict == OTHER)
    assert names == {
        "tf-readme": 33,
        "cut off instead of rounded": 27,
        "keras": 10,
        "without gamma, cut off": 12,
        "without the stem": 8,
        "head of 1280": 7,
        "trainable parameters": 14,
        "all MACs times ρ²": 2,
        "with the average pooling": 2,
        "MB of 2²⁰ bytes": 1,
        "fvcore": 1,
    }


@pytest.mark.parametrize(
    ("text", "count", "shown", "cut"),
    [
        ("4.2", "4.25", "4.3", "4.2"),  # halves upwards
        ("569", "568.74", "569", "568"),
        ("3,504", "3503.5", "3,504", "3,503"),
        ("0.02%", "0.0205", "0.02", "0.02"),
        ("1600K", "1605.6", "1606", "1605"),
    ],
)
def test_printed_numbers(text: str, count: str, shown: str, cut: str) -> None:
    """A count is rounded, or cut off, at the last printed digit."""
    printed = read(text)
    assert printed.show(Fraction(count)) == shown
    assert printed.show(Fraction(count), cut=True) == cut
    assert printed.is_of(Fraction(count)) == (shown == text.rstrip("%"))


def test_zeros_of_rounding() -> None:
    """1600 may be 1605.6 where the column rounds so, but at least two digits are meant."""
    assert read("1600", zeros=True).is_of(Fraction("1605.632"))
    assert not read("200", zeros=True).is_of(Fraction("150.528"))
    assert not read("2", zeros=True).is_of(Fraction("2.56"))


@pytest.mark.parametrize(
    ("model", "channels"),
    [("v1", (64, 128, 256, 512, 1024, 1024)), ("v2", (16, 24, 32, 96, 320, 1280))],
)
def test_kept_channels(model: str, channels: tuple[int, ...]) -> None:
    """V2's Table 3 as it should be."""
    plan = nm.plan(model)
    assert tuple(kept_channels(plan, side) for side in (112, 56, 28, 14, 7, 1)) == channels


def test_v1_in_the_cost_verb() -> None:
    """Its tables show the paper's figures, ours and the misprint, for V1 as the paper has it."""
    text = as_text(*paper_parts(nm.cost(nm.plan("v1"))), width=140)
    for part in (
        "1.91 %",
        "1.19 %",
        "two digits are swapped",
        "99.29 %",
        "4,867,293,184",
        "73/576",
    ):
        assert part in text
    assert "Table 2" not in as_text(*paper_parts(nm.cost(nm.plan("v1", width=0.5))), width=140)


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    """Cells with these keys, and totals that count them."""
    assert cli.main(["papers", "v3", "--table", "9", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert list(document) == ["cells", "totals"]
    names = ["matches", "other_convention", "misprint", "not_a_count", "unexplained"]
    assert list(document["totals"]) == names
    found = Counter(cell["verdict"].replace(" ", "_") for cell in document["cells"])
    assert {name: found[name] for name in names} == document["totals"]
    assert len(document["cells"]) == 19 * 4
    first = ["source", "table", "row", "column", "printed", "verdict", "counted"]
    for cell in document["cells"]:
        assert list(cell)[:7] == first
        assert set(cell) - set(first) <= {
            "counted_as_printed",
            "convention",
            "right",
            "why",
            "tried",
        }
        assert (cell["counted"] is None) == (cell["verdict"] == "not a count")
    small = next(cell for cell in document["cells"] if cell["row"] == "small 224/1.0")
    assert small["printed"] == "67.5"


def test_the_other_formats(capsys: pytest.CaptureFixture[str]) -> None:
    """The drawn tables, CSV and Markdown say the same; an unknown table is one line."""
    for option, start in (("--csv", "source,table,row,"), ("--markdown", "| source | table |")):
        assert cli.main(["papers", "v1", "--table", "2", option]) == 0
        out = capsys.readouterr().out
        assert out.startswith(start)
        assert "two digits are swapped" in out
    assert cli.main(["papers", "v2"]) == 0
    out = capsys.readouterr().out
    assert "misprint: 100" in out
    assert "122 cells: 83 matches" in out
    assert cli.main(["papers", "v2", "--table", "99"]) == 1
    assert capsys.readouterr().err == (
        "npmobilenet papers: table must be one of 2, 3, 4, found '99'\n"
    )
