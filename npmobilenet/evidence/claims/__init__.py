"""Statements of tutorials, papers and documentation, each judged by running code.

    for checked in check("v1"):
        print(checked.finding.verdict, checked.claim.text, checked.finding.text)

One file a source; `claim.py` says what a claim is and how a verdict follows from its numbers.
"""

from __future__ import annotations

from typing import Any

from ...ops.checks import shown
from . import (
    course,
    eight_bits,
    keras_docs,
    paddle_docs,
    paper_v1,
    paper_v2,
    paper_v3,
    tf_docs,
    torchvision_docs,
    tutorial_a,
    tutorial_a_scripts,
    tutorial_b,
    tutorial_c,
    tutorial_c_v2,
    tutorial_d,
    tutorial_e,
)
from .claim import VERDICTS, Checked, Claim, Finding, Source

SECOND_HALVES = (tutorial_a_scripts, tutorial_c_v2)  # importing them has added to their sources

SOURCES: dict[str, Source] = {
    module.SOURCE.name: module.SOURCE
    for module in (
        tutorial_a,
        tutorial_b,
        tutorial_c,
        tutorial_d,
        tutorial_e,
        paper_v1,
        paper_v2,
        paper_v3,
        keras_docs,
        tf_docs,
        torchvision_docs,
        paddle_docs,
        course,
        eight_bits,
    )
}

__all__ = [
    "SOURCES",
    "VERDICTS",
    "Checked",
    "Claim",
    "Finding",
    "Source",
    "check",
    "to_json",
    "totals",
]


def check(source: str | None = None) -> list[Checked]:
    """Judge all claims, or those of one source.  ValueError for a source that there is not."""
    if source is not None and (not isinstance(source, str) or source not in SOURCES):
        raise ValueError(f"source must be one of {', '.join(SOURCES)}, found {shown(source)}")
    chosen = SOURCES.values() if source is None else (SOURCES[source],)
    return [Checked(claim, claim.judge()) for found in chosen for claim in found.claims]


def totals(found: list[Checked]) -> dict[str, int]:
    """How many claims have each verdict."""
    return {
        verdict: sum(checked.finding.verdict == verdict for checked in found)
        for verdict in VERDICTS
    }


def to_json(found: list[Checked]) -> dict[str, Any]:
    """{claims: [...], totals: {...}}."""
    return {"claims": [checked.to_json() for checked in found], "totals": totals(found)}
