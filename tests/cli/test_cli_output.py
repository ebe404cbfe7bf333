"""What the verbs print, wherever it goes: any width, any code page, a closed or a full output."""

import csv
import io
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from rich.console import Console

from npmobilenet import cli
from npmobilenet.cli import streams
from npmobilenet.cli.progress import ConsoleReporter
from npmobilenet.training.run.history import Status

TABLES = [
    "cost v1",
    "cost v1 --params",
    "cost v3-small --convention all",
    "cost v3-small --convention fvcore",
    "cost v3-small --explain paper fvcore",
    "cost v1 --training",
    "papers v3 --table 9",
    "claims --source v1",
    "ratio --k 3 --m 512 --n 512 --df 14 --alpha 0.75 --rho 5/7",
    "sweep v1",
    "memory v2",
    "summary v3-large --layers",
    "dialects v3",
    "dialects v1 paper keras timm",
    "models",
    "recipes",
    "weights list",
]
NUMBER = re.compile(r"\d[\d,.]*\d|\d")


def printed(capsys: pytest.CaptureFixture[str], words: str) -> str:
    assert cli.main(words.split()) == 0
    return capsys.readouterr().out


def plain(text: str) -> str:
    """Without a terminal's sequences."""
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text)


def numbers(text: str) -> set[str]:
    return set(NUMBER.findall(text))


