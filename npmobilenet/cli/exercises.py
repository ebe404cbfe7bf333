"""npmobilenet exercises new | check | hint | solution | time | graduate."""

import argparse
import time
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from . import Help
from .common import add_formats, console, print_json, say, write_table
from .streams import complain

if TYPE_CHECKING:
    from ..exercises.checking import Checked, Verdict
    from ..exercises.record import Exercise

COLOURS = {
    "right": "green",
    "passed": "green",
    "wrong": "red",
    "broken": "red",
    "not yet": "dim",
    "missing": "yellow",
}
CHECKING = """npmobilenet exercises check my_ops.py
         npmobilenet exercises check my_ops.py one_window depthwise
         npmobilenet exercises check my_ops.py 3 --watch
         npmobilenet exercises check my_ops.py depthwise \\
             --case 1x2x2x1,3x3,s2,same"""
WAIT = 0.3  # seconds between two looks at a file that is watched


def configure(parser: argparse.ArgumentParser) -> None:
    """What one can do with exercises."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")

    def action(name: str, about: str, example: str) -> argparse.ArgumentParser:
        found = actions.add_parser(
            name, help=about, description=f"{about[0].upper()}{about[1:]}.", formatter_class=Help
        )
        found.epilog = f"example: {example}"
        return found

    new = action("new", "write a file with all functions, for you to fill in",
                 "npmobilenet exercises new my_ops.py")  # fmt: skip
    _file(new)
    check = action("check", "show the first case that a function does not do, and why", CHECKING)
    _file(check)
    _names(check)
    check.add_argument("--watch", action="store_true", help="again whenever the file is saved")
    check.add_argument("--json", action="store_true", help="one JSON object")
    check.add_argument(
        "--case", metavar="CASE", help="this case alone, as `check` spells it, of one function"
    )
    check.set_defaults(refuse=check.error)
    check.add_argument("--lang", choices=("en", "zh"), help="language of reasons (as LANG says)")
    hint = action("hint", "a hint; then another, and a third",
                  "npmobilenet exercises hint depthwise 2")  # fmt: skip
    hint.add_argument("name", type=_function, metavar="NAME", help="of a function")
    hint.add_argument("level", nargs="?", type=int, choices=(1, 2, 3), default=1, help="(1)")
    solution = action("solution", "where our own stands",
                      "npmobilenet exercises solution depthwise")  # fmt: skip
    solution.add_argument("name", type=_function, metavar="NAME", help="of a function")
    timing = action("time", "how fast your functions are, beside ours",
                    "npmobilenet exercises time my_ops.py depthwise")  # fmt: skip
    _file(timing)
    _names(timing)
    add_formats(timing, json="a list of JSON objects")
    graduate = action("graduate", "run and train whole networks with your functions",
                      "npmobilenet exercises graduate my_ops.py")  # fmt: skip
    _file(graduate)
    graduate.add_argument("--json", action="store_true", help="one JSON object")
    parser.epilog = f"example: npmobilenet exercises new my_ops.py\n         {CHECKING}"


def _file(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="your functions: my_ops.py")


def _names(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "names",
        nargs="*",
        type=_known,
        metavar="NAME",
        help="of functions, or of steps, 1 to 6 (all)",
    )


def _known(name: str) -> str:
    """The type of a name of a function or a step."""
    from ..exercises.exercise import chosen

    try:
        chosen([name])
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return name


def _function(name: str) -> "Exercise":
    """The type of a name of one function."""
    from ..exercises.exercise import chosen

    found = chosen([_known(name)])
    if len(found) != 1:
        names = ", ".join(exercise.name for exercise in found)
        raise argparse.ArgumentTypeError(f"expected one of {names}, found {name!r}")
    return found[0]


def run(options: argparse.Namespace) -> int:
    """Do it; 1 where a function that was asked for is not right."""
    do = {"new": _new, "check": _check, "hint": _hint, "solution": _solution, "time": _time,
          "graduate": _graduate}  # fmt: skip
    return do[options.action](options)


def _new(options: argparse.Namespace) -> int:
    from ..disk import write_new
    from ..exercises.template import template

    try:
        write_new(options.file, template(options.file.name).encode())
    except FileExistsError:
        raise ValueError(f"{options.file}: is there already; nothing was written") from None
    say(f"{options.file} is written. Fill in one_window, then:")
    say(f"npmobilenet exercises check {options.file} one_window")
    return 0


def _check(options: argparse.Namespace) -> int:
    from ..exercises.exercise import chosen

    exercises = chosen(options.names)
    if options.watch and options.json:
        options.refuse("--json is one object; it does not go with --watch")
    if options.case is not None:
        if len(exercises) != 1:
            options.refuse(f"--case needs the name of one function, found {len(exercises)}")
        try:
            exercises[0].case(options.case)
        except ValueError as error:
            options.refuse(f"--{error}")
    if not options.watch:
        return _checked(options)
    while True:
        saved = _saved(options.file)
        try:
            _checked(options)
        except ValueError as error:  # half saved, or moved away for a moment
            complain(f"npmobilenet exercises: {error}")
        say("Watching; Ctrl-C ends.", flush=True)
        while _saved(options.file) == saved:
            time.sleep(WAIT)
        console().clear()


def _saved(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _checked(options: argparse.Namespace) -> int:
    """One check, printed as it goes on; its exit code."""
    from ..exercises import report
    from ..exercises.checking import check
    from ..exercises.document import document
    from ..exercises.exercise import chosen

    lang, out = options.lang or report.language(), console()

    def done(verdict: "Verdict") -> None:
        if not options.json:
            first, *others = report.text(verdict, lang, str(options.file)).split("\n")
            line = Text(first)
            line.highlight_regex(rf"(?<=\s){verdict.state}(?=\s|$)", COLOURS[verdict.state])
            out.print(line, *others, *([""] if others else []), sep="\n", soft_wrap=True)

    checked: Checked = check(options.file, chosen(options.names), case=options.case, done=done)
    if options.json:
        print_json(document(checked))
    elif checked.broken:
        complain(f"npmobilenet exercises: {checked.broken}")
    else:
        out.print(report.summary(checked), soft_wrap=True)
    return int(not checked.right)


def _hint(options: argparse.Namespace) -> int:
    from textwrap import fill

    exercise = options.name
    for line in exercise.hints[options.level - 1].split("\n"):  # lines of code stay as they are
        say(line if line.startswith("    ") else fill(line, 79))
    if options.level < 3:
        say(f"More: npmobilenet exercises hint {exercise.short} {options.level + 1}")
    return 0


def _solution(options: argparse.Namespace) -> int:
    from ..exercises.solution import place

    file, line, name = place(options.name)
    say(f"{file}:{line}  {name}")
    return 0


def _time(options: argparse.Namespace) -> int:
    from ..exercises.exercise import chosen
    from ..exercises.timing import timed

    out = console()
    with out.status("") if out.is_terminal else nullcontext() as status:

        def spoken(name: str) -> None:
            if status is not None:
                status.update(f"timing {name}")

        found = timed(options.file, chosen(options.names), say=spoken)
    if found.rows or options.json or options.csv or options.markdown:
        write_table(options, found.columns, found.rows, found.document, notes=found.notes)
    else:
        say("Nothing to time: only what is right is timed.", found.notes or "")
    return int(not found.rows)


def _graduate(options: argparse.Namespace) -> int:
    from ..exercises import graduate_text
    from ..exercises.graduate import Part, graduate

    out = console()
    drawn = out.is_terminal and not options.json
    with out.status("") if drawn else nullcontext() as status:

        def spoken(text: str) -> None:
            if status is not None:
                status.update(text)

        def done(part: Part) -> None:
            if not options.json:
                text = graduate_text.text(part, str(options.file))
                first, *others = text.split("\n")
                line = Text(first)
                word = graduate_text.state(part)
                line.highlight_regex(rf"(?<=\s){word}(?=\s|$)", COLOURS[word])
                out.print(line, *others, "", sep="\n", soft_wrap=True)

        found = graduate(options.file, say=spoken, done=done)
    if options.json:
        print_json(graduate_text.document(found))
    else:
        out.print(graduate_text.summary(found), soft_wrap=True)
    return int(not found.passed)
