"""What is said of whole networks: to a reader, a part as soon as it stands, and to a program."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from shlex import quote
from typing import Any

import numpy as np

from .exercise import EXERCISES
from .graduate import TOLERANCE, Compared, Graduated, Part
from .graduate_asking import Difference, furthest
from .graduate_units import units
from .layout import WIDTH, index, number, paragraph, signed
from .sizes import Sizes, in_words

# what no exercise is of, by operator
OURS = {
    "relu": "ReLU",
    "global_avg_pool": "the mean of all pixels",
    "add": "the sum of a residual",
    "dropout": "dropout",
}
OURS_IN_TRAINING = ("the loss", "the optimiser's step")
SHOWN = 8  # lines of what a function printed


def text(part: Part, file: str) -> str:
    """All that is said of one network."""
    lines = [headline(part), *paragraph(_about(part)), ""]
    if part.difference is not None:
        lines += _different(part.difference, file)
    else:
        if part.yours:  # or it would be ours beside ours
            lines += [*_table(part), "", *paragraph(_verdict(part))]
        lines += paragraph(_functions(part))
        lines += [line for why in _left_to_us(part) for line in paragraph(why)]
    return "\n".join(line.rstrip() for line in lines)


def state(part: Part) -> str:
    """passed, wrong, or ours where functions are missing."""
    return "passed" if part.passed else "not yet" if part.equal else "wrong"


def headline(part: Part) -> str:
    """The network, what became of it, and how long it took."""
    left = f" {part.title:<27} {state(part)}"
    return left + f"{part.seconds:.1f} s".rjust(WIDTH - len(left) - 1)


def _about(part: Part) -> str:
    plan, (h, w) = part.plan, part.plan.resolution
    macs = sum(layer.macs for layer in plan.layers)
    what = (
        "Three test images through the shipped network"
        if part.name == "forwards"
        else f"Five steps of training on {part.images} images"
    )
    family = {"forwards": "MobileNetV3", "v1": "MobileNetV1", "v2": "MobileNetV2"}[part.name]
    return (
        f"{what}: a {family} of {len(plan.layers)} layers, {h} x {w} pixels, "
        f"{macs:,} MACs an image."
    )


def _table(part: Part) -> Iterator[str]:
    """Images with what they are taken for; or losses, side by side."""
    if part.name == "forwards":
        yield f"   {'image':<14}{'ours says':<14}{'yours says':<14}{'logits differ by':>16}"
        for c in part.compared:
            ours, yours = (part.classes[int(np.argmax(a))] for a in (c.ours, c.yours))
            yield f"   {c.label:<14}{ours:<14}{yours:<14}{spelled(c.difference):>16}"
        return
    yield f"   {'step':<6}{'loss, ours':>16}{'loss, yours':>16}{'difference':>16}"
    for c in part.compared:
        loss, own = float(c.ours), float(c.yours)
        yield f"   {c.label:<6}{loss:>16.10f}{own:>16.10f}{spelled(c.difference):>16}"


def _verdict(part: Part) -> str:
    what = "logits" if part.name == "forwards" else "losses"
    largest = max(c.difference for c in part.compared)
    return f"The {what} differ by {spelled(largest)} at most; 1e-9 is allowed."


def spelled(difference: float) -> str:
    """2.2e-15, 1.3e-9, 0."""
    return f"{difference:.1e}".replace("e-0", "e-") if difference else "0"


def _functions(part: Part) -> str:
    """Who computed what."""
    calls = ", ".join(f"{name} {many}" for name, many in part.yours.items())
    said = f"Calls of your functions: {calls}." if calls else "None of your functions ran."
    operators = {unit.layers[0].operator for unit in units(part.plan) if not unit.function}
    ours = [words for operator, words in OURS.items() if operator in operators]
    ours += OURS_IN_TRAINING if part.name != "forwards" else ()
    return f"{said} Ours, because no exercise is of them: {', '.join(ours)}."


def _left_to_us(part: Part) -> Iterator[str]:
    """Functions that are to be the learner's, and are not."""
    for said, why in (("Not yet yours", "not yet"), ("Missing in your file", "missing")):
        if names := [name for name, reason in part.ours.items() if reason == why]:
            yield f"{said}, and ours here: {', '.join(names)}."
    for name, why in part.ours.items():
        if why not in ("not yet", "missing"):
            yield f"Ours in place of {name}: {why}."


