"""Whatever a learner's file does, it is said in a sentence, and no process is left behind."""

import json
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from npmobilenet.exercises.checking import Verdict
from npmobilenet.exercises.exercise import EXERCISES
from npmobilenet.exercises.judging import judge
from npmobilenet.exercises.messages import packed, unpacked
from npmobilenet.exercises.observing import described
from npmobilenet.exercises.parent import Learner, Observed
from npmobilenet.exercises.report import text
from tests.commands import ROOT
from tests.exercises.files import check, processes

HEAD = "import ctypes, os, sys, threading, time\nimport numpy as np\n"
POSIX = pytest.mark.skipif(not hasattr(os, "killpg"), reason="signals of POSIX systems")

# what relu6(x) does -> what is said of it
BROKEN = {
    "raises": ("return x.no_such_thing", "it raises AttributeError: 'numpy.ndarray' object has no"),
    "stops": ("sys.exit()", "It calls sys.exit, which ends the program (my_ops.py, line 4)."),
    "stops with code 0": ("os._exit(0)", "It ends the whole program, with exit code 0."),
    "never ends": ("while True: pass", "It did not end within 0.1 s."),
    "waits": ("time.sleep(1000)", "It did not end within 0.1 s."),
    "reads": ("return input()", "It raises EOFError"),
    "recurses": ("return relu6(x)", "It raises RecursionError: maximum recursion depth exceeded"),
    "prints": ("while True: print('x' * 10000)", "It printed more than 4 MB."),
    "prints in C": ("while True: os.write(1, b'x' * 10000)", "It printed more than 4 MB."),
    "is greedy": ("return np.ones(100 * 2**30 // 8)", "It raises MemoryError"),
    "is greedy and empty": ("return np.empty(100 * 2**30 // 8)", "It raises MemoryError"),
    "crashes": ("ctypes.string_at(0)", "It crashed the whole program (SIGSEGV)."),
    "kills itself": ("os.kill(os.getpid(), 9)", "It crashed the whole program (SIGKILL)."),
    "raises what cannot be said": ("raise type('E', (Exception,), {'__str__': 1})", "it raises E"),
    "interrupts": ("raise KeyboardInterrupt", "It raises KeyboardInterrupt"),
    "closes everything": ("os.closerange(0, 100); time.sleep(60)", "closed its own output."),
}
# of two that do nearly the same one is asked among the longer tests
SELDOM = ("waits", "prints in C", "is greedy and empty", "kills itself", "interrupts", "reads")
# what relu6(x) returns -> what is said of it
WRONG = {
    "None": ("None", "You return None, as a function without `return` does; expected an array"),
    "a list": ("[1.0]", "You return y as a list; expected"),
    "a list of lists": ("x.tolist()", "You return y as a list; expected"),
    "text": ("'y'", "You return y as a str; expected"),
    "a pair": ("x, x", "You return y as a tuple; expected"),
    "a generator": ("(i for i in x)", "You return y as a generator; expected"),
    "objects": ("x.astype(object)", "You return y as an array of objects; expected"),
    "booleans": ("x > 0", "You return y as an array of bool; expected"),
    "complex numbers": ("x + 0j", "You return y as an array of complex128; expected"),
    "a masked array": ("np.ma.array(x)", "You return y as a MaskedArray of float64; expected"),
    "float32": ("x.clip(0, 6).astype('f4')", "as an array of shape (1, 2, 2, 1) and type float32;"),
    "integers": ("x.clip(0, 6).astype(int)", "as an array of shape (1, 2, 2, 1) and type int64;"),
    "another shape": (
        "x[0].clip(0, 6)",
        "as an array of shape (2, 2, 1) and type float64; expected",
    ),
    "a huge view": ("np.broadcast_to(x[0], (10**9, 2, 2, 1))", "of shape (1000000000, 2, 2, 1);"),
    "NaN": ("x * np.nan", "nan comes of 0 / 0"),
    "infinity": ("x * 0 + np.inf", "inf"),
}


def often(what: str):
    """Those of `SELDOM` are marked."""
    return pytest.param(what, marks=[pytest.mark.long] if what in SELDOM else [])


