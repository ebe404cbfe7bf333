"""Checking a learner's file from outside: what is printed, in which order, and for programs."""

import ast
import json
import os
import re
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import numpy as np
import pytest

from npmobilenet.cli import exercises
from npmobilenet.exercises.checking import Checked
from npmobilenet.exercises.checking import check as checked
from npmobilenet.exercises.document import document
from npmobilenet.exercises.exercise import EXERCISES, chosen
from npmobilenet.exercises.judging import Failure, judge
from npmobilenet.exercises.larger import larger_failure
from npmobilenet.exercises.parent import Observed
from npmobilenet.exercises.report import text as said_of
from tests.commands import ROOT, call, python

LOOPS = """
import numpy as np

def padded(x, K, L, stride, padding):
    if padding != "same":
        p = padding
        return np.pad(x, ((0, 0), (p, p), (p, p), (0, 0)))
    {same}

def depthwise_conv2d(x, w, stride, padding):
    K, L, M = w.shape
    x = padded(x, K, L, stride, padding)
    I, J = (x.shape[1] - K) // stride + 1, (x.shape[2] - L) // stride + 1
    y = np.zeros((len(x), I, J, M))
    for n in range(len(x)):
        for i in range(I):
            for j in range(J):
                for m in range(M):
                    for u in range(K):
                        for v in range(L):
                            y[n, i, j, m] += x[n, stride*i + u, stride*j + v, m] * w[u, v, m]
    return y

def pointwise_conv2d(x, w):
    return x @ w

def separable_cost(h, w, k, m, n, stride):
    return {cost}
"""
RIGHT = """
    H, W = x.shape[1:3]
    a = max((-(-H // stride) - 1) * stride + K - H, 0)
    b = max((-(-W // stride) - 1) * stride + L - W, 0)
    return np.pad(x, ((0, 0), (a // 2, a - a // 2), (b // 2, b - b // 2), (0, 0)))
"""
SYMMETRIC = "return np.pad(x, ((0, 0), (K // 2,) * 2, (L // 2,) * 2, (0, 0)))"
COST = "-(-h // stride) * -(-w // stride) * (k * k * m + m * n)"
WRONG = LOOPS.format(same=SYMMETRIC, cost="h * w * (k * k * m + m * n)")


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A learner's file, in the folder in which commands are given."""
    monkeypatch.chdir(tmp_path)
    return Path("my_ops.py")


@pytest.fixture(scope="module")
def wrong(tmp_path_factory: pytest.TempPathFactory) -> Checked:
    """What is to be said of the wrong file, found once; conv2d is missing."""
    file = tmp_path_factory.mktemp("wrong") / "my_ops.py"
    file.write_text(WRONG)
    return checked(file, chosen(["2", "depthwise", "pointwise", "separable_cost"]))


def check(
    capsys: pytest.CaptureFixture[str], file: Path, text: str, *words: str
) -> tuple[int, str]:
    """Exit code and what is printed by a check of that file."""
    file.write_text(text)
    code, out, err = call(capsys, "exercises", "check", file, *words)
    assert err == ""
    return code, out


def test_the_report_can_be_redone_by_hand(wrong) -> None:
    assert not wrong.right
    out = said_of(wrong.verdicts[1], "en", "my_ops.py")
    assert out.startswith(" depthwise_conv2d            wrong ")
    x = EXERCISES["depthwise_conv2d"].case("1x2x2x1,3x3,s2,same")
    a, b, c, d = (int(v) for v in x.arguments["x"].ravel())
    for line in (
        "The first case that fails: one image of 2 x 2, one channel, kernel 3 x 3,",
        'stride 2, padding "same".',
        f"expected   y[0,0] = {a}·w[0,0] + {b}·w[0,1] + {c}·w[1,0] + {d}·w[1,1] = ",
        f"yours      y[0,0] = {a}·w[1,1] + {b}·w[1,2] + {c}·w[2,1] + {d}·w[2,2] = ",
        "other cases.)",
        "Read: chapter 10, docs/book/10-dialects.md",
        "See: npmobilenet explore, view 5",
        "Hint: npmobilenet exercises hint depthwise",
        "Again: npmobilenet exercises check my_ops.py depthwise --case 1x2x2x1,3x3,s2,same",
    ):
        assert line in " ".join(out.split()) or line in out
    assert max(len(line) for line in out.splitlines() if "Again:" not in line) <= 80


