"""Files that cannot be loaded, functions that cannot be called, and commands that cannot be meant."""

import json

import pytest

from npmobilenet.exercises import parent
from tests.commands import call
from tests.exercises.files import check


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def relu6(x:\n    pass\n", "my_ops.py cannot be loaded: it raises SyntaxError"),
        pytest.param(
            "def relu6(x):\nreturn x\n",
            "my_ops.py cannot be loaded: it raises IndentationError",
            marks=pytest.mark.long,  # as the first one
        ),
        ("x = 1 / 0\n", "it raises ZeroDivisionError: division by zero (my_ops.py, line 1)"),
        pytest.param(
            "import no_such_module\n",
            "it raises ModuleNotFoundError: No module named 'no_such_module'",
            marks=pytest.mark.long,  # as any error
        ),
        (
            "import sys\nsys.exit(0)\n",
            "it calls sys.exit, which ends the program (my_ops.py, line 2)",
        ),
        ("import os\nos._exit(0)\n", "it ends the whole program, with exit code 0"),
        ("import ctypes\nctypes.string_at(0)\n", "it crashed the whole program (SIGSEGV)"),
        ("raise NotImplementedError\n", "NotImplementedError"),
        ("while True: print('x' * 10000)\n", "it printed more than 4 MB"),
    ],
)
def test_a_file_that_cannot_be_loaded(text, said, capsys, file) -> None:
    code, out = check(capsys, file, text)
    assert code == 1
    assert said in out
    assert len(out.splitlines()) == 1


def test_a_file_that_never_ends(capsys, file, monkeypatch) -> None:
    monkeypatch.setattr(parent, "LOAD", 0.1)
    code, out = check(capsys, file, "while True: pass\n")
    assert code == 1
    assert out.endswith("my_ops.py cannot be loaded: it did not end within 0.1 s\n")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xff\xfe\x00", "save the file as UTF-8"),
        (b"x = '\xe9'\n", "line 1 is not UTF-8 text; save the file as UTF-8"),
        (b"x = 1\0\n", "line 1 has zero bytes in it"),
        (b"", "there is no relu6(x)"),
    ],
)
def test_a_file_that_is_no_text(content, said, capsys, file) -> None:
    file.write_bytes(content)
    code, out, err = call(capsys, "exercises", "check", file, "relu6")
    assert code == 1
    assert said in out + err


def test_a_file_that_is_not_there(capsys, file) -> None:
    for path in (file, file.parent):
        code, out, err = call(capsys, "exercises", "check", path)
        assert (code, out) == (1, "")
        assert len(err.splitlines()) == 1
        assert str(path) in err


# in one file, which is looked at once
UNCALLABLE = {
    "one_window": ("", "there is no one_window(patch, w)"),
    "relu6": ("relu6 = 3", "relu6 is of type int; expected a function relu6(x)"),
    "hard_swish": (
        "def hard_swish(): pass",
        "the function is hard_swish(); expected hard_swish(x)",
    ),
    "pointwise_conv2d": (
        "def pointwise_conv2d(x, w, b): pass",
        "the function is pointwise_conv2d(x, w, b); expected pointwise_conv2d(x, w)",
    ),
    "times_cheaper": (
        "def times_cheaper(*, k, n): pass",
        "the function is times_cheaper(*, k, n); expected times_cheaper(k, n)",
    ),
    "relu6_backward": (
        "def relu6_backward(x, dy): pass",
        "in another order; expected relu6_backward(dy, x)",
    ),
}


def test_functions_that_cannot_be_called(capsys, file) -> None:
    text = "\n".join(source for source, _ in UNCALLABLE.values())
    code, out = check(capsys, file, text, *UNCALLABLE, "--json")
    assert code == 1
    found = {f["name"]: (f["state"], f["said"]) for f in json.loads(out)["functions"]}
    for name, (source, said) in UNCALLABLE.items():
        state, really = found.pop(name)
        assert state == ("broken" if source else "missing")
        assert said in really
    assert not found
    _, out = check(capsys, file, text, *UNCALLABLE)
    flat = " ".join(out.split()).lower()
    assert all(said.lower() in flat for _, said in UNCALLABLE.values())


def test_untouched_functions_are_not_yet(capsys, file) -> None:
    assert call(capsys, "exercises", "new", file)[0] == 0
    code, out, _ = call(capsys, "exercises", "check", file)
    assert code == 1
    assert out.count(" not yet") == 21  # and in the last line
    assert "right" not in out


def test_a_function_that_needs_one_that_is_not_written(capsys, file) -> None:
    text = "def relu6(x): return clip(x)\ndef clip(x): raise NotImplementedError"
    code, out = check(capsys, file, text)
    assert code == 1
    assert " not yet" in out


def test_a_learner_s_own_modules(capsys, file) -> None:
    """Beside the file, under names of our own and of Python's."""
    for name in ("messages", "cases", "queue"):
        (file.parent / f"{name}.py").write_text("top = 6\n")
    text = "from messages import top\nimport cases\ndef relu6(x): return x.clip(0, top)\n"
    assert check(capsys, file, text, "relu6", "--case", "1x2x2x1")[0] == 0


def test_new_never_overwrites(capsys, file) -> None:
    file.write_text("mine")
    code, out, err = call(capsys, "exercises", "new", file)
    assert (code, out) == (1, "")
    assert "is there already; nothing was written" in err
    assert file.read_text() == "mine"
    code, _, err = call(capsys, "exercises", "new", file.parent / "none" / "my_ops.py")
    assert code == 1
    assert "No such file or directory" in err
    assert call(capsys, "exercises", "new", file.parent)[0] == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "required: ACTION"),
        (("check",), "required: FILE"),
        (("dance",), "invalid choice: 'dance'"),
        (("hint", "relu6", "4"), "invalid choice: 4"),
        (("hint", "5"), "expected one of batch_norm, "),
        (("solution", "nothing"), "found 'nothing'"),
        (("check", "my_ops.py", "relu7"), "did you mean relu6?"),
        (("check", "my_ops.py", "--case", "1x2x2x1"), "--case needs the name of one function"),
        (("check", "my_ops.py", "relu6", "--case", "1x2"), "expected one like 1x2x2x1"),
        (("check", "my_ops.py", "relu6", "--case", ""), "--case: expected something"),
        (("check", "my_ops.py", "relu6", "--json", "--watch"), "does not go with --watch"),
    ],
)
def test_usage(words, said, capsys) -> None:
    code, out, err = call(capsys, "exercises", *words)
    assert (code, out) == (2, "")
    assert said in err


def test_a_broken_file_as_json(capsys, file) -> None:
    code, out = check(capsys, file, "1 / 0", "--json")
    found = json.loads(out)
    assert code == 1
    assert not found["right"]
    assert "ZeroDivisionError" in found["broken"]