@pytest.mark.parametrize("what", [*map(often, BROKEN)])
def test_a_call_that_does_not_return(what, capsys, file, request) -> None:
    body, said = BROKEN[what]
    if "within" in said or "closed" in said:
        request.getfixturevalue("hurried")
    if "MemoryError" in said and sys.platform != "linux":
        pytest.skip("no limit of memory here")
    code, out = check(capsys, file, f"{HEAD}def relu6(x):\n    {body}\n")
    flat = " ".join(out.split())
    assert code == 1
    assert said.lower() in flat.lower()
    assert "broken" in out
    assert "--case 1x2x2x1" in out  # with the case that did it
    assert "Traceback" not in out


@pytest.mark.parametrize("what", WRONG)
def test_a_result_that_is_no_array_of_numbers(what) -> None:
    """What the child sends of it, and what is said of that."""
    exercise = EXERCISES["relu6"]
    case = next(exercise.small())
    value, said = WRONG[what]
    returned = eval(value, {"np": np, "x": case.arguments["x"]})
    sent = unpacked(packed(described(returned, ["y"]))[8:])
    arrays = {name: v for name, v in sent.items() if not isinstance(v, str)}
    others = {name: v for name, v in sent.items() if isinstance(v, str)}
    failure = judge(exercise, case, Observed("returned", arrays, others))
    assert failure is not None
    assert said in text(Verdict(exercise, "wrong", failure=failure), "en", "my_ops.py").replace(
        "\n ", " "
    )


@pytest.mark.parametrize("what", ["None", "a list", "objects", "NaN", "a huge view"])
def test_such_a_result_is_said(what, capsys, file) -> None:
    value, said = WRONG[what]
    code, out = check(capsys, file, f"{HEAD}def relu6(x):\n    return {value}\n")
    assert code == 1
    assert said in " ".join(out.split())
    assert " wrong" in out


def test_changed_arguments(capsys, file) -> None:
    code, out = check(capsys, file, "def relu6(x):\n    return x.clip(0, 6, out=x)\n")
    assert code == 1
    assert "Your function changes x" in out


def test_changed_arrays_in_a_dict(capsys, file) -> None:
    text = "def inverted_residual(x, p, stride):\n    p['expand'] *= 2\n    return x\n"
    code, out = check(capsys, file, text, "6")
    assert code == 1
    assert "Your function changes p" in out


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        ("x", "You return an array of float64; expected a tuple of 2, (dx, dp)."),
        ("x, x, x", "You return a tuple of 3; expected a tuple of 2, (dx, dp)."),
        ("None", "You return None, as a function without `return` does; expected a tuple of 2"),
        ("x, [x]", "You return dp as a list; expected a dict with a gradient for every name"),
        (
            "x, x",
            "You return dp as an array of shape (1, 2, 2, 1) and type float64; expected a dict",
        ),
        ("x, {}", "The dict that you return has no 'expand'; it has a gradient for every name"),
        ("x, p | {'expand': None}", "You return expand as None; expected an array of shape"),
        ("x, p | {'b': x}", "The dict that you return has 'b' in it; it has the names that p has"),
    ],
)
def test_a_dict_of_gradients_that_is_none(returned, said) -> None:
    """What the child would send of it, and what is said of that."""
    exercise = EXERCISES["inverted_residual_backward"]
    case = next(exercise.small())
    sent = described(eval(returned, dict(case.arguments)), list(exercise.outputs))
    arrays = {name: v for name, v in sent.items() if not isinstance(v, str)}
    others = {name: v for name, v in sent.items() if isinstance(v, str)}
    failure = judge(exercise, case, Observed("returned", arrays, others))
    assert failure is not None
    report = text(Verdict(exercise, "wrong", failure=failure), "en", "my_ops.py")
    assert said in " ".join(report.split())


def test_a_cell_that_is_never_written(capsys, file) -> None:
    body = "y = np.empty_like(x)\n    y[0, 0] = x[0, 0].clip(0, 6)\n    return y"
    text = f"{HEAD}def relu6(x):\n    {body}"
    code, out = check(capsys, file, text)
    assert code == 1
    assert "Two calls with the same arguments give two different y" in out


