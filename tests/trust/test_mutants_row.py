"""The row of mutants: what is changed, what it reaches, and a survivor is told."""

import ast
from importlib import import_module
from typing import Any

import pytest

pytest.importorskip("numba")

from benchmarks.mutants import sample
from benchmarks.reliability.mutants import SEED, changing, chosen, inside, running
from benchmarks.reliability.mutants.equivalent import EQUIVALENT
from benchmarks.reliability.mutants.table import COMPILED, TESTS


def plain(tree: ast.Module) -> dict[str, str]:
    return {name: ast.unparse(node) for name, node in changing.functions(tree).items()}


@pytest.mark.long
def test_the_row_has_all_kinds_of_them() -> None:
    every = [m for file in TESTS for m in chosen(file, 3 if file in COMPILED else 10)]
    assert len(every) >= 200
    assert {mutant.kind for mutant in every} == set(changing.KINDS)


def test_a_mutant_changes_one_function() -> None:
    for mutant in sample([changing.mutants("simd/train/norm.py")], 9, SEED, changing.KINDS):
        before, after = plain(changing.parsed(mutant.file)), plain(mutant.tree())
        assert [name for name in before if before[name] != after[name]] == [mutant.function]


def test_each_file_of_the_kernels_has_its_tests() -> None:
    """But for what does no arithmetic of a network, and instructions themselves."""
    others = {
        "compiling", "forking", "keeping", "linking", "routines", "sharing", "store", "peak",
        "simd/activation", "simd/team", "simd/tuning", "simd/isa/lanes", "simd/isa/llvm",
        "simd/isa/vector", "simd/runtime/executor", "simd/runtime/work_item",
        "simd/runtime/work_stealing",
    }  # fmt: skip
    files = {
        path.relative_to(changing.KERNELS).with_suffix("").as_posix()
        for path in changing.KERNELS.rglob("*.py")
        if path.stem != "__init__"
    }
    assert {file.removesuffix(".py") for file in TESTS} == files - others


@pytest.mark.long
def test_an_equivalent_mutant_is_one_of_its_file() -> None:
    known = {
        mutant.key for file in {key[0] for key in EQUIVALENT} for mutant in changing.mutants(file)
    }
    assert set(EQUIVALENT) <= known


REACHED = [  # a routine, a function that is compiled into it, a function that is not
    ("train.norm", "forward", "train/norm.py", "_moments", "norm_backward"),
    ("infer.conv", "convolution", "tiles/epilogue.py", "_scattered", "fetching_rows"),
    ("infer.conv", "convolution", "tiles/gemm.py", "windowed", "outer"),
    ("train.elementwise", "pool", "runtime/parts.py", "span", "panel_at"),
]


@pytest.mark.parametrize(("module", "name", "file", "inside", "outside"), REACHED)
def test_what_a_change_reaches_is_compiled_anew(
    module: str, name: str, file: str, inside: str, outside: str
) -> None:
    """Through helpers, phases of microkernels and the functions that make them: else stale code ran."""
    routine: Any = getattr(import_module(f"npmobilenet.kernels.simd.{module}"), name)
    known = {mutant.function: mutant.lines() for mutant in changing.mutants(f"simd/{file}")}
    path = str(changing.KERNELS / "simd" / file)
    assert running.reaches(routine, path, known[inside])
    assert not outside or not running.reaches(routine, path, known[outside])


def test_a_survivor_is_told() -> None:
    """A column further, all of which are summed: nobody can see that."""
    mutant = next(m for m in inside.few(3, 0) if m.shown == "x[n, i, j - 1, m]")
    assert inside.survivors([mutant]).bad == (f"survived: {mutant}",)
