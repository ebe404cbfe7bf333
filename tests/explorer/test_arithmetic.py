"""The page's operators against those of `npmobilenet.ops`: one more rung, on the cases of `verify`."""

from typing import Any
from zlib import crc32

import numpy as np
import pytest

from npmobilenet.verify import OPERATORS, Case, tolerance
from npmobilenet.verify.cases import Arrays
from npmobilenet.verify.checks import scaled_error

from .browser import received, sent

# the page goes from logits to the loss in one step, and does not quantise
ABSENT = ("softmax", "log_softmax", "fake_quantize")
NAMES = [name for name in OPERATORS if name not in ABSENT]
CASES = 200
WITHIN = tolerance("rungs", "float64")

RUN = """(cases) => cases.map(({ name, arrays, settings, cotangent }) => {
  const operator = OPERATORS[name];
  for (const given_ of [arrays, settings])
    for (const [key, value] of Object.entries(given_)) if (value?.data) given_[key] = given(value);
  const before = JSON.stringify(allTold(arrays));
  const { cache, ...outputs } = finish(operator.forward(arrays, settings));
  const dy = typeof cotangent === "number" ? cotangent : given(cotangent);
  const gradients = allTold(finish(operator.backward(dy, cache)));
  const again = allTold(finish(operator.backward(dy, cache)));
  const same = JSON.stringify(gradients) === JSON.stringify(again);
  const untouched = before === JSON.stringify(allTold(arrays));
  return { outputs: allTold(outputs), gradients, same, untouched };
})"""


@pytest.mark.parametrize("name", NAMES)
def test_cases_of_verify(arithmetic: Any, name: str) -> None:
    check(arithmetic, name)


def test_no_operator_is_forgotten(arithmetic: Any) -> None:
    present = set(arithmetic.evaluate("() => Object.keys(OPERATORS)"))
    known = {name.partition(" ")[0] for name in NAMES}
    assert present == known


def check(page: Any, title: str, cases: int = CASES) -> float:
    """Results and gradients of the cases, in one call of the page; the worst scaled error."""
    drawn = [_case(title, number) for number in range(cases)]
    witnesses = [_witness(title, case, rng) for case, rng in drawn]
    asked = [
        {"name": title.partition(" ")[0], **_sent(case), "cotangent": cotangent}
        for (case, _), (_, cotangent) in zip(drawn, witnesses, strict=True)
    ]
    answers = page.evaluate(RUN, asked)
    return max(
        _error(title, case, expected, answer)
        for (case, _), (expected, _), answer in zip(drawn, witnesses, answers, strict=True)
    )


def _error(title: str, case: Case, expected: Arrays, answer: dict[str, Any]) -> float:
    found = {
        name: received(value)
        for part in ("outputs", "gradients")
        for name, value in answer[part].items()
    }
    assert found.keys() == expected.keys()
    errors = {name: scaled_error(found[name], value) for name, value in expected.items()}
    for name, error in errors.items():
        shapes = {key: array.shape for key, array in case.arrays.items()}
        assert error <= WITHIN, f"{title}: {name} is off by {error} for {shapes} {case.settings}"
    assert answer["same"], f"{title}: a second backward pass gives another answer"
    assert answer["untouched"], f"{title}: its arguments were changed"
    return max(errors.values())


def _case(title: str, number: int) -> tuple[Case, np.random.Generator]:
    """The case that `npmobilenet verify` draws under this number; the next one of evaluation."""
    rng = np.random.default_rng([0, number, crc32(title.encode())])
    while True:
        case = OPERATORS[title].draw(lambda low, high: int(rng.integers(low, high + 1)), rng)
        if not _beyond(title, case.settings):
            return case, rng


def _beyond(title: str, settings: dict[str, Any]) -> bool:
    """What the page never computes: dropout's draws in training, losses but the mean of all images."""
    if title == "dropout":
        return bool(settings["train"])
    others = {"weight", "ignore_index"} & settings.keys()
    return title == "softmax_cross_entropy" and (bool(others) or settings["reduction"] != "mean")


def _witness(title: str, case: Case, rng: np.random.Generator) -> tuple[Arrays, Any]:
    """What the lowest rung says, and the cotangent as the page takes it."""
    operator = OPERATORS[title]
    outputs, cache = operator.run(case.arrays, case.settings, operator.rungs[0])
    dy = np.asarray(rng.standard_normal(outputs["y"].shape))
    gradients = operator.gradients(dy if dy.ndim else float(dy), cache)
    expected = outputs | {f"d{name}": value for name, value in gradients.items()}
    return expected, sent(dy) if dy.ndim else float(dy)


def _sent(case: Case) -> dict[str, Any]:
    """Its arrays, as base64, and its settings: numbers, pairs, and the running estimates' arrays."""
    settings = {
        name: sent(value) if getattr(value, "dtype", None) == np.float64 else value
        for name, value in case.settings.items()
    }
    if "labels" in settings:
        settings["labels"] = settings["labels"].tolist()
    return {"arrays": {name: sent(v) for name, v in case.arrays.items()}, "settings": settings}
