"""Whether a function takes pairs, four-sided padding, "same": tried where that must not matter.

(1, 1) is a stride of 1.  Who raises for it, or gives other numbers, takes no pairs, and is not asked
about strides that differ.  Nothing is judged here: a wrong function is wrong in both forms.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..verify.cases import Case
from ..verify.checks import scaled_error
from .parent import Observed
from .record import Results
from .taking import WINDOW, Form

if TYPE_CHECKING:
    from .comparing import Comparison

LATER = 400  # draws in which a fitting case is looked for


def tried(comparison: Comparison) -> Form:
    """What the functions take; each form is one call of all of them."""
    form = Form()
    case = _plain(comparison)
    if case is None:
        return form
    names = [n for n in case.settings if n in (*WINDOW, "padding")]
    values = {**case.settings, **{n: case.settings[n][0] for n in names}}
    usual = _answer(comparison, case, values)
    if usual.outcome == "raised":
        paired = {**values, **{n: case.settings[n][:2] for n in names}}
        again = _answer(comparison, case, paired)
        if again.outcome == "returned":
            form.pairs, values, usual = True, paired, again
    if usual.outcome != "returned":
        return form  # whatever it is, it will be seen in every case
    forms: list[tuple[str, str, Any]] = []
    for name in names:
        one = case.settings[name][0]
        forms.append((f"a {name} of two numbers", name, (one, one)))
        if name == "padding":
            forms += [
                ("a padding of four numbers", name, (one,) * 4),
                ('padding "same"', name, "same"),
            ]
    for words, name, value in forms:
        found = _answer(comparison, case, {**values, name: value})
        if found.outcome != "returned":
            form.refused[words] = found.said
        elif value != "same" and not _alike(found.results, usual.results):
            form.refused[words] = f"it gives other numbers for {value} than for {value[0]}"
    return form


def _answer(comparison: Comparison, case: Case, values: dict[str, Any]) -> Observed:
    """Of both functions, with the settings as they stand in `values`."""
    settings = {**case.settings, **{n: v for n, v in values.items() if n == "padding"}}
    gradients, dy = comparison.expected(
        Case(case.arrays, settings), None, np.random.default_rng(0)
    )[1:]
    slopes: Any = dy if dy.ndim else float(dy)
    return comparison.ask({**case.arrays, **values}, slopes, list(gradients))


def _plain(comparison: Comparison) -> Case | None:
    """A case of stride 1 in which all pairs are equal; None of an operator without a stride."""
    for number in range(LATER):
        case, _ = comparison.drawn(number)
        if "stride" not in case.settings:
            return None
        size = case.settings.get("kernel_size", case.arrays.get("w", np.zeros((1, 1))).shape[:2])
        if "padding" in case.settings and size[0] != size[1]:
            continue
        settings = dict(case.settings)
        for name in (n for n in WINDOW if n in settings and n != "kernel_size"):
            settings[name] = (1, 1)
        if "padding" in settings:
            settings["padding"] = (size[0] - 1,) * 4
        if "count_padding" in settings:  # whatever there is where nobody gives it
            settings["count_padding"] = False
        return comparison.taken(Case(case.arrays, settings))
    return None


def _alike(one: Results, other: Results) -> bool:
    return one.keys() == other.keys() and all(scaled_error(one[n], other[n]) < 1e-9 for n in one)
