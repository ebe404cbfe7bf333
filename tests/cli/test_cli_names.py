"""Names that nobody chose: on a terminal they are text, in JSON they are true, and never two alike."""

import csv
import io
import json
import tomllib
from typing import Any

import pytest
from rich.console import Console
from rich.text import Text

from npmobilenet.cli import main
from npmobilenet.cli.common import json_text
from npmobilenet.tables import Inert, as_html, as_text, csv_text, table
from npmobilenet.text import displayed, in_a_line, markdown, toml_value, visible

HARM = "x\x1b[31m\x9b1m\x7f\u202ey\u2066"


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("two words, é, 玫瑰", "two words, é, 玫瑰"),
        ("a\nb\x1b\x7f\x9b", "a\\nb\\x1b\\x7f\\x9b"),
        ("a\u202eb\u2066", "a\\u202eb\\u2066"),
        ("a\u200bb\u00a0c\u00ad\u3164", "a\\u200bb\\xa0c\\xad\\u3164"),
        ("a\u200db", "a\\u200db"),
        ("👩\u200d👧 ❤\ufe0f\u200d🔥", "👩\u200d👧 ❤\ufe0f\u200d🔥"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("👩\u200d\u200d👧", "👩\u200d\\u200d👧"),
        ("caf\udce9", "caf\\xe9"),
    ],
)
def test_what_commands_turns_or_hides_is_written_out(name: str, seen: str) -> None:
    assert visible(name) == seen


def test_long_names_lose_their_middle_and_stay_apart() -> None:
    one, two = ("n" * 5_000_000 + end + "n" * 5_000_000 for end in "ab")
    assert displayed(one) != displayed(two)
    assert len(displayed(one)) < 250
    assert "10,000,001 characters" in displayed(one)


def test_json_and_toml_have_the_true_name_in_escapes() -> None:
    name = f"{HARM}é\u200b\U000e0041"
    text = json_text({"class": name, "loss": float("nan")})
    assert json.loads(text) == {"class": name, "loss": None}
    assert "é" in text
    assert tomllib.loads(f"a = {toml_value(name)}") == {"a": name}
    assert all(c.isprintable() or c == "\n" for c in text + toml_value(name))


def test_a_spreadsheet_computes_nothing() -> None:
    cells = ["=1+1", "+x", "-x", "@x", "-1.5", "-", "1e3", "a"]
    rows = list(csv.reader(io.StringIO(csv_text(("a",), [(cell,) for cell in cells]))))
    found = [row[0] for row in rows[1:]]
    assert found == ["'=1+1", "'+x", "'-x", "'@x", "-1.5", "-", "1e3", "a"]


def test_markdown_has_no_markup() -> None:
    assert markdown("a|b <i> `c` [d](e) $f$ _g_ h_i") == (
        "a\\|b &lt;i> \\`c\\` \\[d\\](e) \\$f\\$ \\_g\\_ h_i"
    )


@pytest.mark.parametrize("cell", [HARM, Text(HARM)])
def test_tables_and_consoles_are_inert(cell: Any) -> None:
    drawn = table(("class",), [(cell,)], title=HARM)
    text = as_text(drawn, HARM)
    assert all(c.isprintable() or c == "\n" for c in text)
    assert "\\x1b[31m" in text
    plain = Console(file=io.StringIO(), width=80, color_system=None)
    plain.print(Text(HARM))
    assert "\x1b" in plain.file.getvalue()  # type: ignore[attr-defined] # rich alone lets it through
    styled = Inert(file=io.StringIO(), width=80, force_terminal=True, markup=False)
    styled.print(HARM, style="bold")
    assert "\x1b[1m" in styled.file.getvalue()  # type: ignore[attr-defined] # its own styles stay
    assert "x\x1b" not in styled.file.getvalue()  # type: ignore[attr-defined]
    assert "\u202e" not in as_html(table((HARM,), []), HARM)


@pytest.mark.parametrize(
    "words",
    [
        ["cost", "--\x1b[31m\u202e"],
        ["cost", f"a\nb{HARM}"],
        ["train", f"/no/a\nb{HARM}", "--width", "\x1b"],
        ["predict", "x", "--weights", f"a\nb{HARM}"],
        ["summary", "v1", "--graph", f"no/a\nb{HARM}"],
    ],
)
def test_the_command_s_own_words_in_its_complaints(words: list[str], capsys: Any) -> None:
    try:
        code = main(words)
    except SystemExit as error:
        code = int(error.code or 0)
    out, err = capsys.readouterr()
    assert (code in (1, 2), out) == (True, "")
    assert all(c.isprintable() or c == "\n" for c in err)
    assert err.count("\n") == 1 or (code == 2 and err.startswith("usage: "))


def test_a_word_s_line_ends_are_no_ends_of_lines() -> None:
    said = in_a_line("/x/a\nb: no such file", ["cost", "/x//a\nb"])
    assert said == "/x/a\\nb: no such file"


@pytest.mark.parametrize("value", ["", " ", "--"])
@pytest.mark.parametrize("option", ["--output", "--epochs", "--data-that-is-none"])
def test_an_option_without_a_value_is_refused(option: str, value: str, capsys: Any) -> None:
    with pytest.raises(SystemExit) as error:
        main(["tour", f"{option}={value}"])
    assert error.value.code == 2
    assert ": error: " in capsys.readouterr().err