def test_reasons_are_in_the_language_that_is_asked_for(capsys, file, monkeypatch) -> None:
    """And in that of LANG where none is."""
    text = "def relu6(x): return x.clip(0, 6, out=x)"
    _, asked = check(capsys, file, text, "relu6", "--lang", "zh")
    monkeypatch.delenv("LC_ALL", raising=False)
    monkeypatch.setenv("LC_MESSAGES", "zh_CN.UTF-8")
    _, usual = check(capsys, file, text, "relu6")
    assert "你的函数改动了 x" in asked
    assert "你的函数改动了 x" in usual
    monkeypatch.setenv("LC_MESSAGES", "de_DE.UTF-8")
    assert "Your function changes x" in check(capsys, file, text, "relu6")[1]


def test_json_says_the_same(wrong) -> None:
    found = json.loads(json.dumps(document(wrong)))
    assert not found["right"]
    conv, depthwise, pointwise, _ = found["functions"]
    assert [f["state"] for f in (conv, depthwise, pointwise)] == ["missing", "wrong", "right"]
    failure = depthwise["failure"]
    assert failure["case"] == "1x2x2x1,3x3,s2,same"
    assert failure["at"] == [0, 0, 0, 0]
    assert sorted(np.ravel(failure["arguments"]["x"])) == [1, 2, 3, 4]
    assert depthwise["mistake"].keys() == {"en", "zh"}
    assert 1 in depthwise["numbers"]
    same, others = depthwise["agreeing"]
    assert same == others >= 50
    assert pointwise["cases"] > 100
    assert "failure" not in pointwise


def test_one_case_again(capsys, file) -> None:
    words = ("depthwise", "--case", "1x2x2x1,3x3,s2,same")
    code, out = check(capsys, file, WRONG, *words)
    assert code == 1
    assert "1 case," in out
    code, out = check(capsys, file, LOOPS.format(same=RIGHT.strip(), cost=COST), *words)
    assert code == 0
    assert "right" in out


def test_right_functions_are_right(capsys, file) -> None:
    words = ("depthwise", "separable_cost")
    code, out = check(capsys, file, LOOPS.format(same=RIGHT.strip(), cost=COST), *words)
    assert code == 0
    assert out.count(" right ") == 2
    assert "my_ops.py: 2 right" in out
    assert "run on numbers that count" in out
    # 9·9·2 and 9·2·4: loops, and a product of whole arrays, both counted
    assert "234 multiplications, 64 of them with a zero of the padding" in " ".join(out.split())
    assert not (file.resolve().parent / ".hypothesis").exists()


def test_costs_are_counted_beside_a_wrong_formula(wrong) -> None:
    out = " ".join(said_of(wrong.verdicts[3], "en", "my_ops.py").split())
    assert "You multiply by the input's pixels" in out
    assert "234 multiplications, 64 of them with a zero of the padding" in out
    assert "Your separable_cost says 650." in out


def test_loops_that_leave_out_the_padding_are_said_to(capsys, file) -> None:
    """Sums of whole arrays into one of np.zeros are counted as well."""
    text = """
import numpy as np
def conv2d(x, w, b, stride, padding):
    (N, H, W, M), (K, L, M, O) = x.shape, w.shape
    y = np.zeros((N, -(-H // stride), -(-W // stride), O))
    for i in range(y.shape[1]):
        for j in range(y.shape[2]):
            for u in range(K):
                for v in range(L):
                    h, q = stride * i + u - 1, stride * j + v - 1
                    if 0 <= h < H and 0 <= q < W:
                        y[:, i, j] += x[:, h, q] @ w[u, v]
    return y
def standard_cost(h, w, k, m, n, stride): return -(-h//stride) * -(-w//stride) * k*k*m*n
"""
    code, out = check(capsys, file, text, "standard_cost")
    assert code == 0
    said = " ".join(out.split())
    assert "392 multiplications. Products with a zero of the padding, which count, are left" in said
    assert "with them there are 648. Your standard_cost says 648." in said


def test_loops_that_cannot_be_counted_are_said_to_be(capsys, file) -> None:
    text = "def conv2d(x, w, b, stride, padding): return x.astype(float).sum() * w.astype(float)\n"
    text += (
        "def standard_cost(h, w, k, m, n, stride): return -(-h//stride) * -(-w//stride) * k*k*m*n"
    )
    code, out = check(capsys, file, text, "standard_cost")
    assert code == 0
    assert "conv2d does not run on numbers that count" in out


def test_gradients_are_shown_beside_a_nudge(capsys, file) -> None:
    text = "def pointwise_conv2d_backward(dy, x, w):\n    return dy @ w.T, 2 * w"
    code, out = check(capsys, file, text, "pointwise_backward")
    assert code == 1
    said = r"A nudge: moved a little, w\[\d,0\] moves the loss, .*, by \d+ times as much: the gradient is"
    assert re.search(said, " ".join(out.split()))


