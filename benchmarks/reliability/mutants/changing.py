"""Every mutant of a kernel file: one change of its syntax tree, in the body of one function.

benchmarks/mutants.py says what is changed in anybody's loops; kernels have more to get wrong.
"""

from __future__ import annotations

import ast
import builtins
import copy
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ...mutants import KINDS as COMMON_KINDS
from ...mutants import Change, changes, set_field

KERNELS = Path(__file__).parents[3] / "kernels"
KINDS = (*COMMON_KINDS, "constant", "extreme", "logic", "product")
# functions that are taken for one another; those of vectors have names of their own
OPPOSITE = {"min": "max", "minimum": "maximum", "add": "sub", "floor": "ceil"}
OPPOSITE |= {other: one for one, other in OPPOSITE.items()}
# what this processor has instructions for; tests/engine/test_integer_engine.py has the same bits of other
# machines' code, in processes of their own
ELSEWHERE = {("simd/integer/quads.py", "_joined")}
EXTREMES = ("min", "max", "minimum", "maximum", "floor", "ceil")


@dataclass(frozen=True)
class Mutant:
    """A file of kernels/ with one change: of node `place` of a function, the change number `which`."""

    file: str  # below kernels/
    function: str
    kind: str
    place: int
    which: int
    line: int
    shown: str  # the code after the change

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.function} {self.kind}: {self.shown}"

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What stays when the file gets longer elsewhere; equivalent.py knows mutants by this."""
        return self.file, self.function, self.kind, self.shown

    def tree(self) -> ast.Module:
        """The file's syntax tree with the change, every line where it was."""
        tree = parsed(self.file)
        apply(_nodes(functions(tree)[self.function])[self.place], self.which)
        return ast.fix_missing_locations(tree)

    def lines(self) -> range:
        """Those of the changed function."""
        node = functions(parsed(self.file))[self.function]
        first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
        return range(first, (node.end_lineno or node.lineno) + 1)


@cache
def text(file: str) -> str:
    """What a file says."""
    return (KERNELS / file).read_text(encoding="utf-8")


def parsed(file: str) -> ast.Module:
    """Its syntax tree, to be changed by whoever asked."""
    return ast.parse(text(file))


def functions(tree: ast.Module) -> dict[str, ast.FunctionDef]:
    """Functions of a file, and methods of its classes."""
    found: dict[str, ast.FunctionDef] = {}
    for node in tree.body:
        inner = node.body if isinstance(node, ast.ClassDef) else [node]
        found |= {one.name: one for one in inner if isinstance(one, ast.FunctionDef)}
    return found


def _run_here(file: str) -> dict[str, ast.FunctionDef]:
    return {n: f for n, f in functions(parsed(file)).items() if (file, n) not in ELSEWHERE}


def mutants(file: str) -> list[Mutant]:
    """Every mutant of a file."""
    found = []
    for name, function in _run_here(file).items():
        for place, node in enumerate(_nodes(function)):
            for which, (kind, _) in enumerate(every_change(node)):
                changed = copy.deepcopy(node)
                apply(changed, which)
                line = getattr(node, "lineno", 0)
                shown = " ".join(ast.unparse(changed).split())
                if shown != " ".join(ast.unparse(node).split()) and _known(changed, file):
                    found.append(Mutant(file, name, kind, place, which, line, shown))
    return found


def gross(file: str) -> Mutant:
    """The last function of a file that is compiled, if one is, ends in an error: everyone must see it."""
    known = _run_here(file)
    compiled = [name for name, node in known.items() if node.decorator_list]
    return Mutant(file, [*known, *compiled][-1], "gross", -1, 0, 0, "raise")


def apply(node: ast.AST, which: int) -> None:
    """Change a node in its tree."""
    if isinstance(node, ast.FunctionDef):  # place -1; or the function that it makes
        last = [one for one in ast.walk(node) if isinstance(one, ast.FunctionDef)][-1]
        last.body = ast.parse("raise ValueError('planted')").body
        return
    _, change = list(every_change(node))[which]
    change(node)


def _nodes(function: ast.FunctionDef) -> list[ast.AST]:
    """What stands in a function, those in it too, without decorators, types and sentences."""
    found: list[ast.AST] = []

    def walk(node: ast.AST) -> None:
        found.append(node)
        for field, value in ast.iter_fields(node):
            if field in ("decorator_list", "annotation", "returns"):
                continue
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST) and not _said(child):
                    walk(child)

    walk(function)
    return [*found[1:], function]


def _known(node: ast.AST, file: str) -> bool:
    """Whether the name of a called function, which may be another now, means something in the file."""
    name = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
    return name not in OPPOSITE or hasattr(builtins, name) or name in _names(file)


@cache
def _names(file: str) -> frozenset[str]:
    tree = ast.walk(parsed(file))
    return frozenset(node.id for node in tree if isinstance(node, ast.Name)) | frozenset(
        alias.name
        for node in ast.walk(parsed(file))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    )


def _said(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def every_change(node: ast.AST) -> Iterator[tuple[str, Change]]:
    """Those of any loops, and those of kernels."""
    yield from changes(node)
    yield from _more(node)


def _more(node: ast.AST) -> Iterator[tuple[str, Change]]:
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        yield "constant", set_field("value", node.value + 1)
    elif isinstance(node, ast.BoolOp):
        yield "logic", set_field("op", ast.Or() if isinstance(node.op, ast.And) else ast.And())
    elif isinstance(node, ast.BinOp):
        swapped = {ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd}.get(type(node.op))
        if swapped:
            yield "logic", set_field("op", swapped())
        if isinstance(node.op, ast.Mult):
            yield "product", set_field("op", ast.Add())
        if isinstance(node.op, ast.FloorDiv | ast.Div | ast.Mod):
            yield "product", set_field("op", ast.Mult())
        if isinstance(node.op, ast.LShift | ast.RShift):
            yield "bound", set_field("right", ast.BinOp(node.right, ast.Sub(), ast.Constant(1)))
    elif isinstance(node, ast.AugAssign):
        if isinstance(node.op, ast.Sub):
            yield "sign", set_field("op", ast.Add())
        if isinstance(node.op, ast.Mult | ast.Div):
            other = ast.Div() if isinstance(node.op, ast.Mult) else ast.Mult()
            yield "product", set_field("op", other)
    elif isinstance(node, ast.Compare) and len(node.ops) == 1:
        other_way = {ast.Eq: ast.NotEq, ast.NotEq: ast.Eq}.get(type(node.ops[0]))
        if other_way:
            yield "logic", set_field("ops", [other_way()])
    elif isinstance(node, ast.IfExp):
        yield "logic", set_field("test", ast.UnaryOp(ast.Not(), node.test))
    elif isinstance(node, ast.Call):
        yield from _calls(node)


def _calls(node: ast.Call) -> Iterator[tuple[str, Change]]:
    """A range of two ends, prange, the opposite function."""
    name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
    if name == "prange" or (name == "range" and len(node.args) > 1):
        last = 0 if len(node.args) == 1 else 1
        for at, step in ((last, ast.Sub()), *([(0, ast.Add())] if last else [])):
            moved = list(node.args)
            moved[at] = ast.BinOp(moved[at], step, ast.Constant(1))
            yield "bound", set_field("args", moved)
    if name in OPPOSITE:
        func: ast.expr = copy.deepcopy(node.func)
        if isinstance(func, ast.Name):
            func.id = OPPOSITE[name]
        elif isinstance(func, ast.Attribute):
            func.attr = OPPOSITE[name]
        yield "extreme" if name in EXTREMES else "sign", set_field("func", func)
