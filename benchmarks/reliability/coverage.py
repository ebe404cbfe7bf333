"""Which lines and branches the tests run, in every process that they start.

The default suite, and once more what runs the numba rungs, as plain Python (interpreted.py).  Folder by
folder, so that what one leaves running disturbs no other.  The settings are in pyproject.toml.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from .children import HUNG, ROOT, Ended, run
from .hazard import Found, Hazard, NotHere, Size

LEAST = 95.0  # per cent
PARTS = ("npmobilenet", "kernels")
LOWEST = 5  # files that are named
LONGEST = 3600.0  # seconds of a folder
# what runs @compiled functions: once compiled, for everything around them, and once interpreted
INTERPRETED = (
    "tests/ops", "tests/kernels", "tests/verify", "tests/training/test_optimizers.py",
    "tests/engine/test_training_step_optimizer.py",
)  # fmt: skip
# tests of compiling, of threads and of other processes mean nothing where nothing is compiled
COMPILING = (
    "test_kernels", "test_kept_kernels", "test_second_process", "test_compiling_together",
    "test_threads_and_forks", "test_without_numba",
)  # fmt: skip
COMPILED = "tests/ops/test_strides.py::test_no_kernel_is_compiled_for_read_only_arrays"
# threads, forks and a tracer in one process may wait for one another; the row of threads has them
WAITING = ("test_threads_and_forks",)
ITSELF = "tests/trust/test_rows.py::test_nothing_goes_wrong[coverage]"  # it would measure itself
# some seconds of tests that run nearly all of kernels/
QUICK = ("tests/ops", "tests/kernels", "tests/engine/test_training_step_optimizer.py")


def folders() -> list[str]:
    """Those of the default suite."""
    found = (ROOT / "tests").iterdir()
    return sorted(f"tests/{path.name}" for path in found if (path / "__init__.py").exists())


def measured(words: Iterable[str], data: Path, interpreted: bool = False) -> Ended:
    """Run pytest with these words under coverage, which leaves its files beside `data`."""
    plain = ["-p", "benchmarks.reliability.interpreted"] if interpreted else []
    ignored = [
        f"--ignore=tests/kernels/{name}.py" for name in (COMPILING if interpreted else WAITING)
    ]
    ignored += [f"--deselect={COMPILED if interpreted else ITSELF}"]
    pytest = ["-m", "pytest", "-q", "-p", "no:cacheprovider", *plain, *ignored, *words]
    command = [sys.executable, "-m", "coverage", "run", *pytest]
    return run(command, LONGEST, env={"COVERAGE_FILE": str(data)}, cwd=ROOT)


def combined(folder: Path) -> dict[str, Any]:
    """What all files of a folder say together, as coverage's JSON."""
    data, answer = folder / "all", folder / "all.json"
    environment = {**os.environ, "COVERAGE_FILE": str(data)}
    for words in (("combine", "-q", str(folder)), ("json", "-q", "-o", str(answer))):
        subprocess.run(
            [sys.executable, "-m", "coverage", *words], cwd=ROOT, env=environment, check=True
        )
    found: dict[str, Any] = json.loads(answer.read_text(encoding="utf-8"))
    return found


def share(summaries: Iterable[dict[str, Any]]) -> float:
    """Per cent of lines and branches that ran."""
    ran = all_there = 0
    for summary in summaries:
        ran += summary["covered_lines"] + summary["covered_branches"]
        all_there += summary["num_statements"] + summary["num_branches"]
    return 100 * ran / all_there if all_there else 100.0


def judged(
    report: dict[str, Any], parts: tuple[str, ...] = PARTS
) -> tuple[list[str], dict[str, str]]:
    """A line for each part with too little, and the figures."""
    files = {name: entry["summary"] for name, entry in report["files"].items()}
    bad, figures = [], {}
    for part in parts:
        these = {name: files[name] for name in files if Path(name).parts[0] == part}
        percent = share(these.values())
        figures[f"{part}/"] = f"{percent:.1f} %"
        if percent < LEAST:
            bad.append(f"{part}/: {percent:.1f} % of lines and branches, not {LEAST:.0f} %")
        least = sorted(these, key=lambda name: share([these[name]]))[:LOWEST]
        figures[f"least of {part}/"] = ", ".join(
            f"{Path(name).relative_to(part)} {share([these[name]]):.0f} %" for name in least
        )
    return bad, figures


def prove(size: Size) -> Found:
    """tiny: a program of three lines, of which one is not run; quick: kernels/ alone."""
    if find_spec("coverage") is None:
        raise NotHere("coverage is not installed: pip install 'npmobilenet[prove]'")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if size == "tiny":
            return _of_three_lines(folder)
        runs = [(part, False) for part in (QUICK if size == "quick" else folders())]
        runs += [(part, True) for part in (QUICK if size == "quick" else INTERPRETED)]
        bad = []
        for part, interpreted in runs:
            ended = measured([part], folder / "all", interpreted)
            if ended.code not in (0, HUNG):
                bad.append(f"{part}: tests fail{' interpreted' * interpreted}: {ended.out[-300:]}")
            elif ended.code == HUNG:
                bad.append(f"{part}: did not end within {LONGEST:.0f} s")
        wrong, figures = judged(combined(folder), PARTS[1:] if size == "quick" else PARTS)
        return Found(len(runs), (*bad, *wrong), figures)


def _of_three_lines(folder: Path) -> Found:
    """The judge counts what coverage measured: a branch that is not taken is missed."""
    program, data = folder / "part" / "program.py", folder / "data"
    program.parent.mkdir()
    program.write_text("import sys\nif len(sys.argv) > 5:\n    print()\n", encoding="utf-8")
    settings = folder / "settings"
    settings.write_text("[run]\nbranch = true\nsource = part\n", encoding="utf-8")
    environment = {**os.environ, "COVERAGE_FILE": str(data), "COVERAGE_RCFILE": str(settings)}
    answer = folder / "all.json"
    for words in (("run", str(program)), ("json", "-q", "-o", str(answer))):
        subprocess.run(
            [sys.executable, "-m", "coverage", *words], cwd=folder, env=environment, check=True
        )
    bad, figures = judged(json.loads(answer.read_text(encoding="utf-8")), ("part",))
    right = figures["part/"] == "60.0 %" and len(bad) == 1  # 2 of 3 lines, 1 of 2 branches
    return Found(1, () if right else (f"a branch that is not taken counts: {figures}",))


HAZARD = Hazard(
    "code that no test runs",
    "tests run at least 95 % of the lines and branches of npmobilenet/ and of kernels/",
    prove,
)
