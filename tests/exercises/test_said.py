"""The file that a learner begins with, hints, where solutions stand, and arrays as text."""

import ast
import re
from pathlib import Path

import numpy as np

from npmobilenet.exercises.exercise import EXERCISES, chosen
from npmobilenet.exercises.layout import (
    beside,
    blocks,
    chinese,
    index,
    number,
    signed,
    wide,
    wrapped,
)
from npmobilenet.exercises.mistakes import MISTAKES
from npmobilenet.exercises.mistakes.seen import returns
from npmobilenet.exercises.record import CHAPTERS, page
from npmobilenet.exercises.template import template
from tests.commands import ROOT, call


def test_the_template_is_complete() -> None:
    tree = ast.parse(template("my_ops.py"))
    functions = {n.name: n for n in tree.body if isinstance(n, ast.FunctionDef)}
    assert list(functions) == list(EXERCISES)
    for name, function in functions.items():
        assert tuple(a.arg for a in function.args.args) == EXERCISES[name].parameters
        assert ast.get_docstring(function)
        assert isinstance(function.body[-1], ast.Raise)
    assert max(map(len, template("my_ops.py").splitlines())) <= 100


def test_what_is_to_be_read_and_looked_at_is_there() -> None:
    """Views by the explorer's page, chapters by the book, where this copy has it."""
    views = re.findall(r"^### (\d) ", (ROOT / "docs/explorer.md").read_text("utf-8"), re.MULTILINE)
    assert {str(e.view) for e in EXERCISES.values()} <= set(views)
    pages = [page(chapter) for chapter in CHAPTERS]
    assert {page(e.chapter) for e in EXERCISES.values()} < set(pages)
    assert pages[0] == "docs/book/01-convolution.md"
    if (ROOT / "docs/book").is_dir():
        assert all((ROOT / path).is_file() for path in pages)


def test_hints_and_solutions(capsys) -> None:
    for exercise in chosen([]):
        for level in (1, 2, 3):
            code, out, _ = call(capsys, "exercises", "hint", exercise.short, level)
            assert code == 0
            assert (f"hint {exercise.short} {level + 1}" in out) == (level < 3)
            assert max(map(len, out.splitlines())) <= 80
        code, out, _ = call(capsys, "exercises", "solution", exercise.name)
        path, _, rest = out.partition(":")
        line, name = rest.split()
        assert (
            name.rpartition(".")[2]
            in Path(path).read_text(encoding="utf-8").splitlines()[int(line) - 1]
        )


def test_help_has_examples(capsys) -> None:
    for action in ("new", "check", "hint", "solution", "time", "graduate"):
        code, out, _ = call(capsys, "exercises", action, "--help")
        assert code == 0
        assert f"npmobilenet exercises {action} " in out
        assert max(map(len, out.splitlines())) <= 80


def test_layout() -> None:
    assert [number(v) for v in (37.0, 1 / 3, 1e-9, np.nan, -2.5)] == [
        "37",
        "0.3333",
        "1e-09",
        "nan",
        "-2.5",
    ]
    y, w = np.zeros((1, 2, 2, 1)), np.zeros((3, 3, 2, 1))
    assert index("y", y.shape, (0, 1, 0, 0)) == "y[1,0]"
    assert index("w", w.shape, (2, 1, 1, 0)) == "w[2,1,1]"
    assert index("y", (), ()) == "y"
    assert [block[0] for block in blocks("w", w)] == ["w[:,:,0,0]", "w[:,:,1,0]"]
    (one,) = blocks("y", np.array([[[[2.25, -1]]], [[[0.5, 10]]]]))  # images of one pixel
    assert one == ["y", "2.25  -1", "0.5   10"]
    assert index("y", (2, 1, 1, 2), (1, 0, 0, 1)) == "y[1,0,0,1]"
    (points,) = blocks("difference", np.array([[3.5, 0], [-12.25, 1]]), signed)
    assert points == ["difference", " +3.5    0", "-12.25  +1"]
    assert list(blocks("x", np.zeros((1, 9, 9, 1)))) == [["x", "(1 x 9 x 9 x 1 numbers)"]]
    many = beside([["a" * 30, "1"]] * 5, "  ")
    assert max(map(len, many)) <= 80
    assert len(many) == 8
    assert wrapped("y = ", ["1·a", "2·b"], "+", "= 3", 4) == ["y = 1·a + 2·b = 3"]
    assert max(map(len, wrapped("y = ", ["1·a"] * 40, "+", "= 3", 4))) <= 80


def test_chinese_breaks_where_it_may() -> None:
    """No mark is lost, none begins a line, and no word or formula's name is broken."""
    proof = "（在这个例子和另外 150 个例子中的 150 个里，数字与你的完全相同。）"
    word = re.compile(r"[A-Za-z0-9_]+")
    for sentence in {mistake.sentence[1] for mistake in MISTAKES}:
        lines = chinese(sentence + proof)
        assert "".join("".join(lines).split()) == "".join((sentence + proof).split())
        assert max(map(wide, lines)) <= 80
        assert [w for line in lines for w in word.findall(line)] == word.findall(sentence + proof)
        assert not any(line[1] in "，。；：、）”" for line in lines)
        assert not any(line[-1] in "（“" for line in lines)


def test_what_is_returned_is_said_in_chinese() -> None:
    said = {
        ("y", "a list", "an array of shape (1, 2) and type float64"): (
            "你返回的 y 是 list；应为形状为 (1, 2)、类型为 float64 的数组。"
        ),
        ("", "a tuple of 2", "a tuple of 3, (dx, dw, db)"): (
            "你返回的是含 2 项的 tuple；应为含 3 项的元组 (dx, dw, db)。"
        ),
        ("macs", "an array of objects", "a number"): (
            "你返回的 macs 是类型为 objects 的数组；应为一个数。"
        ),
        ("", "None", "a number"): "你返回的是 None，没有 `return` 的函数就是这样；应为一个数。",
        ("dp", "None", "a dict with a gradient for every name in p"): (
            "你返回的 dp 是 None；应为字典，p 里的每个名字都有一个梯度。"
        ),
    }
    assert {given: returns(*given)[1] for given in said} == said
