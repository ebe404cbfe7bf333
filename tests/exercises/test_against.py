"""Anybody's operators beside ours and PyTorch's: `verify.check`, `verify --against`."""

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import npmobilenet as nm
from npmobilenet.exercises.against import COMPARED, against
from npmobilenet.exercises.compared import Compared
from npmobilenet.exercises.exercise import EXERCISES
from npmobilenet.exercises.taking import way
from tests.commands import call
from tests.exercises.asking import functions

WITNESSES = {"ours", "PyTorch"} if find_spec("torch") else {"ours"}
DEPTHWISE = """import numpy as np
def depthwise_conv2d(x, w, stride, padding):
    K, L, M = w.shape
    (n, H, W, _), sides = x.shape, []
    for size, kernel in ((H, K), (W, L)):
        count = -(-size // stride)
        zeros = max((count - 1) * stride + kernel - size, 0)
        sides.append((zeros // 2, zeros - zeros // 2) if padding == "same" else (padding, padding))
    x = np.pad(x, ((0, 0), *sides, (0, 0)))
    I, J = (x.shape[1] - K) // stride + 1, (x.shape[2] - L) // stride + 1
    y = np.zeros((n, I, J, M))
    for u in range(K):
        for v in range(L):
            y += x[:, u:u + I * stride:stride, v:v + J * stride:stride][:, :I, :J] * w[u, v]
    return y
"""


def only(found: Any) -> Compared:
    (compared,) = found.compared
    return compared


@pytest.mark.parametrize("name", COMPARED)
def test_our_own_pass_in_their_own_signature(name: str) -> None:
    """All of `verify`'s cases are taken: every form of stride, padding, dilation."""
    found = nm.verify.check(getattr(nm, name), name, getattr(nm, f"{name}_backward"), cases=8)
    assert found, found
    for compared in found.compared:
        assert not compared.left_out
        assert compared.asked == compared.drawn == 8
        assert {(row.function, row.witness) for row in compared.rows} == {
            (f, w) for f in (name, f"{name}_backward") for w in WITNESSES
        }


@pytest.mark.parametrize("name", [n for n in COMPARED if n in EXERCISES])
def test_ours_pass_in_the_signatures_of_the_exercises(name: str) -> None:
    """What the signature does not take is left out, by its name, and counted."""
    exercise, gradient = EXERCISES[name], EXERCISES[f"{name}_backward"]

    def like(exercise: Any) -> Any:
        text = f"def f({', '.join(exercise.parameters)}):\n    return g(**locals())\n"
        names: dict[str, Any] = {"g": lambda **given: _returned(exercise, given)}
        exec(text, names)
        return names["f"]

    found = nm.verify.check(like(exercise), name, like(gradient), cases=6)
    assert found, found
    for compared in found.compared:
        assert compared.asked == 6
        assert compared.asked + sum(compared.left_out.values()) == compared.drawn
        if name in ("conv2d", "depthwise_conv2d"):
            assert set(compared.left_out) == {
                "a stride of two numbers", "a padding of two numbers",
                "a padding of four numbers", "another dilation than the usual",
            }  # fmt: skip


def _returned(exercise: Any, given: dict[str, Any]) -> Any:
    if isinstance(given.get("stride"), tuple) or isinstance(given.get("padding"), tuple):
        raise TypeError("expected a number")
    found = tuple(exercise.reference(**given).values())
    return found if len(found) > 1 else found[0]


def test_a_known_mistake_is_named() -> None:
    wrong = "(kernel - 1) // 2, (kernel - 1) // 2"
    symmetric = functions(DEPTHWISE.replace("zeros // 2, zeros - zeros // 2", wrong))

    def mine(image: Any, filters: Any, stride: int, padding: Any) -> Any:  # names of its own
        return symmetric["depthwise_conv2d"](image, filters, stride, padding)

    found = nm.verify.check(mine, "depthwise_conv2d", cases=40)
    assert not found
    compared = only(found)
    (failing,) = compared.failing
    assert 'padding "same"' in failing.words
    assert failing.said.startswith("y ")
    (sentence,) = compared.mistakes
    assert "symmetrically" in sentence["en"]
    assert 'kernel 3 x 3, stride 2, padding "same"' in " ".join(str(found).split())
    assert " Again: " not in str(found)  # the exercises' command would not run it
    assert "<td" in found._repr_html_()


def test_who_takes_no_same_is_explained_by_what_it_takes() -> None:
    """A mistake is proved on those cases of the exercises that the function can be asked."""

    def mine(x: Any, w: Any, stride: int, padding: int) -> Any:
        stride, rows = 1 * stride, int(padding)  # "same" raises
        y, _ = nm.depthwise_conv2d(x, w[::-1, ::-1], stride=stride, padding=rows)
        return y

    found = nm.verify.check(mine, "depthwise_conv2d", cases=10)
    (sentence,) = only(found).mistakes
    assert "turn" in sentence["en"] or "flip" in sentence["en"]
    assert only(found).left_out['padding "same"']
    assert "padding 0" in str(found) or "padding 1" in str(found)


def test_a_wrong_gradient_is_shown_by_hand() -> None:
    def backward(dy: Any, cache: Any) -> Any:
        dx, dw, *db = nm.conv2d_backward(dy, cache)
        return dx, dw[::-1], *db

    found = nm.verify.check(nm.conv2d, "conv2d", backward, cases=10)
    assert not found
    failures = {row.function: row.failures for row in only(found).rows}
    assert failures["conv2d"] == 0
    assert failures["conv2d_backward"] > 0
    assert "yours dw" in str(found)
    assert "A nudge" in str(found)


