"""Whatever a learner's file does, it is said in a sentence, and no process is left behind."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from npmobilenet.exercises import parent
from tests.commands import ROOT, call

HEAD = "import ctypes, os, sys, threading, time\nimport numpy as np\n"
POSIX = pytest.mark.skipif(not hasattr(os, "killpg"), reason="signals of POSIX systems")

# what relu6(x) does -> what is said of it
BROKEN = {
    "raises": ("return x.no_such_thing", "it raises AttributeError: 'numpy.ndarray' object has no"),
    "stops": ("sys.exit()", "It calls sys.exit, which ends the program (my_ops.py, line 4)."),
    "stops with code 0": ("os._exit(0)", "It ends the whole program, with exit code 0."),
    "never ends": ("while True: pass", "It did not end within 0.3 s."),
    "waits": ("time.sleep(1000)", "It did not end within 0.3 s."),
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
# what relu6(x) returns -> what is said of it
WRONG = {
    "None": ("None", "You return y as None; expected an array of shape (1, 2, 2, 1)"),
    "a list": ("[1.0]", "You return y as a list; expected"),
    "a list of lists": ("x.tolist()", "You return y as a list; expected"),
    "text": ("'y'", "You return y as a str; expected"),
    "a pair": ("x, x", "You return y as a tuple; expected"),
    "a generator": ("(i for i in x)", "You return y as a generator; expected"),
    "objects": ("x.astype(object)", "You return y as an array of objects; expected"),
    "booleans": ("x > 0", "You return y as an array of bool; expected"),
    "complex numbers": ("x + 0j", "You return y as an array of complex128; expected"),
    "a matrix": ("np.asmatrix(x[0, :, :, 0])", "You return y as a matrix of float64; expected"),
    "float32": ("x.clip(0, 6).astype('f4')", "as an array of shape (1, 2, 2, 1) and type float32;"),
    "integers": ("x.clip(0, 6).astype(int)", "as an array of shape (1, 2, 2, 1) and type int64;"),
    "another shape": (
        "x[0].clip(0, 6)",
        "as an array of shape (2, 2, 1) and type float64; expected",
    ),
    "a huge view": ("np.broadcast_to(x[0], (10**9, 2, 2, 1))", "of shape (1000000000, 2, 2, 1);"),
    "NaN": ("x * np.nan", "nan"),
    "infinity": ("x * 0 + np.inf", "inf"),
}


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who does not end is not waited for as long as usual."""
    monkeypatch.setattr(parent, "FIRST", 0.3)
    monkeypatch.setattr(parent, "LOAD", 1.0)


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Path]:
    """Where a file is written; afterwards no process speaks of it."""
    folder = tmp_path / "my földer"
    folder.mkdir()
    found = folder / "my_ops.py"
    yield found
    for _ in range(100):  # who was killed needs a moment
        if not processes(folder):
            break
        time.sleep(0.05)
    assert not processes(folder)


def processes(folder: Path) -> list[str]:
    """Those that run a file of the folder, or began in it: each child and what it has started."""
    if not Path("/proc/self/cmdline").exists():
        listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=False)
        return [line for line in listed.stdout.splitlines() if str(folder) in line]
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if str(folder) in words:
            found.append(words)
    return found


def check(
    capsys: pytest.CaptureFixture[str], file: Path, text: str, *words: str
) -> tuple[int, str]:
    """Exit code and all output of a check of that file."""
    file.write_text(text, encoding="utf-8")
    code, out, err = call(capsys, "exercises", "check", file, *(words or ("relu6",)))
    return code, out + err


@pytest.mark.parametrize("what", BROKEN)
def test_a_call_that_does_not_return(what, capsys, file, request) -> None:
    body, said = BROKEN[what]
    if "within" in said:
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
def test_a_result_that_is_no_array_of_numbers(what, capsys, file) -> None:
    value, said = WRONG[what]
    code, out = check(capsys, file, f"{HEAD}def relu6(x):\n    return {value}\n")
    assert code == 1
    assert said in " ".join(out.split())
    assert " wrong" in out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def relu6(x:\n    pass\n", "my_ops.py cannot be loaded: it raises SyntaxError"),
        ("def relu6(x):\nreturn x\n", "my_ops.py cannot be loaded: it raises IndentationError"),
        ("x = 1 / 0\n", "it raises ZeroDivisionError: division by zero (my_ops.py, line 1)"),
        (
            "import no_such_module\n",
            "it raises ModuleNotFoundError: No module named 'no_such_module'",
        ),
        (
            "import sys\nsys.exit(0)\n",
            "it calls sys.exit, which ends the program (my_ops.py, line 2)",
        ),
        ("import os\nos._exit(0)\n", "it ends the whole program, with exit code 0"),
        ("import ctypes\nctypes.string_at(0)\n", "it crashed the whole program (SIGSEGV)"),
        ("raise NotImplementedError\n", "NotImplementedError"),
    ],
)
def test_a_file_that_cannot_be_loaded(text, said, capsys, file) -> None:
    code, out = check(capsys, file, text)
    assert code == 1
    assert said in out
    assert len(out.splitlines()) == 1