def _different(found: Difference, file: str) -> Iterator[str]:
    """The first call that is not ours: where, with what, how far, and what to do."""
    failure, name = found.failure, found.exercise.name
    where = f", {found.where}" if found.where else ""
    verb = {"wrong": "differs"}.get(failure.outcome, "fails")
    yield from paragraph(f"The first layer that {verb}: {found.layer}{where}, by your {name}.")
    yield from paragraph(f"It was given {in_words(_sizes_of(found))}.")
    if failure.said:
        yield from paragraph(f"{failure.said[0].upper()}{failure.said[1:]}.")
    if failure.seen is not None:
        yield from paragraph(failure.seen[0])
    output = failure.output
    ours, yours = failure.expected.get(output), failure.yours.get(output)
    if ours is not None and yours is not None and ours.shape == yours.shape:
        _, at = furthest(yours, ours)
        right, wrong = float(ours[at]), float(yours[at])
        yield from paragraph(
            f"They differ most at {index(output, ours.shape, at)}: expected {number(right)}, "
            f"yours {number(wrong)}, difference {signed(wrong - right)}."
        )
    if failure.printed.strip():
        yield from (
            "",
            " It printed:",
            *(f"   {li}" for li in failure.printed.splitlines()[:SHOWN]),
        )
    yield ""
    command = f"   npmobilenet exercises check {quote(file)} {found.exercise.short}"
    yield from (" To look closer, at the smallest case that fails:", command)
    if case := _case(found):
        yield from (" or at one of this size:", f"{command} \\", f"       --case {case}")


def _sizes_of(found: Difference) -> Sizes:
    """Those of the call itself: a case may have fewer images."""
    x = found.failure.case.arguments["x"]
    assert isinstance(x, np.ndarray)
    return replace(found.failure.case.sizes, x=x.shape)


def _case(found: Difference) -> str:
    """A case of this size, where there can be one."""
    case = found.failure.case.text
    try:
        found.exercise.case(case)
    except ValueError:
        return ""
    return case


def summary(found: Graduated) -> str:
    """The last lines: whether it is done, and what remains."""
    name = found.file.name
    if found.passed:
        verdict = (
            f"{name} has graduated, in {found.seconds:.0f} s: a MobileNetV3 runs, and a V1 and a V2 "
            "learn, by your functions."
        )
        others = ", ".join(found.not_asked)
        return "\n".join([*_flush(verdict), *_flush(f"In none of these networks: {others}.")])
    missing = [name for name in EXERCISES if any(name in part.ours for part in found.parts)]
    wrong = [part.difference.exercise.name for part in found.parts if part.difference]
    lines = [f"{name} has not graduated yet."]
    if missing:
        lines += _flush(f"Yours to write: {', '.join(missing)}.")
    if wrong:
        lines += _flush(f"Yours to put right: {', '.join(wrong)}.")
    if not (missing or wrong):
        lines += _flush("Every call is right by itself, and the end is too far from ours.")
    return "\n".join(lines)


def _flush(sentence: str) -> list[str]:
    return [line.removeprefix(" ") for line in paragraph(sentence)]


def document(found: Graduated) -> dict[str, Any]:
    """The same for a program."""
    return {
        "file": str(found.file),
        "passed": found.passed,
        "seconds": round(found.seconds, 3),
        "tolerance": TOLERANCE,
        "networks": [_part(part) for part in found.parts],
        "not_asked": found.not_asked if found.passed else None,
    }


def _part(part: Part) -> dict[str, Any]:
    return {
        "name": part.name,
        "title": part.title,
        "model": part.plan.model,
        "layers": len(part.plan.layers),
        "images": part.images,
        "state": state(part),
        "seconds": round(part.seconds, 3),
        "calls": part.yours,
        "ours": part.ours,
        "compared": [_compared(c) for c in part.compared],
        "failure": None if part.difference is None else _failure(part.difference),
    }


def _compared(c: Compared) -> dict[str, Any]:
    return {
        "label": c.label,
        "ours": c.ours.tolist(),
        "yours": c.yours.tolist(),
        "difference": c.difference,
    }


def _failure(found: Difference) -> dict[str, Any]:
    failure = found.failure
    ours, yours = failure.expected.get(failure.output), failure.yours.get(failure.output)
    largest: dict[str, Any] = {}
    if ours is not None and yours is not None and ours.shape == yours.shape:
        error, at = furthest(yours, ours)
        numbers = {"expected": float(ours[at]), "yours": float(yours[at]), "difference": error}
        finite = {k: v if math.isfinite(v) else None for k, v in numbers.items()}
        largest = {"at": list(at), **finite}
    return {
        "function": found.exercise.name,
        "layer": found.layer,
        "where": found.where or None,
        "outcome": failure.outcome,
        "said": failure.said or (failure.seen[0] if failure.seen else None),
        "output": failure.output or None,
        "largest": largest or None,
        "case": failure.case.text,
    }
