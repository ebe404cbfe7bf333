"""What is said of a check: a line for each function, and for one that fails its case, so that it can be
redone by hand."""

from __future__ import annotations

import os
from collections.abc import Iterator
from shlex import quote
from typing import Any

import numpy as np

from ..text import printable
from .checking import Checked, Verdict
from .judging import Failure, Nudge, agrees
from .layout import (
    NUMBERS,
    WIDTH,
    Block,
    beside,
    blocks,
    chinese,
    index,
    number,
    paragraph,
    signed,
    wrapped,
)  # fmt: skip
from .products import Products, Sum
from .record import page

TERMS = 18  # products of a sum that are written out
# of mistakes about "same", which is what frameworks pad in different ways, the chapter and the view
OF_DIALECTS, DIALECTS = (1, 7, 48), (10, 5)
PRINTED = 8  # lines of what a function printed


def language() -> str:
    """The language of sentences where none was asked for: what LANG and its like say."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(name):
            return "zh" if value.lower().startswith("zh") else "en"
    return "en"


def headline(verdict: Verdict) -> str:
    """The function, its verdict, and how much was asked."""
    left = f" {verdict.exercise.name:<27} {verdict.state}"
    if _fits(verdict):
        return f"{left}  {verdict.said}"
    if verdict.state in ("missing", "not yet") or not verdict.cases:
        return left
    cases = "1 case" if verdict.cases == 1 else f"{verdict.cases} cases"
    return left + f"{cases}, {verdict.seconds:.1f} s".rjust(WIDTH - len(left) - 1)


def _fits(verdict: Verdict) -> bool:
    """Whether why a function is missing stands in its line."""
    return verdict.state == "missing" and len(verdict.said) <= WIDTH - 38


def text(verdict: Verdict, lang: str, file: str) -> str:
    """All that is said of one function."""
    lines = [headline(verdict), *_details(verdict, lang, file)]
    return "\n".join(line.rstrip() for line in lines)


def summary(checked: Checked) -> str:
    """How many functions are right, and what else."""
    states = [verdict.state for verdict in checked.verdicts]
    counts = [(s, states.count(s)) for s in ("right", "wrong", "broken", "not yet", "missing")]
    said = ", ".join(f"{many} {state}" for state, many in counts if many)
    limits = "" if checked.limited else "; this system has no limit of memory for a process"
    return f"{checked.file.name}: {said}{limits}"


def _details(verdict: Verdict, lang: str, file: str) -> Iterator[str]:
    failure = verdict.failure
    if verdict.said and not _fits(verdict):
        yield from paragraph(_sentence(verdict.said))
    if verdict.state == "right" and verdict.left:
        yield from paragraph(
            f"It is slow: there was no time for {verdict.left} of the larger cases, so that fewer were "
            "asked than of others."
        )
    if verdict.state == "right" or verdict.state == "not yet" or failure is None:
        yield from _counted(verdict)
        return
    yield ""
    yield from paragraph(f"The first case that fails: {failure.case.words}.")
    yield ""
    yield from beside(_arrays(failure), "     ")
    yield from _one_number(failure)
    if failure.said:
        yield from ("", *paragraph(_sentence(failure.said)))
    if verdict.products is not None:
        yield from ("", *_products(verdict.products))
    if failure.nudge is not None:
        yield from ("", *_nudged(failure.nudge))
    yield from _named(verdict, failure, lang)
    yield from _counted(verdict)
    if failure.printed.strip():
        yield from ("", " It printed:")
        printed = failure.printed.strip().splitlines()
        yield from (f"   {printable(line)[: WIDTH - 4]}" for line in printed[:PRINTED])
        if len(printed) > PRINTED:
            yield f"   ... and {len(printed) - PRINTED} lines more"
    yield from ("", *_onwards(verdict, failure, file))


def _sentence(said: str) -> str:
    """With a capital letter, but where a function's name stands first."""
    first, _, rest = said.partition(" ")
    return f"{first.capitalize() if first in ('it', 'its', 'the', 'there') else first} {rest}."


def _arrays(failure: Failure) -> list[Block]:
    """The arguments; then the output that is wrong: expected, yours, difference."""
    found: list[Block] = []
    for name, value in failure.case.arguments.items():
        inside = value.items() if isinstance(value, dict) else [(name, value)]
        for inner, array in inside:
            if isinstance(array, np.ndarray):
                found += blocks(inner, array)
    output = failure.output
    if not output:
        return found
    expected, yours = failure.expected[output], failure.yours.get(output)
    found += _renamed(f"expected {output}", output, expected)
    if yours is not None:
        found += _renamed(f"yours {output}", output, yours)
        if yours.shape == expected.shape:
            wrong = np.where(agrees(yours, expected), 0, yours - expected)  # rounding is none
            found += _renamed("difference", output, wrong, signed)
    return found


