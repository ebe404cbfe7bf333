"""Two revisions beside each other: what made-up timings lead to, and that a revision can be asked."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.append(str(Path(__file__).parent.parent))  # benchmarks/ is not part of the package
from benchmarks import before_after, hardware, memory, turns
from benchmarks.cases import Case
from benchmarks.paired import LIMIT, Compared, differing, ratio
from npmobilenet.kernels import keeping

ROUNDS = 15
RNG = np.random.default_rng(0)


def timed(slower: float, noise: float, name: str = "v1/1", unit: str = "ms") -> Compared:
    """Made-up rounds in which NEW takes `slower` times as long, with noise of a relative size."""
    rounds = 10 * np.exp(noise * RNG.standard_normal((3, ROUNDS)))
    return Compared(name, unit, list(rounds[0]), list(rounds[1]), list(slower * rounds[2]))


@pytest.mark.parametrize(("slower", "noise", "failed"), [
    (1.00, 0.00, False), (1.00, 0.10, False), (0.90, 0.01, False),
    (1.01, 0.00, False),  # within what is allowed, however sure
    (1.05, 0.01, True), (1.05, 0.30, False),  # the second may be noise
    (2.00, 0.10, True),
])  # fmt: skip
def test_only_what_is_slower_beyond_doubt_fails(slower: float, noise: float, failed: bool) -> None:
    found = timed(slower, noise)
    assert found.failed is failed
    assert (found.new_to_base.low > LIMIT) is failed
    assert not Compared("", "", found.base, found.again, found.base).failed


def test_a_slow_median_among_quick_rounds_is_no_proof() -> None:
    rounds = [1.0] * ROUNDS
    found = Compared("", "ms", rounds, rounds, [1.5] * 8 + [0.8] * 7)
    assert found.new_to_base.middle == 1.5
    assert not found.failed


def test_the_interval_is_that_of_the_median_over_rounds() -> None:
    """One wild round does not move it; it holds the true ratio in about 95 of 100 experiments."""
    steady = ratio([1.1] * 14 + [40.0], [], [])
    assert (steady.middle, steady.low, steady.high) == pytest.approx((1.1, 1.1, 1.1))
    assert str(steady) == "1.10 1.10-1.10"
    held = 0
    for _ in range(60):
        found = ratio(np.exp(0.1 * RNG.standard_normal(ROUNDS)), [], [])
        assert found.low <= found.middle <= found.high
        held += found.low <= 1 <= found.high
    assert held >= 48  # fewer in one of 10,000 experiments, if it is 93 of 100


def test_few_rounds_prove_what_no_round_contradicts() -> None:
    """One cold start may be slow by chance; memory hardly differs from process to process."""
    once = Compared("cold", "s", [8.0], [21.0], [18.0])
    assert (once.new_to_base.low, once.new_to_base.high) == (18 / 21, 18 / 8)
    assert not once.failed
    assert Compared("", "MB", [200.0], [201.0], [210.0]).failed
    assert Compared("", "s", [8.0, 9, 8], [8, 9, 9], [9.5, 9.4, 9.6]).failed
    assert not Compared("", "s", [8.0, 9, 8], [8, 9, 9], [9.5, 9.1, 9.6]).failed


def test_a_drift_of_the_machine_takes_from_all_alike() -> None:
    """Each call a per cent slower than the one before, in the order in which they are made."""
    clock = [1.0]

    def work(_: str) -> float:
        clock[0] *= 1.01
        return clock[0]

    found = Compared("", "ms", **turns.in_turns(ROUNDS - 1, work))
    assert found.new_to_base.middle == pytest.approx(1)
    assert found.base_to_base.middle == pytest.approx(1, abs=3e-4)
    assert found.base[0] < found.new[0] < found.again[0]
    assert found.base[1] > found.new[1] > found.again[1]


def test_results_are_compared_to_the_bit() -> None:
    one = {"loss": np.float32(2.5), "logits": np.array([1.0, -4.0], np.float32)}
    other = one | {"logits": one["logits"] + np.array([0, 2e-6], np.float32)}
    assert differing(one, one, one) == "same"
    assert differing(one, one, other) == "5e-07"  # of the largest
    assert differing(one, other, one) == "logits: BASE differs from itself"
    assert differing(one, one, one | {"more": np.zeros(1)}) == "more: only one has it"
    assert differing(one, one, one | {"logits": np.zeros(3)}) == "logits: other shapes"
    assert differing(one, one, one | {"logits": np.full(2, np.nan)}) == "inf"


@pytest.mark.parametrize("slower", [1.0, 1.2])
def test_the_command(
    slower: float, monkeypatch: pytest.MonkeyPatch, capsys: Any, tmp_path: Path
) -> None:
    """Exit code, table and document of made-up timings; only the cases that are asked for."""

    asked = []

    def measure(name: str, *_: object) -> Iterator[Compared]:
        asked.append(name)
        yield replace(timed(slower, 0.001, name), results="same")
        yield timed(1, 0, f"{name} memory", "MB")

    monkeypatch.setattr(before_after, "unpacked", lambda rev, folder: turns.Tree(str(rev), folder))
    monkeypatch.setattr(before_after, "MEASURES", {"train": measure})
    file, case = tmp_path / "x.json", "train/v1-0.25-128"
    words = ["--base", "HEAD~1", "--cases", case, "--json", str(file)]
    assert before_after.main(words) == (slower > 1)
    assert len(asked) == (2 if slower > 1 else 1)  # what fails is measured once more
    printed = capsys.readouterr().out
    assert max(map(len, printed.splitlines())) <= 80
    assert "HEAD~1" in printed
    assert (f"FAILED, beyond 1.02: {case}" if slower > 1 else "None is beyond") in printed
    document = json.loads(file.read_text())
    assert [x["name"] for x in document["cases"]] == [case, f"{case} memory"]
    assert document["cases"][0]["failed"] is (slower > 1)
    assert document["processor"] == hardware.processor()


def test_words_that_cannot_be(capsys: Any, tmp_path: Path) -> None:
    for words in ([], ["--base", "HEAD", "--cases", "v9"], ["--base", "HEAD", "--rounds", "0"]):
        with pytest.raises(SystemExit) as ended:
            before_after.main(words)
        assert ended.value.code == 2
    capsys.readouterr()
    with pytest.raises(SystemExit, match="0"):
        before_after.main(["--help"])
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80
    assert before_after.main(["--base", "no-such-revision"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


TINY = Case(model="v1-shallow", width=0.1, resolution=32, batch=2, classes=3)


@pytest.mark.parametrize("trains", [False, True])
def test_a_revision_is_asked(trains: bool, tmp_path: Path) -> None:
    """The script alone, as it is started: it says where its package is, computes, and is timed."""
    pytest.importorskip("numba")
    from benchmarks.revision import Revision

    turns.write(turns.Task("train" if trains else "infer", TINY, trains), tmp_path)
    revision = Revision(tmp_path, 1)
    assert (Path(revision.load()["where"]) / "npmobilenet").is_dir()
    assert len(revision.burst(0.0, 0.0)["calls"]) == 1
    before = TINY.plan, dict(np.load(tmp_path / "params.npz"))
    revision.result(str(tmp_path / "out.npz"))
    found = dict(np.load(tmp_path / "out.npz"))
    if trains:
        assert {"loss", "gradient of stem.weight", "stem.weight"} <= set(found)
        assert not np.array_equal(found["stem.weight"], before[1]["stem.weight"])
    else:
        assert found["logits"].shape == (2, 3)


@pytest.mark.long
def test_the_last_revision_beside_itself(tmp_path: Path) -> None:
    """Processes, folders and kernels of their own; the same code gives the same bits."""
    pytest.importorskip("numba")
    root = Path(__file__).parent.parent
    if subprocess.run(["git", "-C", root, "rev-parse", "HEAD"], check=False).returncode:
        pytest.skip("no clone")
    tree = before_after.unpacked("HEAD", tmp_path / "tree")
    kept = keeping.cache_folder()  # those of these tests: HEAD's kernels may be here
    assert kept is not None
    arms = turns.Arms(tree, tree, kept.parent.parent, 1)
    amount = turns.Amount(rounds=2, starts=1, colds=1, seconds=0.01, step_seconds=0.01)
    for kind, trains in (("infer", False), ("train", True), ("warm", False)):
        task = turns.Task(kind, TINY, trains)
        found = list(turns.MEASURES[kind]("tiny", task, arms, amount))
        assert found[0].results == ("" if kind == "warm" else "same")
        assert all(len(x.new) == len(x.base) == len(x.again) for x in found)


def test_memory_is_told_phase_by_phase(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a phase adds, what is held then, and the most meanwhile."""
    held, peaks = iter([5, 9, 8]), iter([5, 12, 9])
    monkeypatch.setattr(memory, "resident", lambda: next(held))
    monkeypatch.setattr(memory, "peak", lambda: next(peaks))
    done: list[str] = []
    steps = [(name, lambda name=name: done.append(name)) for name in "abc"]  # type: ignore[misc]
    assert list(memory.measured(iter(steps))) == [("a", 5, 5, 5), ("b", 4, 9, 12), ("c", -1, 8, 9)]
    assert done == ["a", "b", "c"]
    assert [name for name, _ in memory.phases("v1", 1)][-2:] == ["nm.compile", "first call"]