def test_what_no_small_case_of_the_exercises_shows() -> None:
    def mine(
        x: Any, w: Any, b: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1
    ) -> Any:
        y, cache = nm.conv2d(x, w, b, stride=stride, padding=padding, dilation=dilation)
        return (y if np.prod(dilation) == 1 else 2 * y), cache

    found = nm.verify.check(mine, "conv2d", cases=30)
    assert not found
    (failing,) = only(found).failing
    assert "dilation" in failing.words
    assert "conv2d: right in all small cases of the exercises that it takes." in str(found)


def test_what_a_function_does_to_its_arguments() -> None:
    def mine(x: Any) -> Any:
        x *= 1.5
        return np.maximum(x / 1.5, 0)

    (failing,) = only(nm.verify.check(mine, "relu", cases=3)).failing
    assert failing.said == "it changed x"
    (failing,) = only(nm.verify.check(lambda x: x[0], "relu", cases=3)).failing
    assert "has shape" in failing.said
    (failing,) = only(nm.verify.check(lambda x: [1, 2], "relu", cases=3)).failing
    assert failing.said == "y is a list"
    (failing,) = only(nm.verify.check(lambda x: {}["a"], "relu", cases=3)).failing
    assert failing.said == "it raises KeyError: 'a'"
    assert not nm.verify.check(lambda x: x * np.nan, "relu", cases=3)


def test_functions_that_say_nothing_of_their_parameters() -> None:
    """Of what is built in C none may be known: it is given arrays, by position."""
    assert nm.verify.check(np.add, "add", cases=3)
    assert nm.verify.check(lambda *arrays: nm.relu(*arrays), "relu", cases=3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.add, "conv9d"), "operator must be one of conv2d, .*, found 'conv9d'"),
        ((np.add, "dropout"), "operator must be one of"),
        ((3, "add"), "add must be a function, found int"),
        ((lambda x, w, b, foo: x, "conv2d"), "the function is conv2d.x, w, b, foo.; expected"),
        ((lambda x: x, "relu", lambda dy, a, b, c: dy), "relu_backward.dy, a, b, c.; expected"),
    ],
)  # fmt: skip
def test_bad_input_in_a_line(arguments: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message) as raised:
        nm.verify.check(*arguments, cases=2)
    assert "\n" not in str(raised.value)
    with pytest.raises(ValueError, match="cases must be an integer of at least 1, found 0"):
        nm.verify.check(np.add, "add", cases=0)


def test_ways_of_being_called() -> None:
    any_, named = ("any", True), ("named", True)
    cached = way("f_backward", [("dy", *any_), ("cache", *any_)], ["dy", "x", "w"], ["stride"])
    assert not isinstance(cached, str)
    assert cached.cache
    own = way("f", [("image", *any_), ("w", *any_), ("stride", *named)], ["x", "w"], ["stride"])
    assert not isinstance(own, str)
    assert own.names == {"w": "w", "stride": "stride", "image": "x"}
    assert own.takes == {"x", "w", "stride"}


def test_a_file(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(
        DEPTHWISE + "def relu(array):\n    return array * (array > 0)\n"
        "def relu6(x):\n    raise NotImplementedError\n"
        "def one_window(patch, w):\n    return 0\n",
        encoding="utf-8",
    )
    code, out, err = call(capsys, "verify", "--against", file, "--cases", 10)
    assert (code, err) == (0, "")
    assert "not yet: relu6\n" in out
    assert "no operator of verify, not compared: one_window" in out
    assert "with a stride of two numbers it raises TypeError" in out
    assert "my_ops.py, line " in out
    assert "\x1b" not in out
    code, out, err = call(capsys, "verify", "--against", file, "--operator", "relu", "--json")
    document = json.loads(out)
    assert (code, err, document["passed"]) == (0, "", True)
    (operator,) = document["operators"]
    assert operator["asked"] == 200
    assert {check["witness"] for check in operator["checks"]} == WITNESSES


def test_a_file_that_is_wrong(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = DEPTHWISE.replace("zeros // 2, zeros - zeros // 2", "zeros - zeros // 2, zeros // 2")
    file.write_text(wrong, encoding="utf-8")
    words = ["verify", "--against", file, "--operator", "depthwise_conv2d", "--cases", 12]
    code, out, err = call(capsys, *words, "--json")
    document = json.loads(out)
    assert (code, err, document["passed"]) == (1, "", False)
    (operator,) = document["operators"]
    assert operator["failing"][0]["function"] == "depthwise_conv2d"
    assert operator["checks"][0]["failures"] > 0
    assert set(operator["mistakes"][0]) == {"en", "zh"}


@pytest.mark.usefixtures("hurried")
def test_who_does_not_end_or_ends_all(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("npmobilenet.exercises.against.FIRST", 0.3)
    file.write_text(
        "import os\ndef relu(x):\n    while True: pass\n"
        "def relu6(x):\n    os._exit(3)\n"
        "def swish(x):\n    raise NotImplementedError\n",
        encoding="utf-8",
    )
    found = against(file, cases=3)
    assert not found
    said = {f.function: f.said for compared in found.compared for f in compared.failing}
    assert said == {
        "relu": "it did not end within 0.3 s",
        "relu6": "it ends the whole program, with exit code 3",
    }
    assert not against(file, "swish", cases=3)  # nothing was asked


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "no such file"),
        ("x = 1\n", "has no function that can be compared; expected one of"),
        ("relu = 3\n", "relu is of type int; expected a function relu"),
        ("def relu(x:\n", "line 1"),
    ],
)
def test_a_file_that_cannot_be_used(
    file: Path, capsys: pytest.CaptureFixture[str], text: str | None, message: str
) -> None:
    if text is not None:
        file.write_text(text, encoding="utf-8")
    code, out, err = call(capsys, "verify", "--against", file)
    assert (code, out) == (1, "")
    assert message in err
    assert err.count("\n") == 1