def test_what_only_larger_cases_show_is_found_and_made_small(capsys, file) -> None:
    """Right on every small case: Hypothesis finds it, and shows a small one of those."""
    text = LOOPS.format(same=RIGHT.strip(), cost=COST).replace(
        "    return y\n", "    return y if len(x) < 3 else y + 1e-6\n", 1
    )
    code, out = check(capsys, file, text, "depthwise", "--json")
    assert code == 1
    (found,) = json.loads(out)["functions"]
    assert found["failure"]["case"].startswith("3x1x1x1,1x1,")
    assert found["cases"] > len(EXERCISES["depthwise_conv2d"].sizes)


def test_larger_cases_are_the_same_in_every_run() -> None:
    asked: list[list[str]] = [[], []]
    for these in asked:
        failure, count, left = larger_failure(
            EXERCISES["relu6"], lambda case, t=these: t.append(case.text)
        )
        assert failure is None
        assert count == len(these)
        assert left == 0
        assert 150 < count <= 200
    assert asked[0] == asked[1]


@pytest.mark.parametrize(("error", "right"), [(1e-8, False), (1e-11, True)])
def test_numbers_are_compared_to_a_billionth(error: float, right: bool) -> None:
    exercise = EXERCISES["pointwise_conv2d"]
    case = next(exercise.small())
    y = exercise.reference(**case.arguments)["y"]
    found = judge(exercise, case, Observed("returned", {"y": y * (1 + error)}))
    assert (found is None) == right
    assert right or isinstance(found, Failure)


def test_watching_checks_again(capsys, file, monkeypatch) -> None:
    """After a file that is gone for a moment, as some editors save."""
    file.write_text("def relu6(x): return x")
    todo = iter([file.unlink, lambda: file.write_text("def relu6(x): return x.clip(0, 6)")])

    def saving(seconds: float) -> None:
        act = next(todo, None)
        if act is None:
            raise KeyboardInterrupt
        act()

    monkeypatch.setattr(exercises.time, "sleep", saving)
    code, out, err = call(capsys, "exercises", "check", file, "relu6", "--watch")
    assert code == 130
    said = [out.index(words) for words in ("1 wrong", "Watching", "1 right")]
    assert said == sorted(said)
    assert out.count("Watching") == 3
    assert "no such file" in err


@pytest.mark.long
@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX systems")
def test_watching_until_ctrl_c(file) -> None:
    file.write_text("def relu6(x): return x")
    words = ["-u", "-m", "npmobilenet", "exercises", "check", str(file), "relu6", "--watch"]
    watching = subprocess.Popen(
        [sys.executable, *words],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert watching.stdout is not None
    lines = iter(watching.stdout.readline, "")
    assert any("1 wrong" in line for line in lines)
    assert any("Watching" in line for line in lines)
    file.unlink()  # as some editors save
    time.sleep(0.1)
    file.write_text("def relu6(x): return x.clip(0, 6)")
    assert any("1 right" in line for line in lines)
    watching.send_signal(signal.SIGINT)
    assert watching.wait(60) == 130
    watching.stdout.close()


def test_hypothesis_is_imported_by_exercises_alone() -> None:
    """And there only when larger cases are drawn."""
    importing = {
        path.relative_to(ROOT / "npmobilenet").parts[0]
        for path in (ROOT / "npmobilenet").rglob("*.py")
        if "hypothesis" in (text := path.read_text(encoding="utf-8"))
        and any(
            name.partition(".")[0] == "hypothesis"
            for node in ast.walk(ast.parse(text))
            for name in (
                [a.name for a in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom) and not node.level
                else []
            )
        )
    }
    assert importing == {"exercises"}
    code = "import sys, npmobilenet.exercises.checking; print('hypothesis' in sys.modules)"
    assert python("-c", code).strip() == "False"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert sum(word.startswith("hypothesis") for word in project["dependencies"]) == 1
    assert not any(
        word.startswith("hypothesis")
        for words in project["optional-dependencies"].values()
        for word in words
    )


def test_of_a_large_case_the_first_number_is_said(capsys, file) -> None:
    text = "def relu6(x): return x.clip(0, 6) + (x > 5)"
    code, out = check(capsys, file, text, "relu6", "--case", "2x5x5x2,#1")
    assert code == 1
    assert "(2 x 5 x 5 x 2 numbers)" in out
    said = r"\d+ of 100 numbers of y differ, the first of them y\[.*\]: .*, difference \+1\."
    assert re.search(said, " ".join(out.split()))
