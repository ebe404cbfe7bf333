"""Anybody's operators beside ours and PyTorch's, on the cases of `verify`.

found = check(my_depthwise, "depthwise_conv2d", my_depthwise_backward)     in this process
found = against(Path("my_ops.py"))                                         in one of its own, with limits
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ..ops.checks import function as must_call
from ..ops.checks import integer, shown
from ..shown import Shown
from ..text import printable
from ..verify.operators import OPERATORS
from .checking import broken
from .compared import Compared
from .comparing import Comparison
from .exercise import EXERCISES
from .pairing import Parameter, both, parameters
from .parent import FIRST, Learner, Observed, returned

CASES = 200
NOT_COMPARED = ("dropout",)  # draws random numbers, and everybody others
FUNCTIONS = tuple(dict.fromkeys(n.partition(" ")[0] for n in OPERATORS))
COMPARED = tuple(name for name in FUNCTIONS if name not in NOT_COMPARED)


@dataclass(frozen=True, repr=False)
class Against(Shown):
    """What was found; true where something was asked and all of it is right."""

    compared: tuple[Compared, ...]
    notes: tuple[str, ...]
    torch: bool  # whether PyTorch was asked

    def __bool__(self) -> bool:
        asked = [found for found in self.compared if found.rows]
        return bool(asked) and all(found.passed for found in self.compared)

    def __repr__(self) -> str:
        """All that is said: nobody has many of these."""
        return str(self)

    def cells(self) -> list[tuple[object, ...]]:
        """The rows of a table under `compared.COLUMNS`."""
        return [row.cells() for found in self.compared for row in found.rows]

    def remarks(self) -> list[str]:
        """What stands below the table."""
        missing = () if self.torch else ("PyTorch is not installed: that witness was not asked.",)
        not_yet = dict.fromkeys(name for found in self.compared for name in found.not_yet)
        waiting = [f"not yet: {', '.join(not_yet)}"] if not_yet else []
        lines = [line for found in self.compared for line in found.remarks()]
        return [*lines, *waiting, *missing, *self.notes]

    def document(self) -> dict[str, Any]:
        """The same for a program."""
        return {
            "passed": bool(self),
            "torch": self.torch,
            "operators": [found.document() for found in self.compared],
            "notes": [*self.notes],
        }


def check(
    function: Callable[..., Any],
    operator: str,
    backward: Callable[..., Any] | None = None,
    *,
    cases: int = CASES,
    seed: int = 0,
) -> Against:
    """What `verify.check` says."""
    names = _operators(operator)
    must_call("check", "backward", backward)
    given = {operator: function} | ({f"{operator}_backward": backward} if backward else {})
    for name, found in given.items():
        if not callable(found):
            raise ValueError(f"check: {name} must be a function, found {type(found).__name__}")

    def ask(asked: dict[str, Any]) -> Observed:
        try:
            first, second = (given.get(name) for name in asked["both"])
            found = both(first, second, asked)
        except NotImplementedError as error:
            return Observed("not yet", said=f"it raises NotImplementedError: {error}".rstrip(": "))
        except Exception as error:
            said = printable(" ".join(str(error).split()))
            return Observed("raised", said=f"it raises {type(error).__name__}: {said}".rstrip(": "))
        return returned(found)

    signatures = {name: parameters(found) for name, found in given.items()}
    compared = _compared(names, signatures, ask, cases, seed, lambda name: None, "")
    return Against(tuple(compared), (), _torch())


def against(
    file: Path,
    operator: str | None = None,
    *,
    cases: int = CASES,
    seed: int = 0,
    say: Callable[[str], None] = lambda name: None,
) -> Against:
    """All functions of a file that have the name of an operator, or of its backward pass.

    say: is told each name before it is asked.  ValueError, one line, where the file cannot be read or
    has none of them, and as in `check`.
    """
    if not file.is_file():
        raise ValueError(f"{file}: no such file")
    chosen = _operators(operator) if operator else [n for f in COMPARED for n in _operators(f)]
    wanted = dict.fromkeys(name.partition(" ")[0] for name in chosen)
    looked = [n for name in wanted for n in (name, f"{name}_backward")]
    others = [n for n in (*EXERCISES, *NOT_COMPARED) if n not in looked and not operator]
    with Learner(file, [*looked, *others]) as learner:
        if learner.broken:
            raise ValueError(broken(file, learner.broken))
        for name in looked:
            if learner.functions[name] not in ("", "missing"):
                raise ValueError(f"{file.name}: {learner.functions[name]}")
        signatures = {n: learner.signatures[n] for n in looked if not learner.functions[n]}
        if not signatures:
            raise ValueError(
                f"{file.name}: has no function that can be compared; expected one of "
                f"{', '.join(looked)}"
            )

        def ask(asked: dict[str, Any]) -> Observed:
            return learner.call("", {}, asked, FIRST)  # Numba may compile in any of them

        names = [
            n
            for n in chosen
            if {n.partition(" ")[0], f"{n.partition(' ')[0]}_backward"} & {*signatures}
        ]
        compared = _compared(names, signatures, ask, cases, seed, say, str(file))
        there = [n for n in others if not learner.functions[n]]
    notes = [f"no operator of verify, not compared: {', '.join(there)}"] if there else []
    if not learner.limited:
        notes.append("this system has no limit of memory for a process")
    return Against(tuple(compared), tuple(notes), _torch())


def _operators(name: str) -> list[str]:
    """Those of `verify` with that name: "batch_norm" is two.  ValueError for another."""
    text = name if isinstance(name, str) else ""
    found = [n for n in OPERATORS if text in (n, n.partition(" ")[0])]
    if not found or found[0] in NOT_COMPARED:
        raise ValueError(f"operator must be one of {', '.join(COMPARED)}, found {shown(name)}")
    return found


def _compared(
    names: Sequence[str],
    signatures: dict[str, list[Parameter] | None],
    ask: Callable[[dict[str, Any]], Observed],
    cases: int,
    seed: int,
    say: Callable[[str], None],
    file: str,
) -> list[Compared]:
    integer("check", "cases", cases, 1)
    integer("check", "seed", seed, 0, most=None)
    found = []
    for name in names:
        say(name)
        comparison = Comparison(OPERATORS[name], signatures, ask, seed, with_torch=_torch())
        found.append(comparison.run(cases, file))
    return found


def _torch() -> bool:
    return find_spec("torch") is not None
