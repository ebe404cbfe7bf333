"""docs/claims.zh.md: the same claims, verdicts and numbers; nothing of the evidence stays English."""

import re
from collections import Counter
from string import Formatter

import pytest

from npmobilenet import cli
from npmobilenet.evidence.claims import SOURCES, VERDICTS, Checked, check, chinese
from npmobilenet.evidence.claims.page import page
from tests.commands import ROOT


@pytest.fixture(scope="module")
def found() -> list[Checked]:
    return check()


def numbers(template: str) -> tuple[Counter[str], Counter[str]]:
    """{name:spec} of each number that is put in, and the digits that stand in the template itself."""
    parts = list(Formatter().parse(template))
    fields = Counter(f"{name}:{spec}" for _, name, spec, _ in parts if name is not None)
    return fields, Counter(re.findall(r"\d[\d.,/]*\d|\d", " ".join(part[0] for part in parts)))


def test_every_claim_has_its_numbers(found: list[Checked]) -> None:
    for checked in found:
        said = chinese.template(checked.claim.name)
        english, translated = numbers(checked.finding.evidence), numbers(said)
        # a name may come twice where the sentence needs it twice, as in "3 of 5 rows"
        assert set(translated[0]) == set(english[0]), checked.claim.name
        assert translated[1] == english[1], checked.claim.name


def test_nothing_is_translated_that_is_not_there(found: list[Checked]) -> None:
    names = {checked.claim.name for checked in found}
    texts = chinese.texts()
    for source in SOURCES:
        assert {f"{source}.{claim}" for claim in texts[source]} <= names
    assert set(texts) == {*SOURCES, "titles", "words"}
    assert set(texts["titles"]) == set(SOURCES)
    assert tuple(chinese.VERDICTS) == VERDICTS


def test_evidence_is_chinese(found: list[Checked]) -> None:
    """No English word of a sentence is left, and no half-width comma between Chinese letters."""
    for checked in found:
        text = chinese.evidence(checked)
        left = re.findall(r"\b(?:to|and|of|the|is|not|are|in|with|at|from|channels)\b", text)
        assert not left, (checked.claim.name, text)
        assert not re.search(r"[\u4e00-\u9fff][,;:?!]", text), text


def test_the_page_is_current(found: list[Checked]) -> None:
    """docs/claims.zh.md is what `npmobilenet claims --markdown --lang zh` prints today."""
    chinese_page = page(found, "zh")
    assert (ROOT / "docs/claims.zh.md").read_text(encoding="utf-8") == chinese_page
    assert all(checked.claim.text.replace("|", "\\|") in chinese_page for checked in found)


def test_the_table_speaks_chinese_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["claims", "--source", "torchvision", "--lang", "zh"]) == 0
    out = capsys.readouterr().out
    assert "2 条说法：对 1，对一半 0，看情况 1，错 0。" in out
    assert "torchvision 的文档" in out
