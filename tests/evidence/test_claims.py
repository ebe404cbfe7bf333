"""Claims: each has a verdict that follows from numbers computed when it is asked for."""

import ast
import csv
import inspect
import io
import json
import string
import textwrap
from fractions import Fraction

import pytest

from npmobilenet import cli
from npmobilenet.evidence.claims import SOURCES, VERDICTS, Finding, check, totals
from npmobilenet.evidence.claims.claim import Checked, Claim, Listing
from npmobilenet.evidence.claims.counting import cuts, rounds
from npmobilenet.evidence.claims.page import COLUMNS, page
from tests.commands import ROOT

CLAIMS = [claim for source in SOURCES.values() for claim in source.claims]


@pytest.fixture(scope="module")
def found() -> list[Checked]:
    """All claims judged, once."""
    return check()


def test_every_source_is_judged(found: list[Checked]) -> None:
    assert [checked.claim for checked in found] == CLAIMS
    assert len({claim.name for claim in CLAIMS}) == len(CLAIMS) > 100
    assert set(SOURCES) >= {*(f"tutorial-{x}" for x in "abcde"), "v1", "v2", "v3", "keras", "tf"}
    assert all(source.claims for source in SOURCES.values())


def test_every_claim_has_verdict_and_evidence(found: list[Checked]) -> None:
    """The evidence shows every number of the finding and at least one."""
    for checked in found:
        finding = checked.finding
        shown = {name for _, name, _, _ in string.Formatter().parse(finding.evidence) if name}
        assert shown == set(finding.numbers) != set(), checked.claim.name
        assert any(character.isdigit() for character in finding.text), checked.claim.name
        assert finding.verdict in VERDICTS
        assert all(type(holds) is bool for holds in finding.parts.values()), checked.claim.name


def test_each_verdict_occurs(found: list[Checked]) -> None:
    assert sum(totals(found).values()) == len(found)
    assert min(totals(found).values()) > 0


@pytest.mark.parametrize(
    ("holds", "cases", "verdict"),
    [
        ((True,), False, "right"),
        ((True, True), True, "right"),
        ((False, False), True, "wrong"),
        ((True, False), False, "half right"),
        ((True, False), True, "depends"),
    ],
)
def test_the_verdict_follows_from_the_parts(
    holds: tuple[bool, ...], cases: bool, verdict: str
) -> None:
    parts = {str(number): part for number, part in enumerate(holds)}
    assert Finding({"n": 1}, "{n}", parts, cases).verdict == verdict


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.name)
def test_no_part_is_a_constant(claim: Claim) -> None:
    """No True or False is written where a part of a statement is judged."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(claim.judge)))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    findings = [call for call in calls if getattr(call.func, "id", "") == "Finding"]
    for finding in findings:
        judged = ast.walk(finding.args[2])
        assert not any(isinstance(x, ast.Constant) and isinstance(x.value, bool) for x in judged)


@pytest.mark.parametrize(
    ("value", "printed", "rounded", "cut"),
    [(Fraction("1.95"), "1.9", False, True), (Fraction("1.95"), "2.0", True, False),
     (568.74, "569", True, False), (2, "2", True, True), (149.4976, "150", False, False)],
)  # fmt: skip
def test_printed_numbers(value: Fraction | float, printed: str, rounded: bool, cut: bool) -> None:
    assert (rounds(value, printed), cuts(value, printed)) == (rounded, cut)


def test_the_page_is_current(found: list[Checked]) -> None:
    """docs/claims.md is what `npmobilenet claims --markdown` prints today."""
    assert (ROOT / "docs/claims.md").read_text(encoding="utf-8") == page(found)


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["claims", "--source", "v1", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert list(document) == ["claims", "totals"]
    assert list(document["totals"]) == list(VERDICTS)
    assert sum(document["totals"].values()) == len(document["claims"]) == len(SOURCES["v1"].claims)
    for claim in document["claims"]:
        keys = ["name", "source", "claim", "verdict", "evidence", "parts", "numbers"]
        assert list(claim) == keys
        assert claim["source"] == "v1"
    by_name = {claim["name"]: claim for claim in document["claims"]}
    stem = by_name["v1.stem-share"]
    assert (stem["verdict"], stem["parts"]) == ("wrong", {"1.19 %": False})
    assert (stem["numbers"]["stem"], stem["numbers"]["all"]) == (10_838_016, 568_740_352)
    assert by_name["v1.ratio"]["numbers"]["found"] == ["73/576", "521/4608", "1049/25600"]


def test_csv_and_markdown(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["claims", "--source", "keras", "--csv"]) == 0
    head, *lines = csv.reader(io.StringIO(capsys.readouterr().out))
    assert tuple(head) == COLUMNS
    assert [line[0] for line in lines] == [claim.name for claim in SOURCES["keras"].claims]
    assert cli.main(["claims", "--source", "keras", "--markdown"]) == 0
    printed = capsys.readouterr().out
    assert f"## {SOURCES['keras'].title}" in printed
    assert f"## {SOURCES['v1'].title}" not in printed


def test_drawn(capsys: pytest.CaptureFixture[str]) -> None:
    """Long cells are wrapped, not cut, and brackets are not taken for rich's markup."""
    assert cli.main(["claims", "--source", "tutorial-d"]) == 0
    printed = capsys.readouterr().out
    assert "…" not in printed
    assert "torch.Size([1" in printed
    assert "9 claims: " in printed


def test_unknown_source(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        cli.main(["claims", "--source", "v9"])
    assert end.value.code == 2
    assert "invalid choice: 'v9'" in capsys.readouterr().err
    with pytest.raises(ValueError, match=r"source must be one of tutorial-a.*found 'v9'"):
        check("v9")


def test_listing() -> None:
    assert f"{Listing(values=(1000, 2), spec=',')} {Listing(values=(1.5,)):.2f}" == "1,000, 2 1.50"
