"""npmobilenet verify."""

import argparse
import time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np
from rich.progress import Progress, SpinnerColumn, TextColumn
from rich.text import Text

from ..tables import table
from .common import console, print_json
from .values import at_least

if TYPE_CHECKING:
    from ..verify import Outcome


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument(
        "--cases", type=int, default=200, help="cases drawn for each operator (200)"
    )
    parser.add_argument(
        "--seed", type=at_least(0), default=0, help="what the cases are drawn from (0)"
    )
    parser.add_argument("--operator", metavar="NAME", help="only this operator")
    parser.add_argument(
        "--against", type=Path, metavar="FILE", help="your own functions, beside ours: my_ops.py"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.epilog = """example: npmobilenet verify --operator depthwise_conv2d
         npmobilenet verify --operator integers.conv2d
         npmobilenet verify --against my_ops.py"""


def run(options: argparse.Namespace) -> int:
    """Check all operators; 1 if anything is outside its tolerance."""
    if options.against is not None:
        return _against(options)
    known = _names()
    if options.operator and options.operator not in known:
        raise ValueError(f"operator must be one of {', '.join(known)}, found {options.operator!r}")
    if options.cases < 1:
        raise ValueError(f"--cases must be at least 1, found {options.cases}")
    out, started = console(), time.perf_counter()
    with_torch = _with_torch()
    chosen = [options.operator] if options.operator else known
    summary: dict[tuple[str, str, str, str], list[float]] = {}
    show = out.is_terminal and not options.json
    with Progress(console=out, transient=True, disable=not show) as progress:
        task = progress.add_task("verify", total=len(chosen) * options.cases)
        for name in chosen:
            progress.update(task, description=name)
            for case in range(options.cases):
                _check(name, case, options.seed, with_torch, summary)
                progress.advance(task)
    failures = sum(found[2] for found in summary.values())
    seconds = time.perf_counter() - started
    if options.json:
        print_json(_document(summary, int(failures), with_torch))
        return int(failures > 0)
    out.print(
        table(
            ("operator", "check", "rung", "precision", ">cases", ">worst error", ">tolerance", ""),
            _rows(summary),
        )
    )
    if not with_torch:
        out.print("PyTorch is not installed: that witness was not asked.")
    operators = "1 operator" if len(chosen) == 1 else f"{len(chosen)} operators"
    out.print(f"{operators}, {options.cases} cases each, {int(failures)} failures, {seconds:.0f} s")
    return int(failures > 0)


def _names() -> list[str]:
    """All operators, those on integers last."""
    from ..verify import OPERATORS
    from ..verify.integers import INTEGERS, PREFIX

    return [*OPERATORS, *(f"{PREFIX}{name}" for name in INTEGERS)]


def _with_torch() -> bool:
    """Whether PyTorch is there; it gets one thread then."""
    if find_spec("torch") is None:
        return False
    import torch

    torch.set_num_threads(1)  # or its idle threads spin on the cores that the kernels need
    return True


def _against(options: argparse.Namespace) -> int:
    """Somebody's functions; 1 where one of them is wrong, or none was asked."""
    from ..exercises.against import against

    if options.cases < 1:
        raise ValueError(f"--cases must be at least 1, found {options.cases}")
    out = console()
    _with_torch()
    show = out.is_terminal and not options.json
    with Progress(SpinnerColumn(), TextColumn("{task.description}"), console=out, transient=True,
                  disable=not show) as progress:  # fmt: skip
        task = progress.add_task("verify")
        found = against(
            options.against,
            options.operator,
            cases=options.cases,
            seed=options.seed,
            say=lambda name: progress.update(task, description=name),
        )
    if options.json:
        print_json({"file": str(options.against), **found.document()})
    else:
        out.print(*found.parts(), sep="\n", soft_wrap=True)
    return int(not found)


def _check(
    name: str,
    case: int,
    seed: int,
    with_torch: bool,
    summary: dict[tuple[str, str, str, str], list[float]],
) -> None:
    """Draw one case and add its outcomes: [count, worst error, failures]."""
    for outcome in _outcomes(name, case, seed, with_torch):
        key = (name, outcome.check, outcome.rung, outcome.dtype)
        found = summary.setdefault(key, [0, 0.0, 0])
        found[0] += 1
        found[1] = float(np.maximum(found[1], outcome.error))  # NaN stays
        found[2] += not outcome.passed


def _outcomes(name: str, case: int, seed: int, with_torch: bool) -> "list[Outcome]":
    from ..verify import OPERATORS, check_case
    from ..verify.integers import PREFIX, check_integers, draw

    rng = np.random.default_rng([seed, case, crc32(name.encode())])

    def choose(low: int, high: int) -> int:
        return int(rng.integers(low, high + 1))

    if name.startswith(PREFIX):
        own = name.removeprefix(PREFIX)
        return check_integers(own, draw(own, choose, rng))
    operator = OPERATORS[name]
    return check_case(operator, operator.draw(choose, rng), rng, with_torch=with_torch)


def _rows(summary: dict[tuple[str, str, str, str], list[float]]) -> list[tuple[object, ...]]:
    from ..verify import tolerance

    rows: list[tuple[object, ...]] = []
    for (name, check, rung, dtype), (cases, worst, failures) in sorted(summary.items()):
        allowed = tolerance(check, dtype)
        limit = f"{allowed:.0e}" if allowed else "same bits"
        error = f"{worst:.1e}" if allowed or worst else "same bits"
        if check == "reals":
            limit, error = "1 step", f"{worst:.2f} steps"
        verdict = Text(f"{int(failures)} failed", "red") if failures else Text("ok", "green")
        rows.append((name, check, rung, dtype, int(cases), error, limit, verdict))
    return rows


def _document(
    summary: dict[tuple[str, str, str, str], list[float]], failures: int, with_torch: bool
) -> dict[str, object]:
    from ..verify import tolerance

    checks = [
        {"operator": name, "check": check, "rung": rung, "precision": dtype, "cases": int(cases),
         "worst_error": worst, "tolerance": tolerance(check, dtype), "failures": int(failed)}
        for (name, check, rung, dtype), (cases, worst, failed) in summary.items()
    ]  # fmt: skip
    return {"failures": failures, "torch": with_torch, "checks": checks}
