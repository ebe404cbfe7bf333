"""What is said of a check, for programs: one JSON object."""

from __future__ import annotations

from typing import Any

import numpy as np

from .checking import Checked, Verdict
from .record import page


def document(checked: Checked) -> dict[str, Any]:
    """All that `report` says, and every array."""
    return {
        "file": str(checked.file),
        "right": checked.right,
        "broken": checked.broken or None,
        "memory_limited": checked.limited,
        "functions": [_function(verdict) for verdict in checked.verdicts],
    }


def _function(verdict: Verdict) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": verdict.exercise.name,
        "step": verdict.exercise.step,
        "state": verdict.state,
        "cases": verdict.cases,
        "left": verdict.left,
        "seconds": round(verdict.seconds, 3),
        "said": verdict.said or None,
        "read": page(verdict.exercise.chapter),
        "view": verdict.exercise.view,
    }
    if (count := verdict.count) is not None:
        found["counted"] = {
            "multiplications": count.multiplications,
            "with_padding": count.with_padding,
            "expected": count.expected,
            "formula": count.formula,
        }
    failure, diagnosis = verdict.failure, verdict.diagnosis
    if failure is None or verdict.state == "not yet":
        return found
    found["failure"] = {
        "case": failure.case.text,
        "words": failure.case.words,
        "said": failure.said or None,
        "arguments": _plain(failure.case.arguments),
        "expected": _plain(failure.expected),
        "yours": _plain(failure.yours),
        "output": failure.output or None,
        "at": list(failure.at) if failure.at is not None else None,
        "printed": failure.printed,
    }
    if failure.nudge is not None:
        found["failure"]["nudge"] = {"element": failure.nudge.element, "slope": failure.nudge.slope}
    found["mistake"] = dict(verdict.sentence) if verdict.sentence else None
    found["numbers"] = list(diagnosis.numbers) if diagnosis else []
    found["agreeing"] = [diagnosis.agreeing, diagnosis.of] if diagnosis else None
    found["wiring"] = list(diagnosis.wiring) if diagnosis else []
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    return value.tolist() if isinstance(value, np.ndarray) else value
