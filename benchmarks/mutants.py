"""Mutants: a right program with one index, sign, bound or axis changed in its syntax tree.

Of learners' solutions here; of the kernels in reliability/mutants/, which knows more changes.
"""

from __future__ import annotations

import ast
import copy
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol, TypeVar

Change = Callable[[ast.AST], None]  # of a node in a tree of its own
KINDS = ("index", "sign", "bound", "axis")
FLIPPED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """A learner's file in which one place is wrong, perhaps."""

    exercise: str
    kind: str
    style: str
    line: int
    right: str  # the file before
    function: str
    place: int  # of the node in the function, as ast.walk goes
    which: int  # of the changes that are possible there

    @property
    def source(self) -> str:
        """The whole file."""
        tree = ast.parse(self.right)
        node = list(ast.walk(_functions(tree)[self.function]))[self.place]
        _, change = list(changes(node))[self.which]
        change(node)
        return ast.unparse(ast.fix_missing_locations(tree))


def mutants(style: str, source: str, exercise: str) -> list[Mutant]:
    """Every mutant of one function, and of the helpers that it calls."""
    functions = _functions(ast.parse(source))
    return [
        Mutant(exercise, kind, style, getattr(node, "lineno", 0), source, name, place, which)
        for name in _reached(functions, exercise)
        for place, node in enumerate(ast.walk(functions[name]))
        for which, (kind, _) in enumerate(changes(node))
    ]


def _functions(tree: ast.Module) -> dict[str, ast.FunctionDef]:
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}


class OfAKind(Protocol):
    """What can be sampled by its kind."""

    @property
    def kind(self) -> str: ...


Chosen = TypeVar("Chosen", bound=OfAKind)


def sample(
    pools: list[list[Chosen]], count: int, seed: int, kinds: Sequence[str] = KINDS
) -> list[Chosen]:
    """That many, as evenly over the pools and kinds as they have them."""
    rng = random.Random(seed)
    groups = [
        rng.sample(these, len(these))
        for pool in pools
        for kind in kinds
        if (these := [m for m in pool if m.kind == kind])
    ]
    chosen: list[Chosen] = []
    while len(chosen) < count and any(groups):
        rng.shuffle(groups)
        chosen += [group.pop() for group in groups if group][: count - len(chosen)]
    return chosen


def _reached(functions: dict[str, ast.FunctionDef], exercise: str) -> list[str]:
    """The function and its helpers: what it calls that is no exercise's own."""
    from npmobilenet.exercises.exercise import EXERCISES

    found, todo = [exercise], [exercise]
    while todo:
        for node in ast.walk(functions[todo.pop()]):
            name = node.id if isinstance(node, ast.Name) else ""
            if name in functions and name not in found and name not in EXERCISES:
                found.append(name)
                todo.append(name)
    return found


def changes(node: ast.AST) -> Iterator[tuple[str, Change]]:
    """What can be changed at a node: (kind, change)."""
    if isinstance(node, ast.Subscript):
        yield from _indices(node)
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        yield "sign", set_field("op", ast.Sub() if isinstance(node.op, ast.Add) else ast.Add())
        if isinstance(node.right, ast.Constant):
            yield "bound", set_field("right", ast.Constant(0))
    elif isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add):
        yield "sign", set_field("op", ast.Sub())
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield "sign", set_field("op", ast.UAdd())
    elif isinstance(node, ast.Compare):
        for place, op in enumerate(node.ops):
            if type(op) in FLIPPED:
                yield "bound", _set_item("ops", place, FLIPPED[type(op)]())
    elif isinstance(node, ast.Call):
        yield from _calls(node)


def _indices(node: ast.Subscript) -> Iterator[tuple[str, Change]]:
    """One further, two exchanged, a slice that begins or ends elsewhere, another axis of a shape."""
    index = node.slice
    if isinstance(node.value, ast.Attribute) and node.value.attr == "shape":
        if isinstance(index, ast.Constant):
            yield (
                "axis",
                set_field("slice", ast.Constant(3 - index.value if index.value in (1, 2) else 0)),
            )
        return
    parts = index.elts if isinstance(index, ast.Tuple) else [index]
    names = [place for place, part in enumerate(parts) if isinstance(part, ast.Name)]
    for place in names:
        if isinstance(index, ast.Tuple):
            yield "index", _set_element(place, _shifted(parts[place]))
    for one, other in pairwise(names):
        yield "index", _exchange(one, other)
    for part in parts:
        if isinstance(part, ast.Slice) and part.lower is not None:
            place = parts.index(part)
            moved = ast.Slice(_shifted(part.lower), part.upper, part.step)
            yield "bound", _set_element(place, moved)


def _calls(node: ast.Call) -> Iterator[tuple[str, Change]]:
    """A range that ends or begins elsewhere, another axis, letters of einsum exchanged."""
    name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
    if name == "range" and len(node.args) == 1:
        end = node.args[0]
        yield "bound", set_field("args", [ast.BinOp(end, ast.Sub(), ast.Constant(1))])
        yield "bound", set_field("args", [ast.Constant(1), end])
    for place, keyword in enumerate(node.keywords):
        if keyword.arg in ("axis", "axes") and isinstance(keyword.value, ast.Tuple):
            for gone in range(len(keyword.value.elts)):
                kept = [e for i, e in enumerate(keyword.value.elts) if i != gone]
                yield "axis", _set_keyword(place, ast.Tuple(kept, ast.Load()))
    letters = node.args[0] if node.args else None
    if name == "einsum" and isinstance(letters, ast.Constant):
        inputs, _, output = letters.value.partition("->")
        for place in range(len(output) - 1):
            swapped = output[:place] + output[place + 1] + output[place] + output[place + 2 :]
            new = ast.Constant(f"{inputs}->{swapped}")
            yield "axis", set_field("args", [new, *node.args[1:]])


def _shifted(node: ast.expr) -> ast.expr:
    return ast.BinOp(node, ast.Sub(), ast.Constant(1))


def set_field(field: str, value: object) -> Change:
    return lambda node: setattr(node, field, copy.deepcopy(value))


def _set_item(field: str, place: int, value: ast.AST) -> Change:
    return lambda node: getattr(node, field).__setitem__(place, value)


def _set_keyword(place: int, value: ast.expr) -> Change:
    return lambda node: setattr(node.keywords[place], "value", value)  # type: ignore[attr-defined]


def _set_element(place: int, value: ast.expr) -> Change:
    def change(node: ast.AST) -> None:
        index = node.slice  # type: ignore[attr-defined]
        if isinstance(index, ast.Tuple):
            index.elts[place] = copy.deepcopy(value)
        else:
            node.slice = copy.deepcopy(value)  # type: ignore[attr-defined]

    return change


def _exchange(one: int, other: int) -> Change:
    def change(node: ast.AST) -> None:
        elements = node.slice.elts  # type: ignore[attr-defined]
        elements[one], elements[other] = elements[other], elements[one]

    return change
