"""Planted mistakes are named by the programs that do the same, and nothing else is."""

import re
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from npmobilenet.exercises.checking import check
from npmobilenet.exercises.diagnosis import UnansweredError, alike, diagnose
from npmobilenet.exercises.exercise import EXERCISES
from npmobilenet.exercises.mistakes import MISTAKES, of, outcome
from npmobilenet.exercises.mistakes.seen import changes, differs, infinite, returns

from .asking import asking, failing, functions, said_of
from .planted.sources import LOOPS, Planted
from .planted.table import DIRECTLY, PLANTED

# among the longer tests: what came later, and what takes the most cases or the most time for each
LAST_PROMISED, SLOW = (
    46,
    ("conv2d", "conv2d_backward", "inverted_residual", "inverted_residual_backward"),
)
BY_CASES = sorted(PLANTED, key=lambda p: -len(EXERCISES[p.exercise].sizes))
# one of each number, in loops and in whole arrays by turns, where an exercise has the fewest cases
QUICK = {
    p.number: p
    for p in BY_CASES
    if p.number <= LAST_PROMISED
    and p.exercise not in SLOW
    and (p.style == LOOPS) == bool(p.number % 2)
}
SENTENCES = [
    *sorted({(m.number, m.sentence) for m in MISTAKES}),
    (44, changes(("x", "w"))),
    (45, differs("y")),
    (46, returns("y", "a list", "an array of shape (1, 2)")),
    (46, infinite("y", nan=True)),
    (46, infinite("y", nan=False)),
]
FULL_WIDTH = "，。；：（）“”、？！"


def named(planted: Planted) -> None:
    """The mistake is named by its own number, proved on 50 fresh cases."""
    exercise = EXERCISES[planted.exercise]
    call = asking(exercise, functions(planted.source)[planted.exercise])
    found = said_of(exercise, call)
    assert found is not None, "nothing is said"
    assert found.sentence is not None, found.wiring
    assert planted.number in found.numbers
    assert found.agreeing >= found.of >= 50


def test_all_numbers_are_planted_in_two_styles() -> None:
    styles = defaultdict(set)
    for planted in PLANTED:
        styles[planted.number].add(planted.style)
    assert set(styles) == {mistake.number for mistake in MISTAKES}
    assert {number for number, found in styles.items() if len(found) == 2} == set(styles)


@pytest.mark.parametrize("planted", QUICK.values(), ids=lambda p: p.name)
def test_a_planted_mistake_is_named(planted: Planted) -> None:
    named(planted)


@pytest.mark.long
@pytest.mark.parametrize("planted", PLANTED, ids=lambda p: p.name)
def test_every_planted_mistake_is_named(planted: Planted) -> None:
    named(planted)


@pytest.mark.parametrize("planted", DIRECTLY, ids=lambda p: p.name)
def test_what_needs_no_program_is_seen(tmp_path: Path, planted: Planted) -> None:
    """44 to 46, in the child: arguments changed, two calls that differ, another type."""
    file = tmp_path / "my_ops.py"
    file.write_text(planted.source, encoding="utf-8")
    (verdict,) = check(file, [EXERCISES[planted.exercise]]).verdicts
    assert verdict.state == "wrong"
    assert verdict.sentence is not None
    beginning = {44: "Your function changes ", 45: "Two calls with ", 46: "You return "}
    assert verdict.sentence["en"].startswith(beginning[planted.number])


@pytest.mark.parametrize("name", EXERCISES)
def test_a_right_program_is_never_among_them(name: str) -> None:
    """No program gives the right numbers on all small and some fresh cases: it would be named for it."""
    exercise = EXERCISES[name]
    rng = np.random.default_rng(2)
    cases = [*exercise.small(), *(exercise.fresh(rng) for _ in range(40))][::2]
    right = [exercise.reference(**case.arguments) for case in cases]
    names = list(right[0])
    for mistake in of(name):
        for case, expected in zip(reversed(cases), reversed(right), strict=True):
            results = outcome(mistake.program, case.arguments)
            if results is None:
                continue
            if not alike(dict(zip(names, results.values(), strict=True)), expected):
                break
        else:
            pytest.fail(f"mistake {mistake.number} of {name} is right wherever it gives numbers")


@pytest.mark.parametrize("name", ["conv2d", "batch_norm_backward", "hard_swish"])
def test_two_mistakes_at_once_are_not_named(name: str) -> None:
    """Programs are named for the very numbers: half of one, or all of it twice over, is another."""
    exercise = EXERCISES[name]

    def call(arguments):  # type: ignore[no-untyped-def]
        results = outcome(of(name)[0].program, arguments)
        right = exercise.reference(**arguments)
        if results is None:
            return None
        played = dict(zip(right, results.values(), strict=True))
        return {
            output: (array + right[output]) / 2 if array.shape == right[output].shape else array
            for output, array in played.items()
        }

    case = failing(exercise, call)
    assert case is not None
    found = diagnose(exercise, case, call(case.arguments), call)
    assert found is None or found.sentence is None


def test_a_mistake_of_one_case_alone_is_not_named() -> None:
    """On the failing case it is symmetric padding, elsewhere it is right: nothing is proved."""
    exercise = EXERCISES["depthwise_conv2d"]
    mistake = of("depthwise_conv2d")[0]

    def call(arguments):  # type: ignore[no-untyped-def]
        right = exercise.reference(**arguments)
        if arguments["x"].shape == (1, 2, 2, 1):
            return outcome(mistake.program, arguments)
        return right

    case = failing(exercise, call)
    assert case is not None
    found = diagnose(exercise, case, call(case.arguments), call)
    assert found is None or found.sentence is None


@pytest.mark.parametrize(("answers", "named"), [(30, False), (120, True)])
def test_a_function_that_is_too_slow_is_named_by_what_it_answered(
    answers: int, named: bool
) -> None:
    """50 fresh cases prove it, more are asked only while there is time; 30 prove nothing."""
    exercise = EXERCISES["depthwise_conv2d"]
    turned = next(mistake for mistake in of("depthwise_conv2d") if mistake.number == 5)
    asked = 0

    def call(arguments):  # type: ignore[no-untyped-def]
        nonlocal asked
        asked += 1
        if asked > answers:
            raise UnansweredError
        return outcome(turned.program, arguments)

    case = exercise.case("1x2x2x1,3x3,s2,same")
    found = diagnose(exercise, case, outcome(turned.program, case.arguments), call)
    assert (found is not None and found.sentence is not None) == named


@pytest.mark.parametrize(("number", "sentence"), SENTENCES, ids=lambda v: str(v)[:12])
def test_sentences_in_both_languages(number: int, sentence: tuple[str, str]) -> None:
    english, chinese = sentence
    assert re.search(r"[.)]$", english)
    assert not re.search(r"[\u4e00-\u9fff]", english)
    assert re.search(r"[\u4e00-\u9fff]", chinese)
    assert chinese[-1] in "。）"
    assert re.search(f"[{FULL_WIDTH}]", chinese)
    # no ASCII punctuation next to a Chinese character
    assert not re.search(r"[\u4e00-\u9fff][,;:?!()\"']|[,;:?!()\"'][\u4e00-\u9fff]", chinese)


def test_there_are_more_than_45() -> None:
    assert len({mistake.number for mistake in MISTAKES} | {44, 45, 46}) >= 45
