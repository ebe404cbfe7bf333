"""What benchmarks.integers makes of what it measured."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("numba")
pytest.importorskip("ai_edge_litert.interpreter")

from benchmarks import integers, integers_speed
from benchmarks.integers_equal import Compared, compared
from benchmarks.integers_networks import exported
from benchmarks.integers_peak import OPERATIONS, chains, peak_operations
from benchmarks.integers_speed import Timed
from npmobilenet.kernels.peak import ACCUMULATORS
from npmobilenet.kernels.simd.isa.lanes import VNNI


def timed(**changed: Any) -> Timed:
    rounds = {"ours": [1.0, 2.0, 1.0], "LiteRT": [1.5, 2.0, 1.6], "float32": [3.0, 6.0, 2.0]}
    fastest = {"ours": 0.9, "LiteRT": 1.35, "float32": 1.8}
    facts: dict[str, Any] = {"network": "v1 1.0/224 int8", "rounds": rounds, "fastest": fastest}
    return Timed(**(facts | {"disturbed": 1, "operations": 10**9} | changed))


def test_a_goal_is_met_by_medians_and_by_fastest_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(integers_speed, "HERE", True)
    found = timed()
    assert found.ratio("LiteRT") == 1.5  # of 1.5, 1.0 and 1.6
    assert found.best("LiteRT") == pytest.approx(1.5)
    assert found.good("LiteRT") is True
    assert found.ratio("float32") == 3
    assert found.good("float32") is False  # 2.0 by fastest calls
    assert found.good("ours") is None
    assert timed(network="v3").good("LiteRT") is None
    assert found.speed("ours") == pytest.approx(1e12 / 0.9)
    monkeypatch.setattr(integers_speed, "HERE", False)
    assert found.good("float32") is None


def test_tables_say_what_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(integers_speed, "HERE", True)
    equal = [Compared("net", "reference", 9, {}), Compared("net", "XNNPACK", 9, {"stem": 2})]
    (_, _, same), (title, _, speeds) = integers.tables(equal, [timed()], [], 2, 2e12)
    assert [row[-1] for row in same] == ["met", "MISSED stem by 2"]
    assert "other programs worked too in 1 of 3 rounds" in title
    assert speeds[0] == ("v1 1.0/224 int8", "ours", "1.00", "0.90", "56%", "", "", "", "")
    assert speeds[1][-4:] == ("1.50", "1.50", "1.3", "met")
    assert speeds[2][-4:] == ("3.00", "2.00", "2.2", "MISSED")


def test_the_peak_is_of_products() -> None:
    """A round adds the four products of a quad to every accumulator; each second quad is x ^ w."""
    x, w = np.int32(0x01020304), np.int32(0x7F80017F)
    pairs = [np.array([quad], np.int32).view(np.uint8).astype(int) for quad in (x, x ^ w)]
    weights = np.array([w], np.int32).view(np.int8).astype(int)
    products = sum(times * int(pairs[n] @ weights) for n, times in ((0, 3), (1, 2)))
    total = None
    for k in range(ACCUMULATORS):
        one = k + products
        total = one if total is None else ((3 * total + 2**31) % 2**32 - 2**31) ^ one
    assert chains(5, x, w) == total
    assert (peak_operations(1, 0.01) > 1e8) is VNNI
    assert OPERATIONS % ACCUMULATORS == 0


def test_a_small_network_equals_litert(tmp_path: Path) -> None:
    network = exported(tmp_path, "v1", "int8", resolution=32, width=0.25)
    for kernels in "reference", "XNNPACK":
        found = compared(network, kernels)
        assert found.tensors > 20
        assert found.differing == {}


@pytest.mark.long
def test_the_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["integers", "tensors", "speed", "--quick", "--rounds", "1", "--patience", "0"]
    monkeypatch.setattr(sys, "argv", [*words, "--network", "v2 1.0/224 int8"])
    assert integers.main() in (0, 1)
    printed = capsys.readouterr().out
    assert "Integers beside LiteRT's" in printed
    assert "float32" in printed
