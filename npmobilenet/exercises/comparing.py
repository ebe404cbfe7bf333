"""One operator of somebody's, asked the cases of `verify`."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from zlib import crc32

import numpy as np

from ..ops.checks import Array
from ..verify.cases import Case
from ..verify.checks import scaled_error, torch_results
from ..verify.operators import Operator
from .compared import TOLERANCE, Compared, Failing, Row
from .pairing import Parameter
from .parent import Observed
from .taking import Form, Way, settled, way

DRAWS = 50  # cases drawn for each that is to be asked: the others are not taken
SECONDS = 30.0  # after which a slow function is asked no more cases
STOPPED = ("hung", "died", "flooded")

Arrays = dict[str, Array]
Ask = Callable[[dict[str, Any]], Observed]


class Comparison:
    """An operator of `verify`, and functions in its place: forward, backward, or both."""

    def __init__(
        self,
        operator: Operator,
        signatures: Mapping[str, list[Parameter] | None],
        ask: Ask,
        seed: int,
        *,
        with_torch: bool,
    ) -> None:
        self.operator, self._ask, self.seed = operator, ask, seed
        self.with_torch = with_torch
        self.function, _, self.mode = operator.name.partition(" ")
        drawn = [self.drawn(number)[0] for number in range(30)]
        self.arrays = max((list(case.arrays) for case in drawn), key=len)
        self.optional = [n for n in self.arrays if any(n not in case.arrays for case in drawn)]
        self.outputs = ["y", "mean", "variance"] if self.function == "batch_norm" else ["y"]
        settings = list(dict.fromkeys(name for case in drawn for name in case.settings))
        self.ways: dict[str, Way] = {}
        for name, before in ((self.function, []), (f"{self.function}_backward", ["dy"])):
            if name in signatures:
                found = way(
                    name, signatures[name], [*before, *self.arrays], settings, self.optional
                )
                if isinstance(found, str):
                    raise ValueError(found)
                self.ways[name] = found
        self.left_out: Counter[str] = Counter()
        self.said: list[str] = []
        self.not_yet: list[str] = []
        self.form = Form()
        self.rows: dict[tuple[str, str], Row] = {}
        self.failing: dict[str, Failing] = {}

    @property
    def forward(self) -> Way | None:
        """How the forward pass is called, where there is one."""
        return self.ways.get(self.function)

    @property
    def backward(self) -> Way | None:
        """How the backward pass is called, where there is one."""
        return self.ways.get(f"{self.function}_backward")

    def run(self, cases: int, file: str) -> Compared:
        """Ask so many cases, and explain what fails."""
        from .explaining import explained
        from .forming import tried

        self._without_what_is_not_there()
        self.form = tried(self)
        asked = number = 0
        ends = time.monotonic() + SECONDS
        while self.ways and asked < cases and number < DRAWS * cases:
            if time.monotonic() > ends:
                self.said.append(
                    f"{self.operator.name}: after {SECONDS:g} s no further cases were asked."
                )
                break
            case, rng = self.drawn(number)
            number += 1
            case = self.taken(case)
            given = self.given(case.settings)
            if isinstance(given, str):
                self.left_out[given] += 1
                continue
            asked += 1
            if self._compare(case, given, rng):
                break
        found = Compared(
            self.operator.name, asked, number, dict(self.left_out),
            {w: s for w, s in self.form.refused.items() if w in self.left_out},
            tuple(self.rows.values()), tuple(self.failing.values()), tuple(self.said),
            not_yet=tuple(self.not_yet),
        )  # fmt: skip
        return explained(self, found, file)

    def taken(self, case: Case) -> Case:
        """The case without an optional array that no function takes."""
        takes = {name for found in self.ways.values() for name in found.takes if not found.cache}
        kept = {n: a for n, a in case.arrays.items() if n not in self.optional or n in takes}
        return replace(case, arrays=kept)

    def given(self, settings: Mapping[str, Any]) -> dict[str, Any] | str:
        """The settings as the functions are given them; or words for what one of them does not take."""
        takes = [found.takes for found in self.ways.values() if not found.cache]
        together = frozenset.intersection(*takes) if takes else frozenset()
        if self.forward is not None and self.backward is not None and not self.backward.cache:
            # a backward pass has no use for some: what the forward pass takes is enough
            together = self.forward.takes
        return settled(self.operator.name, together, settings, self.form)

    def ask(self, values: Mapping[str, Any], dy: Any, gradients: list[str], *only: str) -> Observed:
        """Both functions, or `only` one of them (a forward pass too where a cache is needed)."""
        forward, backward = self.forward, self.backward
        if only and self.function not in only and not (backward and backward.cache):
            forward = None
        if only and f"{self.function}_backward" not in only:
            backward = None
        asked: dict[str, Any] = {"outputs": self.outputs, "gradients": gradients}
        asked["both"] = [
            self.function if forward else "",
            f"{self.function}_backward" if backward else "",
        ]
        if forward:
            asked["forward"] = forward.arguments(values)
        if backward:
            asked["backward"] = backward.arguments({"dy": dy, **values})
        return self._ask(asked)

    def expected(self, case: Case, dy: Array | None, rng: Any) -> tuple[Arrays, Arrays, Array]:
        """Our outputs, our gradients, and the dy that they are of."""
        outputs, cache = self.operator.run(case.arrays, case.settings, "numpy")
        if dy is None:
            dy = np.asarray(rng.standard_normal(outputs["y"].shape))
        found = self.operator.gradients(dy if dy.ndim else float(dy), cache)
        return outputs, {f"d{n}": g for n, g in found.items() if n in case.arrays}, dy

    def _compare(
        self,
        case: Case,
        given: dict[str, Any],
        rng: np.random.Generator,
    ) -> bool:
        """One case; whether it was the last that can be asked."""
        outputs, gradients, dy = self.expected(case, None, rng)
        witnesses = {"ours": outputs | gradients}
        if self.with_torch:
            witnesses["PyTorch"] = torch_results(self.operator, case, dy)
        values = {**case.arrays, **given}
        slopes: Any = dy if dy.ndim else float(dy)
        observed = self.ask(values, slopes, list(gradients))
        blamed = f"{self.function}_backward"
        if observed.outcome != "returned" and self.forward is not None:
            alone = self.ask(values, slopes, [], self.function) if self.backward else observed
            blamed = self.function if alone.outcome != "returned" else blamed
        for name in self.ways:
            if observed.outcome != "returned" and name != blamed:
                continue
            own = list(outputs) if name == self.function else list(gradients)
            for witness, expected in witnesses.items():
                error, said = _error(observed, {n: expected[n] for n in own if n in expected})
                self.rows.setdefault((name, witness), Row(name, witness, self.mode)).add(error)
                if not error <= TOLERANCE and witness == "ours":
                    self._note(name, said, case, given)
        return observed.outcome in STOPPED

    def drawn(self, number: int) -> tuple[Case, np.random.Generator]:
        """The very case that `verify` has of that number."""
        rng = np.random.default_rng([self.seed, number, crc32(self.operator.name.encode())])
        return self.operator.draw(lambda low, high: int(rng.integers(low, high + 1)), rng), rng

    def _note(self, name: str, said: str, case: Case, given: dict[str, Any]) -> None:
        """Keep the smallest case that fails."""
        numbers = sum(array.size for array in case.arrays.values())
        if name not in self.failing or numbers < self.failing[name].numbers:
            self.failing[name] = Failing(name, _words(case, given), said, numbers)

    def _without_what_is_not_there(self) -> None:
        """Functions that are not written yet, or do not end, are said so, and not asked again."""
        way_back, evaluates = self.backward, self.operator.name == "batch_norm eval"
        if evaluates and way_back and not (way_back.cache or "train" in way_back.takes):
            del self.ways[f"{self.function}_backward"]
            self.said.append(f"{self.function}_backward: takes no train, not asked in evaluation.")
        for number in range(200):
            case, rng = self.drawn(number)
            case = self.taken(case)
            if not isinstance(given := self.given(case.settings), str):
                break
        else:
            return
        _, gradients, dy = self.expected(case, None, rng)
        for name in list(self.ways):
            backward = name != self.function
            if backward and self.ways[name].cache and self.forward is None:
                self.said.append(
                    f"{name}: takes a cache, and there is no {self.function} to make one."
                )
                del self.ways[name]
                continue
            slopes = dy if dy.ndim else float(dy)
            observed = self.ask(
                {**case.arrays, **given}, slopes, list(gradients) if backward else [], name
            )
            if observed.outcome == "not yet":
                self.not_yet.append(name)
                del self.ways[name]
            elif observed.outcome in STOPPED:  # once is enough: each takes seconds
                self.rows[name, "ours"] = Row(name, "ours", self.mode)
                self.rows[name, "ours"].add(np.inf)
                self._note(name, observed.said, case, given)
                del self.ways[name]


def _error(observed: Observed, expected: Arrays) -> tuple[float, str]:
    """The worst error of some outputs; and what is wrong, in a few words."""
    if observed.outcome != "returned":
        return np.inf, observed.said
    if observed.changed:
        return np.inf, f"it changed {', '.join(observed.changed)}"
    worst, said = 0.0, ""
    for name, array in expected.items():
        if name in ("mean", "variance") and name not in observed.results:
            continue  # of who returns y alone
        if name not in observed.results:
            return (
                np.inf,
                f"{name} is {observed.others.get(name) or observed.others.get('', 'missing')}",
            )
        found = observed.results[name]
        if found.shape != np.shape(array):
            return np.inf, f"{name} has shape {found.shape}, expected {np.shape(array)}"
        error = scaled_error(found, array)
        if not error <= worst:
            worst, said = error, f"{name} is off by {error:.1e} of its largest number"
    return worst, said


def _words(case: Case, given: Mapping[str, Any]) -> str:
    """x (1, 4, 3, 5), w (3, 2, 5), stride (2, 1), padding "same"."""
    parts = [f"{name} {array.shape}" for name, array in case.arrays.items()]
    for name, value in given.items():
        if not isinstance(value, np.ndarray):
            text = f'"{value}"' if isinstance(value, str) else f"{value}"
            parts.append(f"{name} {text}")
    return ", ".join(parts)
