"""The book: short pages, code included by object, alike in both languages, states that exist."""

import ast
import re
from pathlib import Path
from urllib.parse import parse_qsl

import pytest

import npmobilenet as nm
from tests.commands import ROOT

BOOK = ROOT / "docs/book"
PAGES = sorted(BOOK.glob("*.md"))
CHINESE = [page for page in PAGES if page.name.endswith(".zh.md")]
TWINS = [*CHINESE, ROOT / "docs/tutorials.zh.md"]
FENCE = re.compile(r"^```[^\n]*\n.*?^```$", re.DOTALL | re.MULTILINE)


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_a_page_is_short(page: Path) -> None:
    assert len(text_of(page).splitlines()) <= 150


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_included_code_is_there(page: Path) -> None:
    """What a page includes by object or by line is found in the file that it names."""
    for file, options in re.findall(
        r"^```\{literalinclude\} (\S+)\n(.*?)^```$", text_of(page), re.S | re.M
    ):
        source = (page.parent / file).read_text(encoding="utf-8")
        tree = ast.walk(ast.parse(source))
        defined = {node.name for node in tree if isinstance(node, ast.FunctionDef | ast.ClassDef)}
        for option, value in re.findall(r"^:([\w-]+): (.*)$", options, re.M):
            if option == "pyobject":
                assert value.split(".")[-1] in defined, (file, value)
            elif option in ("start-at", "start-after", "end-at", "end-before"):
                assert value in source, (file, value)


@pytest.mark.parametrize("page", TWINS, ids=lambda p: p.name)
def test_chinese_pages_follow_the_english_ones(page: Path) -> None:
    """The same blocks of code and the same figures in the same order, and as many headings."""
    english, chinese = text_of(page.with_name(page.name.replace(".zh.", "."))), text_of(page)
    assert FENCE.findall(chinese) == FENCE.findall(english)
    figures = [re.findall(r"!\[[^\]]*\]\(([^)]*)\)", text) for text in (english, chinese)]
    assert [figure.replace(".zh.", ".") for figure in figures[1]] == figures[0]
    plain = [FENCE.sub("", text) for text in (english, chinese)]
    headings = [re.findall(r"^(#+) ", text, re.M) for text in plain]
    assert headings[1] == headings[0]


@pytest.mark.parametrize("page", TWINS, ids=lambda p: p.name)
def test_chinese_punctuation_is_full_width(page: Path) -> None:
    """And numbers of three digits and more are those of the English page."""
    english, chinese = (
        FENCE.sub("", text_of(one))
        for one in (page.with_name(page.name.replace(".zh.", ".")), page)
    )
    assert not re.findall(
        r"[\u4e00-\u9fff] ?[,;:?!](?!\d)|[\u4e00-\u9fff]\((?!https?:|[\w./-]+\.md)", chinese
    )
    long_numbers = [set(re.findall(r"\d[\d,]{2,}\d", text)) for text in (english, chinese)]
    assert long_numbers[0] == long_numbers[1]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_states_of_the_explorer_exist(page: Path) -> None:
    """A link opens one of the seven views, at layers that the network has."""
    for name, state in re.findall(r"\{explorer\}`[^`<]*<([\w-]+)#([^>`]*)>`", text_of(page)):
        plan = nm.load(name).plan
        said = dict(parse_qsl(state))
        assert said["v"] in "1234567", state
        for key in ("l", "bl"):
            assert key not in said or plan[said[key]], state
        if "block" in said:
            assert any(layer.name.startswith(f"{said['block']}.") for layer in plan.layers), state
        assert said.get("lang", "en") == ("zh" if page in CHINESE else "en"), state


@pytest.mark.parametrize("name", ["faq.md", "faq.zh.md"])
def test_an_answer_is_short(name: str) -> None:
    """At most eight lines, with a number, and where it was asked."""
    for answer in text_of(BOOK / name).split("\n## ")[1:]:
        _, *lines = FENCE.sub("", answer).strip().splitlines()
        assert sum(bool(line.strip()) for line in lines) <= 8
        assert re.search(r"\d", "".join(lines))
        assert "](https://github.com/" in answer