@pytest.mark.parametrize(
    "started",
    [
        "threading.Thread(target=time.sleep, args=(1000,)).start()",
        "threading.Thread(target=lambda: [print('x') for _ in iter(int, 1)]).start()",
        f"__import__('subprocess').Popen([{sys.executable!r}, '-c', 'import time; time.sleep(1000)', "
        "os.path.dirname(__file__)])",
        f"__import__('subprocess').Popen([{sys.executable!r}, '-c', 'import time; time.sleep(1000)', "
        "os.path.dirname(__file__)], start_new_session=True)",
    ],
    ids=["a thread", "a thread that prints", "a process", "a process of its own session"],
)
def test_what_is_left_running(started, capsys, file) -> None:
    """A right function is right all the same, and what it started is ended."""
    text = f"{HEAD}def relu6(x):\n    {started}\n    return x.clip(0, 6)\n"
    words = ("relu6", "--case", "1x2x2x1")
    code, out = check(capsys, file, text, *words)
    assert code == 0
    assert " right" in out


def test_an_orphan_that_is_left_running(capsys, file) -> None:
    """The function ends its process at once, and leaves another that belongs to nobody."""
    words = (
        f"[{sys.executable!r}, '-c', 'import time; time.sleep(1000)', os.path.dirname(__file__)]"
    )
    text = f"{HEAD}import subprocess\ndef relu6(x):\n"
    text += f"    subprocess.Popen({words}, start_new_session=True)\n    os._exit(0)\n"
    assert check(capsys, file, text)[0] == 1


@pytest.mark.usefixtures("hurried")
def test_what_hangs_while_it_is_explained_is_not_asked_again(capsys, file) -> None:
    """Wrong on the first case, and without an end on the impulses that would tell its products."""
    text = "def pointwise_conv2d(x, w):\n    if w.all(): return x @ w + 1\n"
    text += "    with open(__file__ + '.log', 'a') as log: log.write('.')\n    while True: pass\n"
    code, out = check(capsys, file, text, "pointwise")
    assert code == 1
    assert " wrong" in out
    assert len((file.parent / "my_ops.py.log").read_text()) == 1


@pytest.mark.usefixtures("hurried")
def test_a_child_that_will_not_end(capsys, file) -> None:
    text = f"{HEAD}import signal\nfor s in (1, 2, 3, 15): signal.signal(s, signal.SIG_IGN)\n"
    code, out = check(capsys, file, text + "def relu6(x):\n    while True: pass\n")
    assert code == 1
    assert "It did not end within 0.1 s." in out


def test_after_a_death_the_others_are_asked(capsys, file) -> None:
    text = f"{HEAD}def relu6(x): os._exit(1)\ndef hard_swish(x): return x.tolist()\n"
    code, out = check(capsys, file, text, "relu6", "hard_swish", "--json")
    assert code == 1
    states = {found["name"]: found["state"] for found in json.loads(out)["functions"]}
    assert states == {"relu6": "broken", "hard_swish": "wrong"}


def test_output_that_is_no_text(capsys, file) -> None:
    body = "os.write(1, b'\\xff\\x1b[2J\\0'); sys.stdout.close()"
    text = f"{HEAD}def relu6(x):\n    {body}\n    return x\n"
    code, out = check(capsys, file, text)
    assert code == 1
    assert "It printed:" in out
    assert "\x1b" not in out


def test_a_start_that_is_interrupted(file, monkeypatch) -> None:
    """Ctrl-C before anybody listens to the process: it is ended all the same."""
    file.write_text("")

    def interrupted(thread: threading.Thread) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(threading.Thread, "start", interrupted)
    with pytest.raises(KeyboardInterrupt), Learner(file):
        pass


@POSIX
@pytest.mark.parametrize(
    "how", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.long), signal.SIGKILL]
)
def test_a_check_that_is_ended(how, file) -> None:
    """While a learner's function hangs: its process goes too, even where its parent was killed."""
    file.write_text("def relu6(x):\n    while True: pass\n")
    command = [sys.executable, "-m", "npmobilenet", "exercises", "check", str(file), "relu6"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    checking = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    waited = 0
    while len(processes(file.parent)) < 2 and waited < 600:
        time.sleep(0.05)
        waited += 1
    checking.send_signal(how)
    code = checking.wait(60)
    assert code == (130 if how == signal.SIGINT else -how)
