"""The file that a learner begins with: every function with its text, and none of them written."""

from __future__ import annotations

from itertools import groupby

from .exercise import EXERCISES
from .record import Exercise, page

STEPS = {
    1: "one window, one number",
    2: "a convolution, all of it",
    3: "depthwise and pointwise convolution, and what they cost",
    4: "gradients",
    5: "batch normalisation, ReLU6, hard-swish, squeeze-excite",
    6: "the inverted residual block",
}
HEAD = '''"""MobileNet's operators, written by hand.

Arrays are of float64: images (N, H, W, C), N images of H rows, W columns and C channels. Replace
`raise NotImplementedError` by your own lines, in loops or in whole arrays, with helpers as you
like. Return new arrays: what the caller gave must stay as it was.

{commands}
"""

import numpy as np'''
COMMANDS = {
    "check {name} one_window": "is it right? If not: where, and why",
    "hint one_window": "three of them: hint one_window 2, then 3",
    "check {name} --watch": "check again whenever the file is saved",
}


def template(name: str) -> str:
    """The text of a new file of that name."""
    words = {
        f"    npmobilenet exercises {c.format(name=name)}": about for c, about in COMMANDS.items()
    }
    wide = max(map(len, words))
    parts = [
        HEAD.format(commands="\n".join(f"{w:{wide}}    {about}" for w, about in words.items()))
    ]
    for step, exercises in groupby(EXERCISES.values(), lambda exercise: exercise.step):
        title = f"# --- step {step}: {STEPS[step]} "
        first, *others = map(_function, exercises)
        parts += [f"{title.ljust(100, '-')}\n\n\n{first}", *others]
    return "\n\n\n".join(parts) + "\n"


def _function(exercise: Exercise) -> str:
    lines = [
        *exercise.text.rstrip().splitlines(),
        "",
        f"Read: chapter {exercise.chapter}, {page(exercise.chapter)}",
    ]
    text = "\n".join(f"    {line}" if line else "" for line in lines).lstrip()
    return f'def {exercise.signature}:\n    """{text}\n    """\n    raise NotImplementedError'