def test_caches_are_asked_of_the_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, (level, kind, size) in enumerate(
        [
            (1, "Data", "48K"),
            (1, "Instruction", "32K"),
            (2, "Unified", "1024K"),
            (3, "Unified", "?"),
        ]
    ):
        folder = tmp_path / f"index{number}"
        folder.mkdir()
        for name, value in (("level", level), ("type", kind), ("size", size)):
            (folder / name).write_text(f"{value}\n")
    (tmp_path / "cpuinfo").write_text("cpu family\t: 26\nmodel\t\t: 2\nmodel name\t: AMD EPYC\n\n")
    monkeypatch.setattr(hardware, "CACHES", tmp_path)
    monkeypatch.setattr(hardware, "CPUINFO", tmp_path / "cpuinfo")
    facts = hardware.hardware() | {"processors": 2}
    assert facts["caches"] == {"L1d": 48 * 2**10, "L1i": 32 * 2**10, "L2": 2**20}
    assert hardware.hardware_text(facts) == (
        "AMD EPYC (family 26, model 2), 2 cores, L1d 48 KiB, L2 1 MiB"
    )
    monkeypatch.setattr(hardware, "CPUINFO", tmp_path / "none")
    monkeypatch.setattr(hardware, "CACHES", tmp_path / "none")
    assert hardware.caches() == {}
    assert hardware.hardware_text(hardware.hardware()).endswith("cores")