@pytest.mark.parametrize("words", TABLES)
def test_no_number_is_cut_on_any_terminal(
    words: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On narrow terminals lines are not longer, and every number is there that is there on a wide one."""
    for name, value in {"TTY_COMPATIBLE": "1", "NO_COLOR": "1", "TERM": "xterm"}.items():
        monkeypatch.setenv(name, value)
    wide = set()
    for columns in (300, 100, 80, 60):
        monkeypatch.setenv("COLUMNS", str(columns))
        text = plain(printed(capsys, words))
        wide = wide or numbers(text)
        assert "…" not in text
        assert max(map(len, text.splitlines())) <= columns
        assert wide <= numbers(text)


# what of a document repeats the question, or is said to stand there alone: "left out, and in --json"
ASKED = {"width", "resolution", "classes"}
ANNOUNCED = {
    "cost v1": {"macs", "params"},  # of layers without multiplications
    "cost v1 --params": set(),
    "summary v3-large --layers": set(),
    "memory v2": {"kept"},
    "ratio --k 3 --m 512 --n 512 --df 14 --alpha 0.75 --rho 5/7": {"scaled"},
    "dialects v3": {"stem_stride", "resolution"},
    "dialects v1 paper keras timm": {
        "stem_stride", "gate_slope", "v3_small_head", "classes", "resolution",
    },
    "models": {"bytes"},
    "weights list": {"classes", "preprocessing"},
}  # fmt: skip


def leaves(document: Any, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], float]]:
    """Every number of a document, with the names that lead to it."""
    if isinstance(document, dict):
        return [leaf for name, value in document.items() for leaf in leaves(value, (*path, name))]
    if isinstance(document, list):
        return [leaf for value in document for leaf in leaves(value, path)]
    known = isinstance(document, int | float) and not isinstance(document, bool)
    return [(path, document)] if known else []


def stands(value: float, found: set[str]) -> bool:
    """Whole, or as the fraction or percentage that is drawn of it."""
    if isinstance(value, int):
        return str(value) in found
    return any(
        abs(float(text) - part * value) <= 0.51 * 10.0 ** -len(text.partition(".")[2])
        for text in found
        for part in (1, 100)
    )


@pytest.mark.parametrize("words", TABLES)
def test_every_number_of_the_document_is_drawn_or_announced(
    words: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"TTY_COMPATIBLE": "1", "NO_COLOR": "1", "TERM": "xterm"}.items():
        monkeypatch.setenv(name, value)
    document = json.loads(printed(capsys, f"{words} --json"))
    for columns in (60, 80, 100, 300):
        monkeypatch.setenv("COLUMNS", str(columns))
        text = plain(printed(capsys, words))
        found = set(re.findall(r"\d+(?:\.\d+)?", text.replace(",", "")))
        missing = {path for path, value in leaves(document) if not stands(value, found)}
        names = {name for path in missing for name in path}
        for path in missing:
            known = {*path} & (ANNOUNCED.get(words, set()) | ASKED)
            assert known, f"{words} at {columns}: {'.'.join(path)}"
        if names & ANNOUNCED.get(words, set()):
            assert re.search(r"left out, and in (--csv and )?--json: \w", " ".join(text.split()))


@pytest.mark.parametrize("words", ["cost v1 --training", "sweep v1", "cost v1 --convention thop"])
def test_a_narrow_table_has_all_cells_of_the_csv(
    words: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, *rows = csv.reader(io.StringIO(printed(capsys, f"{words} --csv")))
    cells = [cell for row in rows if row[0] != "total" for cell in row]
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setenv("COLUMNS", "60")
    drawn = plain(printed(capsys, words)).replace(",", "").split()
    assert {cell for cell in cells if cell.isdecimal()} <= set(drawn)


@pytest.mark.parametrize("width", [40, 80, 120])
def test_a_bar_leaves_out_whole_figures(width: int) -> None:
    """What there is no room for is not shown; what is shown is not cut."""
    status = Status(
        epoch=12, epochs=300, step=1234, steps=5678, loss=0.693, accuracy=0.5, lr=0.1,
        images=79_000, seconds=500.0, waited=5.0,
    )  # fmt: skip
    out = Console(
        file=io.StringIO(), width=width, height=25, force_terminal=True, legacy_windows=False
    )
    reporter = ConsoleReporter(out)
    reporter.step(status)
    out.print(reporter.bar.get_renderable())
    text = plain(out.file.getvalue())
    assert "epoch 12/300" in text
    assert "1234/5678" in text
    assert "…" not in text
    assert ("158 images/s" in text, "data wait 1%" in text) == (width > 80, width > 110)
    assert ("loss 0.693" in text) == (width > 40)


class Pipe(io.TextIOWrapper):
    """Standard output in a code page."""

    def __init__(self, encoding: str, errors: str = "strict") -> None:
        super().__init__(io.BytesIO(), encoding=encoding, errors=errors, newline="\n")

    def text(self) -> str:
        self.flush()
        return self.buffer.getvalue().decode(self.encoding)  # type: ignore[attr-defined]


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "gbk", "utf-8"])
def test_any_code_page_will_do(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every verb ends well; what the page lacks is written otherwise, and the stream is as it was."""
    more = ["cost v1 --markdown", "claims --source v1 --csv", "recipes v1-paper"]
    for words in more + [words for words in TABLES if len(words) < 12 or encoding == "ascii"]:
        out = Pipe(encoding)
        monkeypatch.setattr(sys, "stdout", out)
        assert cli.main(words.split()) == 0
        assert out.text().strip()
        assert out.errors == "strict"
    out = Pipe(encoding)
    monkeypatch.setattr(sys, "stdout", out)
    assert cli.main(TABLES[8].split()) == 0
    text = out.text()
    formula = {"ascii": "K*K*alphaM*D*D + alphaM*alphaN*D*D", "utf-8": "K·K·αM·D·D + αM·αN·D·D"}
    assert formula.get(encoding, "D + ") in text
    assert {"ascii": "(K^2 + N) / K^2N", "cp1252": "(K² + N) / K²N"}.get(encoding, "K") in text


def test_what_stands_for_a_character() -> None:
    """Like it where something is; else its number, so that two names stay two."""
    assert [streams.plain(c) for c in "é×—━│┌█⠋Åﬁ玫\udcff"] == [
        "e", "x", "-", "-", "|", "+", "#", "*", "A", "fi", "\\u73ab", "\\xff",
    ]  # fmt: skip
    assert [streams.plain(c) for c in "²³⁰ᵀα½"] == ["^2", "^3", "^0", "^T", "alpha", "\\xbd"]


def test_json_loses_nothing_in_any_code_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the page lacks is escaped as JSON does, and a program reads the same."""
    from npmobilenet.cli.common import print_json

    document = {"class": "玫瑰 ×", "file": "a\udcff.png", "loss": [None, 0.5]}
    for encoding in ("ascii", "cp1252", "utf-8"):
        out = Pipe(encoding)
        monkeypatch.setattr(sys, "stdout", out)
        print_json(document | {"loss": (float("nan"), 0.5)})
        assert json.loads(out.text()) == document
        words = ["predict", "“玫”.png", "--weights", "fashion-mnist", "--json"]
        monkeypatch.setattr(sys, "stdout", out := Pipe(encoding))
        assert cli.main(words) == 1
        assert json.loads(out.text())[0]["file"] == "“玫”.png"


def test_notes_that_nobody_reads_cost_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Standard error is a pipe whose reader is gone: the good image is named, the code tells."""
    gone = io.StringIO()
    monkeypatch.setattr(gone, "write", Mock(side_effect=BrokenPipeError))
    monkeypatch.setattr(sys, "stderr", gone)
    words = "predict nosuch.png ankle-boot --weights fashion-mnist"
    assert cli.main(words.split()) == 1
    assert capsys.readouterr().out.startswith("ankle-boot\n")


def test_without_outputs_the_work_is_done(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A scheduled task and a windowed program have neither; nobody hears of an error, but the code."""
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    assert cli.main(["cost", "v1", "--csv"]) == 0
    assert cli.main(["cost", "v1", "--width", "0"]) == 1
    assert cli.main(["models", "nosuch"]) == 1
    assert sys.stdout is None
    closed = open(tmp_path / "out", "w")  # noqa: SIM115
    closed.close()
    monkeypatch.setattr(sys, "stdout", closed)
    assert cli.main(["cost", "v1"]) == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is full")
def test_a_full_disk_is_a_line_and_a_code() -> None:
    """On standard output, and on both; in whole processes, for it shows when they end."""
    run = f'"{sys.executable}" -m npmobilenet'
    lines = [
        f"{run} recipes > /dev/full; echo $?",
        f"{run} --help > /dev/full; echo $?",
        f"{run} recipes nosuch > /dev/full 2> /dev/full; echo $? >&2",
    ]
    done = subprocess.run(["sh", "-c", "\n".join(lines)], capture_output=True, text=True)
    assert done.stdout.split() == ["1", "1"]
    assert done.stderr.splitlines() == [
        "npmobilenet recipes: No space left on device", "npmobilenet: No space left on device", "1",
    ]  # fmt: skip


@pytest.mark.parametrize("verb", ["", *cli.VERBS, "weights import", "weights list", "weights get"])
def test_help_fits_a_narrow_terminal(
    verb: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as end:
        cli.main([*verb.split(), "--help"])
    text = capsys.readouterr().out
    assert end.value.code == 0
    assert "example: npmobilenet " in text
    assert [line for line in text.splitlines() if len(line) > 80] == []
