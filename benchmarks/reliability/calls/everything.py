"""All subjects, and the public names that none of them tries."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import npmobilenet

from . import (
    asking,
    backwards,
    compiled,
    data,
    described,
    files,
    integer_operators,
    networks,
    operators,
    training,
)
from .subjects import Subject

# no calls of their own: values, packages, records that calls return, what takes no argument
NOT_CALLED = {
    *(
        "DIALECTS",
        "MODELS",
        "RUNGS",
        "CIFAR",
        "KERAS",
        "PADDLE",
        "PAPER",
        "TF_SLIM",
        "TIMM",
        "TIMM_TF",
    ),
    *("TORCHVISION", "datasets", "images", "training", "default_rung", "Statistics", "Prediction"),
    "CallablePackage",
}


@cache
def subjects() -> list[Subject]:
    """Everything that is called."""
    return [
        *operators.subjects(),
        *backwards.subjects(),
        *integer_operators.subjects(),
        *networks.subjects(),
        *compiled.subjects(),
        *described.subjects(),
        *training.subjects(),
        *data.subjects(),
        *files.subjects(),
        *asking.subjects(),
    ]


def public() -> list[str]:
    """Names of the package's stub that are called."""
    stub = Path(npmobilenet.__file__).with_name("__init__.pyi").read_text(encoding="utf-8")
    names: list[str] = []
    for line in ast.parse(stub).body:
        if isinstance(line, ast.ImportFrom):
            names += [name.asname or name.name for name in line.names]
        elif isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name):
            names.append(line.target.id)
    return [name for name in names if name not in NOT_CALLED and not name.startswith("__")]


def forgotten() -> list[str]:
    """Public names that nothing tries, as one would be that is new."""
    tried = {name for subject in subjects() for name in subject.of}
    return [name for name in public() if name not in tried]
