"""Every Python block of README and docs runs, in order, page by page; every command in them parses."""

import ast
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import npmobilenet as nm
from npmobilenet.cli import VERBS, _parser, main
from tests.commands import ROOT

PAGES = sorted([ROOT / "CONTRIBUTING.md", *ROOT.glob("README*.md"), *ROOT.glob("docs/**/*.md")])


def blocks(page: Path, language: str) -> list[tuple[int, str]]:
    """(line, text) of the fenced blocks of one language."""
    text = page.read_text(encoding="utf-8")
    found = re.finditer(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return [(text[: match.start()].count("\n") + 2, match.group(1)) for match in found]


def lay_tables(page: Path, folder: Path) -> bool:
    """Write the TOML blocks whose first line is a file's name; whether there are any."""
    named = {text: re.match(r"# ([\w-]+\.toml)\n", text) for _, text in blocks(page, "toml")}
    for text, name in named.items():
        if name:
            (folder / name[1]).write_text(text, encoding="utf-8")
    return any(named.values())


def statements(page: Path) -> list[str]:
    """What its Python blocks do, block by block: comments are not statements."""
    return [ast.dump(ast.parse(code)) for _, code in blocks(page, "python")]


def translated(page: Path) -> bool:
    """Whether another page, which runs, has the very statements."""
    original = page.with_name(re.sub(r"\.zh(-CN)?\.md$", ".md", page.name))
    return original != page and statements(original) == statements(page)


@pytest.mark.parametrize(
    "page", [p for p in PAGES if blocks(p, "python") and not translated(p)], ids=lambda p: p.name
)
def test_python_blocks_run(page, capsys, tmp_path, monkeypatch):
    """The blocks of a page share their names, as a reader who types them one after another would."""
    if page.stem.split(".")[0] in ("performance", "microkernels", "12-fast"):  # of compiled code
        pytest.importorskip("numba")
    monkeypatch.chdir(tmp_path)  # some write files
    lay_tables(page, tmp_path)
    names: dict[str, object] = {}
    for line, code in blocks(page, "python"):
        exec(compile("\n" * (line - 1) + code, str(page), "exec"), names)
    if page.name == "README.md":  # what its comment promises is what is printed
        printed = capsys.readouterr().out.strip()
        assert f"# {printed}" in page.read_text(encoding="utf-8")


def test_readme_example_is_short():
    (_, code), *others = blocks(ROOT / "README.md", "python")
    statements = [line for line in code.splitlines() if line.strip()]
    assert not others
    assert len(statements) <= 15


def commands(page: Path) -> list[list[str]]:
    """The words after `npmobilenet` of every such line."""
    lines = [line for _, text in blocks(page, "sh") for line in text.splitlines()]
    return [words[1:] for line in lines if (words := shlex.split(line))[:1] == ["npmobilenet"]]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_commands_work(page, capsys, tmp_path, monkeypatch):
    """Each line is accepted by the program's own parser; those that need no data run.

    What a page's commands have made is not there: only its tables of networks are.
    """
    if lay_tables(page, tmp_path):
        monkeypatch.chdir(tmp_path)
    for words in commands(page):
        assert _parser(words).verb in VERBS, words
        if words[0] in ("cost", "summary") and not words[1].startswith("runs/"):
            assert main(words) == 0
            assert capsys.readouterr().out


def furnish(folder: Path, extra_data: Path) -> dict[str, str]:
    """Put the files that the pages speak of into a folder; what has to be in the environment.

    The photographs are real. Weights of others are made here, under the names that the pages use.
    """
    import torch

    photos = extra_data / "data" / "flower_photos"
    (folder / "flower_photos").symlink_to(photos)
    for name, kind in (("rose.jpg", "roses"), ("tulip.png", "tulips")):
        first = min((photos / "val" / kind).glob("*.jpg"))
        Image.open(first).save(folder / name)
    v2 = nm.plan("v2", dialect="torchvision")
    nm.export_weights(v2, nm.init(v2, 0), folder / "mobilenet_v2-b0353104.pth", "torchvision")
    mine = nm.plan("v2", width=0.35, classes=3, dialect="keras")
    nm.export_weights(mine, nm.init(mine, 0), folder / "model.h5", "keras")
    (folder / "names.txt").write_text("cat\ndog\nhorse\n")
    flowers = nm.plan("v1", classes=2, resolution=224, dialect="tutorial-a")
    state = nm.weights.FAMILIES["tutorial-a"].outgoing(flowers, nm.init(flowers, 0))
    torch.save({k: torch.tensor(v) for k, v in state.items()}, folder / "mobilenetV1.pth")
    (folder / "class_indices.json").write_text('{"0": "daisy", "1": "roses"}')
    shutil.copy(extra_data / "weights" / "mobilenet_v1_0.25_128_quant.tflite", folder)
    cache = folder / "cache" / "keras"  # an official file that was fetched before
    cache.mkdir(parents=True)
    real = extra_data / "weights" / "keras_mobilenet_v1_0.25_224_imagenet.h5"
    shutil.copy(real, cache / "mobilenet_2_5_224_tf.h5")
    return {"NPMOBILENET_WEIGHTS": str(folder / "cache")}


# first-hour.md has a test of its own, in an environment of its own
TYPED = [p for p in PAGES if commands(p) and p.name != "first-hour.md"]


@pytest.mark.long
@pytest.mark.parametrize("page", TYPED, ids=lambda p: p.name)
def test_every_command_runs(page, extra_data, tmp_path):
    """All of a page's commands, one after another, in a folder with the files they speak of.

    A page that speaks of my_ops.py without having made it finds a new one, in which a single function
    is written: checks of the others end with 1.
    """
    environment = os.environ | furnish(tmp_path, extra_data)
    lay_tables(page, tmp_path)
    lines, mine = commands(page), tmp_path / "my_ops.py"
    if not any(words[:2] == ["exercises", "new"] for words in lines):
        assert main(["exercises", "new", str(mine)]) == 0
        with mine.open("a", encoding="utf-8") as file:
            file.write("\n\ndef relu6(x):\n    return x.clip(0, 6)\n")
    for words in lines:
        done = subprocess.run(
            [sys.executable, "-m", "npmobilenet", *words],
            cwd=tmp_path, capture_output=True, text=True, check=False, env=environment,
        )  # fmt: skip
        unwritten = words[:2] == ["exercises", "check"] and "not yet" in done.stdout
        assert done.returncode == int(unwritten), (words, done.stdout, done.stderr)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
        assert target.startswith("https://") or (page.parent / target).exists(), target


def test_readme_commands_are_the_same_in_both_languages():
    english, chinese = (
        (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh-CN.md")
    )
    commands = re.findall(r"^python3 -m venv .*$", english, re.MULTILINE)
    assert len(commands) == 2
    assert all(command in chinese for command in commands)
    shell = r"^```sh\n(.*?)^```$"
    assert re.findall(shell, chinese, re.S | re.M) == re.findall(shell, english, re.S | re.M)


def test_readme_has_the_same_figures_in_both_languages():
    """And leads to the same pages: a translation that lags behind is noticed."""
    english, chinese = (
        (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh-CN.md")
    )
    # a picture of a page in its own language, and pages that are there in Chinese
    chinese = chinese.replace("-zh-", "-en-").replace(".zh.md)", ".md)")
    for pattern in (r"\d[\d,.]*\d|\d", r"\]\(([^)]*)\)"):
        lacking = Counter(re.findall(pattern, english)) - Counter(re.findall(pattern, chinese))
        assert set(lacking) <= {"README.zh-CN.md"}


def test_readme_picture_is_the_tour_s(quick_tour):
    """The picture in README is what the code draws today (rounding may differ between CPUs)."""
    folder, _ = quick_tour
    shown, drawn = (
        np.asarray(Image.open(file), np.int64)
        for file in (ROOT / "docs/pictures/convolutions.png", folder / "tour/convolutions.png")
    )
    assert shown.shape == drawn.shape
    assert np.abs(shown - drawn).max() <= 2