@pytest.mark.usefixtures("hurried")
def test_a_file_that_never_ends(capsys, file) -> None:
    code, out = check(capsys, file, "while True: pass\n")
    assert code == 1
    assert out.endswith("my_ops.py cannot be loaded: it did not end within 1 s\n")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xff\xfe\x00", "save the file as UTF-8"),
        (b"x = '\xe9'\n", "line 1 is not UTF-8 text; save the file as UTF-8"),
        (b"x = 1\0\n", "line 1 has zero bytes in it"),
        (b"", "there is no function relu6(x)"),
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


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "there is no function relu6(x)"),
        ("relu6 = 3", "relu6 is of type int; expected a function relu6(x)"),
        ("def relu6(): pass", "the function is relu6(); expected relu6(x)"),
        ("def relu6(x, low, high): pass", "the function is relu6(x, low, high); expected relu6(x)"),
        ("def relu6(*, x): pass", "the function is relu6(*, x); expected relu6(x)"),
        ("def relu6_backward(x, dy): pass", "in another order; expected relu6_backward(dy, x)"),
    ],
)
def test_a_function_that_cannot_be_called(text, said, capsys, file) -> None:
    name = "relu6_backward" if "backward" in text else "relu6"
    code, out = check(capsys, file, text, name)
    assert code == 1
    assert said in " ".join(out.split())


def test_changed_arguments(capsys, file) -> None:
    code, out = check(capsys, file, "def relu6(x):\n    return x.clip(0, 6, out=x)\n")
    assert code == 1
    assert "Your function changes x" in out


def test_changed_arrays_in_a_dict(capsys, file) -> None:
    text = "def inverted_residual(x, p, stride):\n    p['expand'] *= 2\n    return x\n"
    code, out = check(capsys, file, text, "6")
    assert code == 1
    assert "Your function changes p" in out


def test_a_cell_that_is_never_written(capsys, file) -> None:
    body = "y = np.empty_like(x)\n    y[0, 0] = x[0, 0].clip(0, 6)\n    return y"
    text = f"{HEAD}def relu6(x):\n    {body}"
    code, out = check(capsys, file, text)
    assert code == 1
    assert "Two calls with the same arguments give two different y" in out


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
def test_a_child_that_will_not_end(capsys, file) -> None:
    text = f"{HEAD}import signal\nfor s in (1, 2, 3, 15): signal.signal(s, signal.SIG_IGN)\n"
    code, out = check(capsys, file, text + "def relu6(x):\n    while True: pass\n")
    assert code == 1
    assert "It did not end within 0.3 s." in out


def test_after_a_death_the_others_are_asked(capsys, file) -> None:
    text = (
        f"{HEAD}def relu6(x): os._exit(1)\ndef hard_swish(x): return x * (x + 3).clip(0, 6) / 6\n"
    )
    code, out = check(capsys, file, text, "relu6", "hard_swish", "--json")
    assert code == 1
    states = {found["name"]: found["state"] for found in json.loads(out)["functions"]}
    assert states == {"relu6": "broken", "hard_swish": "right"}


def test_output_that_is_no_text(capsys, file) -> None:
    body = "os.write(1, b'\\xff\\x1b[2J\\0'); sys.stdout.close()"
    text = f"{HEAD}def relu6(x):\n    {body}\n    return x\n"
    code, out = check(capsys, file, text)
    assert code == 1
    assert "It printed:" in out
    assert "\x1b" not in out


def test_a_learner_s_own_modules(capsys, file) -> None:
    """Beside the file, under names of our own and of Python's."""
    for name in ("messages", "cases", "queue"):
        (file.parent / f"{name}.py").write_text("top = 6\n")
    text = "from messages import top\nimport cases\ndef relu6(x): return x.clip(0, top)\n"
    assert check(capsys, file, text)[0] == 0


@POSIX
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
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
    time.sleep(0.5)
    checking.send_signal(how)
    code = checking.wait(60)
    assert code == (130 if how == signal.SIGINT else -how)


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
        (("check", "my_ops.py", "relu6", "--case", ""), "expected one like 1x2x2x1"),
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