def _one_number(failure: Failure) -> list[str]:
    """The first number that differs, where there are too many to show."""
    output, at = failure.output, failure.at
    if at is None or failure.expected[output].size <= NUMBERS:
        return []
    expected, yours = failure.expected[output], failure.yours[output]
    right, found = float(expected[at]), float(yours[at])
    wrong = int((~agrees(yours, expected)).sum())
    return ["", *paragraph(
        f"{wrong} of {expected.size} numbers of {output} differ, the first of them "
        f"{index(output, expected.shape, at)}: expected {number(right)}, yours {number(found)}, "
        f"difference {signed(found - right)}."
    )]  # fmt: skip


def _renamed(title: str, name: str, array: Any, spell: Any = number) -> list[Block]:
    """Slices of an output under another title."""
    many = list(blocks(name, array, spell))
    return [[title + lines[0].removeprefix(name), *lines[1:]] for lines in many]


def _products(found: Products) -> Iterator[str]:
    """One output written out, ours and theirs."""
    place = index(found.output, found.result.shape, found.at)
    yield from _sum("  expected   ", place, found, found.expected)
    if found.yours is not None:
        yield from _sum("  yours      ", place, found, found.yours)


def _sum(head: str, place: str, found: Products, total: Sum) -> list[str]:
    if not total.terms:
        return [f"{head}{place} = {number(total.total)} (no product at all)"]
    shown = total.terms[:TERMS]
    parts = [f"{number(f)}·{index(found.name, found.array.shape, at)}" for f, at in shown]
    if len(total.terms) > TERMS:
        parts.append(f"... {len(total.terms) - TERMS} more")
    if total.rest:
        parts.append(number(total.rest))
    head = f"{head}{place} = "
    return wrapped(head, parts, "+", f"= {number(total.total)}", len(head))


def _nudged(nudge: Nudge) -> list[str]:
    yours = "" if nudge.yours is None else f", yours is {number(nudge.yours)}"
    # the slope is measured: one number is not to be rounded in two ways
    near = abs(nudge.slope - nudge.expected) <= 1e-6 * max(1.0, abs(nudge.expected))
    slope, expected = number(nudge.expected if near else nudge.slope), number(nudge.expected)
    return paragraph(
        f"A nudge: moved a little, {nudge.element} moves the loss, the sum of dy · y, by "
        f"{slope} times as much: the gradient is {expected}{yours}."
    )


def _named(verdict: Verdict, failure: Failure, lang: str) -> Iterator[str]:
    """What was proved or seen; else the wiring, and what else is right."""
    diagnosis, sentence = verdict.diagnosis, verdict.sentence
    if sentence is not None:
        proof = ""
        if diagnosis is not None and diagnosis.sentence is not None:
            same, of = diagnosis.agreeing, diagnosis.of
            proof = f" (The same numbers as yours on this and on {same} of {of} other cases.)"
            if lang == "zh":
                proof = f"（在这个例子和另外 {of} 个例子中的 {same} 个里，数字与你的完全相同。）"
        yield from ("", *(chinese if lang == "zh" else paragraph)(sentence[lang] + proof))
        return
    if diagnosis is not None and diagnosis.wiring:
        yield from ("", *(f" {line}" for line in diagnosis.wiring))
    right = [n for n in failure.expected if n != failure.output and _agrees_in(failure, n)]
    if right:
        yield from ("", *paragraph(f"Right here: {', '.join(right)}."))


def _agrees_in(failure: Failure, name: str) -> bool:
    """Whether that output is right in the failing case."""
    found, expected = failure.yours.get(name), failure.expected[name]
    return (
        found is not None and found.shape == expected.shape and bool(agrees(found, expected).all())
    )


def _counted(verdict: Verdict) -> list[str]:
    count = verdict.count
    if count is None:
        return []
    if count.multiplications is None:
        return ["", *paragraph(_sentence(count.said))]
    found, padding = count.multiplications, count.with_padding
    said = f"{found} multiplications"
    if padding:
        said += f", {padding} of them with a zero of the padding"
    if found < count.expected and not padding:
        said += (
            ". Products with a zero of the padding, which count, are left out: with them there are "
        )
        said += str(count.expected)
    elif found != count.expected:
        said += f"; there should be {count.expected}"
    if count.formula is not None:
        said += f". Your {verdict.exercise.name} says {number(count.formula)}"
    case = f'{count.case.words}, padding "same"'
    loops = " and ".join(count.loops)
    return ["", *paragraph(f"Your own {loops}, run on numbers that count ({case}): {said}.")]


def _onwards(verdict: Verdict, failure: Failure, file: str) -> Iterator[str]:
    """Where to read, what to look at, whom to ask."""
    exercise = verdict.exercise
    named = verdict.diagnosis is not None and verdict.diagnosis.number in OF_DIALECTS
    chapter, view = DIALECTS if named else (exercise.chapter, exercise.view)
    case = failure.case.text
    yield f" Read: chapter {chapter}, {page(chapter)}"
    yield f" See: npmobilenet explore, view {view}"
    yield f" Hint: npmobilenet exercises hint {exercise.short}"
    yield f" Again: npmobilenet exercises check {quote(file)} {exercise.short} --case {case}"
